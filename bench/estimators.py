"""Estimators of data Shapley values and what they cost. docs/statistics.md says what each is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
T = TypeVar("T")
SEED, PILOT_SEED, TREE_SEED = 1, 2, 3
PILOT, SHRINKAGE = 100, 3  # permutations; how many more a rarely seen composition counts for
LEAF, DEEPEST = 16, 32  # members of the blocks that are not halved; joins that have a control
UNIT = math.lcm(*range(1, LEAF + 1))
SHIFTS, LENGTHS = 8, 6


class Data(NamedTuple):
    """A training side, which is valued, and a test side, which judges."""

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
        self.problem = self.of(np.arange(self.n))
        self.everyone = _core.everyone(self.problem)
        self.scale = _core.halving_scale(self.n)

    def of(self, rows: Ints) -> _core.Problem:
        """The game of some of the samples."""
        X, y, X_test, y_test = self.data
        return _core.Problem(
            X=np.ascontiguousarray(X[rows]), classes=y[rows], X_test=np.ascontiguousarray(X_test),
            classes_test=y_test, C=1.0, class_weights=np.ones(2), players=np.arange(len(rows)),
            empty_counts=self.empty, single_class=self.single_class,
        )  # fmt: skip

    def orders(self, count: int, seed: int = SEED) -> list[Ints]:
        return [_core.permutation(self.n, seed, t) for t in range(count)]

    def path(self, order: Ints) -> Ints:
        return _core.walk(self.problem, self.everyone, np.ascontiguousarray(order))[0]

    def one_class(self, k: int) -> Ints:
        if self.single_class == "carry":
            return self.empty
        return np.where(np.arange(2) == k, self.test_counts, 0)

    def composition(self, order: Ints) -> tuple[Ints, Ints]:
        """Members of each class as the players of `order` join."""
        positive = np.concatenate([[0], np.cumsum(self.y[order])])
        return np.arange(len(order) + 1) - positive, positive


def composition_game(game: Game) -> Ints:
    """u[a, b]: counts that a coalition of a and b members of the classes has in a pilot, integers.

    Cells seen rarely are drawn towards what the compositions one member smaller say.
    """
    size = DEEPEST + 1
    sums, seen = np.zeros((size, size, 2), dtype=np.int64), np.zeros((size, size), dtype=np.int64)
    for order in game.orders(PILOT, PILOT_SEED):
        cells = game.composition(order[:DEEPEST])
        sums[cells] += game.path(order)[:size]
        seen[cells] += 1
    everywhere = sums[1:, 1:].sum(axis=(0, 1)) // seen[1:, 1:].sum()
    u = np.zeros_like(sums)
    u[0, 0] = game.empty
    for k in range(1, size):
        u[k, 0], u[0, k] = game.one_class(0), game.one_class(1)
        for a in range(1, k):
            b = k - a
            weights = np.array([a * (a > 1), b * (b > 1)])
            prior = everywhere
            if weights.any():
                prior = weights @ np.stack([u[a - 1, b], u[a, b - 1]]) // weights.sum()
            total = seen[a, b] + SHRINKAGE
            u[a, b] = (sums[a, b] + SHRINKAGE * prior + total // 2) // total
    return u


def shapley_by_class(u: Ints) -> Ints:
    """UNIT times the value of a member of class 0 in the composition game on a and b members.

    An integer: n C(n-1, k) divides lcm(1 .. n) for all k.
    """
    value = np.zeros((LEAF + 1, LEAF + 1, 2), dtype=np.int64)
    for k in range(1, LEAF + 1):
        for a in range(1, k + 1):
            b = k - a
            last = UNIT * (u[a, b] - u[a - 1, b]) + (a - 1) * value[a - 1, b]
            value[a, b], rest = np.divmod(last + (b * value[a, b - 1] if b else 0), k)
            assert not rest.any()
    return value


def blocks(first: int, end: int, share: int) -> Iterator[tuple[int, int, int]]:
    if end - first <= LEAF:
        yield first, end, share
    else:
        middle = first + (end - first) // 2
        yield from blocks(first, middle, share // 2)
        yield from blocks(middle, end, share // 2)


def control(game: Game, u: Ints, value: Ints, order: Ints, rng: np.random.Generator) -> Ints:
    """What to add to the gains of `halving`: integers of mean zero whose sum is zero."""
    added = np.zeros((game.n, 2), dtype=np.int64)
    for first, end, share in blocks(0, game.n, game.scale):
        players = order[first:end]
        classes, cells = game.y[players], game.composition(players)
        a, b = int(cells[0][-1]), int(cells[1][-1])
        total = u[a, b] - u[0, 0]
        of_zero = (a * value[a, b] + rng.integers(UNIT, size=2)) // UNIT
        due = np.empty((len(players), 2), dtype=np.int64)
        for k, (members, sum_due) in enumerate(((a, of_zero), (b, total - of_zero))):
            if members:
                each, rest = np.divmod(sum_due, members)
                due[classes == k] = each + (np.arange(members)[:, None] < rest)
        added[players] = share * (due - np.diff(u[cells], axis=0))
    assert not added.sum(axis=0).any()
    return added


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
            score, seconds = timed(_core.everyone, game.of(members))
            counts[2 * r + s] = score.correct - game.empty
            spent += seconds
    total = game.everyone.correct - game.empty
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
        everyone, one = _core.everyone(part), _core.permutation(int(length), SEED, 0)
        seconds = timed(lambda *args: [_core.walk(*args) for _ in range(20)], part, everyone, one)[
            1
        ]
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
    u = composition_game(game)

    def adjust(order: Ints, change: Floats) -> Floats:
        result = change.astype(float)
        result[:DEEPEST] -= np.diff(u[game.composition(order[:DEEPEST])], axis=0)
        return result

    adjusted = by_player(orders, [adjust(o, c) for o, c in zip(orders, changes, strict=True)])
    found["composition control"] = Estimator(adjusted, 1)
    found["composition control, antithetic"] = reverse(adjust)
    found["composition control, 1-NN (free)"] = Estimator(adjusted[:units], 1, neighbours)
    fits = [regression(game, 4 * n, rng) for _ in range(8)]
    found["regression on coalitions"] = Estimator(
        np.array([value for value, _ in fits]), float(np.mean([s for _, s in fits])) / walk
    )

    value = shapley_by_class(u)
    trees = game.orders(len(orders), TREE_SEED)
    for leaf in (1, LEAF):
        gains, seconds = timed(
            lambda m: [_core.halving(game.problem, game.everyone, o, leaf=m)[0] for o in trees],
            leaf,
        )
        cost = seconds / len(trees) / walk
        halves = np.array(gains) / game.scale
        assert np.allclose(halves.sum(axis=1), game.everyone.correct - game.empty)
        found[f"halving{f' down to {leaf}' if leaf > 1 else ''}"] = Estimator(halves, cost)
    added = np.array([control(game, u, value, order, rng) for order in trees]) / game.scale
    found[f"halving down to {LEAF}, composition control"] = Estimator(halves + added, cost)
    return found
