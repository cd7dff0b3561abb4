"""Imagined embeddings: many features whose variances fall as a power of their rank, two classes."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CASES", "Case", "make_wide"]

Arrays = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]

TEST = 1000
WRONG = 0.2  # of the training labels of each class
DISTANCE = 2.0  # of the classes, in deviations along a direction
REFLECTIONS = 4


class Case(NamedTuple):
    """Numbers of training samples and features, the power of their spectrum, and their scale."""

    train: int
    features: int
    power: float  # variances are j^-power
    scale: str  # "unit": rows of length 1; "standard": columns of deviation 1

    def __str__(self) -> str:
        spectrum = "1/j" if self.power == 1 else "1/sqrt(j)"
        return f"{self.train:,} x {self.features:,}, {spectrum}, {self.scale}"


WIDTHS = (64, 128, 512, 768, 2048)
KINDS = tuple((power, scale) for power in (1.0, 0.5) for scale in ("unit", "standard"))
CASES = [
    *(Case(1000, d, *kind) for d in WIDTHS for kind in KINDS),
    *(Case(5000, d, *kind) for d in WIDTHS for kind in KINDS[:2]),
]


@lru_cache(maxsize=1)
def make_wide(case: Case) -> Arrays:
    """Training and test sides: directions of any kind are mixed by reflections."""
    n, d, power, scale = case
    rng = np.random.default_rng(0)
    y = np.arange(n + TEST) % 2
    deviations = np.arange(1, d + 1) ** (-power / 2)
    shift = rng.normal(size=d) * deviations
    X = rng.normal(size=(n + TEST, d)) * deviations
    X += np.outer(y - 0.5, shift * DISTANCE / np.linalg.norm(shift / deviations))
    for _ in range(REFLECTIONS):
        axis = rng.normal(size=d)
        axis /= np.linalg.norm(axis)
        X -= np.outer(2 * (X @ axis), axis)
    if scale == "unit":
        X /= np.linalg.norm(X, axis=1, keepdims=True)
    else:
        X = (X - X[:n].mean(axis=0)) / X[:n].std(axis=0)
    given = y[:n].copy()
    for k in (0, 1):
        members = np.flatnonzero(y[:n] == k)
        given[rng.permutation(members)[: round(WRONG * len(members))]] = 1 - k
    return X[:n], given, X[n:], y[n:]
