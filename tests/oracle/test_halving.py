"""Repeated halving against the exact Shapley value: the mean over all orders is it, in integers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from composition import (
    LEAF,
    UNIT,
    cells,
    composition_game,
    control,
    shapley_by_class,
    whole_share,
)
from shapcpp import _core
from shapcpp._core import testing

RULES = pytest.mark.parametrize("single_class", ["constant", "carry"])


def shape(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes of the training samples, and how many test samples there are of each."""
    rng = np.random.default_rng(n)
    y, y_test = (rng.integers(0, 2, k) for k in (n, 40))
    y[:2] = [0, 1]
    return y, np.bincount(y_test)


def small_game(n: int, single_class: str = "constant", by_two: bool = False) -> _core.Game:
    return _core.game(small_problem(n, single_class, by_two))


def small_problem(n: int, single_class: str = "constant", by_two: bool = False) -> _core.Problem:
    y, test_counts = shape(n)
    y_test = np.repeat([0, 1], test_counts)
    rng = np.random.default_rng(n)
    X, X_test = (rng.normal(size=(len(k), 3)) + k[:, None] for k in (y, y_test))
    return _core.Problem(
        X=X, classes=y, X_test=X_test, classes_test=y_test, C=1.0, class_weights=np.ones(2),
        players=np.arange(n) // 2 if by_two else np.arange(n),
        empty_counts=test_counts * [1, 0], single_class=single_class,
    )  # fmt: skip


def words_left_by(n: int, seed: int, index: int) -> Iterator[int]:
    """Those after the shuffle of permutation `index`."""
    raw = np.random.Philox(key=np.array([seed, index], dtype=np.uint64))
    words = iter(lambda: int(raw.random_raw()), None)
    order = np.arange(n)
    for i in range(n - 1, 0, -1):
        while True:
            product = next(words) * (i + 1)
            if product % 2**64 >= 2**64 % (i + 1):
                break
        j = product >> 64
        order[[i, j]] = order[[j, i]]
    np.testing.assert_array_equal(order, _core.permutation(n, seed, index))
    return words


def twin_game(n: int, single_class: str, seed: int) -> np.ndarray:
    game = testing.dense_game(small_problem(n, single_class))
    grand_coalition = _core.grand_coalition(game)
    y, test_counts = shape(n)
    empty = test_counts * [1, 0]
    constants = np.diag(test_counts) if single_class == "constant" else np.stack([empty, empty])
    return composition_game(
        lambda order: testing.walk(game, grand_coalition, order)[0],
        y, seed, empty, constants, LEAF,
    )  # fmt: skip


@RULES
@pytest.mark.parametrize("leaf", [1, 2, 3, 6])
@pytest.mark.parametrize(
    ("n", "by_two"), [(1, False), (2, False), (5, False), (6, False), (11, True)]
)
def test_mean_over_all_orders_is_the_shapley_value(
    n: int, by_two: bool, single_class: str, leaf: int
) -> None:
    game = small_game(max(n, 2), single_class, by_two)
    players = game.n_players
    grand_coalition = _core.grand_coalition(game)
    halved = np.zeros((players, 2), dtype=np.int64)
    plain = np.zeros_like(halved)
    for order in map(np.array, permutations(range(players))):
        halved += testing.halved(game, grand_coalition, order, leaf=leaf)[0]
        plain[order] += np.diff(testing.walk(game, grand_coalition, order)[0], axis=0)
    np.testing.assert_array_equal(halved, whole_share(players, leaf) * plain)


@pytest.mark.parametrize("leaf", [1, 5, 16, 200])
@pytest.mark.parametrize("n", [2, 3, 33, 100])
def test_gains_add_up_and_equal_the_dense_twin(n: int, leaf: int) -> None:
    game = small_game(n)
    grand_coalition = _core.grand_coalition(game)
    order = _core.permutation(n, 3, 0)
    gains, open_signs = testing.halved(game, grand_coalition, order, leaf=leaf)
    total = grand_coalition.values - testing.walk(game, grand_coalition, order)[0][0]
    np.testing.assert_array_equal(gains.sum(axis=0), whole_share(n, leaf) * total)
    twin = testing.dense_game(small_problem(n))
    dense, _ = testing.halved(twin, _core.grand_coalition(twin), order, leaf=leaf)
    np.testing.assert_array_equal(gains, dense)
    assert open_signs == (0, 0)


