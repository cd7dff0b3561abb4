"""The certified path against its dense twin: equal integers, on problems made to hurt its bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from judge import is_positive, optimum
from problems import Arrays, core_problem
from shapcpp import _core
from shapcpp._core import testing

Draw = Callable[[Any, NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]], tuple[Arrays, Any]]


GAMES = (_core.game, testing.dense_game)


def run(game: _core.Game, seed: int) -> _core.Tally:
    tally = _core.Tally(game.n_players, 2)
    _core.run(
        game, _core.permutation_sampler(), _core.grand_coalition(game), tally,
        seed=seed, first=0, count=2, threads=1,
    )  # fmt: skip
    return tally


def sorted_groups(n: int) -> dict[str, Any]:
    return {"players": np.repeat(np.arange((n + 9) // 10), 10)[:n]}


def mirrored(g: Any, X: NDArray[Any], X_test: NDArray[Any], y_test: NDArray[Any]) -> Arrays:
    """Samples and their mirror images of the other class: the plane goes through the origin."""
    half = X[: len(X) // 2]
    both = np.stack([half, -half], axis=1).reshape(-1, X.shape[1])
    near = 10.0 ** g.uniform(-18, -11, len(X_test))[:, None]
    return both, np.tile([1, 0], len(half)), near * g.normal(size=X_test.shape), y_test


KINDS: dict[str, Draw] = {
    "plain": lambda g, X, y, Xt, yt: ((X, y, Xt, yt), {}),
    "penalties over eight decades": lambda g, X, y, Xt, yt: (
        (X, y, Xt, yt), {"C": 10.0 ** g.integers(-4, 5)}
    ),
    "weights over six decades": lambda g, X, y, Xt, yt: (
        (X, y, Xt, yt), {"class_weights": 10.0 ** g.uniform(-3, 3, 2)}
    ),
    "mixed scales": lambda g, X, y, Xt, yt: (
        (X * (s := 10.0 ** g.integers(-3, 4, X.shape[1])), y, Xt * s, yt), {}
    ),
    "far from the origin": lambda g, X, y, Xt, yt: ((X + 1e4, y, Xt + 1e4, yt), {}),
    "separable": lambda g, X, y, Xt, yt: (
        (X + 30 * y[:, None], y, Xt + 30 * yt[:, None], yt), {"C": 10.0 ** g.integers(-1, 4)}
    ),
    "duplicates with opposite labels": lambda g, X, y, Xt, yt: (
        (np.repeat(X[: len(y) // 2], 2, axis=0), np.tile([0, 1], len(y) // 2),
         np.concatenate([Xt, X]), np.concatenate([yt, y])), {}
    ),
    "lattice": lambda g, X, y, Xt, yt: (
        (g.integers(0, 3, X.shape), y, g.integers(0, 3, Xt.shape), yt), {}
    ),
    "nearly collinear": lambda g, X, y, Xt, yt: (
        (np.c_[X, X.sum(axis=1), 2 * X[:, 0] + 1e-5 * g.normal(size=len(y))], y,
         np.c_[Xt, Xt.sum(axis=1), 2 * Xt[:, 0]], yt), {"C": 10.0 ** g.integers(-2, 5)}
    ),
    "heavy tails": lambda g, X, y, Xt, yt: (
        (g.standard_cauchy(X.shape), y, g.standard_cauchy(Xt.shape), yt), {"C": 10.0}
    ),
    "groups": lambda g, X, y, Xt, yt: (
        (X, y, Xt, yt),
        {"players": np.unique(g.integers(0, len(y) // 5, len(y)), return_inverse=True)[1]},
    ),
    "groups of one label": lambda g, X, y, Xt, yt: (
        (X[(o := np.argsort(y, kind="stable"))], y[o], Xt, yt), sorted_groups(len(y))
    ),
    "more features than samples": lambda g, X, y, Xt, yt: (
        (g.normal(size=(len(y), d := len(y) + 5)), y, g.normal(size=(len(yt), d)), yt), {}
    ),
    "tests crowded at the boundary": lambda g, X, y, Xt, yt: (
        (X, y, X.mean(axis=0) + np.outer(10.0 ** g.uniform(-12, -2, len(yt)), g.normal(size=X.shape[1])), yt),
        {},
    ),
    "mirrored coalitions, tests 1e-18 to 1e-11 of the plane": lambda g, X, y, Xt, yt: (
        mirrored(g, X, Xt, yt), {"players": np.arange(len(y) // 2 * 2) // 2}
    ),
    "one test sample": lambda g, X, y, Xt, yt: ((X, y, Xt[:1], yt[:1]), {}),
}  # fmt: skip


def problem_of(kind: str, seed: int) -> _core.Problem:
    rng = np.random.default_rng([seed, *kind.encode()])
    n, m, d = (int(rng.integers(*bounds)) for bounds in ((20, 160), (2, 120), (1, 10)))
    y = (rng.random(n) < rng.uniform(0.1, 0.9)).astype(int)
    y[:2] = [0, 1]
    y_test = rng.integers(0, 2, m)
    shift = rng.uniform(0, 2)
    X, X_test = (rng.normal(size=(len(k), d)) + shift * k[:, None] for k in (y, y_test))
    arrays, options = KINDS[kind](rng, X, y, X_test, y_test)
    return core_problem(arrays, **options)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", KINDS)
def test_same_integers_as_the_dense_twin(kind: str, seed: int) -> None:
    problem = problem_of(kind, seed)
    certified, dense = (run(make(problem), seed) for make in GAMES)
    np.testing.assert_array_equal(certified.gains, dense.gains)
    np.testing.assert_array_equal(certified.moments, dense.moments)
    assert (certified.ties, certified.uncertified) == (dense.ties, dense.uncertified)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("size", [2e8, 3e8])
def test_a_feature_that_comes_late_and_large(size: float, seed: int) -> None:
    """Absorbing it cancels all digits of an inverse: curvature times leverage is beyond 1 / e."""
    rng = np.random.default_rng(seed)
    n = 100
    y = rng.integers(0, 2, 2 * n)
    y[:2] = [0, 1]
    late = np.concatenate([np.zeros(n), np.tile([1, -1], n // 2) * size])
    X = np.column_stack([rng.normal(size=2 * n) + 3 * y, late])
    X[n, 0] = 1.5
    X_test = np.column_stack([1.5 + 0.3 * rng.normal(size=6), np.full(6, size)])
    assert_same_walk((X, y, X_test, rng.integers(0, 2, 6)), np.arange(2 * n))


@pytest.mark.parametrize("seed", range(30))
def test_a_feature_that_comes_late_in_a_balanced_group(seed: int) -> None:
    """Residuals of the group cancel, so that nothing but the drift asks for a new build."""
    rng = np.random.default_rng(seed)
    n, size = 40, 3e8
    y = rng.integers(0, 2, n)
    y[:2] = [0, 1]
    X = np.column_stack([rng.normal(size=n) + y, np.zeros(n)])
    centre = 0.5 + 0.2 * rng.normal()
    late = [[centre, size], [centre, size], [centre, -size], [centre, -size]]
    X, y = np.concatenate([X, late]), np.concatenate([y, [0, 1, 0, 1]])
    X_test = np.column_stack([centre + 0.3 * rng.normal(size=6), np.full(6, size)])
    players = np.concatenate([np.arange(n), [n, n, n + 1, n + 1]])
    arrays = (X, y, X_test, rng.integers(0, 2, 6))
    assert_same_walk(arrays, np.arange(n + 2), players=players)


def assert_same_walk(arrays: Arrays, order: NDArray[np.int64], **options: Any) -> None:
    """Equal walks; where they differ the judge says what either may have left open."""
    problem = core_problem(arrays, **options)
    X, y, X_test, y_test = arrays
    players = options.get("players", np.arange(len(y)))
    games = [make(problem) for make in GAMES]
    walks = [testing.walk(game, _core.grand_coalition(game), order) for game in games]
    different = np.flatnonzero((walks[0][0] != walks[1][0]).any(axis=1))
    if not len(different):
        assert walks[0][1] == walks[1][1]
        return
    missed = [0, 0]
    for size in different:
        rows = np.flatnonzero(np.isin(players, order[:size]))
        with mpmath.workdps(50):
            truth = is_positive(optimum(X[rows], y[rows], 1.0, np.ones(len(rows))), X_test)
        for walk, (path, _) in enumerate(walks):
            for k in (0, 1):
                correct = int(path[size, k])
                positive = correct if k == 1 else int((y_test == 0).sum()) - correct
                missing = int(truth[y_test == k].sum()) - positive
                assert missing >= 0, f"class 1 where the optimum says 0, at {size} in walk {walk}"
                missed[walk] += missing
    for walk, (_, open_signs) in enumerate(walks):
        assert missed[walk] <= sum(open_signs)
