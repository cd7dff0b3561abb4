"""Decisions of reviewers about labels, as a features file remembers them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DECISIONS", "FIELD", "FINAL", "REMOVE", "decisions_of", "is_kept", "remembered"]

FIELD = "reviewed"  # of the rows of a features file; "" where nobody has decided
REMOVE = "remove"
FINAL = ("keep", "relabel", REMOVE)  # decisions after which nobody asks again
DECISIONS = ("keep", "relabel", "unsure", REMOVE)
LONGEST = max(map(len, DECISIONS))


def decisions_of(rows: NDArray[Any]) -> NDArray[np.str_] | None:
    """The decision about each row; None if the rows keep no decisions.

    A field of that name without text belongs to someone else and is ignored.
    """
    if FIELD not in (rows.dtype.names or ()) or rows[FIELD].dtype.kind not in "US":
        return None
    words = rows[FIELD]
    return np.char.decode(words, "utf-8", "replace") if words.dtype.kind == "S" else words


def is_kept(rows: NDArray[Any]) -> NDArray[np.bool_]:
    """Marks the rows that no reviewer removed."""
    decisions = decisions_of(rows)
    return np.ones(len(rows), dtype=bool) if decisions is None else decisions != REMOVE


def remembered(rows: NDArray[Any], decisions: dict[int, str], source: str) -> NDArray[Any]:
    """A copy of the rows that keeps these decisions, given by row number.

    Raises
    ------
    TypeError
        If the rows have a field of that name that holds no text.
    """
    names = rows.dtype.names or ()
    before = decisions_of(rows)
    if before is None and FIELD in names:
        raise TypeError(
            f"{source}: field {FIELD} holds {rows[FIELD].dtype}, where decisions of reviewers are "
            "to be kept: rename it"
        )
    words = np.zeros(len(rows), dtype=f"U{LONGEST}") if before is None else before.astype(str)
    words = words.astype(f"U{max(LONGEST, words.dtype.itemsize // 4)}")
    for row, decision in decisions.items():
        words[row] = decision
    fields = [(name, rows.dtype[name]) for name in names if name != FIELD]
    wider = np.empty(len(rows), dtype=[*fields, (FIELD, words.dtype)])
    for name, _ in fields:
        wider[name] = rows[name]
    wider[FIELD] = words
    return wider
