"""The pure-Python twin of the engine: the same computation in plain numpy, naive on purpose.

Every coalition is refitted from zero with Newton's method and a line search, in the coordinates
the user gave; nothing is kept from one coalition to the next. Nothing here is shared with the
engine: not the random numbers, not the coordinates, not the line search, not the stopping rule.
Where both agree to the last integer, neither hides a mistake of its solver.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ACCEPTED = 1e-9  # largest Newton decrement that rounding may leave; above it a fit is an error
RESERVE = 100  # times the last decrement, or rounding unit: margins below it are in doubt


@dataclass(frozen=True)
class Outcome:
    """The integers that the engine reports, computed the slow way."""

    gains: Ints
    products: Ints
    empty_counts: Ints
    full_counts: Ints
    doubtful: int  # predictions, over permutations and coalitions, too close to the boundary


def permutation(n: int, seed: int, index: int) -> list[int]:
    """The documented generator, from numpy's Philox and Python's integers."""
    words = np.random.Philox(key=np.array([seed, index], dtype=np.uint64))
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        bound = i + 1
        while True:
            product = int(words.random_raw()) * bound
            if product % 2**64 >= 2**64 % bound:
                break
        j = product >> 64
        order[i], order[j] = order[j], order[i]
    return order


def fit(X: Floats, y: Floats, weights: Floats, C: float) -> tuple[Floats, Floats, float]:
    """Weights (intercept last), Hessian and Newton decrement at the optimum; else RuntimeError."""
    A = np.column_stack([X, np.ones(len(X))])
    penalty = np.full(A.shape[1], 1 / C)
    penalty[-1] = 0

    def objective(w: Floats) -> float:
        z = A @ w
        return float(weights @ np.logaddexp(0, np.where(y == 1, -z, z)) + w @ (penalty * w) / 2)

    w = np.zeros(A.shape[1])
    best = np.inf
    for _ in range(500):
        z = A @ w
        tail = np.exp(-np.abs(z))
        likely, unlikely = 1 / (1 + tail), tail / (1 + tail)
        p = np.where(z >= 0, likely, unlikely)
        residual = np.where(y == 1, -np.where(z >= 0, unlikely, likely), p)
        gradient = A.T @ (weights * residual) + penalty * w
        hessian = (A.T * (weights * likely * unlikely)) @ A + np.diag(penalty)
        step = -np.linalg.solve(hessian, gradient)
        decrement = float(np.sqrt(max(-gradient @ step, 0)))
        if decrement <= ACCEPTED and decrement >= best / 2:  # only rounding is left
            return w, hessian, decrement
        best = min(best, decrement)
        length, start = 1.0, objective(w)
        if np.abs(A @ step).max() > 0.5:
            while objective(w + length * step) > start - 1e-4 * length * decrement**2:
                length /= 2
                if length < 1e-10:
                    break
        w = w + length * step
    raise RuntimeError(f"Newton did not converge: decrement {decrement:g}, {len(X)} samples")


def predict(
    w: Floats, hessian: Floats, decrement: float, X_test: Floats
) -> tuple[NDArray[np.bool_], int]:
    """Class 1 where the margin is positive beyond doubt, and how many margins are in doubt."""
    A = np.column_stack([X_test, np.ones(len(X_test))])
    unit = float(np.finfo(float).eps)
    reach = np.sqrt(np.maximum((A * np.linalg.solve(hessian, A.T).T).sum(axis=1), 0))
    doubt = RESERVE * (max(decrement, unit) * reach + unit * np.abs(A) @ np.abs(w))
    margins = A @ w
    return margins > doubt, int(np.sum(np.abs(margins) <= doubt))


class Game:
    """Coalitions of players and the correct predictions per class that each scores."""

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_test: ArrayLike,
        y_test: ArrayLike,
        *,
        C: float = 1.0,
        class_weight: dict[int, float] | str | None = None,
        empty: str | int = "majority",
        single_class: str = "constant",
        groups: ArrayLike | None = None,
    ) -> None:
        self.X, self.X_test = np.asarray(X, dtype=float), np.asarray(X_test, dtype=float)
        y, y_test = np.asarray(y).astype(int), np.asarray(y_test).astype(int)
        self.classes = np.unique(y)
        self.y = (y == self.classes[1]).astype(int)
        self.y_test = (y_test == self.classes[1]).astype(int)
        self.C, self.single_class, self.doubtful = C, single_class, 0
        names = np.arange(len(y)) if groups is None else np.asarray(groups)
        self.members = [np.flatnonzero(names == name) for name in np.unique(names)]
        sizes = np.bincount(self.y, minlength=2)
        per_class = np.ones(2)
        if class_weight == "balanced":
            per_class = len(y) / (2 * sizes)
        elif isinstance(class_weight, dict):
            per_class = np.array([class_weight[int(k)] for k in self.classes])
        self.weights = per_class[self.y]
        self.test_counts = np.bincount(self.y_test, minlength=2)
        if empty == "majority":
            empty = int(self.classes[int(sizes[1] > sizes[0])])
        self.empty_counts = (
            np.where(self.classes == empty, self.test_counts, 0)
            if empty != "none"
            else np.zeros(2, int)
        )

    def counts(self, players: list[int]) -> Ints:
        """Correct test predictions per class by the optimum of these players' samples."""
        if not players:
            return self.empty_counts
        rows = np.concatenate([self.members[player] for player in players])
        present = np.unique(self.y[rows])
        if len(present) == 1:
            if self.single_class == "carry":
                return self.empty_counts
            return np.where(np.arange(2) == present[0], self.test_counts, 0)
        model = fit(self.X[rows], self.y[rows].astype(float), self.weights[rows], self.C)
        predicted, doubtful = predict(*model, self.X_test)
        self.doubtful += doubtful
        correct = predicted == (self.y_test == 1)
        return np.array([np.sum(correct & (self.y_test == k)) for k in (0, 1)])

    def walk(self, order: list[int]) -> Iterator[tuple[int, Ints]]:
        """Each player of the order with the change in counts that its joining makes."""
        before = self.empty_counts
        for size, player in enumerate(order, start=1):
            after = self.counts(order[:size])
            yield player, after - before
            before = after


def value(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    permutations: int,
    seed: int = 0,
    **options: Any,
) -> Outcome:
    """The integers of `shapcpp.value` for the same arguments."""
    game = Game(X, y, X_test, y_test, **options)
    n = len(game.members)
    gains = np.zeros((n, 2), dtype=np.int64)
    products = np.zeros((n, 2, 2), dtype=np.int64)
    for index in range(permutations):
        for player, change in game.walk(permutation(n, seed, index)):
            gains[player] += change
            products[player] += np.outer(change, change)
    doubtful = game.doubtful
    return Outcome(gains, products, game.empty_counts, game.counts(list(range(n))), doubtful)
