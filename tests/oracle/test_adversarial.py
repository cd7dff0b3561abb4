"""Test points at 1e-12 to 1e-4 of the boundary of coalitions deep in a walk, judged by 50 digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from judge import Vector, is_positive, near_boundary, optimum
from problems import core_problem
from shapcpp import _core
from shapcpp._core import testing

Labelled = tuple[NDArray[Any], NDArray[Any]]


def sorted_groups(n: int) -> NDArray[np.int64]:
    return np.arange(n) // 8


def collinear(g: Any, X: NDArray[Any]) -> NDArray[Any]:
    noise = 10.0 ** g.integers(-10, -4) * g.normal(size=len(X))
    return np.column_stack([X, X.sum(axis=1) * (1 + noise)])


def opposite(X: NDArray[Any], y: NDArray[Any]) -> Labelled:
    half = len(y) // 2
    return np.repeat(X[:half], 2, axis=0), np.tile([0, 1], half)


# Samples and labels, and the player of each sample.
Draw = Callable[[Any, NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]


def alone(X: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return X, y, np.arange(len(y))


def grouped_at_random(
    g: Any, X: NDArray[Any], y: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return X, y, np.unique(g.integers(0, len(y) // 4, len(y)), return_inverse=True)[1]


def grouped_by_label(
    X: NDArray[Any], y: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    order = np.argsort(y, kind="stable")
    return X[order], y[order], sorted_groups(len(y))


KINDS: dict[str, Draw] = {
    "plain": lambda g, X, y: alone(X, y),
    "separable": lambda g, X, y: alone(X + 5 * y[:, None], y),
    "heavy tails": lambda g, X, y: alone(g.standard_cauchy(X.shape), y),
    "duplicates with opposite labels": lambda g, X, y: alone(*opposite(X, y)),
    "collinear": lambda g, X, y: alone(collinear(g, X), y),
    "collinear duplicates with opposite labels": lambda g, X, y: alone(
        *opposite(collinear(g, X), y)
    ),
    "more features than samples": lambda g, X, y: alone(
        g.normal(size=(24, 28)) + y[:24, None], y[:24]
    ),
    "groups": grouped_at_random,
    "groups of opposite duplicates": lambda g, X, y: grouped_at_random(g, *opposite(X, y)),
    "groups of one label": lambda g, X, y: grouped_by_label(X, y),
    "collinear groups of one label": lambda g, X, y: grouped_by_label(collinear(g, X), y),
}


def judged_walk(
    rng: Any,
    X: NDArray[Any],
    y: NDArray[Any],
    players: NDArray[Any],
    C: float,
    class_weights: NDArray[Any],
    shares: tuple[float, ...],
    width: int,
) -> tuple[int, int]:
    """Numbers of signs that a walk left open, and of coalitions judged that were near the points.

    Points crowd the boundaries at these shares of the walk; up to `width` coalitions around each
    are judged.
    """
    order = rng.permutation(players.max() + 1)
    wants = [int(share * len(order)) for share in shares]
    sizes = sorted({s for w in wants for s in range(w - width, w + width + 1)})
    optima: dict[int, Vector] = {}
    start: Vector | None = None
    with mpmath.workdps(50):
        for size in sizes:
            rows = np.flatnonzero(np.isin(players, order[:size]))
            if 0 < size < len(order) and len(set(y[rows])) == 2:
                start = optimum(X[rows], y[rows], C, class_weights[y[rows]], start)
                optima[size] = start
        crowd = [x for w in wants if w in optima for x in near_boundary(optima[w], rng)]
        # Others, far enough to be left out of what is looked at.
        strewn = X[rng.integers(0, len(X), 150)] + X.std(axis=0) * rng.normal(size=X.shape[1])
        points = np.concatenate([strewn, *[x[None] for x in crowd]])
        truth = {size: int(is_positive(w, points).sum()) for size, w in optima.items()}
    problem = core_problem(
        (X, y, points, np.ones(len(points), dtype=int)),
        C=C, class_weights=class_weights, players=players,
    )  # fmt: skip
    game = _core.game(problem)
    path, (ties, uncertified) = testing.walk(game, _core.grand_coalition(game), order)
    missing = [positive - int(path[size, 1]) for size, positive in truth.items()]
    assert min(missing) >= 0, "class 1 where the optimum says 0"
    assert sum(missing) <= ties + uncertified, "a sign was guessed"
    return ties + uncertified, len(optima)


@pytest.mark.parametrize("seed", range(8))
def test_points_near_a_boundary_are_decided(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = (np.arange(60) % 3 == 0).astype(int)
    X = rng.normal(size=(60, rng.integers(1, 4))) + 0.8 * y[:, None]
    open_signs, judged = judged_walk(
        rng, X, y, np.arange(60), 1.0, np.ones(2), (0.42, 0.67, 0.92), 4
    )
    assert open_signs <= 3
    assert judged == 27


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", KINDS)
def test_no_sign_near_a_boundary_is_guessed(kind: str, seed: int) -> None:
    rng = np.random.default_rng([seed, *kind.encode()])
    y = (rng.random(48) < rng.uniform(0.2, 0.8)).astype(int)
    y[:2] = [0, 1]
    X = rng.normal(size=(48, rng.integers(1, 4))) + rng.uniform(0, 2) * y[:, None]
    X, y, players = KINDS[kind](rng, X, y)
    C = float(10.0 ** rng.integers(-4, 5))
    class_weights = 10.0 ** rng.uniform(-3, 3, 2) if seed % 2 else np.ones(2)
    judged_walk(rng, X, y, players, C, class_weights, (0.5, 0.7, 0.95), 1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["plain", "duplicates with opposite labels", "groups"])
def test_no_sign_is_guessed_with_the_third_derivative(kind: str, seed: int) -> None:
    rng = np.random.default_rng([seed, *kind.encode()])
    y = (rng.random(300) < rng.uniform(0.2, 0.8)).astype(int)
    X = rng.normal(size=(300, 1)) + rng.uniform(0, 2) * y[:, None]
    X, y, players = KINDS[kind](rng, X, y)
    C = float(10.0 ** rng.integers(-4, 5))
    class_weights = 10.0 ** rng.uniform(-3, 3, 2) if seed % 2 else np.ones(2)
    judged_walk(rng, X, y, players, C, class_weights, (0.75, 0.85, 0.95), 1)
