"""The data of every contender, made in every process from the shape alone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import shapcpp

Data = tuple[NDArray[np.float64], NDArray[Any], NDArray[np.float64], NDArray[np.int64]]


class Shape(NamedTuple):
    """The numbers of samples and features, and the distance of the two classes."""

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


class Noisy(NamedTuple):
    """Two classes of which one may be rare, and a share of wrong labels, the same of each class."""

    train: int
    test: int = 2000
    features: int = 32
    positive: float = 0.1
    wrong: float = 0.007
    distance: float = 4.0


class NoisyData(NamedTuple):
    """Arguments of `shapcpp.value`, and the true labels of the training samples."""

    X: NDArray[np.float64]
    y: NDArray[Any]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int64]
    true_labels: NDArray[np.int64]


# The three problems on which intervals and the default length of a run are tried.
RARE_LARGE = Noisy(8000, distance=7.0)
RARE = Noisy(3000, features=16)
BALANCED = Noisy(500, 1000, 16, positive=0.5, wrong=0.1, distance=2.0)


@lru_cache(maxsize=2)
def make_noisy(problem: Noisy, seed: int = 0) -> NoisyData:
    """Normal features whose classes lie `distance` deviations apart; test labels are right."""
    n, m, d, positive, wrong, distance = problem
    rng = np.random.default_rng(seed)
    y, y_test = (np.arange(k) < round(positive * k) for k in (n, m))
    y, y_test = rng.permutation(y), rng.permutation(y_test)
    direction = rng.normal(size=d)
    shift = distance * direction / np.linalg.norm(direction)
    X = rng.normal(size=(n, d)) + np.outer(y, shift)
    X_test = rng.normal(size=(m, d)) + np.outer(y_test, shift)
    given = shapcpp.flip_labels(y, wrong, seed)[0]
    return NoisyData(X, given, X_test, y_test.astype(np.int64), y.astype(np.int64))
