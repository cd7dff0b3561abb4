"""The first stage of reading: which slices there are, by a manifest or the files of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from shapcpp.ct.libraries import quiet
from shapcpp.ct.readers.bad_slices import BadSlices
from shapcpp.ct.readers.expansion import slices_in
from shapcpp.ct.readers.folders import index_folder
from shapcpp.ct.readers.kinds import DICOM, check_kind
from shapcpp.ct.readers.left_out import LeftOut, NoAxialImageError
from shapcpp.ct.readers.manifest import NAME, Row, read_manifest
from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef
from shapcpp.ct.readers.uniqueness import unique

__all__ = ["index_slices"]


def index_slices(
    path: str | os.PathLike[str],
    label_column: str,
    masks: str | os.PathLike[str] | None,
    bad: BadSlices,
) -> SliceIndex:
    """Lists the slices of a folder or manifest; reads headers, but no pixels.

    Raises
    ------
    OSError
        If `path` or `masks` does not exist.
    ValueError
        If `path` is no manifest and no folder of scans, or holds no slice.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(2, "no such file or folder", str(path))
    if masks is not None and not Path(masks).is_dir():
        raise NotADirectoryError(20, "masks must be a folder", str(masks))
    manifest = path / NAME if path.is_dir() else path
    if manifest.suffix.lower() != ".csv":
        raise ValueError(f"{path} is neither a folder of scans nor a manifest (.csv)")
    with quiet():
        if not manifest.is_file():
            index = index_folder(path, None if masks is None else Path(masks), bad)
        elif masks is None:
            index = _index_manifest(manifest, label_column, bad)
        else:
            raise ValueError(f"{manifest} says which masks there are: leave out masks")
    if not len(index):
        raise ValueError(f"{path} holds no slice that can be read")
    return index.holding(unique(index.slices, bad))


def _index_manifest(path: Path, label_column: str, bad: BadSlices) -> SliceIndex:
    manifest = read_manifest(path, label_column)
    left_out = LeftOut()
    slices = tuple(_expanded(path.parent, manifest.rows, bad, left_out))
    left_out.report(str(path), sum(ref.kind == DICOM for ref in slices), bad.note)
    return SliceIndex(path.parent, str(path), slices, manifest)


def _expanded(
    root: Path, rows: Iterable[Row], bad: BadSlices, left_out: LeftOut
) -> Iterator[SliceRef]:
    lengths: dict[Path, int] = {}
    for row in rows:
        file = root / row.file
        where = f"{row.file} ({row.where})"
        with bad.guard(where):
            ref = SliceRef(
                id=Path(os.path.normpath(row.file)).as_posix(),
                file=file,
                kind=check_kind(file),
                where=where,
                slice=row.slice,
                label=row.label,
                split=row.split,
                patient=row.patient,
                mask=None if row.mask is None else root / row.mask,
                extra=row.extra,
            )
            try:
                yield from slices_in(ref, lengths)
            except NoAxialImageError as error:
                left_out.add(str(error))
