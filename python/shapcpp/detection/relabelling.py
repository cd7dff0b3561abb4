"""Decisions of a reviewer, applied to a features file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from shapcpp.conversion import text_of
from shapcpp.labels import as_read, shown
from shapcpp.progress import silent
from shapcpp.storage import cells, files
from shapcpp.storage.features import Features
from shapcpp.storage.reviewed import DECISIONS, REMOVE, remembered
from shapcpp.storage.tables import read_table

__all__ = ["Decision", "apply_decisions", "read_decisions"]


@dataclass(frozen=True)
class Decision:
    """A reviewer's decision about one sample.

    Attributes
    ----------
    id : str
        The sample.
    decision : str
        "keep", "relabel", "unsure" or "remove".
    label : str or None
        The label that the reviewer saw, if the file has it. A word for nothing, such as "NA", means
        None unless there is such a label.
    place : str
        File and line, for error messages.
    new_label : str or None
        The label to give, if the file has it.
    """

    id: str
    decision: str
    label: str | None
    place: str
    new_label: str | None = None


def read_decisions(path: files.PathLike, note: Callable[[str], None] = silent) -> list[Decision]:
    """Reads the decisions that the report's review queue exports.

    Parameters
    ----------
    path : path-like
        A table, as `read_table` reads it, with the columns ``id`` and ``decision`` (keep,
        relabel, unsure or remove), optionally ``label``, the label that was reviewed, and
        ``new_label``. Other columns and rows without a decision are ignored. An apostrophe before
        an id or label that begins with ``= + - @``, a tab or another apostrophe is removed: the
        report puts it there so that no spreadsheet runs the text as a formula.
    note : callable, optional
        Called with a sentence for each irregularity of the table.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If a column is missing, a decision is none of the four, an id occurs twice, there is no
        decision at all, or the file is not a table.
    """
    decisions: dict[str, Decision] = {}
    table = read_table(path, ("id", "decision", "label", "new_label"))
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
        given, new = (row.cells.get(column) or None for column in ("label", "new_label"))
        decisions[name] = Decision(name, decision, given, row.place, new)
    if not decisions:
        raise ValueError(f"{path} holds no decision: its rows have nothing in the column decision")
    return list(decisions.values())


def apply_decisions(features: Features, decisions: list[Decision]) -> Features:
    """Changes the labels of the rows to relabel, and remembers every decision.

    A row to remove keeps its label but leaves its split, so that it is neither valued nor tested.

    Parameters
    ----------
    features : Features
        The rows. ``true_label`` and all other fields are kept as they are, except ``reviewed``,
        which remembers the decisions.
    decisions : list of Decision
        At most one per sample.

    Returns
    -------
    Features
        A copy.

    Raises
    ------
    TypeError
        If the field ``reviewed`` of `features` is something else.
    ValueError
        If an id belongs to no row or to several; if it belongs to no training row, and the
        decision does not say which label was reviewed; if that label is not the one in
        `features` (the decisions were applied before, or belong to other data); or if the new
        label is missing with three or more classes, or is none of the classes.
    """
    train = features.mask("train")
    classes = features.without_missing()[0].classes()
    find = _Finder(features, train)
    made: dict[int, str] = {}
    changes: dict[int, Any] = {}
    for written in decisions:
        decision = _with_labels_of(written, classes.tolist())
        row = find(decision)
        label = _text(features.rows["label"][row].item())
        if decision.label is not None and not _is_label(decision.label, label):
            raise ValueError(
                f"{decision.place}: {decision.id!r} was reviewed with label {decision.label!r}, "
                f"but {features.source} has {label}: were these decisions applied before?"
            )
        made[row] = decision.decision
        if decision.decision == "relabel":
            changes[row] = _new_label(decision, label, classes.tolist())
    rows = remembered(features.rows, made, features.source)
    is_bytes = rows["label"].dtype.kind == "S"
    for row, label in changes.items():
        rows["label"][row] = label.encode() if is_bytes else label
    for row, word in made.items():
        if word == REMOVE:
            rows["split"][row] = ""
    return Features(rows, features.source)


def _with_labels_of(decision: Decision, classes: list[Any]) -> Decision:
    """The decision without labels that mean nothing, as "NA" does where no class is called so."""

    def meant(text: str | None) -> str | None:
        if text is None or not cells.is_missing(text):
            return text
        return text if any(_is_label(text, one) for one in classes) else None

    return replace(decision, label=meant(decision.label), new_label=meant(decision.new_label))


class _Finder:
    """Finds the row that a decision is about: a training row if possible, else another one."""

    def __init__(self, features: Features, train: NDArray[np.bool_]) -> None:
        self._source = features.source
        ids = list(map(str, _ids(features).tolist()))
        self._sides = [
            ([ids[row] for row in rows], _rows_by_name([ids[row] for row in rows], rows))
            for rows in (np.flatnonzero(train).tolist(), np.flatnonzero(~train).tolist())
        ]
        named_by_row = "id" not in (features.rows.dtype.names or ())
        self._why = "; it has no ids, so that row numbers stand for them" if named_by_row else ""

    def __call__(self, decision: Decision) -> int:
        kind, found = "training row", self._rows(0, decision)
        # Doubts are about rows of every split; a decision on a doubt says which label was seen.
        if not found and decision.label is not None:
            kind, found = "row", self._rows(1, decision)
        if not found:
            names = self._sides[0][0] + (self._sides[1][0] if kind == "row" else [])
            raise ValueError(
                f"{decision.place}: no {kind} of {self._source} has id {decision.id!r}"
                f"{self._why}{self._elsewhere(decision, kind) or cells.hint(decision.id, names)}"
            )
        if len(found) > 1:
            raise ValueError(
                f"{decision.place}: several {kind}s of {self._source} have id {decision.id!r}"
            )
        return found[0]

    def _elsewhere(self, decision: Decision, kind: str) -> str:
        """What to do where a decision does not say which label of another row was seen."""
        if kind == "row" or not self._rows(1, decision):
            return ""
        return "; another row has it: say in a column label which label of that row was reviewed"

    def _rows(self, side: int, decision: Decision) -> list[int]:
        rows_of = self._sides[side][1]
        return rows_of.get(decision.id) or rows_of.get(_as_meant(decision.id), [])


def _new_label(decision: Decision, label: Any, classes: list[Any]) -> Any:
    others = [one for one in classes if one != label]
    if decision.new_label is None:
        if len(others) != 1:
            raise ValueError(
                f"{decision.place}: {decision.id!r} is to be relabelled, but there are "
                f"{len(others)} other labels: the column new_label says which"
            )
        return others[0]
    meant = [one for one in others if _is_label(decision.new_label, one)]
    if not meant:
        raise ValueError(
            f"{decision.place}: new_label is {decision.new_label!r}; it must be one of "
            f"{shown(np.array(others))}"
        )
    return meant[0]


def _rows_by_name(names: list[str], rows: list[int]) -> dict[str, list[int]]:
    """Lists the rows of each id, and of each other spelling of it that is no other row's id."""
    found: dict[str, list[int]] = {}
    for name, row in zip(names, rows, strict=True):
        found.setdefault(name, []).append(row)
    meant: dict[str, list[int]] = {}
    for name, row in zip(names, rows, strict=True):
        meant.setdefault(_as_meant(name), []).append(row)
    return meant | found


def _as_meant(name: str) -> str:
    """Returns an id without a float's ".0", with forward slashes, in one Unicode normal form."""
    plain = normalize("NFC", name.strip()).replace("\\", "/")
    return plain.removesuffix(".0") if plain[:-2].isdecimal() else plain


def _is_label(written: str, label: Any) -> bool:
    """True if an entry means a label: it is the label's text, or another spelling of its number."""
    if written == str(label) or isinstance(label, str):
        return as_read(written) == as_read(str(label))
    number = cells.whole_number(written)
    return bool(label == (cells.label_of(written) if number is None else number))


def _ids(features: Features) -> NDArray[Any]:
    if "id" not in (features.rows.dtype.names or ()):
        return np.arange(len(features.rows))
    ids = features.rows["id"]
    return text_of(f"{features.source}: id", ids) if ids.dtype.kind == "S" else ids


def _text(label: Any) -> Any:
    """A label of the rows as text where it is bytes."""
    return label.decode("utf-8", "replace") if isinstance(label, bytes) else label
