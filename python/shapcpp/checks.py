"""Checks of arguments; each bad one raises one sentence with its name, value and position."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp.conversion import array_of, real_matrix, text_of

LARGEST_FEATURE = 1e150  # squares of features must not overflow
LARGEST_SEED = 2**64 - 1
MOST_THREADS = 1024


def features(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """A C-contiguous float64 matrix of finite numbers with at least one row and one column."""
    array = real_matrix(name, value)
    if array.ndim != 2:
        raise ValueError(f"{name} must have shape (samples, features), got shape {array.shape}")
    if array.shape[0] == 0:
        raise ValueError(f"{name} is empty: it has shape {array.shape}")
    if array.shape[1] == 0:
        raise ValueError(f"{name} has no features: it has shape {array.shape}")
    with np.errstate(over="ignore"):
        matrix = np.ascontiguousarray(array, dtype=np.float64)
    bad = bad_entry(matrix)
    if bad is not None:
        row, column = bad
        entry = float(matrix[row, column])
        raise ValueError(f"{name} has {entry} at row {row}, column {column}; {wanted_of(entry)}")
    return matrix


def wanted_of(feature: float) -> str:
    """What a feature must be, and what to do about one that is missing."""
    missing = "; fill or drop missing ones" if math.isnan(feature) else ""
    return f"features must be finite and at most {LARGEST_FEATURE:g} in size{missing}"


def bad_entry(matrix: NDArray[np.floating]) -> tuple[int, int] | None:
    """Row and column of the first entry that is not finite or too large to square."""
    # np.abs of the whole matrix would allocate as much again; good features allocate nothing.
    if not matrix.size or (
        float(matrix.min()) >= -LARGEST_FEATURE and float(matrix.max()) <= LARGEST_FEATURE
    ):
        return None
    good = np.abs(matrix, dtype=np.float64) <= LARGEST_FEATURE
    row, column = np.unravel_index(int(np.argmin(good)), good.shape)
    return int(row), int(column)


def matching_features(
    name: str, value: ArrayLike, X: NDArray[np.float64], X_name: str = "X"
) -> NDArray[np.float64]:
    """A matrix as from `features`, with as many columns as the training side."""
    matrix = features(name, value)
    if matrix.shape[1] != X.shape[1]:
        raise ValueError(
            f"{name} has {matrix.shape[1]} features and {X_name} has {X.shape[1]}: "
            f"shapes {matrix.shape} and {X.shape}"
        )
    return matrix


def same_columns(name: str, value: object, other_name: str, other: object) -> None:
    """Raises ValueError naming the first column that differs between two tables.

    A table is anything with named columns, such as a data frame; arrays pass unchecked.
    """
    columns, others = _columns(value), _columns(other)
    if columns is None or others is None or columns == others:
        return
    place = next(
        (k for k, (a, b) in enumerate(zip(columns, others, strict=False)) if a != b),
        min(len(columns), len(others)),
    )
    mine = repr(columns[place]) if place < len(columns) else "none"
    theirs = repr(others[place]) if place < len(others) else "none"
    advice = (
        f": the same columns in another order; pass {name}[{other_name}.columns]"
        if sorted(columns) == sorted(others)
        else ""
    )
    raise ValueError(
        f"column {place} of {name} is {mine}, and that of {other_name} is {theirs}{advice}"
    )


def _columns(value: object) -> list[str] | None:
    columns = getattr(value, "column_names", getattr(value, "columns", None))
    if columns is None or isinstance(value, np.ndarray):
        return None
    try:
        names = list(columns)
    except TypeError:
        return None
    return names if all(isinstance(name, str) for name in names) else None


def labels(name: str, value: ArrayLike) -> NDArray[np.int64]:
    """A vector of integer or boolean labels as int64."""
    array = array_of(name, value)
    if array.size and array.dtype.kind not in "biu":
        fits_64_bits(name, array.tolist())
        first = array.reshape(-1).tolist()[0]
        raise TypeError(
            f"{name} must hold integers or booleans, got dtype {array.dtype} (row 0 is {first!r})"
        )
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (samples,), got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: it has shape {array.shape}")
    too_large = array > np.iinfo(np.int64).max if array.dtype.kind == "u" else np.zeros(1, bool)
    if too_large.any():
        row = int(np.argmax(too_large))
        raise ValueError(f"{name} has {array[row]} at row {row}, beyond the 64-bit integers")
    return array.astype(np.int64)


def fits_64_bits(name: str, entries: Sequence[Any]) -> None:
    """Raises ValueError for the first Python integer that 64 bits do not hold."""
    for row, entry in enumerate(entries):
        if isinstance(entry, int) and not -(2**63) <= entry < 2**63:
            raise ValueError(f"{name} has {entry} at row {row}, beyond the 64-bit integers")


def same_length(
    name: str, array: NDArray[Any], noun: str, other_name: str, other: NDArray[Any]
) -> None:
    """Raises ValueError with both lengths and shapes if two arrays differ in their first axis."""
    if len(array) != len(other):
        raise ValueError(
            f"{name} has {len(array)} {noun} and {other_name} has {len(other)} rows: "
            f"shapes {array.shape} and {other.shape}"
        )


def identifiers(name: str, value: ArrayLike) -> NDArray[Any]:
    """A vector of integers or strings: ids or groups."""
    # NumPy would silently turn a list of both kinds into strings.
    is_list = isinstance(value, (list, tuple))
    array = np.asarray(value, dtype=object) if is_list else array_of(name, value)
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (samples,), got shape {array.shape}")
    if array.dtype == object:
        array = _of_one_kind(name, array.tolist())
    if array.dtype.kind == "S":
        array = text_of(name, array)
    if array.size and array.dtype.kind not in "biuUT":
        raise TypeError(
            f"{name} must hold integers or strings, got dtype {array.dtype} (row 0 is {array[0]}); "
            "convert it first, as astype(str) does"
        )
    if array.dtype.kind in "UT":
        array = array.astype(str)
        for row, text in enumerate(array.tolist()):
            if not text.isprintable():
                raise ValueError(
                    f"{name} has {text!r} at row {row}: line breaks and control characters cannot "
                    "be part of it"
                )
    return array


def _of_one_kind(name: str, entries: list[Any]) -> NDArray[Any]:
    first = entries[0] if entries else ""
    kind, dtype = next(
        (pair for pair in ((str, str), (bytes, bytes)) if isinstance(first, pair[0])),
        ((int, np.integer), np.int64),
    )
    fits_64_bits(name, entries)
    for row, entry in enumerate(entries):
        if not isinstance(entry, kind):
            raise TypeError(
                f"{name} must hold integers or strings, all of one kind, got {entry!r} at row "
                f"{row}: convert it first, as str does"
            )
    return np.array(entries, dtype=dtype)


def companion(name: str, value: ArrayLike | None, y: NDArray[Any]) -> NDArray[Any] | None:
    """Checks ids or groups, one per label; None stays None."""
    if value is None:
        return None
    array = identifiers(name, value)
    same_length(name, array, "entries", "y", y)
    return array


def whole(name: str, value: object) -> int:
    """A Python int from anything that is an integer."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer, got {value}")
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None


