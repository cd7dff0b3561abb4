"""Which lesion mask goes with which volume, where no manifest says it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from shapcpp.ct import nifti

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
    """Volumes of a folder with their masks, and where masks were looked for.

    With `masks`, the file there of the same name. Otherwise the one of the same name in
    the sub-folder ``masks``, ``labels`` or ``labelsTr`` beside ``images`` or ``imagesTr``.
    Otherwise the one beside it whose name goes on with ``_mask``, ``_seg`` or ``_label``.
    Such an ending is also allowed in a folder of masks.
    """
    volumes = sorted(volumes)
    if masks is not None:
        drawn = {_key(masks, path): path for path in sorted(masks.rglob("*")) if _is_volume(path)}
        scans = [path for path in volumes if masks not in path.parents]
        return [(path, _found(drawn, root, path)) for path in scans], str(masks)
    for first, second in FOLDERS:
        images, labels = root / first, root / second
        if images.is_dir() and labels.is_dir():
            drawn = {_key(labels, path): path for path in volumes if labels in path.parents}
            scans = [path for path in volumes if images in path.parents]
            return [(path, _found(drawn, images, path)) for path in scans], str(labels)
    beside = {_key(root, path): path for path in volumes if MASK_SUFFIX.search(nifti.stem(path))}
    scans = [path for path in volumes if path not in set(beside.values())]
    return [(path, _found(beside, root, path)) for path in scans], BESIDE


def _is_volume(path: Path) -> bool:
    return path.name.lower().endswith(nifti.SUFFIXES) and path.is_file()


def _key(folder: Path, path: Path) -> str:
    """What a volume and its mask have in common: folder and name without their endings."""
    name = MASK_SUFFIX.sub("", nifti.stem(path))
    return (path.relative_to(folder).parent / CHANNEL.sub("", name)).as_posix()


def _found(masks: dict[str, Path], folder: Path, volume: Path) -> Path | None:
    key = _key(folder, volume)
    flat = {name: path for name, path in masks.items() if "/" not in name}
    return masks.get(key) or flat.get(Path(key).name)
