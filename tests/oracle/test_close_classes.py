"""Test samples a hair's breadth from where two classes change places, judged in 60 digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import judge
import softmax
from class_problems import ClassProblem, Floats, Integers, normal_scores
from close_classes import DISTANCES, close
from shapcpp import _core
from shapcpp._core import testing

Vector = list[Any]


def ridge(X: Floats, y: Floats, C: float) -> Vector:
    """Weights, intercept last, for targets `y`."""
    A = mpmath.matrix(np.c_[X, np.ones(len(X))].tolist())
    H = A.T * A
    for j in range(X.shape[1]):
        H[j, j] += 1 / mpmath.mpf(C)
    return list(mpmath.lu_solve(H, A.T * mpmath.matrix(y.tolist())))


def weights(model: str, X: Floats, y: Integers, K: int) -> list[Vector]:
    if model == "multinomial":
        return softmax.optimum(X, y, K, 1.0, np.ones(len(y)))
    if model == "ridge":
        return [ridge(X, (y == k).astype(float), 1.0) for k in range(K)]
    return [judge.optimum(X, (y == k).astype(np.int64), 1.0, np.ones(len(y))) for k in range(K)]


def boundary(scores: Any, start: Vector, end: Vector, distance: float) -> Floats:
    """On the way between two samples, where their classes' scores differ by about a distance."""
    a, b = (max(range(len(s)), key=lambda k: s[k]) for s in (scores(start), scores(end)))

    def gap(t: Any) -> Any:
        s = scores([(1 - t) * p + t * q for p, q in zip(start, end, strict=True)])
        return s[a] - s[b] - distance

    low, high = mpmath.mpf(0), mpmath.mpf(1)
    for _ in range(120):
        middle = (low + high) / 2
        low, high = (middle, high) if gap(middle) > 0 else (low, middle)
    return np.array([float((1 - low) * p + low * q) for p, q in zip(start, end, strict=True)])


def scores_by_means(model: str, X: Floats, y: Any, C: float) -> Any:
    """A function of a sample: the scores of the classes in 60 digits."""
    K, d = int(y.max()) + 1, X.shape[1]
    rows = [judge.exactly(row) for row in X]
    groups = [[row for row, of in zip(rows, y, strict=True) if of == k] for k in range(K)]
    means = [
        [mpmath.fsum(column) / len(own) for column in zip(*own, strict=True)] for own in groups
    ]
    if model == "centroid":
        return lambda x: [
            -mpmath.fsum((a - b) ** 2 for a, b in zip(x, m, strict=True)) for m in means
        ]
    A = mpmath.eye(d) / mpmath.mpf(C)
    for own, m in zip(groups, means, strict=True):
        for row in own:
            away = mpmath.matrix([a - b for a, b in zip(row, m, strict=True)])
            A += away * away.T
    W = [list(mpmath.lu_solve(A, mpmath.matrix(m) * len(rows))) for m in means]
    return lambda x: [
        mpmath.fdot(x, w) - mpmath.fdot(m, w) / 2 + mpmath.log(len(own))
        for w, m, own in zip(W, means, groups, strict=True)
    ]


@pytest.mark.parametrize("dense", [False, True], ids=["certified", "dense"])
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("n", [3, 14])  # with classes of a single sample, whose densities are steep
@pytest.mark.parametrize("model", ["bayes", "lda", "centroid"])
def test_the_larger_density_wins_however_close(
    model: str, n: int, offset: float, dense: bool
) -> None:
    rng = np.random.default_rng(n)
    K, d = 3, 3
    X = rng.normal(size=(n, d)) + offset
    y = np.arange(n) % K
    problem = ClassProblem(X, y, X[:1], np.zeros(1, int), K)
    samples, leaders = [], []
    with mpmath.workdps(60):
        if model == "bayes":
            scores = normal_scores(problem, np.arange(n), np.arange(K))
        else:
            scores = scores_by_means(model, X, y, 1.0)
        for distance in (*DISTANCES, *-DISTANCES):
            start, end = (judge.exactly(x) for x in rng.normal(size=(2, d)) * 2 + offset)
            x = boundary(scores, start, end, distance)
            found = scores(judge.exactly(x))
            samples.append(x)
            leaders.append(max(range(K), key=lambda k: found[k]))
    problem = problem._replace(X_test=np.array(samples), y_test=np.array(leaders))
    game = (testing.dense_game if dense else _core.game)(problem.core(model), model)
    grand = _core.grand_coalition(game)
    assert grand.uncertified == 0
    assert len(samples) - grand.values.sum() <= grand.ties
    assert grand.ties <= (4 if n == 14 and not offset else 14)


@pytest.mark.parametrize("dense", [False, True], ids=["certified", "dense"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("model", ["ridge", "ovr", "multinomial"])
def test_the_larger_score_wins_however_close(model: str, seed: int, dense: bool) -> None:
    rng = np.random.default_rng(seed)
    K, d, n = 3 + seed % 2, 2 + seed % 3, 14
    y = np.arange(n) % K
    X = rng.normal(size=(n, d)) + 0.5 * rng.normal(size=(K, d))[y]
    with mpmath.workdps(60):
        W = weights(model, X, y, K)
        samples, leaders = close(W, rng, d)
    assert len(samples) > 10
    problem = ClassProblem(X, y, np.array(samples), np.array(leaders), K)
    game = (testing.dense_game if dense else _core.game)(problem.core(), model)
    grand = _core.grand_coalition(game)
    path, _ = testing.walk(game, grand, rng.permutation(n))
    assert grand.uncertified == 0
    assert len(samples) - grand.values.sum() <= grand.ties
    assert grand.ties <= 4  # of the two smallest distances, at most
    np.testing.assert_array_equal(path[-1], grand.values)


def test_fits_of_ridge_regressions_with_hardly_a_penalty_take_few_steps() -> None:
    """The inverse of few members' Hessian is all but singular, and as good as one can store."""
    rng = np.random.default_rng(0)
    X, y = 1e3 * rng.normal(size=(6, 8)), np.arange(6) % 2
    game = testing.dense_game(ClassProblem(X, y, X, y, 2, C=100.0).core("ridge"), "ridge")
    tally = _core.Tally(6, 2)
    sampler = _core.permutation_sampler()
    _core.run(
        game, sampler, _core.grand_coalition(game), tally, seed=0, first=0, count=20, threads=1
    )
    stats = tally.statistics
    assert stats["passes"] < 5 * stats["fits"]  # a build, and two steps of each class
    assert tally.uncertified == 0
