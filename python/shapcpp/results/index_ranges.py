"""Sets of permutations as sorted, disjoint half-open ranges: arrays of int64, shape (k, 2)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranges", "filled", "none", "of", "overlap", "shown", "size", "union", "without"]

Ranges = NDArray[np.int64]


def of(pairs: Iterable[tuple[int, int]]) -> Ranges:
    """The set of all numbers in any of the pairs ``(first, end)``, in as few ranges as possible."""
    merged: list[list[int]] = []
    for first, end in sorted(pairs):
        if merged and first <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        elif first < end:
            merged.append([first, end])
    return np.array(merged, dtype=np.int64).reshape(-1, 2)


def none() -> Ranges:
    """The empty set."""
    return of([])


def size(ranges: Ranges) -> int:
    """Number of permutations in the set."""
    return int((ranges[:, 1] - ranges[:, 0]).sum())


def union(a: Ranges, b: Ranges) -> Ranges:
    """The union of two sets."""
    return of([*_pairs(a), *_pairs(b)])


def overlap(a: Ranges, b: Ranges) -> Ranges:
    """The intersection of two sets."""
    return without(a, without(a, b))


def without(a: Ranges, b: Ranges) -> Ranges:
    """The difference of two sets: all of `a` that is not in `b`."""
    left: list[tuple[int, int]] = []
    for start, end in _pairs(a):
        first = start
        for taken, free in _pairs(b):
            if taken < end and free > first:
                left.append((first, min(taken, end)))
                first = max(first, free)
        left.append((first, end))
    return of(left)


def filled(a: Ranges, count: int) -> Ranges:
    """`a`, filled up to `count` numbers with the lowest ones that it lacks."""
    lacking = count - size(a)
    if lacking <= 0:
        return a
    added: list[tuple[int, int]] = []
    for first, end in _pairs(without(of([(0, count + size(a))]), a)):
        taken = min(end - first, lacking)
        added.append((first, first + taken))
        lacking -= taken
        if lacking == 0:
            break
    return union(a, of(added))


def shown(ranges: Ranges) -> str:
    """For people: "0 to 99, 150"."""
    return ", ".join(
        f"{first} to {end - 1}" if end - first > 1 else f"{first}" for first, end in _pairs(ranges)
    )


def _pairs(ranges: Ranges) -> list[tuple[int, int]]:
    return [(first, end) for first, end in ranges.tolist()]
