"""The second stage of reading: labels, from a table beside the scans or from lesion masks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from shapcpp.ct.readers.bad_slices import BadSlices
from shapcpp.ct.readers.kinds import NIFTI
from shapcpp.ct.readers.lesion_values import LesionValues, MaskSurvey
from shapcpp.ct.readers.manifest import Columns, Manifest, Row, read_manifest
from shapcpp.ct.readers.masks import count_lesions
from shapcpp.ct.readers.nifti_files import stem
from shapcpp.ct.readers.paths import FileFinder, as_meant, parts_of
from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef
from shapcpp.ct.slices import TWO
from shapcpp.storage import cells
from shapcpp.storage.files import PathLike

__all__ = ["check_labelled", "with_mask_labels", "with_table_labels"]


def with_table_labels(
    index: SliceIndex, path: PathLike, columns: Columns, note: Callable[[str], None]
) -> SliceIndex:
    """Keeps the slices that a label file labels, with everything else that it says about them.

    An entry in the column of files matches the file with that path, relative to the label file's
    folder or to the scans, or else the only file whose path ends in the same way, or that has the
    same name without suffix. The column ``slice`` tells the slices of a volume apart; without it,
    all of them get the label.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it lacks its columns, a row matches two files, two rows match one slice, or no row
        matches any.
    """
    files = _Files(index, Path(path).parent)
    table = read_manifest(path, columns, files.knows, note)
    table.table.need((columns.label, *columns.readers[1:]), " (label_column names another)")
    rows: dict[str, Row] = {}
    strange, unlabelled = [], []
    for row in table.rows:
        if row.label is None:
            unlabelled.append(row)
            continue
        matching = files.matching(row)
        for ref in matching:
            if ref.id in rows:
                raise ValueError(f"{rows[ref.id].where} and {row.where} both label {ref.id}")
            rows[ref.id] = row
        if not matching:
            strange.append(row)
    if not rows and not strange:
        raise ValueError(f"no row of {path} has a {columns.label}")
    if not rows:
        raise ValueError(
            f"{path} labels none of the {len(index)} slices of {index.source}: its first "
            f"file is {strange[0].file}, theirs {index.slices[0].file}{files.hint(strange[0])}"
        )
    if strange:
        note(
            f"{len(strange)} of {len(table.rows)} rows of {path} name no slice of "
            f"{index.source}, the first is {strange[0].where}{files.hint(strange[0])}"
        )
    if unlabelled:
        labels = "label of either reader" if columns.readers else columns.label
        note(
            f"{len(unlabelled)} of {len(table.rows)} rows of {path} have no {labels}, the "
            f"first is {unlabelled[0].where}"
        )
    if len(rows) < len(index):
        note(
            f"{len(index) - len(rows)} of {len(index)} slices of {index.source} have no label in "
            f"{path} and are left out"
        )
    labelled = index.holding(_joined(ref, rows[ref.id]) for ref in index.slices if ref.id in rows)
    return replace(labelled, manifest=table)


class _Files:
    """Finds the files of the scans by path, and by the ends of their paths."""

    def __init__(self, index: SliceIndex, folder: Path) -> None:
        self._finders = [FileFinder(one) for one in (folder, index.root)]
        self._by_path: dict[str, list[SliceRef]] = {}
        self._by_name: dict[str, set[str]] = {}
        for ref in index.slices:
            real = os.path.realpath(ref.file)
            self._by_path.setdefault(real, []).append(ref)
            for name in {ref.file.name, stem(ref.file.name), ref.file.stem}:
                self._by_name.setdefault(as_meant(name), set()).add(real)

    def matching(self, row: Row) -> list[SliceRef]:
        """Returns the slices that a row means; raises ValueError if it may mean two files."""
        slices = self._slices(row)
        if row.slice is None:
            return slices
        return [ref for ref in slices if ref.kind != NIFTI or ref.slice == row.slice]

    def hint(self, row: Row) -> str:
        """A clause on what a spreadsheet may have done to the name of a missing file."""
        names = [stem(slices[0].file.stem) for slices in self._by_path.values()]
        name = (parts_of(row.file) or [row.file])[-1]
        return cells.hint(name, names, named=False) or cells.hint(
            stem(Path(name).stem), names, named=False
        )

    def knows(self, written: str) -> bool:
        """True if an entry of a table ends with the name of one of the files."""
        parts = parts_of(written)
        return bool(parts) and as_meant(parts[-1]) in self._by_name

    def _slices(self, row: Row) -> list[SliceRef]:
        for finder in self._finders:
            slices = self._by_path.get(os.path.realpath(finder.find(row.file)))
            if slices is not None:
                return slices
        parts = [as_meant(part) for part in parts_of(row.file)]
        same = sorted(self._by_name.get(parts[-1] if parts else "", ()))
        alike = [_alike(parts, [as_meant(part) for part in parts_of(path)]) for path in same]
        best = [path for path, count in zip(same, alike, strict=True) if count == max(alike)]
        if len(best) > 1:
            raise ValueError(f"{row.where}: {row.file} may be {best[0]} or {best[1]}")
        return self._by_path[best[0]] if best else []


def _alike(first: list[str], second: list[str]) -> int:
    """Counts the folders that two paths have in common before the names of their files."""
    pairs = zip(reversed(first[:-1]), reversed(second[:-1]), strict=False)
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


def _joined(ref: SliceRef, row: Row) -> SliceRef:
    return replace(
        ref,
        label=row.label,
        where=f"{ref.where} ({row.where})",
        split=ref.split if row.split is None else row.split,
        patient=row.patient or ref.patient,
        extra={**ref.extra, **row.extra},
    )


def check_labelled(index: SliceIndex, columns: Columns, bad: BadSlices) -> SliceIndex:
    """Leaves out slices without a label or mask if others have one."""
    lost = [ref for ref in index.slices if ref.label is None and ref.mask is None]
    if not lost:
        return index
    if index.manifest is not None:
        return _without_unlabelled(index, index.manifest, lost, columns, bad)
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


def _without_unlabelled(
    index: SliceIndex, manifest: Manifest, lost: list[SliceRef], columns: Columns, bad: BadSlices
) -> SliceIndex:
    """Leaves out the unlabelled slices of a manifest, and counts them."""
    table = manifest.table
    if not {columns.label, "mask"} & set(table.columns):
        table.need((columns.label,), " (and has no 'mask'; label_column names another)")
    if len(lost) == len(index):
        raise ValueError(f"{lost[0].where} has neither {columns.label} nor mask, nor has any other")
    bad.note(
        f"{len(lost)} of {len(index)} slices of {index.source} have neither {columns.label} nor "
        f"mask and are left out, the first is {lost[0].where}"
    )
    without = {ref.id for ref in lost}
    return index.holding(ref for ref in index.slices if ref.id not in without)


def with_mask_labels(
    index: SliceIndex,
    lesions: LesionValues,
    min_lesion: int,
    bad: BadSlices,
    advance: Callable[[int], None],
) -> SliceIndex:
    """Labels the slices that have a mask but no label; leaves out those with a bad mask.

    Raises
    ------
    ValueError
        If there are such slices, and labels are of more than two classes.
    """
    masked = [ref for ref in index.slices if ref.label is None]
    if masked and index.classes != TWO:
        raise ValueError(
            f"{masked[0].where} has a mask and no label: a mask tells positive from negative, and "
            f"the labels are of {len(index.classes)} classes"
        )
    survey = MaskSurvey(lesions)
    found = count_lesions(masked, survey, bad, advance)
    survey.report(bad.note)
    counts = dict(zip((ref.id for ref in masked), found, strict=True))
    return index.holding(
        replace(ref, label=int(counts[ref.id] >= min_lesion)) if ref.id in counts else ref
        for ref in index.slices
        if counts.get(ref.id, 0) >= 0
    )
