"""All n! permutations against the definition of the Shapley value over all coalitions.

Coalitions are fitted by an independent method: scikit-learn's Newton-Cholesky at tol=1e-12.
"""

from __future__ import annotations

from itertools import combinations, permutations
from math import comb, factorial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

import shapcpp
from shapcpp import _core
from shapcpp._core import testing
from shapcpp.problem.problem import SingleClass

Ints = NDArray[np.int64]


def small_problem(seed: int, n: int) -> tuple[Any, Ints, Any, Ints]:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    y_test = rng.integers(0, 2, 25)
    X = rng.normal(size=(n, 2)) + 0.5 * y[:, None]
    X_test = rng.normal(size=(25, 2)) + 0.5 * y_test[:, None]
    return X, y, X_test, y_test


def engine(
    X: Any, y: Ints, X_test: Any, y_test: Ints, single_class: str, empty: Ints
) -> _core.Game:
    problem = _core.Problem(
        X=X, classes=y, X_test=X_test, classes_test=y_test, C=1.0, class_weights=np.ones(2),
        players=np.arange(len(y)), empty_counts=empty, single_class=single_class,
    )  # fmt: skip
    return _core.game(problem)


def all_permutations(game: _core.Game, n: int) -> _core.Tally:
    tally = _core.Tally(n, 2)
    grand_coalition = _core.grand_coalition(game)
    for index, order in enumerate(permutations(range(n))):
        joined = np.array(order, dtype=np.int64)
        path, open_signs = testing.walk(game, grand_coalition, joined)
        testing.add(tally, index, joined, path, *open_signs)
    return tally


def scores(X: Any, y: Ints, X_test: Any, y_test: Ints, rule: str, empty: Ints) -> dict[Any, Ints]:
    totals = np.bincount(y_test, minlength=2)
    table = {}
    for size in range(len(y) + 1):
        for members in combinations(range(len(y)), size):
            present = np.unique(y[list(members)])
            if size == 0 or (len(present) == 1 and rule == "carry"):
                counts = empty
            elif len(present) == 1:
                counts = np.where(np.arange(2) == present[0], totals, 0)
            else:
                model = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
                rows = list(members)
                right = model.fit(X[rows], y[rows]).predict(X_test) == y_test
                counts = np.bincount(y_test[right], minlength=2)
            table[members] = counts
    return table


@pytest.mark.parametrize("rule", ["constant", "carry"])
@pytest.mark.parametrize(("n", "seed"), [(2, 0), (3, 1), (4, 2), (5, 3), (6, 4), (6, 5)])
def test_full_enumeration_gives_the_shapley_values(n: int, seed: int, rule: str) -> None:
    X, y, X_test, y_test = small_problem(seed, n)
    empty = np.array([np.sum(y_test == 0), 0])
    tally = all_permutations(engine(X, y, X_test, y_test, rule, empty), n)
    score = scores(X, y, X_test, y_test, rule, empty)
    for player in range(n):
        others = [i for i in range(n) if i != player]
        total = np.zeros(2)
        for size in range(n):
            weight = factorial(n) / (n * comb(n - 1, size))  # times n!: an integer count of orders
            for members in combinations(others, size):
                joined = tuple(sorted((*members, player)))
                total += weight * (score[joined] - score[members])
        np.testing.assert_array_equal(tally.gains[player], np.rint(total).astype(int))
        np.testing.assert_allclose(total, np.rint(total), atol=1e-9)
    assert tally.uncertified == 0


def test_duplicates_share_one_value() -> None:
    X, y, X_test, y_test = small_problem(8, 5)
    X, y = np.concatenate([X, X[1:2]]), np.concatenate([y, y[1:2]])
    problem = engine(X, y, X_test, y_test, "constant", np.array([0, 0]))
    tally = all_permutations(problem, 6)
    np.testing.assert_array_equal(tally.gains[1], tally.gains[5])
    np.testing.assert_array_equal(tally.moments[1], tally.moments[5])


def test_players_that_change_nothing_are_worth_nothing() -> None:
    X = np.array([[-1.0], [-1.1], [1.0], [1.1]])
    far = np.array([[-1000.0], [-2000.0]])
    problem = engine(X, np.array([0, 0, 1, 1]), far, np.array([0, 0]), "carry", np.array([2, 0]))
    tally = all_permutations(problem, 4)
    assert not tally.gains.any()
    assert not tally.moments.any()


@pytest.mark.parametrize("single_class", ["constant", "carry"])
def test_each_permutation_is_efficient(single_class: SingleClass) -> None:
    X, y, X_test, y_test = small_problem(9, 6)
    for count in (1, 2, 7):
        v = shapcpp.value(
            X, y, X_test, y_test, count, single_class=single_class, sampler="permutations"
        )
        np.testing.assert_array_equal(v.gains.sum(axis=0), count * (v.full_counts - v.empty_counts))


def test_values_are_linear_in_the_metric() -> None:
    X, y, X_test, y_test = small_problem(10, 6)
    v = shapcpp.value(X, y, X_test, y_test, 50)
    n0, n1 = v.test_counts
    np.testing.assert_allclose((n0 + n1) * v["acc"], n1 * v["rec"] + n0 * v["spc"], atol=1e-12)
    np.testing.assert_allclose(v["bal"], (v["rec"] + v["spc"]) / 2, atol=1e-15)
