"""One coefficient per member, each class against the rest: the dense twin's integers."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import judge
from class_problems import ClassProblem
from close_classes import close
from problems import core_problem
from shapcpp import _core
from shapcpp._core import testing
from wide_problems import KINDS, draw
from wide_runs import assert_same, run

OF_CLASSES = ("classes absent from training", "classes of one sample", "half of all in one class")


def problem_of(kind: str, seed: int, n: int, d: int, m: int, K: int) -> _core.Problem:
    arrays, options = draw(kind if kind in KINDS else "plain", seed, n, d, m, K)
    X, y, X_test, y_test = arrays
    if kind == "classes absent from training":
        y = y // 2 * 2
    if kind == "classes of one sample":
        y = np.where(np.arange(n) < K, np.arange(n), 0)
    if kind == "half of all in one class":
        y = np.where(np.arange(n) % 2, y, K - 1)
    settings: dict[str, Any] = {
        "empty_counts": np.zeros(K, dtype=np.int64),
        **options,
        "class_weights": np.resize(options.get("class_weights", np.ones(2)), K),
    }
    return core_problem((X, y, X_test, y_test), **settings)


@pytest.mark.parametrize(
    ("n", "d", "K", "sampler"),
    [(50, 90, 5, "permutations"), (52, 60, 3, "halving"), (78, 49, 4, "permutations")],
)
@pytest.mark.parametrize("kind", [*KINDS, *OF_CLASSES])
def test_same_integers_as_the_dense_twin(kind: str, n: int, d: int, K: int, sampler: str) -> None:
    """Fewer samples than features, about as many, and more: then the path changes on the way."""
    problem = problem_of(kind, 0, n, d, 30, K)
    wide, dense = (run(make(problem, "ovr"), sampler) for make in (_core.game, testing.dense_game))
    assert_same(wide, dense)


@pytest.mark.parametrize("kind", ["plain", "features of a few values", "groups"])
def test_products_made_as_needed_and_threads_change_no_integer(kind: str) -> None:
    problem = problem_of(kind, 1, 70, 55, 300, 4)
    stored = run(testing.wide_game(problem, True), count=3)
    assert_same(run(testing.wide_game(problem, False), count=3), stored)
    assert_same(run(testing.wide_game(problem, True), count=3, threads=3), stored)


def test_ordinary_samples_need_no_fit() -> None:
    """Else equality with the twin would say nothing about the certificate."""
    tally = run(_core.game(problem_of("unit length", 2, 60, 90, 200, 5), "ovr"), count=2)
    assert tally.statistics["coalitions"] > 100
    assert tally.statistics["fits"] == 0


def test_the_larger_margin_wins_however_close() -> None:
    """Test samples a hair's breadth from where two classes change places, judged in 60 digits."""
    rng = np.random.default_rng(0)
    n, d, K = 49, 48, 3
    y = np.arange(n) % K
    X = rng.normal(size=(n, d)) + 0.5 * rng.normal(size=(K, d))[y]
    with mpmath.workdps(60):
        W = [judge.optimum(X, (y == k).astype(np.int64), 1.0, np.ones(n)) for k in range(K)]
        samples, leaders = close(W, rng, d)
    assert len(samples) > 10
    core = ClassProblem(X, y, np.array(samples), np.array(leaders), K).core()
    grand, dense = (
        _core.grand_coalition(game)
        for game in (testing.wide_game(core, True), testing.dense_game(core, "ovr"))
    )
    assert grand.uncertified == 0
    assert len(samples) - grand.values.sum() <= grand.ties <= 6  # of the three smallest distances
    np.testing.assert_array_equal(grand.values, dense.values)
    assert grand.ties == dense.ties
