"""Random orders of samples that depend on what the samples are, not on where they stand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["drawn_order"]

GOLDEN = 0x9E3779B97F4A7C15  # Steele, Lea and Flood, Fast splittable pseudorandom generators, 2014
MIXERS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
LAST_SHIFT = 31
ALL_BITS = 2**64 - 1

Words = NDArray[np.uint64]


def drawn_order(X: NDArray[np.float64], seed: int, index: int) -> NDArray[np.int64]:
    """The samples in a random order that the seed and their own features draw.

    Every sample gets a random number from its features, and samples are sorted by these numbers.
    So the order of the rows does not matter, and without some samples the others keep their order.
    Samples of equal features stay in the order of the rows.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Features.
    seed : int
        From 0 to 2^64 - 1.
    index : int
        Orders of different index are independent.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    key = np.full(1, (seed + GOLDEN * (index + 1)) & ALL_BITS, dtype=np.uint64)
    numbers = np.repeat(_mixed(key), len(X))
    for column in X.T:
        numbers ^= (column + 0.0).view(np.uint64)  # -0.0 and 0.0 are equal
        numbers = _mixed(numbers + np.uint64(GOLDEN))
    return np.argsort(numbers, kind="stable").astype(np.int64)


def _mixed(words: Words) -> Words:
    """The finaliser of splitmix64: every bit of a word changes about half of the result's."""
    for shift, factor in MIXERS:
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(factor)
    mixed: Words = words ^ (words >> np.uint64(LAST_SHIFT))
    return mixed