def positive(name: str, value: object, most: int = 2**63 - 1) -> int:
    """An integer from 1 to `most`."""
    number = whole(name, value)
    if number < 1:
        raise ValueError(f"{name} must be at least 1, got {number}")
    if number > most:
        raise ValueError(f"{name} must be at most {most}, got {number}")
    return number


def natural(name: str, value: object) -> int:
    """An integer of at least 0."""
    number = whole(name, value)
    if number < 0:
        raise ValueError(f"{name} must be at least 0, got {number}")
    return number


def most_permutations(test_counts: NDArray[np.int64]) -> int:
    """The largest number of permutations whose sums fit in 64 bits, whatever the data.

    A join changes the correct predictions of a class with T test samples by at most T, so over P
    permutations no gain exceeds P T and no product exceeds P T^2. The standard error computes
    products - gains gains' / P up to a remainder below P: at most P T^2 + P in size, no more than
    twice the products. The sums of two runs are those of one run over the permutations of both.
    """
    largest = max(int(test_counts.max()), 1)
    return int(np.iinfo(np.int64).max) // (2 * largest**2)


def sums_fit(permutations: int, test_counts: NDArray[np.int64]) -> None:
    """Raises ValueError if sums over this many permutations might not fit in 64-bit integers."""
    most = most_permutations(test_counts)
    if permutations > most:
        raise ValueError(
            f"permutations={permutations} with {test_counts.max()} test samples of one class could "
            f"overflow the 64-bit sums; at most {most} can be taken"
        )


def seed(value: object) -> int:
    """An integer from 0 to 2^64 - 1."""
    number = whole("seed", value)
    if not 0 <= number <= LARGEST_SEED:
        raise ValueError(f"seed must lie between 0 and 2^64 - 1, got {number}")
    return number


def real(name: str, value: object) -> float:
    """A Python float from any real number that is not a boolean."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} is too large for a double: {value}") from None


def positive_real(name: str, value: object) -> float:
    """A positive finite float."""
    number = real(name, value)
    if not (number > 0 and math.isfinite(number)):
        raise ValueError(f"{name} must be positive and finite, got {number}")
    return number


def choice(name: str, value: object, *known: str | None) -> Any:
    """Checks that a value is one of the known ones."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be one of {', '.join(map(repr, known))}; got {value!r}")
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {value!r}")
    return value


def fraction(name: str, value: object) -> float:
    """A share above 0 and at most 1."""
    number = real(name, value)
    if not 0 < number <= 1:
        raise ValueError(f"{name} must be above 0 and at most 1, got {number}")
    return number
