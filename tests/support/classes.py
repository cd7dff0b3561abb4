"""Problems of several classes, and games played by hand: every coalition by a cold fit."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

Counts = NDArray[np.int64]


def clouds(n: int, n_test: int, K: int, d: int = 3, seed: int = 0) -> tuple[Any, Any, Any, Any]:
    """Samples around K centres, as (X, classes, X_test, classes_test), classes in turn."""
    rng = np.random.default_rng(seed)
    centres = 1.5 * rng.normal(size=(K, d))
    y, y_test = np.arange(n) % K, np.arange(n_test) % K
    return (
        centres[y] + rng.normal(size=(n, d)), y, centres[y_test] + rng.normal(size=(n_test, d)), y_test
    )  # fmt: skip


class ByHand:
    """The score of each coalition, majority when empty and constant of one class."""

    def __init__(self, estimator: Any, X: Any, y: Any, X_test: Any, y_test: Any) -> None:
        self.estimator, self.X, self.y, self.X_test, self.y_test = estimator, X, y, X_test, y_test
        self.classes = np.unique(y)
        self.known: dict[frozenset[int], Counts] = {}

    def score(self, members: frozenset[int]) -> Counts:
        if members not in self.known:
            self.known[members] = self._score(members)
        return self.known[members]

    def values(self) -> NDArray[np.float64]:
        """Shapley values of the counts, over all orders."""
        n = len(self.y)
        total = np.zeros((n, len(self.classes)))
        orders = list(permutations(range(n)))
        for order in orders:
            for size, player in enumerate(order):
                before, after = (frozenset(order[:k]) for k in (size, size + 1))
                total[player] += self.score(after) - self.score(before)
        return total / len(orders)

    def path(self, order: Any) -> Counts:
        """The scores along an order, shape (n + 1, K)."""
        order = list(map(int, order))
        return np.stack([self.score(frozenset(order[:k])) for k in range(len(order) + 1)])

    def _score(self, members: frozenset[int]) -> Counts:
        rows = sorted(members)
        present = np.unique(self.y[rows])
        if len(present) > 1:
            predicted = clone(self.estimator).fit(self.X[rows], self.y[rows]).predict(self.X_test)
        else:
            counts = [int((self.y == k).sum()) for k in self.classes]
            label = present[0] if len(present) else self.classes[int(np.argmax(counts))]
            predicted = np.full(len(self.y_test), label)
        right = predicted == self.y_test
        return np.array([int((right & (self.y_test == k)).sum()) for k in self.classes])
