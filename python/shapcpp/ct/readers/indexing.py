"""The first stage of reading: listing the slices of a manifest or of the files in a folder."""

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
from shapcpp.ct.readers.manifest import NAMES, Columns, Row, read_manifest
from shapcpp.ct.readers.paths import FileFinder
from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef
from shapcpp.ct.readers.uniqueness import unique

__all__ = ["index_slices"]

TABLES = (".csv", ".tsv", ".txt", ".xlsx")


def index_slices(
    path: str | os.PathLike[str],
    columns: Columns,
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
    manifest = _manifest_in(path) if path.is_dir() else path
    if manifest.suffix.lower() not in TABLES:
        raise ValueError(
            f"{path} is neither a folder of scans nor a manifest ({', '.join(TABLES)})"
        )
    with quiet():
        if not manifest.is_file():
            index = index_folder(path, None if masks is None else Path(masks), bad)
        elif masks is None:
            index = _index_manifest(manifest, columns, bad)
        else:
            raise ValueError(f"{manifest} says which masks there are: leave out masks")
    if not len(index):
        raise ValueError(f"{path} holds no slice that can be read")
    return index.holding(unique(index.slices, bad))


def _manifest_in(folder: Path) -> Path:
    """Returns the manifest of a folder; if it has none, the path that it would have."""
    there = [folder / name for name in NAMES if (folder / name).is_file()]
    return there[0] if there else folder / NAMES[0]


def _index_manifest(path: Path, columns: Columns, bad: BadSlices) -> SliceIndex:
    finder, left_out = FileFinder(path.parent), LeftOut()
    manifest = read_manifest(path, columns, lambda entry: finder.find(entry).is_file(), bad.note)
    slices = tuple(_expanded(path.parent, manifest.rows, finder, bad, left_out))
    if finder.by_their_end:
        bad.note(
            f"{path.name}: {finder.by_their_end} paths are from another machine; the files were "
            "found by the ends of their paths"
        )
    left_out.report(str(path), sum(ref.kind == DICOM for ref in slices), bad.note)
    return SliceIndex(path.parent, str(path), slices, manifest)


def _expanded(
    root: Path, rows: Iterable[Row], finder: FileFinder, bad: BadSlices, left_out: LeftOut
) -> Iterator[SliceRef]:
    lengths: dict[Path, int] = {}
    for row in rows:
        file = finder.find(row.file)
        name = row.file if file == root / row.file else os.path.relpath(file, root)
        where = f"{row.file} ({row.where})"
        with bad.guard(where):
            ref = SliceRef(
                id=Path(os.path.normpath(name)).as_posix(),
                file=file,
                kind=check_kind(file),
                where=where,
                slice=row.slice,
                label=row.label,
                split=row.split,
                patient=row.patient,
                mask=None if row.mask is None else finder.find(row.mask),
                extra=row.extra,
            )
            try:
                yield from slices_in(ref, lengths)
            except NoAxialImageError as error:
                left_out.add(str(error))
