"""The data that every contender gets, made from its shape alone in every process."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import shapcpp

Data = tuple[NDArray[np.float64], NDArray[Any], NDArray[np.float64], NDArray[np.int64]]


class Shape(NamedTuple):
    """How many samples and features, and how far apart the two classes lie."""

    train: int
    test: int
    features: int
    distance: float = 2.0

    def __str__(self) -> str:
        return f"{self.train:,} / {self.test:,} / {self.features}"


@lru_cache(maxsize=2)
def make_data(shape: Shape) -> Data:
    """Two overlapping classes, one training sample in five positive, 20% of each class flipped."""
    n, m, d, distance = shape
    rng = np.random.default_rng(0)
    y, y_test = (np.arange(n) % 5 == 0).astype(int), (np.arange(m) % 4 == 0).astype(int)
    shift = rng.normal(size=d) * distance / np.sqrt(d)
    X = rng.normal(size=(n, d)) + np.outer(y, shift)
    X_test = rng.normal(size=(m, d)) + np.outer(y_test, shift)
    return X, shapcpp.flip_labels(y, 0.2)[0], X_test, y_test
