"""Manifests and label files: one row per slice or volume, as CSV."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shapcpp.ct.slices import SPLITS
from shapcpp.storage.csv_files import need_columns, read_csv

__all__ = ["NAME", "Manifest", "Row", "read_manifest"]

NAME = "manifest.csv"
LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}
TRUTHS = {**LABELS, "-1": -1, "-1.0": -1}


@dataclass(frozen=True)
class Row:
    """One row of a manifest or label file; what it does not say is None.

    Attributes
    ----------
    file : str
        The scan, as written.
    where : str
        What error messages call the row.
    slice, label : int or None
        Slice number in the volume, and label, 0 or 1.
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
    path : path
        The file.
    columns : tuple of str
        Its columns.
    rows : tuple of Row
        Its rows.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def need(self, columns: tuple[str, ...], why: str = "") -> None:
        """ValueError naming the columns that are missing and those there are."""
        need_columns(self.path, self.columns, columns, why)


def read_manifest(path: str | os.PathLike[str], label_column: str) -> Manifest:
    """Reads a manifest or label file.

    Parameters
    ----------
    path : path-like
        A CSV file with a header, UTF-8; column ``file``, and optional `label_column`,
        ``slice``, ``split``, ``patient``, ``mask`` and any others.
    label_column : str
        Which column is the label.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no such file, or an entry is not what its column holds; rows count from 0.
    """
    path = Path(path)
    header, lines = read_csv(path)
    rows = tuple(
        _row(
            {name: entry.strip() for name, entry in zip(header, line, strict=True)},
            f"{path.name}, row {number}",
            label_column,
        )
        for number, line in enumerate(lines)
    )
    manifest = Manifest(path, tuple(header), rows)
    manifest.need(("file",))
    if not rows:
        raise ValueError(f"{path} has no rows")
    return manifest


def _row(entries: dict[str, str], where: str, label_column: str) -> Row:
    def taken(name: str) -> str | None:
        return entries.get(name) or None if name else None

    label, number, split = taken(label_column), taken("slice"), entries.get("split")
    if label is not None and label not in LABELS:
        raise ValueError(f"{where}: {label_column} is {label!r}; labels must be 0 or 1")
    truth = entries.get("true_label", "-1")
    if label_column != "true_label":
        if truth not in TRUTHS:
            raise ValueError(
                f"{where}: true_label is {truth!r}; it must be 0, 1, or -1 where it is not known"
            )
        if "true_label" in entries:
            entries["true_label"] = str(TRUTHS[truth])
    if number is not None and not number.isdecimal():
        raise ValueError(f"{where}: slice is {number!r}; it must be a number from 0")
    if split is not None and split not in SPLITS:
        raise ValueError(
            f"{where}: split is {split!r}; it must be one of 'train', 'val', 'test' or empty"
        )
    if "file" in entries and not entries["file"]:
        raise ValueError(f"{where}: file is empty")
    known = {"file", label_column, "split", "patient", "mask"}
    return Row(
        file=entries.get("file", ""),
        where=where,
        slice=None if number is None else int(number),
        label=None if label is None else LABELS[label],
        split=split,
        patient=taken("patient"),
        mask=taken("mask"),
        extra={name: entry for name, entry in entries.items() if name not in known},
    )