def test_one_leaf_is_a_plain_permutation() -> None:
    game = small_game(20)
    grand_coalition = _core.grand_coalition(game)
    order = _core.permutation(20, 0, 0)
    plain = np.zeros((20, 2), dtype=np.int64)
    plain[order] = np.diff(testing.walk(game, grand_coalition, order)[0], axis=0)
    gains, _ = testing.halved(game, grand_coalition, order, leaf=20)
    np.testing.assert_array_equal(gains, plain)


@RULES
@pytest.mark.parametrize("n", [2, 7, 16, 17, 33, 150])
def test_control_equals_its_python_twin(n: int, single_class: str) -> None:
    seed = 2**64 - n
    own = testing.CompositionControl(small_game(n, single_class), seed)
    u = twin_game(n, single_class, seed)
    a, b = np.indices(u.shape[:2])
    np.testing.assert_array_equal(own.counts[a + b <= LEAF], u[a + b <= LEAF])
    for t in range(3):
        order = _core.permutation(n, seed, t)
        expected = control(u, shape(n)[0], order, words_left_by(n, seed, t))
        np.testing.assert_array_equal(own.changes(order, seed, t), expected)


@RULES
def test_values_of_the_composition_game_by_all_orders(single_class: str) -> None:
    # Exactly: what the control pays a member is what it takes from it, on the mean over orders.
    n = 7
    u = twin_game(n, single_class, seed=0)
    y = shape(n)[0]
    joins = np.zeros((n, 2), dtype=object)
    orders = [np.array(order) for order in permutations(range(n))]
    for order in orders:
        joins[order] += np.diff(u[cells(y[order])], axis=0)
    b = int(y.sum())
    of_zero = [Fraction(int(f), UNIT) for f in shapley_by_class(u)[n - b, b]]
    for k in range(2):
        of_one = (int(u[n - b, b, k] - u[0, 0, k]) - (n - b) * of_zero[k]) / b
        expected = [len(orders) * (of_one if c else of_zero[k]) for c in y]
        assert joins[:, k].tolist() == expected


@RULES
def test_shares_are_rounded_without_bias_and_dealt_to_all_alike(single_class: str) -> None:
    # Values of four samples are twelfths: over all orders and twelve words evenly apart, nothing is left.
    n, spaced = 4, 12
    u = twin_game(n, single_class, seed=0)
    y = shape(n)[0]
    left = np.zeros((n, 2), dtype=np.int64)
    for order in map(np.array, permutations(range(n))):
        for i in range(spaced):
            word = (2 * i + 1) * 2**63 // spaced + 1_000_003  # not one that is rejected
            left += control(u, y, order, iter([word, word]))
    assert not left.any()


@RULES
@pytest.mark.parametrize("by_two", [False, True])
def test_a_run_adds_orders_halved_and_their_control(single_class: str, by_two: bool) -> None:
    n, seed = 60, 9
    game = small_game(n, single_class, by_two)
    grand_coalition = _core.grand_coalition(game)
    sampler = _core.halving_sampler(game, seed)
    leaf = 1 if by_two else LEAF
    unit = _core.halving_unit(game.n_players, n)
    assert unit == whole_share(game.n_players, leaf)
    expected = np.zeros((game.n_players, 2), dtype=np.int64)
    products = np.zeros((game.n_players, 2, 2), dtype=np.int64)
    for t in range(4, 10):
        order = _core.permutation(game.n_players, seed, t)
        gains = testing.halved(game, grand_coalition, order, leaf=leaf)[0]
        if not by_two:
            gains = gains + testing.CompositionControl(game, seed).changes(order, seed, t)
        expected += gains
        products += gains[:, :, None] * gains[:, None, :]
    for threads in (1, 3):
        tally = _core.Tally(game.n_players, 2)
        _core.run(
            game, sampler, grand_coalition, tally, seed=seed, first=4, count=6, threads=threads
        )
        np.testing.assert_array_equal(tally.gains, expected)
        np.testing.assert_array_equal(tally.moments, products)
        assert tally.ranges.tolist() == [[4, 10]]


def test_a_control_needs_players_of_one_sample() -> None:
    with pytest.raises(ValueError, match="one sample per player"):
        testing.CompositionControl(small_game(6, by_two=True), 0)
