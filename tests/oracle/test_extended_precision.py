"""Signs at 1e-12 to 1e-4 of the decision boundary, judged by 50-digit arithmetic."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from shapcpp import _core

Floats = NDArray[np.float64]


def optimum(X: Floats, y: NDArray[np.int64], C: float) -> Any:
    """Weights, intercept last, to 50 digits."""
    rows = [[mpmath.mpf(float(x)) for x in row] + [mpmath.mpf(1)] for row in X]
    d = len(rows[0])
    penalty = [1 / mpmath.mpf(C)] * (d - 1) + [mpmath.mpf(0)]
    w = mpmath.matrix(d, 1)

    def loss(w: Any) -> Any:
        total = sum(penalty[j] * w[j] ** 2 for j in range(d)) / 2
        for row, label in zip(rows, y, strict=True):
            z = mpmath.fdot(row, w)
            total += mpmath.log1p(mpmath.exp(-z if label else z))
        return total

    for _ in range(200):
        gradient = mpmath.matrix([penalty[j] * w[j] for j in range(d)])
        hessian = mpmath.diag(penalty)
        for row, label in zip(rows, y, strict=True):
            p = 1 / (1 + mpmath.exp(-mpmath.fdot(row, w)))
            for j in range(d):
                gradient[j] += (p - int(label)) * row[j]
                for k in range(d):
                    hessian[j, k] += p * (1 - p) * row[j] * row[k]
        step = mpmath.lu_solve(hessian, -gradient)
        length, before = mpmath.mpf(1), loss(w)
        while loss(w + length * step) > before and length > 1e-30:
            length /= 2
        w += length * step
        if mpmath.norm(step) < mpmath.mpf(10) ** -40 * (1 + mpmath.norm(w)):
            return w
    raise RuntimeError("the judge did not converge")


@pytest.mark.parametrize("seed", range(12))
def test_no_sign_is_guessed_near_the_boundary(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(4, 12)), int(rng.integers(1, 4))
    C = float(10.0 ** rng.integers(-4, 5))
    scales = 10.0 ** rng.integers(-3, 4, d)
    y = np.arange(n) % 2
    X = (rng.normal(size=(n, d)) + 0.5 * y[:, None] + 3 * rng.integers(0, 2)) * scales
    with mpmath.workdps(50):
        w = optimum(X, y, C)
        margins, points = [], []
        for distance in 10.0 ** np.arange(-14, -3):
            for side in (-1, 1):
                x = rng.normal(size=d) * scales
                rest = (
                    mpmath.fdot([mpmath.mpf(float(v)) for v in x[:-1]], w[: d - 1]) if d > 1 else 0
                )
                target = side * mpmath.mpf(float(distance))
                x[-1] = float((target - rest - w[d]) / w[d - 1])
                exact = mpmath.fdot([mpmath.mpf(float(v)) for v in x], w[:d]) + w[d]
                margins.append(exact)
                points.append(x)
        positive = np.array([margin > 0 for margin in margins])
    certified = 0
    for point, is_positive in zip(points, positive, strict=True):
        problem = _core.Problem(
            X=X, classes=y, X_test=point[None], classes_test=np.array([1]), C=C,
            class_weights=np.ones(2), players=np.arange(n), empty_counts=np.array([0, 0]),
            single_class="constant",
        )  # fmt: skip
        score = _core.everyone(problem)
        if score.uncertified:
            assert score.correct[1] == 0
        else:
            assert score.correct[1] == is_positive
            certified += 1
    assert certified >= len(points) / 4  # the largest distances at least
