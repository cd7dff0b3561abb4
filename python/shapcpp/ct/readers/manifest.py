"""Manifests and label files: tables with one row per slice or volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapcpp.ct.readers.classes import Classes, classes_of
from shapcpp.storage import cells
from shapcpp.storage.files import PathLike
from shapcpp.storage.tables import Table, TableRow, read_table

__all__ = ["NAMES", "Columns", "Manifest", "Row", "read_manifest"]

NAMES = ("manifest.csv", "manifest.tsv", "manifest.xlsx")
FILE = "file"
MOST_LOOKED_AT = 20  # rows that show which column names files


@dataclass(frozen=True)
class Columns:
    """Names of columns, and words for the positive label, that a user may choose.

    Attributes
    ----------
    label : str
        The column of the labels; "" if they do not matter.
    file : str or None
        The column of the files; by default ``file``, or else the one whose entries name files.
    positive : tuple of str
        Labels that are positive; all others are negative. Without any, labels are 0 and 1, or
        words such as yes and no, or else of three classes or more.
    readers : tuple of str
        Columns that hold the labels of two readers and are carried along. Where the first gave
        no label, that of the second is used.
    """

    label: str = "label"
    file: str | None = None
    positive: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row of a manifest or label file; missing entries are None.

    Attributes
    ----------
    file : str
        The scan, as written.
    where : str
        File and line, for messages.
    slice, label : int or None
        Slice number in the volume, and number of the label's class.
    split, patient, mask : str or None
        Split, patient and lesion mask, as written.
    extra : mapping of str to str
        All other columns.
    """

    file: str
    where: str
    slice: int | None
    label: int | None
    split: str | None
    patient: str | None
    mask: str | None
    extra: Mapping[str, str]


@dataclass(frozen=True)
class Manifest:
    """A manifest or label file.

    Attributes
    ----------
    table : Table
        The table as read.
    rows : tuple of Row
        The parsed rows.
    classes : tuple of int or of str
        The sorted labels.
    """

    table: Table
    rows: tuple[Row, ...]
    classes: tuple[Any, ...]

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.table.path


def read_manifest(
    path: PathLike,
    columns: Columns,
    is_file: Callable[[str], bool],
    note: Callable[[str], None],
) -> Manifest:
    """Reads a manifest or label file.

    Parameters
    ----------
    path : path-like
        A table, as `read_table` reads it, with the column of the files and optional ones:
        labels, ``slice``, ``split``, ``patient``, ``mask``, ``true_label`` and any others.
    columns : Columns
        The names of columns and labels.
    is_file : callable
        Returns True for an entry that names a scan.
    note : callable
        Called with a sentence for each irregularity.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is not such a table, or an entry does not fit its column.
    """
    named = (columns.file or FILE, columns.label, *columns.readers)
    known = (*named, "slice", "split", "patient", "mask", "true_label")
    table = read_table(path, [name for name in known if name])
    for sentence in table.notes:
        note(sentence)
    file = columns.file or _file_column(table, is_file, note)
    table.need((file,), "" if columns.file else " (file_column names another)")
    table.need(columns.readers[1:], " (label_column names another)")
    if not table.rows:
        raise ValueError(f"{path} has no rows")
    patients = cells.plain(row.cells.get("patient", "") for row in table.rows)
    labelled = [name for name in columns.readers or (columns.label,) if name in table.columns]
    entries = ((row.cells[name], row.place) for row in table.rows for name in labelled)
    classes = classes_of(entries, columns.label, columns.positive, note)
    rows = tuple(
        _row(row, patient, file, columns, classes)
        for row, patient in zip(table.rows, patients, strict=True)
    )
    _note_patients(rows, note)
    _note_second(table, rows, columns, note)
    if columns.positive and columns.label in table.columns:
        _note_labels((row.cells[columns.label] for row in table.rows), columns, note)
    return Manifest(table, rows, classes.labels)


def _file_column(table: Table, is_file: Callable[[str], bool], note: Callable[[str], None]) -> str:
    """Returns the column ``file``, or else the one whose entries most often name files."""
    if FILE in table.columns:
        return FILE
    some = table.rows[:MOST_LOOKED_AT]
    named = {name: sum(is_file(row.cells[name]) for row in some) for name in table.columns}
    best = max(named, key=lambda name: named[name], default=FILE)
    if not named.get(best):
        return FILE
    note(f"{table.path.name}: files are those of the column {best!r}")
    return best


def _row(row: TableRow, patient: str, file_column: str, columns: Columns, classes: Classes) -> Row:
    entries, where = dict(row.cells), row.place
    known = {file_column, columns.label, "split", "patient", "mask"}
    extra = {name: entry for name, entry in entries.items() if name not in known}
    # Without a label column only the files matter, whatever words the labels use.
    if columns.label not in ("", "true_label") and "true_label" in entries:
        extra["true_label"] = classes.truth(entries["true_label"], where)
    labels = [
        classes.read(entries.get(name, ""), name, where)
        for name in columns.readers or (columns.label,)
    ]
    extra |= {
        name: classes.written(one) for name, one in zip(columns.readers, labels, strict=False)
    }
    number = _number(entries.get("slice", ""), where)
    if "slice" in entries:
        extra["slice"] = "" if number is None else str(number)
    file = entries[file_column]
    if cells.is_missing(file):
        raise ValueError(f"{where}: {file_column} is empty")
    split = entries.get("split")
    if split is not None and cells.split_of(split) is None:
        raise ValueError(
            f"{where}: split is {split!r}; it must be one of 'train', 'val', 'test' or empty"
        )
    return Row(
        file=file,
        where=where,
        slice=number,
        label=next((one for one in labels if one is not None), None),
        split=None if split is None else cells.split_of(split),
        patient=None if cells.is_missing(patient) else patient,
        mask=None if cells.is_missing(entries.get("mask", "")) else entries["mask"],
        extra=extra,
    )


def _number(entry: str, where: str) -> int | None:
    if cells.is_missing(entry):
        return None
    number = cells.whole_number(entry)
    if number is None or number < 0:
        raise ValueError(f"{where}: slice is {entry!r}; it must be a whole number from 0")
    return number


def _note_second(
    table: Table, rows: Iterable[Row], columns: Columns, note: Callable[[str], None]
) -> None:
    """Notes how many labels are the second reader's, whom it does not name."""
    if not columns.readers:
        return
    first = columns.label
    alone = [row for row in rows if row.label is not None and cells.is_missing(row.extra[first])]
    if alone:
        note(
            f"{len(alone)} of {len(table.rows)} rows of {table.path.name} have a label of the "
            f"second reader alone, and it is used; the first is {alone[0].where}"
        )


def _note_patients(rows: Iterable[Row], note: Callable[[str], None]) -> None:
    for row in rows:
        if row.patient is not None and (said := cells.hint(row.patient, ())):
            note(f"{row.where}: the patient's id{said.replace(';', ':', 1)}")  # never the id itself
            return


def _note_labels(entries: Iterable[str], columns: Columns, note: Callable[[str], None]) -> None:
    """Notes which labels count as negative because they are not among the positive ones."""
    present = [entry for entry in entries if not cells.is_missing(entry)]
    others = Counter(e for e in present if not cells.label_of(e, columns.positive))
    named = ", ".join(f"{entry!r} ({count})" for entry, count in others.most_common(5))
    if present and others.total() == len(present):
        note(f"no {columns.label} is {' or '.join(map(repr, columns.positive))}: they are {named}")
    elif len(others) > 1:
        note(f"every {columns.label} that is not positive counts as negative: {named}")
