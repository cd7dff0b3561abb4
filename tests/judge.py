"""The optimum of a small problem in extended precision: the judge where doubles disagree."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def optimum(X: Floats, y: NDArray[np.int64], C: float, weights: Floats) -> Any:
    """Weights, intercept last, to 35 digits in the working precision of the caller."""
    rows = [[mpmath.mpf(float(x)) for x in row] + [mpmath.mpf(1)] for row in X]
    d = len(rows[0])
    penalty = [1 / mpmath.mpf(C)] * (d - 1) + [mpmath.mpf(0)]
    w = mpmath.matrix(d, 1)

    def loss(w: Any) -> Any:
        total = sum(penalty[j] * w[j] ** 2 for j in range(d)) / 2
        for row, label, a in zip(rows, y, weights, strict=True):
            z = mpmath.fdot(row, w)
            total += mpmath.mpf(float(a)) * mpmath.log1p(mpmath.exp(-z if label else z))
        return total

    for _ in range(200):
        gradient = mpmath.matrix([penalty[j] * w[j] for j in range(d)])
        hessian = mpmath.diag(penalty)
        for row, label, a in zip(rows, y, weights, strict=True):
            p = 1 / (1 + mpmath.exp(-mpmath.fdot(row, w)))
            for j in range(d):
                gradient[j] += mpmath.mpf(float(a)) * (p - int(label)) * row[j]
                for k in range(d):
                    hessian[j, k] += mpmath.mpf(float(a)) * p * (1 - p) * row[j] * row[k]
        step = mpmath.lu_solve(hessian, -gradient)
        length, before = mpmath.mpf(1), loss(w)
        decrement = mpmath.sqrt(abs(mpmath.fdot(gradient, step)))
        while decrement > 1e-12 and loss(w + length * step) > before:
            length /= 2
        w += length * step
        if decrement < mpmath.mpf(10) ** -35:
            return w
    raise RuntimeError("the judge did not converge")


def is_positive(w: Any, X_test: Floats) -> NDArray[np.bool_]:
    """Which test samples the optimum calls class 1."""
    rows = ([mpmath.mpf(float(x)) for x in row] + [mpmath.mpf(1)] for row in X_test)
    return np.array([mpmath.fdot(row, w) > 0 for row in rows])
