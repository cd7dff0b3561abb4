"""Repeated halving against the exact Shapley value: the mean over all orders is it, in integers."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from shapcpp import _core


def small_problem(n: int, single_class: str = "constant", by_two: bool = False) -> _core.Problem:
    rng = np.random.default_rng(n)
    y, y_test = (rng.integers(0, 2, k) for k in (n, 40))
    y[:2] = [0, 1]
    X, X_test = (rng.normal(size=(len(k), 3)) + k[:, None] for k in (y, y_test))
    return _core.Problem(
        X=X, classes=y, X_test=X_test, classes_test=y_test, C=1.0, class_weights=np.ones(2),
        players=np.arange(n) // 2 if by_two else np.arange(n),
        empty_counts=np.array([(y_test == 0).sum(), 0]), single_class=single_class,
    )  # fmt: skip


@pytest.mark.parametrize("leaf", [1, 2, 3, 6])
@pytest.mark.parametrize("single_class", ["constant", "carry"])
@pytest.mark.parametrize(
    ("n", "by_two"), [(1, False), (2, False), (5, False), (6, False), (11, True)]
)
def test_mean_over_all_orders_is_the_shapley_value(
    n: int, by_two: bool, single_class: str, leaf: int
) -> None:
    problem = small_problem(max(n, 2), single_class, by_two)
    players = problem.n_players
    everyone = _core.everyone(problem)
    scale = _core.halving_scale(players)
    halved = np.zeros((players, 2), dtype=np.int64)
    plain = np.zeros_like(halved)
    for order in map(np.array, permutations(range(players))):
        halved += _core.halving(problem, everyone, order, leaf=leaf)[0]
        plain[order] += np.diff(_core.walk(problem, everyone, order)[0], axis=0)
    np.testing.assert_array_equal(halved, scale * plain)


@pytest.mark.parametrize("leaf", [1, 5, 16, 200])
@pytest.mark.parametrize("n", [2, 3, 33, 100])
def test_gains_add_up_and_equal_the_dense_twin(n: int, leaf: int) -> None:
    problem = small_problem(n)
    everyone = _core.everyone(problem)
    order = _core.permutation(n, 3, 0)
    gains, uncertified = _core.halving(problem, everyone, order, leaf=leaf)
    total = everyone.correct - _core.walk(problem, everyone, order)[0][0]
    np.testing.assert_array_equal(gains.sum(axis=0), _core.halving_scale(n) * total)
    dense, _ = _core.halving(problem, everyone, order, leaf=leaf, dense=True)
    np.testing.assert_array_equal(gains, dense)
    assert uncertified == 0


def test_one_leaf_is_a_plain_permutation() -> None:
    problem = small_problem(20)
    everyone = _core.everyone(problem)
    order = _core.permutation(20, 0, 0)
    plain = np.zeros((20, 2), dtype=np.int64)
    plain[order] = np.diff(_core.walk(problem, everyone, order)[0], axis=0)
    gains, _ = _core.halving(problem, everyone, order, leaf=20)
    np.testing.assert_array_equal(gains, _core.halving_scale(20) * plain)
