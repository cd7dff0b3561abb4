"""Labels of any kind that sorts, and the classes that they name."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks
from shapcpp.conversion import array_of, text_of

__all__ = [
    "MOST_CLASSES",
    "Labels",
    "as_read",
    "check_alike",
    "class_indices",
    "class_labels",
    "class_named",
    "class_weights",
    "empty_rule",
    "is_missing",
    "several_classes",
    "shown",
    "truth",
]

Labels = NDArray[Any]
LARGEST_WHOLE = 2.0**53  # whole floats beyond are not all different integers
MOST_CLASSES = 1000
SHOWN = 5  # labels in a sentence
KINDS = {"b": "booleans", "i": "integers", "u": "integers", "U": "strings"}
WANTED = "integers, booleans, strings or whole floats"
OUT = "leave such rows out"
# Types of labels that go together, where Python objects hold them.
OF_ENTRIES = ((str,), (bytes,), (bool, np.bool_), (numbers.Real, Decimal))
TEXT, BYTES, TRUTH, NUMBERS = range(4)


def class_labels(name: str, value: ArrayLike) -> Labels:
    """A vector of labels of any kind that sorts: integers, booleans, strings, whole floats.

    Integers and whole floats become int64, booleans and strings stay what they are.
    """
    return _vector(name, value, may_be_missing=False)


def truth(name: str, value: ArrayLike, y: Labels, y_name: str = "y") -> Labels:
    """True labels of samples labelled `y`; empty ones, and those that `y` lacks, are unknown."""
    array = _vector(name, value, may_be_missing=True)
    checks.same_length(name, array, "labels", y_name, y)
    check_alike(name, array, y, y_name)
    return array


def check_alike(name: str, array: Labels, y: Labels, y_name: str = "y") -> None:
    """Raises TypeError for labels of which one are numbers and the others text."""
    if len(array) and (array.dtype.kind == "U") != (y.dtype.kind == "U"):
        raise TypeError(
            f"{name} holds {KINDS[array.dtype.kind]} (row 0 is {array.tolist()[0]!r}) and {y_name} "
            f"{KINDS[y.dtype.kind]} (such as {y.tolist()[0]!r}): make them alike"
        )


def several_classes(name: str, y: Labels) -> tuple[Labels, NDArray[np.int64]]:
    """The sorted labels, 2 to MOST_CLASSES, and the class index of each sample."""
    classes, indices = np.unique(y, return_inverse=True)
    if len(classes) == 1:
        raise ValueError(
            f"{name} holds one class only: every label is {classes[0]}; two are needed"
        )
    if len(classes) > MOST_CLASSES:
        raise ValueError(
            f"{name} holds {len(classes):,} different labels ({shown(classes)}); at most "
            f"{MOST_CLASSES:,} are supported: numbers that are measured are no labels"
        )
    _check_readable(name, y, classes)
    return classes, indices.astype(np.int64)


def _check_readable(name: str, y: Labels, classes: Labels) -> None:
    """Raises ValueError for two labels that nobody could tell apart, as "cat" and "cat "."""
    if classes.dtype.kind != "U":
        return
    seen: dict[str, str] = {}
    for label in classes.tolist():
        other = seen.setdefault(as_read(label), label)
        if other != label:
            rows = [int(np.argmax(y == one)) for one in (other, label)]
            raise ValueError(
                f"{name} has the labels {other!a} (row {rows[0]}) and {label!a} (row "
                f"{rows[1]}), which read alike: make them alike, as str.strip and "
                "unicodedata.normalize do"
            )


def as_read(label: str) -> str:
    """A label without surrounding spaces, in one Unicode normal form."""
    return normalize("NFC", label.strip())


def is_missing(array: Labels) -> NDArray[np.bool_]:
    """Marks empty strings and NaN."""
    if array.dtype.kind == "f":
        return np.isnan(array)
    if array.dtype.kind in "US":
        empty: NDArray[np.bool_] = np.char.strip(array) == array.dtype.type("")
        return empty
    return np.zeros(len(array), dtype=bool)


def class_indices(
    name: str, values: Labels, classes: Labels, known_name: str = "y"
) -> NDArray[np.int64]:
    """The class index of each label, all of which must be among `classes`."""
    check_alike(name, values, classes, known_name)
    indices = np.searchsorted(classes, values)
    wrong = classes[np.minimum(indices, len(classes) - 1)] != values
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"{name} has label {values[row]} at row {row}, which {known_name} lacks "
            f"(its labels are {shown(classes)})"
        )
    return indices.astype(np.int64)


def class_named(text: str, classes: Labels) -> int | None:
    """The index of the class whose label reads so; None if there is none.

    Labels that were given as whole floats are integers: "1.0" names 1.
    """
    if classes.dtype.kind in "iu":
        text = text.removesuffix(".0")
    found = np.flatnonzero(classes.astype(str) == text)
    return int(found[0]) if len(found) else None


def shown(classes: Labels) -> str:
    """The first few labels, for a sentence."""
    more = ", ..." if len(classes) > SHOWN else ""
    return ", ".join(map(str, classes[:SHOWN].tolist())) + more


def class_weights(value: object, y: Labels, classes: Labels) -> NDArray[np.float64]:
    """One positive weight per class."""
    if value is None:
        return np.ones(len(classes))
    if isinstance(value, str):
        checks.choice("class_weight", value, None, "balanced")
        return len(y) / (len(classes) * np.array([np.sum(y == k) for k in classes]))
    if not isinstance(value, Mapping):
        raise TypeError(
            f"class_weight must be None, 'balanced' or a dict of label to weight, got {value!r}"
        )
    known = classes.tolist()
    for label in value:
        if label not in known:
            raise ValueError(
                f"class_weight has label {label!r}, which y lacks (its labels are {shown(classes)})"
            )
    for label in known:
        if label not in value:
            raise ValueError(f"class_weight lacks label {label}")
    return np.array([checks.positive_real(f"class_weight[{k}]", value[k]) for k in known])


def empty_rule(value: object, classes: Labels) -> str | list[Any]:
    """The name of a rule, or ["label", x] with x one of the labels: numbers need no word before."""
    given = value
    if isinstance(value, str):
        if value not in ("majority", "none"):
            raise ValueError(
                f"empty must be 'majority', 'none' or a label, ('label', {value!r}); got {value!r}"
            )
        return value
    if isinstance(value, (tuple, list)) and len(value) == 2 and isinstance(value[0], str):
        word, value = value
        is_label = word == "label" and isinstance(value, (str, numbers.Real, np.bool_))
    else:
        is_label = isinstance(value, (numbers.Integral, np.bool_))
    if not is_label:
        raise TypeError(f"empty must be 'majority', 'none' or ('label', LABEL), got {given!r}")
    known = classes.tolist()
    if value not in known:
        raise ValueError(f"empty is label {value}, which y lacks (its labels are {shown(classes)})")
    return ["label", known[known.index(value)]]


def _vector(name: str, value: ArrayLike, may_be_missing: bool) -> Labels:
    array = array_of(name, value)
    if array.ndim != 1:
        raise ValueError(
            f"{name} must have shape (samples,), got shape {array.shape}{_column_of(array)}"
        )
    if array.size == 0:
        raise ValueError(f"{name} is empty: it has shape {array.shape}")
    if array.dtype.kind in "OT" or (isinstance(value, (list, tuple)) and _is_mixed(array, value)):
        array = _of_one_kind(name, np.asarray(value, dtype=object).tolist())
    if array.dtype.kind == "f":
        array = _whole_floats(name, array)
    if array.dtype.kind == "S":
        array = text_of(name, array)
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind in "iu":
        return checks.labels(name, array)
    if array.dtype.kind != "U":
        raise TypeError(
            f"{name} must hold {WANTED}, got dtype {array.dtype} (row 0 is {array[0]}); convert it "
            "first, as astype(str) does"
        )
    return _strings(name, array, may_be_missing)


def _is_mixed(array: Labels, value: list[Any] | tuple[Any, ...]) -> bool:
    """True for a list that may hold several kinds, of which NumPy would make one."""
    if array.dtype.kind in "iuf":
        return any(isinstance(entry, OF_ENTRIES[TRUTH]) for entry in value)
    return array.dtype.kind != "b"


def _column_of(array: Labels) -> str:
    """How to make labels of a matrix, in a clause."""
    if array.ndim != 2:
        return ""
    if array.shape[1] == 1:
        return "; pass its one column, as np.ravel makes"
    return "; pass one label per sample, as np.argmax(..., axis=1) makes of indicators"


def _whole_floats(name: str, array: Labels) -> NDArray[np.int64]:
    array = array.astype(np.float64)  # half precision does not reach that far
    strange = ~(np.abs(array) < LARGEST_WHOLE) | (array != np.floor(array))
    if strange.any():
        row = int(np.argmax(strange))
        if np.isnan(array[row]):
            raise ValueError(f"{name} has nan, a missing label, at row {row}; {OUT}")
        raise ValueError(
            f"{name} has {array[row]} at row {row}; labels that are floats must be whole numbers "
            "below 2^53: pass text, as astype(str) makes, if these are names"
        )
    return array.astype(np.int64)


def _strings(name: str, array: Labels, may_be_missing: bool) -> Labels:
    """The strings in an array as narrow as they are: the same labels, the same array."""
    empty = is_missing(array)
    if empty.any() and not may_be_missing:
        row = int(np.argmax(empty))
        raise ValueError(f"{name} has an empty string, a missing label, at row {row}; {OUT}")
    for text in np.unique(array).tolist():
        if not text.isprintable():
            raise _not_printable(name, text, int(np.argmax(array == text)))
    return array.astype(f"U{max(int(np.char.str_len(array).max()), 1)}")


def _not_printable(name: str, text: str, row: int) -> ValueError:
    return ValueError(
        f"{name} has {text!r} at row {row}: line breaks and control characters cannot be part of a "
        "label"
    )


def _of_one_kind(name: str, entries: list[Any]) -> Labels:
    first = _kind(entries[0])
    for row, entry in enumerate(entries):
        kind = _kind(entry)
        missing = entry is None or type(entry).__name__ in ("NAType", "NaTType")
        if missing or (kind == NUMBERS and entry != entry):
            raise ValueError(f"{name} has {entry}, a missing label, at row {row}; {OUT}")
        if kind is None:
            raise TypeError(
                f"{name} has {entry!r} at row {row}, and labels must be {WANTED}: convert them "
                "first, as str does"
            )
        if kind != first:
            raise TypeError(
                f"{name} must hold labels of one kind, got {entry!r} at row {row} beside "
                f"{entries[0]!r} at row 0; make them alike"
            )
        if kind == TEXT and entry.endswith("\0"):  # which NumPy would drop
            raise _not_printable(name, str(entry), row)
    if first == TEXT:
        return np.array(entries, dtype=str)
    if first == BYTES:
        return np.array(entries, dtype=bytes)
    if first == TRUTH:
        return np.array(entries, dtype=bool)
    checks.fits_64_bits(name, entries)
    plain = (int, float, np.number)
    return np.array([entry if isinstance(entry, plain) else float(entry) for entry in entries])


def _kind(entry: object) -> int | None:
    """The number of the kind in OF_ENTRIES; booleans are no numbers."""
    return next((k for k, kinds in enumerate(OF_ENTRIES) if isinstance(entry, kinds)), None)
