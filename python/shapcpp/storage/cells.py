"""Entries of tables as people and programs write them: numbers, labels, splits, identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize

__all__ = ["MISSING", "hint", "is_missing", "label_of", "plain", "same", "split_of", "whole_number"]

MISSING = {"", "na", "n/a", "#n/a", "nan", "none", "null", "<na>", "-", "?", "."}
LABELS = {
    "0": 0, "false": 0, "no": 0, "n": 0, "negative": 0, "neg": 0,
    "1": 1, "true": 1, "yes": 1, "y": 1, "positive": 1, "pos": 1,
}  # fmt: skip
SPLITS = {
    "": "", "train": "train", "training": "train", "val": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
# A whole number, possibly written as a float or with a decimal comma.
WHOLE = re.compile(r"([-+]?[0-9]+)(?:[.,]0*)?")
SHORTENED = re.compile(r"[-+]?[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
DATES = re.compile(
    r"\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
    r"|\d{1,2}[-. ](?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*[-. ]\d{2,4}",
    re.IGNORECASE,
)


def is_missing(text: str) -> bool:
    """True for an entry that means a missing value."""
    return text.strip().casefold() in MISSING


def whole_number(text: str) -> int | None:
    """Reads a whole number, even if written as a float or with a decimal comma; else None."""
    match = WHOLE.fullmatch(text.strip())
    return int(match[1]) if match and len(match[1]) < 19 else None


def label_of(text: str, positive: Sequence[str] = ()) -> int | None:
    """Reads a label as 0 or 1: from the usual words, or by the labels in `positive`; else None."""
    if positive:
        return int(same(text) in {same(word) for word in positive})
    number = whole_number(text)
    return LABELS.get(text.strip().casefold() if number is None else str(number))


def same(text: str) -> str:
    """A label in the form that all ways of writing it share: capitals, zeros and accents aside."""
    number = whole_number(text)
    return normalize("NFC", text.strip()).casefold() if number is None else str(number)


def split_of(text: str) -> str | None:
    """Reads a split, "" if there is none; None if the word is unknown."""
    word = text.strip().casefold()
    return SPLITS.get("" if word in MISSING else word)


def plain(entries: Iterable[str]) -> list[str]:
    """Returns identifiers without the ".0" that whole numbers get in a column with gaps.

    It is removed only if every number of the column ends in ".0".
    """
    column = list(entries)
    floats = [one for one in column if re.fullmatch(r"[0-9]+\.0", one)]
    if not floats or len(floats) < sum(bool(one) and not is_missing(one) for one in column):
        return column
    return [one.removesuffix(".0") for one in column]


def hint(text: str, known: Iterable[str], named: bool = True) -> str:
    """A clause on what a spreadsheet may have done to an unknown identifier, or "".

    Unless `named`, the clause mentions no known identifier, since that may be a patient's.
    """
    if SHORTENED.fullmatch(text):
        return "; a spreadsheet may have shortened a long number: format the column as text"
    if DATES.fullmatch(text):
        return "; a spreadsheet may have taken it for a date: format the column as text"
    number = whole_number(text)
    if number is not None:
        for other in known:
            if other != text and whole_number(other) == number:
                meant = f"it may be {other!r}, and " if named else ""
                return (
                    f"; {meant}a spreadsheet may have changed its zeros: format the column as text"
                )
    return ""
