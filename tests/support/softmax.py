"""The multinomial objective of a small problem in extended precision."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from judge import Floats, Matrix, Vector, backward, cholesky, exactly, forward, norm


def helmert(K: int) -> Matrix:
    """Row k has the contrasts of class k; they are orthonormal."""
    Q = [[mpmath.mpf(0)] * (K - 1) for _ in range(K)]
    for j in range(1, K):
        scale = 1 / mpmath.sqrt(mpmath.mpf(j) * (j + 1))
        for k in range(j):
            Q[k][j - 1] = scale
        Q[j][j - 1] = -j * scale
    return Q


def probabilities(logits: Vector) -> Vector:
    most = max(logits)
    odds = [mpmath.exp(z - most) for z in logits]
    return [q / mpmath.fsum(odds) for q in odds]


def spread(values: Vector) -> Any:
    """The range."""
    return max(values) - min(values)


class SoftmaxObjective:
    """The penalised loss of some samples, intercept's 1 included, in the caller's precision.

    Weights are vectors of contrasts: all columns of the first, then those of the second, and so on.
    """

    def __init__(
        self, samples: Floats, y: NDArray[np.int64], K: int, weights: Floats, penalty: Vector
    ) -> None:
        self.rows = [exactly(row) for row in samples]
        self.labels = [int(label) for label in y]
        self.K, self.Q = K, helmert(K)
        self.weights = exactly(weights)
        self.penalty = penalty
        self.q = len(penalty)

    def contrasts(self, W: Matrix) -> Vector:
        """From weights of the classes."""
        return [
            mpmath.fdot([self.Q[k][j] for k in range(self.K)], [W[k][p] for k in range(self.K)])
            for j in range(self.K - 1) for p in range(self.q)
        ]  # fmt: skip

    def classes(self, v: Vector) -> Matrix:
        """Weights of the classes."""
        return [
            [mpmath.fdot(self.Q[k], v[p :: self.q]) for p in range(self.q)] for k in range(self.K)
        ]

    def logits(self, v: Vector) -> Matrix:
        W = self.classes(v)
        return [[mpmath.fdot(row, w) for w in W] for row in self.rows]

    def loss(self, v: Vector) -> Any:
        total = sum(p * w**2 for p, w in zip(self.penalty * (self.K - 1), v, strict=True)) / 2
        for z, label, a in zip(self.logits(v), self.labels, self.weights, strict=True):
            most = max(z)
            total += a * (
                most - z[label] + mpmath.log(mpmath.fsum(mpmath.exp(s - most) for s in z))
            )
        return total

    def gradient(self, v: Vector) -> Vector:
        G = [[p * w for p, w in zip(self.penalty, own, strict=True)] for own in self.classes(v)]
        for z, row, label, a in zip(
            self.logits(v), self.rows, self.labels, self.weights, strict=True
        ):
            p = probabilities(z)
            p[label] = -mpmath.fsum(p[:label] + p[label + 1 :])
            for k in range(self.K):
                for j, x in enumerate(row):
                    G[k][j] += a * p[k] * x
        return self.contrasts(G)

    def hessian(self, logits: Matrix) -> Matrix:
        """With each sample's loss at logits of its own."""
        m, q = self.K - 1, self.q
        H = mpmath.zeros(m * q, m * q)
        for z, row, a in zip(logits, self.rows, self.weights, strict=True):
            M = covariances(probabilities(z), self.Q)
            for j in range(m):
                for k in range(j + 1):
                    for s in range(q):
                        for t in range(q):
                            H[j * q + s, k * q + t] += a * M[j][k] * row[s] * row[t]
        for j in range(m):
            for s in range(q):
                H[j * q + s, j * q + s] += self.penalty[s]
        return [[H[max(i, j), min(i, j)] for j in range(m * q)] for i in range(m * q)]

    def optimum(self, start: Vector) -> Vector:
        """To a distance of 1e-35, in the norm of the Hessian there."""
        v = start
        for _ in range(300):
            root = cholesky(self.hessian(self.logits(v)))
            slope = forward(root, self.gradient(v))
            step = backward(root, slope)
            length = mpmath.mpf(1)
            if max(map(spread, self.logits(step))) > 0.5:
                before = self.loss(v)
                while self.loss([w - length * s for w, s in zip(v, step, strict=True)]) > before:
                    length /= 2
            v = [w - length * s for w, s in zip(v, step, strict=True)]
            if norm(slope) < mpmath.mpf(10) ** -35:
                return v
        raise RuntimeError("the judge did not converge")


def covariances(p: Vector, Q: Matrix) -> Matrix:
    """Of the contrasts; sums over pairs of classes, in which nothing cancels."""
    K = len(p)
    return [
        [
            mpmath.fsum(
                p[a] * p[b] * (Q[a][j] - Q[b][j]) * (Q[a][k] - Q[b][k])
                for a in range(K) for b in range(a)
            )
            for k in range(K - 1)
        ]
        for j in range(K - 1)
    ]  # fmt: skip


def optimum(X: Floats, y: NDArray[np.int64], K: int, C: float, weights: Floats) -> Matrix:
    """Weights of the classes, intercept last, to 35 digits in the caller's working precision."""
    penalty = [1 / mpmath.mpf(C)] * X.shape[1] + [mpmath.mpf(0)]
    objective = SoftmaxObjective(np.c_[X, np.ones(len(X))], y, K, weights, penalty)
    return objective.classes(objective.optimum([mpmath.mpf(0)] * ((K - 1) * len(penalty))))
