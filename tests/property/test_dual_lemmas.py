"""At every step of the path of one coefficient per member its bounds hold in extended precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from judge import Objective, Vector, cholesky, exactly, forward, margins, norm, raised
from problems import core_problem
from shapcpp._core import testing

Floats = NDArray[np.float64]
# The bounds are doubles, and so are the roundings of their own arithmetic.
ROOM = 1 + mpmath.mpf(10) ** -12

KINDS: dict[str, Callable[[Any, Floats], Floats]] = {
    "plain": lambda g, X: X,
    "far from the plane": lambda g, X: X * 20,
    "tiny": lambda g, X: X * 1e-3,
    "mixed scales": lambda g, X: X * 10.0 ** g.integers(-3, 4, X.shape[1]),
    "one outlier": lambda g, X: X * np.where(np.arange(len(X)) == 3, 1e3, 1)[:, None],
    "duplicates": lambda g, X: X[np.arange(len(X)) // 2],
}


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("C", [1e-2, 1.0, 1e2])
@pytest.mark.parametrize("kind", KINDS)
def test_every_bound_holds_at_every_step(kind: str, C: float, stored: bool) -> None:
    rng = np.random.default_rng([*kind.encode(), stored])
    n, d, m = 9, int(rng.integers(2, 14)), 6
    y, y_test = rng.integers(0, 2, n), np.arange(m) % 2
    y[:2] = [0, 1]
    X = KINDS[kind](rng, rng.normal(size=(n + m, d)))
    weights = 10.0 ** rng.uniform(-1, 1, 2)
    problem = core_problem((X[:n], y, X[n:], y_test), C=C, class_weights=weights)
    tests = np.concatenate([problem.test_samples(0), problem.test_samples(1)])
    path = testing.DualPath(problem, stored)
    found = 0
    with mpmath.workdps(50):
        penalty = exactly(problem.penalty)
        for i in range(n):
            path.join(i)
            if i == 0:
                continue
            objective = Objective(
                problem.samples[: i + 1], y[: i + 1], weights[y[: i + 1]], penalty
            )
            w: Vector | None = None
            for _ in range(3):
                w = check(path, objective, tests, w)
                found += w is not None
                if not path.refine():
                    break
    assert found >= 4


def check(path: Any, objective: Objective, tests: Floats, optimum: Vector | None) -> Vector | None:
    """Returns the optimum if there are bounds, and they hold."""
    coefficients, intercept, bounds = path.estimate()
    if not np.isfinite(bounds["radius"]):
        return optimum
    penalty = objective.penalty
    sums = [
        mpmath.fdot(exactly(coefficients), [row[j] for row in objective.rows]) / p
        for j, p in enumerate(penalty[:-1])
    ]
    w = [*sums, mpmath.mpf(intercept)]
    optimum = objective.optimum(optimum or w)
    gradient, curvatures = objective.derivatives(w)
    root = cholesky(objective.hessian(curvatures))
    away = [a - b for a, b in zip(optimum, w, strict=True)]
    # Lemmas 24 and 26.
    assert norm(forward(root, gradient)) <= bounds["gradient"] * ROOM
    assert norm(raised(root, away)) <= bounds["radius"] * ROOM
    exact, true = (margins(v[:-1] + v[-1:], tests[:, :-1]) for v in (w, optimum))
    for x, margin, z, at_optimum in zip(tests, path.margins, exact, true, strict=True):
        row = exactly(x)
        length = mpmath.sqrt(sum(v**2 / p for v, p in zip(row[:-1], penalty[:-1], strict=True)))
        # Lemma 25, and margins from products in single precision.
        assert norm(forward(root, row)) <= (length + bounds["offset"]) * ROOM
        error = bounds["per_length"] * length + bounds["error"]
        assert abs(margin - at_optimum) <= error + bounds["per_norm"] * norm(row)
        assert abs(margin - z) <= error
    return optimum
