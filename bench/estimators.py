"""Estimators of data Shapley values and their costs; docs/statistics.md describes each."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from composition import LEAF, cells, composition_game, whole_share
from shapcpp import _core
from shapcpp._core import testing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
T = TypeVar("T")
SEED, PILOT_SEED, TREE_SEED = 1, 2, 3
DEEPEST = 32  # joins of a plain permutation that have a control
SHIFTS, LENGTHS = 8, 6


class Data(NamedTuple):
    """Training samples, which are valued, and a test set."""

    X: Floats
    y: Ints
    X_test: Floats
    y_test: Ints


def timed(call: Callable[..., T], *args: Any, **options: Any) -> tuple[T, float]:
    start = time.process_time()
    result = call(*args, **options)
    return result, time.process_time() - start


class Game:
    """A data set under one rule for coalitions of one class."""

    def __init__(self, data: Data, single_class: str) -> None:
        self.data, self.single_class = data, single_class
        self.y = data.y
        self.n = len(data.y)
        self.test_counts = np.bincount(data.y_test, minlength=2)
        self.empty = np.where(np.arange(2) == np.bincount(data.y).argmax(), self.test_counts, 0)
        self.game = self.of(np.arange(self.n))
        self.grand_coalition = _core.grand_coalition(self.game)

    def of(self, rows: Ints) -> _core.Game:
        """The game of some of the samples."""
        X, y, X_test, y_test = self.data
        problem = _core.Problem(
            X=np.ascontiguousarray(X[rows]), classes=y[rows], X_test=np.ascontiguousarray(X_test),
            classes_test=y_test, C=1.0, class_weights=np.ones(2), players=np.arange(len(rows)),
            empty_counts=self.empty, single_class=self.single_class,
        )  # fmt: skip
        return _core.game(problem)

    def orders(self, count: int, seed: int = SEED) -> list[Ints]:
        return [_core.permutation(self.n, seed, t) for t in range(count)]

    def path(self, order: Ints) -> Ints:
        return testing.walk(self.game, self.grand_coalition, np.ascontiguousarray(order))[0]

    def halved(self, count: int) -> Floats:
        """Contributions of the halved orders that `value(..., sampler="halving")` takes."""
        unit = _core.halving_unit(self.n, self.n)
        sampler = _core.halving_sampler(self.game, TREE_SEED)
        contributions = []
        for t in range(count):
            tally = _core.Tally(self.n, 2)
            _core.run(
                self.game, sampler, self.grand_coalition, tally,
                seed=TREE_SEED, first=t, count=1, threads=1,
            )  # fmt: skip
            contributions.append(tally.gains / unit)
        return np.array(contributions)

    def one_class(self, k: int) -> Ints:
        if self.single_class == "carry":
            return self.empty
        return np.where(np.arange(2) == k, self.test_counts, 0)


def nearest_neighbour_path(game: Game, distances: Floats, order: Ints) -> Ints:
    y_test = game.data.y_test
    best, label = np.full(len(y_test), np.inf), np.full(len(y_test), -1)
    path = [game.empty]
    for i in order:
        closer = distances[i] < best
        best[closer], label[closer] = distances[i][closer], game.y[i]
        path.append(np.bincount(y_test[label == y_test], minlength=2))
    return np.array(path)


class Estimator(NamedTuple):
    """Independent unbiased contributions (units, players, classes), cost of one, a control."""

    contributions: Floats
    cost: float
    control: Floats | None = None

    def series(self, weights: Floats) -> Floats:
        values = self.contributions @ weights
        if self.control is None:
            return values
        control = self.control @ weights
        control = control - control.mean(axis=0)
        slope = (control * values).sum() / (control * control).sum()
        return np.asarray(values - slope * control)


def by_player(orders: list[Ints], changes: Any) -> Floats:
    result = np.zeros((len(orders), len(orders[0]), 2))
    for row, order, change in zip(result, orders, changes, strict=True):
        row[order] = change
    return result


def regression(game: Game, rows: int, rng: np.random.Generator) -> tuple[Floats, float]:
    """KernelSHAP: least squares on coalitions in complementary pairs, sizes by the kernel."""
    n, spent = game.n, 0.0
    sizes = np.arange(1, n)
    chance = 1 / (sizes * (n - sizes))
    inside, counts = np.zeros((2 * rows, n)), np.zeros((2 * rows, 2))
    for r in range(rows):
        order = rng.permutation(n)
        size = rng.choice(sizes, p=chance / chance.sum())
        for s, members in enumerate((order[:size], order[size:])):
            inside[2 * r + s, members] = 1
            if len(set(game.y[members])) == 1:
                counts[2 * r + s] = game.one_class(int(game.y[members[0]])) - game.empty
                continue
            score, seconds = timed(_core.grand_coalition, game.of(members))
            counts[2 * r + s] = score.values - game.empty
            spent += seconds
    total = game.grand_coalition.values - game.empty
    centred = inside - inside.mean(axis=1, keepdims=True)
    value = np.linalg.lstsq(centred, counts - inside.mean(axis=1)[:, None] * total, rcond=None)[0]
    return value - value.mean(axis=0) + total / n, spent


def estimators(game: Game, units: int) -> dict[str, Estimator]:
    n, rng = game.n, np.random.default_rng(0)
    orders = game.orders(4 * units)
    paths, seconds = timed(lambda: [game.path(order) for order in orders])
    walk = seconds / len(orders)
    changes = [np.diff(path, axis=0).astype(float) for path in paths]
    plain = by_player(orders, changes)
    found = {"plain": Estimator(plain, 1)}

    def reverse(adjust: Callable[[Ints, Floats], Floats]) -> Estimator:
        pairs = []
        for order, change in zip(orders[:units], changes[:units], strict=True):
            back = order[::-1]
            reversed_change = adjust(back, np.diff(game.path(back), axis=0).astype(float))
            pairs.append(by_player([order, back], [adjust(order, change), reversed_change]))
        return Estimator(np.array(pairs).mean(axis=1), 2)

    found["antithetic pairs"] = reverse(lambda _, change: change)
    shifted = [
        by_player(turns, [np.diff(game.path(turn), axis=0) for turn in turns]).mean(axis=0)
        for o in orders[:units]
        for turns in [[np.roll(o, s * n // SHIFTS) for s in range(SHIFTS)]]
    ]
    found[f"{SHIFTS} cyclic shifts"] = Estimator(np.array(shifted), SHIFTS)
    first = np.array([game.one_class(int(k)) - game.empty for k in game.y]) / n
    for known, name in ((1, "position 1 exact (free)"), (2, "positions 1 and 2 exact (free)")):
        rest = [np.where(np.arange(n)[:, None] < known, 0, change) for change in changes]
        found[name] = Estimator(by_player(orders, rest) + first, 1)

    lengths = n >> np.arange(LENGTHS)
    times = []
    for length in lengths:
        part = game.of(orders[0][:length])
        whole, one = _core.grand_coalition(part), _core.permutation(int(length), SEED, 0)
        seconds = timed(lambda *args: [testing.walk(*args) for _ in range(20)], part, whole, one)[1]
        times.append(seconds / 20)
    reached = (np.arange(n)[:, None] < lengths).mean(axis=1)[:, None]
    cut = [
        np.where(np.arange(n)[:, None] < rng.choice(lengths), change / reached, 0)
        for change in changes
    ]
    found["cut at random"] = Estimator(by_player(orders, cut), float(np.mean(times)) / walk)

    X, _, X_test, _ = game.data
    near = ((X[:, None] - X_test) ** 2).sum(axis=2)
    neighbours = by_player(
        orders[:units],
        [np.diff(nearest_neighbour_path(game, near, o), axis=0) for o in orders[:units]],
    )
    found["1-NN control (free)"] = Estimator(plain[:units], 1, neighbours)
    constants = np.stack([game.one_class(0), game.one_class(1)])
    u = composition_game(game.path, game.y, PILOT_SEED, game.empty, constants, DEEPEST)

    def adjust(order: Ints, change: Floats) -> Floats:
        result = change.astype(float)
        result[:DEEPEST] -= np.diff(u[cells(game.y[order[:DEEPEST]])], axis=0)
        return result

    adjusted = by_player(orders, [adjust(o, c) for o, c in zip(orders, changes, strict=True)])
    found["composition control"] = Estimator(adjusted, 1)
    found["composition control, antithetic"] = reverse(adjust)
    found["composition control, 1-NN (free)"] = Estimator(adjusted[:units], 1, neighbours)
    fits = [regression(game, 4 * n, rng) for _ in range(8)]
    found["regression on coalitions"] = Estimator(
        np.array([value for value, _ in fits]), float(np.mean([s for _, s in fits])) / walk
    )

    trees = game.orders(len(orders), TREE_SEED)
    for leaf in (1, LEAF):
        gains, seconds = timed(
            lambda m: [testing.halved(game.game, game.grand_coalition, o, m)[0] for o in trees],
            leaf,
        )
        cost = seconds / len(trees) / walk
        halves = np.array(gains) / whole_share(n, leaf)
        found[f"halving{f' down to {leaf}' if leaf > 1 else ''}"] = Estimator(halves, cost)
    shipped, seconds = timed(game.halved, len(trees))
    cost = seconds / len(trees) / walk
    found[f"halving down to {LEAF}, composition control"] = Estimator(shipped, cost)
    return found
