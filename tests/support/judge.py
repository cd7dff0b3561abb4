"""The optimum of a small problem in extended precision: the judge where doubles disagree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Of mpmath's numbers, which have no types.
Vector = list[Any]
Matrix = list[list[Any]]


def exactly(values: Iterable[Any]) -> Vector:
    return [mpmath.mpf(float(v)) for v in values]


class Objective:
    """The penalised loss of some samples, intercept's 1 included, in the caller's precision."""

    def __init__(
        self, samples: Floats, y: NDArray[np.int64], weights: Floats, penalty: Vector
    ) -> None:
        self.rows = [exactly(row) for row in samples]
        self.labels = [int(label) for label in y]
        self.weights = exactly(weights)
        self.penalty = penalty

    def margins(self, w: Vector) -> Vector:
        return [mpmath.fdot(row, w) for row in self.rows]

    def loss(self, w: Vector) -> Any:
        total = sum(p * v**2 for p, v in zip(self.penalty, w, strict=True)) / 2
        for z, label, a in zip(self.margins(w), self.labels, self.weights, strict=True):
            total += a * mpmath.log1p(mpmath.exp(-z if label else z))
        return total

    def derivatives(self, w: Vector) -> tuple[Vector, Vector]:
        """Gradient, and curvatures of the losses."""
        margins = self.margins(w)
        gradient = [p * v for p, v in zip(self.penalty, w, strict=True)]
        for z, row, label, a in zip(margins, self.rows, self.labels, self.weights, strict=True):
            residual = -a / (1 + mpmath.exp(z)) if label else a / (1 + mpmath.exp(-z))
            for j, x in enumerate(row):
                gradient[j] += residual * x
        return gradient, self.curvatures(margins)

    def curvatures(self, margins: Vector) -> Vector:
        odds = [mpmath.exp(-abs(z)) for z in margins]
        return [a * q / (1 + q) ** 2 for a, q in zip(self.weights, odds, strict=True)]

    def mean_curvatures(self, before: Vector, after: Vector) -> Vector:
        """Of the losses between two margins each."""

        def mean(a: Any, z: Any, to: Any) -> Any:
            half = (to - z) / 2
            ratio = mpmath.sinh(half) / half if half else mpmath.mpf(1)
            return a * ratio / (4 * mpmath.cosh(z / 2) * mpmath.cosh(to / 2))

        return [mean(*terms) for terms in zip(self.weights, before, after, strict=True)]

    def hessian(self, curvatures: Vector) -> Matrix:
        d = len(self.penalty)
        hessian = [
            [self.penalty[j] if j == k else mpmath.mpf(0) for k in range(d)] for j in range(d)
        ]
        for row, c in zip(self.rows, curvatures, strict=True):
            for j in range(d):
                scaled = c * row[j]
                for k in range(j + 1):
                    hessian[j][k] += scaled * row[k]
        for j in range(d):
            for k in range(j):
                hessian[k][j] = hessian[j][k]
        return hessian

    def optimum(self, start: Vector) -> Vector:
        """To a distance of 1e-35, in the norm of the Hessian there."""
        w = start
        for _ in range(200):
            gradient, curvatures = self.derivatives(w)
            root = cholesky(self.hessian(curvatures))
            slope = forward(root, gradient)
            step = backward(root, slope)
            decrement = norm(slope)
            length = mpmath.mpf(1)
            if max(map(abs, self.margins(step))) > 0.5:
                before = self.loss(w)
                while self.loss([v - length * s for v, s in zip(w, step, strict=True)]) > before:
                    length /= 2
            w = [v - length * s for v, s in zip(w, step, strict=True)]
            if decrement < mpmath.mpf(10) ** -35:
                return w
        raise RuntimeError("the judge did not converge")


def cholesky(matrix: Matrix) -> Matrix:
    """The lower triangular root."""
    root: Matrix = []
    for j, row in enumerate(matrix):
        root.append([])
        for k in range(j):
            root[j].append((row[k] - mpmath.fdot(root[j], root[k][:j])) / root[k][k])
        root[j].append(mpmath.sqrt(row[j] - mpmath.fdot(root[j], root[j])))
    return root


def forward(root: Matrix, v: Vector) -> Vector:
    """The root's inverse times v: as long as v in the norm of the matrix's inverse."""
    solution: Vector = []
    for row, value in zip(root, v, strict=True):
        solution.append((value - mpmath.fdot(row[:-1], solution)) / row[-1])
    return solution


def backward(root: Matrix, v: Vector) -> Vector:
    """The inverse of the root's transpose times v."""
    d = len(v)
    solution = list(v)
    for j in reversed(range(d)):
        for k in range(j + 1, d):
            solution[j] -= root[k][j] * solution[k]
        solution[j] /= root[j][j]
    return solution


def raised(root: Matrix, v: Vector) -> Vector:
    """The root's transpose times v: as long as v in the norm of the matrix."""
    d = len(v)
    return [mpmath.fdot([root[k][j] for k in range(j, d)], v[j:]) for j in range(d)]


def norm(v: Vector) -> Any:
    return mpmath.sqrt(mpmath.fdot(v, v))


def optimum(
    X: Floats, y: NDArray[np.int64], C: float, weights: Floats, start: Vector | None = None
) -> Vector:
    """Weights, intercept last, to 35 digits in the working precision of the caller."""
    penalty = [1 / mpmath.mpf(C)] * X.shape[1] + [mpmath.mpf(0)]
    objective = Objective(np.c_[X, np.ones(len(X))], y, weights, penalty)
    return objective.optimum(start or [mpmath.mpf(0)] * len(penalty))


def margins(w: Vector, X: Floats) -> Vector:
    return [mpmath.fdot([*exactly(row), mpmath.mpf(1)], w) for row in X]


def is_positive(w: Vector, X: Floats) -> NDArray[np.bool_]:
    """True for the samples that the optimum calls class 1."""
    return np.array([margin > 0 for margin in margins(w, X)])


def near_boundary(w: Vector, rng: np.random.Generator) -> list[Floats]:
    """Random samples whose margins are 1e-12 to 1e-4 on either side, but for their own rounding."""
    *slopes, intercept = w
    last = max(range(len(slopes)), key=lambda j: abs(slopes[j]))
    samples = []
    for distance in 10.0 ** np.arange(-12.0, -3.0):
        for side in (-1, 1):
            x = rng.normal(size=len(slopes))
            x[last] = 0
            rest = mpmath.fdot(exactly(x), slopes) + intercept
            x[last] = float((side * distance - rest) / slopes[last])
            samples.append(x)
    return samples
