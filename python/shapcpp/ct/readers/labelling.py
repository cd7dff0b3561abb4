"""Labels that come beside the scans, in a CSV file of their own."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from shapcpp.ct.readers.listing import NIFTI, Listing, Scan
from shapcpp.ct.readers.manifest import Manifest, Row, read_manifest

__all__ = ["labelled"]


def labelled(
    listing: Listing,
    path: str | os.PathLike[str],
    label_column: str,
    note: Callable[[str], None],
) -> tuple[Listing, Manifest]:
    """The slices that a label file has a label for, with what else it says of them.

    An entry of its column ``file`` matches the scan of that path, relative to the label
    file's folder or to the scans, or else the only scan of that file name. Slices of a
    volume are told apart by the column ``slice``; without it, all get the label.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it lacks its columns, matches two scans with one row or one scan with two rows,
        or matches none.
    """
    table = read_manifest(path, label_column)
    table.need(("file", label_column))
    by_file: dict[str, list[Scan]] = {}
    by_name: dict[str, set[str]] = {}
    for scan in listing.scans:
        real = os.path.realpath(scan.file)
        by_file.setdefault(real, []).append(scan)
        by_name.setdefault(Path(scan.file).name, set()).add(real)
    rows: dict[str, Row] = {}
    strange = []
    for row in table.rows:
        if row.label is None:
            raise ValueError(f"{row.where}: {label_column} is empty; labels must be 0 or 1")
        matching = _matching(row, table.path.parent, listing.root, by_file, by_name)
        for scan in matching:
            if scan.id in rows:
                raise ValueError(f"{rows[scan.id].where} and {row.where} both label {scan.id}")
            rows[scan.id] = row
        if not matching:
            strange.append(row)
    if not rows:
        raise ValueError(
            f"{path} labels none of the {len(listing.scans)} slices of {listing.source}: its first "
            f"file is {table.rows[0].file}, theirs {listing.scans[0].file}"
        )
    if strange:
        note(
            f"{len(strange)} of {len(table.rows)} rows of {path} name no slice of "
            f"{listing.source}, the first is {strange[0].where}"
        )
    left_out = len(listing.scans) - len(rows)
    if left_out:
        note(
            f"{left_out} of {len(listing.scans)} slices of {listing.source} have no label in "
            f"{path} and are left out"
        )
    scans = [_with(scan, rows[scan.id]) for scan in listing.scans if scan.id in rows]
    return replace(listing, scans=scans), table


def _matching(
    row: Row,
    folder: Path,
    root: Path,
    by_file: dict[str, list[Scan]],
    by_name: dict[str, set[str]],
) -> list[Scan]:
    for base in (folder, root):
        scans = by_file.get(os.path.realpath(base / row.file))
        if scans is not None:
            break
    else:
        same = sorted(by_name.get(Path(row.file).name, ()))
        if len(same) > 1:
            raise ValueError(f"{row.where}: {row.file} may be {same[0]} or {same[1]}")
        scans = by_file[same[0]] if same else []
    if row.slice is None:
        return scans
    return [scan for scan in scans if scan.kind != NIFTI or scan.slice == row.slice]


def _with(scan: Scan, row: Row) -> Scan:
    return replace(
        scan,
        label=row.label,
        where=f"{scan.where} ({row.where})",
        split=scan.split if row.split is None else row.split,
        patient=row.patient or scan.patient,
        extra={**scan.extra, **row.extra},
    )
