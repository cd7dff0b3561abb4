"""Decisions of a reviewer, applied to a features file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.storage import files
from shapcpp.storage.csv_files import need_columns, read_csv
from shapcpp.storage.features import Features

__all__ = ["Decision", "apply_decisions", "read_decisions"]

DECISIONS = ("keep", "relabel", "unsure")


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided about one sample.

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


def read_decisions(path: files.PathLike) -> list[Decision]:
    """Reads the decisions that the report's review queue exports.

    Parameters
    ----------
    path : path-like
        A CSV file, UTF-8, with the columns ``id`` and ``decision`` (keep, relabel or
        unsure), optionally ``label``; others are ignored. An apostrophe before an id or label
        that begins with ``= + - @``, a tab or another apostrophe is taken away: the report
        puts it there, so that no spreadsheet runs it as a formula.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If a column is missing, a decision is none of the three, an id comes twice, or the
        file is no CSV.
    """
    decisions: dict[str, Decision] = {}
    header, rows = read_csv(path)
    need_columns(path, header, ("id", "decision"))
    for number, entries in enumerate(rows):
        row = dict(zip(header, entries, strict=True))
        place = f"{path}, row {number}"
        name, decision = row["id"], row["decision"]
        if decision not in DECISIONS:
            raise ValueError(
                f"{place}: decision is {decision!r}; it must be one of {', '.join(DECISIONS)}"
            )
        if name in decisions:
            raise ValueError(f"{place}: id {name!r} was decided before")
        label = row.get("label")
        decisions[name] = Decision(name, decision, label, place)
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
    row_of: dict[str, int] = {}
    twice = set()
    named = zip(_ids(features)[train].tolist(), np.flatnonzero(train).tolist(), strict=True)
    for name, row in named:
        twice |= {str(name)} & row_of.keys()
        row_of[str(name)] = row
    rows = features.rows.copy()
    named_by_row = "id" not in (rows.dtype.names or ())
    why = "; it has no ids, so that row numbers stand for them" if named_by_row else ""
    for decision in decisions:
        if decision.id not in row_of:
            raise ValueError(
                f"{decision.place}: no training row of {features.source} has id {decision.id!r}"
                f"{why}"
            )
        if decision.id in twice:
            raise ValueError(
                f"{decision.place}: several training rows of {features.source} have id "
                f"{decision.id!r}"
            )
        row = row_of[decision.id]
        label = int(labels[row])
        if decision.label is not None and decision.label != str(label):
            raise ValueError(
                f"{decision.place}: {decision.id!r} was reviewed with label {decision.label!r}, "
                f"but {features.source} has {label}: were these decisions applied before?"
            )
        if decision.decision == "relabel":
            rows["label"][row] = classes[0] if label == classes[1] else classes[1]
    return Features(rows, features.source)


def _ids(features: Features) -> NDArray[Any]:
    if "id" not in (features.rows.dtype.names or ()):
        return np.arange(len(features.rows))
    ids = features.rows["id"]
    return np.char.decode(ids, "utf-8", "replace") if ids.dtype.kind == "S" else ids
