"""Decisions of a reviewer, applied to a features file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.progress import silent
from shapcpp.storage import cells, files
from shapcpp.storage.features import Features
from shapcpp.storage.tables import read_table

__all__ = ["Decision", "apply_decisions", "read_decisions"]

DECISIONS = ("keep", "relabel", "unsure")


@dataclass(frozen=True)
class Decision:
    """A reviewer's decision about one sample.

    Attributes
    ----------
    id : str
        The sample.
    decision : str
        "keep", "relabel" or "unsure".
    label : str or None
        The label that the reviewer saw, where the file says so.
    place : str
        File and line, for error messages.
    """

    id: str
    decision: str
    label: str | None
    place: str


def read_decisions(path: files.PathLike, note: Callable[[str], None] = silent) -> list[Decision]:
    """Reads the decisions that the report's review queue exports.

    Parameters
    ----------
    path : path-like
        A table, as `read_table` reads it, with the columns ``id`` and ``decision`` (keep,
        relabel or unsure), optionally ``label``; others are ignored, and so are rows without a
        decision. An apostrophe before an id or label that begins with ``= + - @``, a tab or
        another apostrophe is taken away: the report puts it there, so that no spreadsheet runs
        it as a formula.
    note : callable, optional
        Called with each sentence on what was not as expected of a table.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If a column is missing, a decision is none of the three, an id comes twice, or the
        file is no table.
    """
    decisions: dict[str, Decision] = {}
    table = read_table(path, ("id", "decision", "label"))
    table.need(("id", "decision"))
    for sentence in table.notes:
        note(sentence)
    for row in table.rows:
        name, decision = row.cells["id"], row.cells["decision"].casefold()
        if cells.is_missing(decision):
            continue
        if decision not in DECISIONS:
            raise ValueError(
                f"{row.place}: decision is {decision!r}; it must be one of {', '.join(DECISIONS)}"
            )
        if name in decisions:
            raise ValueError(f"{row.place}: id {name!r} was decided before")
        label = row.cells.get("label", "")
        given = None if cells.is_missing(label) else label
        decisions[name] = Decision(name, decision, given, row.place)
    return list(decisions.values())


def apply_decisions(features: Features, decisions: list[Decision]) -> Features:
    """Gives the other label to the training rows to relabel; changes nothing else.

    Parameters
    ----------
    features : Features
        ``true_label`` and all other fields are kept as they are.
    decisions : list of Decision
        At most one per sample.

    Returns
    -------
    Features
        A copy.

    Raises
    ------
    ValueError
        If an id belongs to no training row or to several, or if the label that the
        reviewer saw is not the one in `features` (the decisions were applied before, or
        are of other data).
    """
    train = features.mask("train")
    labels = features.rows["label"]
    classes = checks.two_classes(
        f"{features.source}: label of the training rows", labels[train].astype(np.int64)
    )
    names = list(map(str, _ids(features)[train].tolist()))
    rows_of = _rows_by_name(names, np.flatnonzero(train).tolist())
    rows = features.rows.copy()
    named_by_row = "id" not in (rows.dtype.names or ())
    why = "; it has no ids, so that row numbers stand for them" if named_by_row else ""
    for decision in decisions:
        found = rows_of.get(decision.id) or rows_of.get(_as_meant(decision.id), [])
        if not found:
            raise ValueError(
                f"{decision.place}: no training row of {features.source} has id {decision.id!r}"
                f"{why}{cells.hint(decision.id, names)}"
            )
        if len(found) > 1:
            raise ValueError(
                f"{decision.place}: several training rows of {features.source} have id "
                f"{decision.id!r}"
            )
        row = found[0]
        label = int(labels[row])
        if decision.label is not None and not _is_label(decision.label, label):
            raise ValueError(
                f"{decision.place}: {decision.id!r} was reviewed with label {decision.label!r}, "
                f"but {features.source} has {label}: were these decisions applied before?"
            )
        if decision.decision == "relabel":
            rows["label"][row] = classes[0] if label == classes[1] else classes[1]
    return Features(rows, features.source)


def _rows_by_name(names: list[str], rows: list[int]) -> dict[str, list[int]]:
    """Lists the rows of each id, and of each way to mean it that is no other row's id."""
    found: dict[str, list[int]] = {}
    for name, row in zip(names, rows, strict=True):
        found.setdefault(name, []).append(row)
    meant: dict[str, list[int]] = {}
    for name, row in zip(names, rows, strict=True):
        meant.setdefault(_as_meant(name), []).append(row)
    return meant | found


def _as_meant(name: str) -> str:
    """Returns an id without the ".0" of a float, with slashes, in one Unicode normal form."""
    plain = normalize("NFC", name.strip()).replace("\\", "/")
    return plain.removesuffix(".0") if plain[:-2].isdecimal() else plain


def _is_label(written: str, label: int) -> bool:
    number = cells.whole_number(written)
    return label == (cells.label_of(written) if number is None else number)


def _ids(features: Features) -> NDArray[Any]:
    if "id" not in (features.rows.dtype.names or ()):
        return np.arange(len(features.rows))
    ids = features.rows["id"]
    return np.char.decode(ids, "utf-8", "replace") if ids.dtype.kind == "S" else ids
