"""Signs within 1e-19 to 1e-6 of the decision boundary, judged by 50-digit arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from judge import optimum
from problems import core_problem
from shapcpp import _core
from shapcpp._core import testing

Floats = NDArray[np.float64]
Game = Callable[[_core.Problem], _core.Game]
GAMES = pytest.mark.parametrize(
    "make", [_core.game, testing.dense_game], ids=["certified", "dense"]
)

# From this distance on, relative to the terms of the margin, nothing may be left in doubt.
DOUBT = {
    "plain": 1e-11,
    "offset": 1e-10,
    "mixed scales": 1e-7,
    "near collinear": 1e-6,
    "outlier": 1e-9,
    "hardly penalised": np.inf,
    "wide": 1e-11,
    "wide, offset": 1e-11,
    "wide, mixed scales": 1e-6,
    "wide, outlier": 1e-9,
}


def offset(X: Floats, rng: np.random.Generator) -> Floats:
    return X + 10.0 ** rng.integers(2, 6)


def mixed_scales(X: Floats, rng: np.random.Generator) -> Floats:
    return X * 10.0 ** rng.integers(-3, 4, X.shape[1])


def near_collinear(X: Floats, rng: np.random.Generator) -> Floats:
    return np.column_stack([X, X[:, 0] + 1e-7 * rng.normal(size=len(X))])


def outlier(X: Floats, rng: np.random.Generator) -> Floats:
    X = X.copy()
    X[rng.integers(len(X))] *= 1e4
    return X


def wide(X: Floats, rng: np.random.Generator) -> Floats:
    """More features than samples: rotated. The last column, which places the points, is as it was."""
    return np.column_stack([rng.normal(size=(len(X), len(X))), X])


KINDS: dict[str, Any] = {
    "plain": lambda X, rng: X,
    "offset": offset,
    "mixed scales": mixed_scales,
    "near collinear": near_collinear,
    "outlier": outlier,
    "hardly penalised": near_collinear,  # at the end of double precision, where errors are legal
    "wide": wide,
    "wide, offset": lambda X, rng: offset(wide(X, rng), rng),
    "wide, mixed scales": lambda X, rng: mixed_scales(wide(X, rng), rng),
    "wide, outlier": lambda X, rng: outlier(wide(X, rng), rng),
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_no_sign_is_guessed_near_the_boundary(kind: str, seed: int) -> None:
    rng = np.random.default_rng([seed, *kind.encode()])
    n, d = int(rng.integers(4, 12)), int(rng.integers(1, 4))
    C = float(10.0 ** (rng.integers(8, 13) if kind == "hardly penalised" else rng.integers(-4, 5)))
    y = np.arange(n) % 2
    X = KINDS[kind](rng.normal(size=(n, d)) + 0.5 * y[:, None], rng)
    d = X.shape[1]
    class_weights = 10.0 ** rng.uniform(-3, 3, 2)
    with mpmath.workdps(50):
        w = optimum(X, y, C, class_weights[y])
        intercept, last = float(w[d]), float(w[d - 1])
        size = abs(intercept) + np.abs(X) @ np.abs([float(w[j]) for j in range(d)])
        size = float(size.max())
        points = []
        for distance in 10.0 ** np.arange(-19.0, -5.0):
            for side in (-1, 1):
                x = X[rng.integers(n)] + X.std(axis=0) * rng.normal(size=d)
                rest = (
                    mpmath.fdot([mpmath.mpf(float(v)) for v in x[:-1]], w[: d - 1]) if d > 1 else 0
                )
                x[-1] = float((side * distance * size - rest - w[d]) / w[d - 1])
                exact = mpmath.fdot([mpmath.mpf(float(v)) for v in x], w[:d]) + w[d]
                points.append((x, exact > 0, abs(float(exact)) / (size + abs(x[-1] * last))))
    for point, is_positive, distance in points:
        problem = _core.Problem(
            X=X, classes=y, X_test=point[None], classes_test=np.array([1]), C=C,
            class_weights=class_weights, players=np.arange(n), empty_counts=np.array([0, 0]),
            single_class="constant",
        )  # fmt: skip
        try:
            score = _core.grand_coalition(_core.game(problem))
        except _core.ConvergenceError:
            assert kind == "hardly penalised"
            continue
        if score.ties + score.uncertified:
            assert score.values[1] == 0
            assert distance < DOUBT[kind], (kind, distance)
        else:
            assert score.values[1] == is_positive, (kind, distance)


@GAMES
def test_margins_that_overflow_are_left_open(make: Game) -> None:
    """A sum of infinities of both signs is no number, and lies neither within nor beyond a bound."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    u = rng.normal(size=40)
    X = np.column_stack([u, u + 1e-6 * (2 * y - 1 + 0.1 * rng.normal(size=40))]) * 1e-153
    X_test = np.array([[1, 0.9], [0.9, 1], [-1, -0.9], [-0.9, -1]]) * 1e150
    problem = core_problem((X, y, X_test, np.ones(4)), C=1.7e308, class_weights=np.full(2, 1e9))
    score = _core.grand_coalition(make(problem))
    # Two pairs of opposite samples: one of each is positive.
    assert 0 <= 2 - score.values[1] <= score.ties + score.uncertified


@GAMES
@pytest.mark.parametrize("seed", [12, 31, 43, 77])
def test_clear_signs_of_equal_samples_are_not_left_open(seed: int, make: Game) -> None:
    """Ten equal samples leave the weights zero: every margin is log(8 * 11 / (2 * 5)), about 2.2.

    What the Hessian's rounding lets a step leave of the gradient is large here, until fits go on.
    """
    rng = np.random.default_rng(seed)
    scattered = rng.normal(size=(30, 2)) * 10.0 ** rng.uniform(2, 4) * (rng.random((30, 2)) < 0.3)
    y = np.concatenate([[1, 1, 1, 0, 1, 1, 1, 1, 1, 0], np.arange(30) % 2])
    problem = core_problem(
        (np.concatenate([np.zeros((10, 2)), scattered]), y, rng.normal(size=(40, 2)) * 1e3, np.arange(40) % 2),
        C=6e5,
        class_weights=np.array([5.0, 11.0]),
        players=np.repeat([0, 1], [10, 30]),
    )  # fmt: skip
    game = make(problem)
    path, _ = testing.walk(game, _core.grand_coalition(game), np.array([0, 1]))
    assert path[1].tolist() == [0, 20]
