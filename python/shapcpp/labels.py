"""Labels of any kind that sorts, and the classes that they name."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks
from shapcpp.conversion import array_of

__all__ = ["class_labels", "several_classes"]

LARGEST_WHOLE = 2.0**53  # whole floats beyond are not all different integers
MOST_CLASSES = 1000


def class_labels(name: str, value: ArrayLike) -> NDArray[Any]:
    """A vector of labels of any kind that sorts: integers, booleans, strings, whole floats."""
    array = array_of(name, value)
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (samples,), got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: it has shape {array.shape}")
    if array.dtype.kind in "OT" or (array.dtype.kind == "U" and isinstance(value, (list, tuple))):
        array = _labels_of_one_kind(name, np.asarray(value, dtype=object).tolist())
    if array.dtype.kind == "f":
        strange = ~(np.abs(array) < LARGEST_WHOLE) | (array != np.floor(array))
        if strange.any():
            row = int(np.argmax(strange))
            missing = " (a missing label)" if np.isnan(array[row]) else ""
            raise ValueError(
                f"{name} has {array[row]}{missing} at row {row}; labels that are floats must be "
                "whole numbers"
            )
        array = array.astype(np.int64)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind in "iu":
        return checks.labels(name, array)
    if array.dtype.kind != "U":
        raise TypeError(
            f"{name} must hold integers, booleans, strings or whole floats, got dtype {array.dtype}"
        )
    empty = np.char.strip(array) == ""
    if empty.any():
        raise ValueError(f"{name} has an empty string, a missing label, at row {np.argmax(empty)}")
    return array


def _labels_of_one_kind(name: str, entries: list[Any]) -> NDArray[Any]:
    kinds: list[tuple[type, ...]] = [(str,), (bool, np.bool_), (numbers.Real,)]
    kind = next((k for k in kinds if isinstance(entries[0], k)), kinds[2])
    for row, entry in enumerate(entries):
        if entry is None:
            raise ValueError(f"{name} has None, a missing label, at row {row}")
        is_other = kind == kinds[2] and isinstance(entry, (bool, np.bool_))
        if not isinstance(entry, kind) or is_other:
            raise TypeError(
                f"{name} must hold labels of one kind, got {entry!r} at row {row} beside "
                f"{entries[0]!r} at row 0"
            )
    if kind == kinds[0]:
        return np.array(entries, dtype=str)
    return np.array(entries, dtype=bool if kind == kinds[1] else None)


def several_classes(name: str, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The sorted labels, 2 to MOST_CLASSES, and the class index of each sample."""
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) == 1:
        raise ValueError(
            f"{name} holds one class only: every label is {classes[0]}; two are needed"
        )
    if len(classes) > MOST_CLASSES:
        raise ValueError(
            f"{name} holds {len(classes)} different labels; at most {MOST_CLASSES:,} are supported"
        )
    return classes, codes.astype(np.int64)
