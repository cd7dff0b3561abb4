"""The second stage of reading: labels, from a table beside the scans or from lesion masks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from shapcpp.ct.readers.bad_slices import BadSlices
from shapcpp.ct.readers.kinds import NIFTI
from shapcpp.ct.readers.lesion_values import LesionValues, MaskSurvey
from shapcpp.ct.readers.manifest import Manifest, Row, read_manifest
from shapcpp.ct.readers.masks import count_lesions
from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef

__all__ = ["check_labelled", "with_mask_labels", "with_table_labels"]


def with_table_labels(
    index: SliceIndex,
    path: str | os.PathLike[str],
    label_column: str,
    note: Callable[[str], None],
) -> SliceIndex:
    """Keeps the slices that a label file labels, with all else that the file says of them.

    An entry of its column ``file`` matches the file of that path, relative to the label
    file's folder or to the scans, or else the only file of that name. Slices of a volume are
    told apart by the column ``slice``; without it, all of them get the label.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it lacks its columns, matches two files with one row or one slice with two rows,
        or matches none.
    """
    table = read_manifest(path, label_column)
    table.need(("file", label_column))
    files = _Files(index, table)
    rows: dict[str, Row] = {}
    strange = []
    for row in table.rows:
        if row.label is None:
            raise ValueError(f"{row.where}: {label_column} is empty; labels must be 0 or 1")
        matching = files.matching(row)
        for ref in matching:
            if ref.id in rows:
                raise ValueError(f"{rows[ref.id].where} and {row.where} both label {ref.id}")
            rows[ref.id] = row
        if not matching:
            strange.append(row)
    if not rows:
        raise ValueError(
            f"{path} labels none of the {len(index)} slices of {index.source}: its first "
            f"file is {table.rows[0].file}, theirs {index.slices[0].file}"
        )
    if strange:
        note(
            f"{len(strange)} of {len(table.rows)} rows of {path} name no slice of "
            f"{index.source}, the first is {strange[0].where}"
        )
    if len(rows) < len(index):
        note(
            f"{len(index) - len(rows)} of {len(index)} slices of {index.source} have no label in "
            f"{path} and are left out"
        )
    labelled = index.holding(_joined(ref, rows[ref.id]) for ref in index.slices if ref.id in rows)
    return replace(labelled, manifest=table)


class _Files:
    """The files of the scans, by path and by name."""

    def __init__(self, index: SliceIndex, table: Manifest) -> None:
        self._folders = (table.path.parent, index.root)
        self._by_path: dict[str, list[SliceRef]] = {}
        self._by_name: dict[str, set[str]] = {}
        for ref in index.slices:
            real = os.path.realpath(ref.file)
            self._by_path.setdefault(real, []).append(ref)
            self._by_name.setdefault(ref.file.name, set()).add(real)

    def matching(self, row: Row) -> list[SliceRef]:
        """Returns the slices that a row means; ValueError where it may mean two files."""
        slices = self._slices(row)
        if row.slice is None:
            return slices
        return [ref for ref in slices if ref.kind != NIFTI or ref.slice == row.slice]

    def _slices(self, row: Row) -> list[SliceRef]:
        for folder in self._folders:
            slices = self._by_path.get(os.path.realpath(folder / row.file))
            if slices is not None:
                return slices
        same = sorted(self._by_name.get(Path(row.file).name, ()))
        if len(same) > 1:
            raise ValueError(f"{row.where}: {row.file} may be {same[0]} or {same[1]}")
        return self._by_path[same[0]] if same else []


def _joined(ref: SliceRef, row: Row) -> SliceRef:
    return replace(
        ref,
        label=row.label,
        where=f"{ref.where} ({row.where})",
        split=ref.split if row.split is None else row.split,
        patient=row.patient or ref.patient,
        extra={**ref.extra, **row.extra},
    )


def check_labelled(index: SliceIndex, label_column: str, bad: BadSlices) -> SliceIndex:
    """Leaves out volumes that no mask was found for; any other slice must have a label or mask."""
    lost = [ref for ref in index.slices if ref.label is None and ref.mask is None]
    if not lost:
        return index
    table = index.manifest
    if table is not None:
        if not {label_column, "mask"} & set(table.columns):
            table.need((label_column,), " (and has no 'mask'; label_column names another)")
        raise ValueError(f"{lost[0].where} has neither {label_column} nor mask")
    if not index.masks_in:
        raise ValueError(
            f"{lost[0].where} of {index.source} has no label: give labels, write a manifest.csv, "
            "or put slices in folders named positive and negative"
        )
    files = dict.fromkeys(ref.file for ref in lost)
    kept = [ref for ref in index.slices if ref.file not in files]
    for file in files:
        sentence = (
            f"{file.relative_to(index.root)} of {index.source} has no mask, which was "
            f"looked for in {index.masks_in}; name their folder by masks, or give labels"
        )
        if not kept:  # masks lie elsewhere, and no slice would be left
            raise ValueError(sentence)
        bad.leave_out(sentence)
    return index.holding(kept)


def with_mask_labels(
    index: SliceIndex,
    lesions: LesionValues,
    min_lesion: int,
    bad: BadSlices,
    advance: Callable[[int], None],
) -> SliceIndex:
    """Labels the slices that have a mask and no label; leaves out those whose mask is bad."""
    masked = [ref for ref in index.slices if ref.label is None]
    survey = MaskSurvey(lesions)
    found = count_lesions(masked, survey, bad, advance)
    survey.report(bad.note)
    counts = dict(zip((ref.id for ref in masked), found, strict=True))
    return index.holding(
        replace(ref, label=int(counts[ref.id] >= min_lesion)) if ref.id in counts else ref
        for ref in index.slices
        if counts.get(ref.id, 0) >= 0
    )
