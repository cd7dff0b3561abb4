"""Pairs of volumes and lesion masks, found by name if no manifest names them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from shapcpp.ct.readers import nifti_files

__all__ = ["paired"]

# Sub-folders that hold volumes, and those beside them that hold their masks.
FOLDERS = (("images", "masks"), ("images", "labels"), ("imagesTr", "labelsTr"))
MASK_SUFFIX = re.compile(r"[_-](mask|seg|label)$", re.IGNORECASE)
BESIDE = "a file beside it that ends in _mask, _seg or _label"
# The channel number that nnU-Net adds to the names of volumes.
CHANNEL = re.compile(r"_0000$")


def paired(
    root: Path, volumes: Iterable[Path], masks: Path | None
) -> tuple[list[tuple[Path, Path | None]], str]:
    """Pairs the volumes of a folder with their masks; also returns where masks were looked for.

    With `masks`, a volume's mask is the file of the same name in that folder. Otherwise it is the
    file of the same name in the sub-folder ``masks``, ``labels`` or ``labelsTr`` beside ``images``
    or ``imagesTr``; failing that, the file beside the volume with ``_mask``, ``_seg`` or
    ``_label`` added to its name. Such an ending is also allowed in a folder of masks.
    """
    volumes = sorted(volumes)
    if masks is not None:
        drawn = [path for path in sorted(masks.rglob("*")) if _is_volume(path)]
        scans = [path for path in volumes if masks not in path.parents]
        return _pairs(_by_key(root, scans), _by_key(masks, drawn)), str(masks)
    for first, second in FOLDERS:
        images, labels = root / first, root / second
        if images.is_dir() and labels.is_dir():
            drawn = [path for path in volumes if labels in path.parents]
            scans = [path for path in volumes if images in path.parents]
            return _pairs(_by_key(images, scans), _by_key(labels, drawn)), str(labels)
    drawn = [path for path in volumes if MASK_SUFFIX.search(nifti_files.stem(path.name))]
    scans = [path for path in volumes if path not in set(drawn)]
    return _pairs(_by_key(root, scans), _by_key(root, drawn)), BESIDE


def _is_volume(path: Path) -> bool:
    return (
        path.name.lower().endswith(nifti_files.SUFFIXES)
        and path.is_file()
        and nifti_files.has_voxels(path)
    )


def _by_key(folder: Path, paths: Iterable[Path]) -> dict[str, Path]:
    """Maps a folder and a name without endings, shared by volume and mask, to the file."""
    found: dict[str, Path] = {}
    for path in paths:
        name = MASK_SUFFIX.sub("", nifti_files.stem(path.name))
        key = (path.relative_to(folder).parent / CHANNEL.sub("", name)).as_posix()
        if key in found:
            raise ValueError(
                f"{found[key].name} and {path.name}, both in {path.parent}, go with the same "
                "volume: leave one of them"
            )
        found[key] = path
    return found


def _pairs(volumes: dict[str, Path], masks: dict[str, Path]) -> list[tuple[Path, Path | None]]:
    """Pairs by key; a mask outside sub-folders goes with the only volume of its name."""
    names = Counter(Path(key).name for key in volumes)
    flat = {key: path for key, path in masks.items() if "/" not in key and names[key] == 1}
    return [(path, masks.get(key) or flat.get(Path(key).name)) for key, path in volumes.items()]
