"""The lemmas of the multinomial path, each held against extended precision."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from judge import Floats, Matrix, Vector, backward, cholesky, exactly, forward, norm, raised
from shapcpp import _core
from shapcpp._core import testing
from softmax import SoftmaxObjective, spread
from watched import WatchedPath, largest


class Watched(WatchedPath):
    """A path, each of whose claims is checked as it is made."""

    def __init__(self, problem: _core.Problem, y: NDArray[np.int64], class_weights: Floats) -> None:
        super().__init__(testing.SoftmaxPath(problem), problem, y, class_weights)
        self.is_after_rough = False

    @property
    def classes(self) -> list[int]:
        """Those present, in the order of arrival."""
        return list(dict.fromkeys(self.y[self.members].tolist()))

    def objective(self) -> SoftmaxObjective:
        y, classes = self.y[self.members], self.classes
        places = np.array([classes.index(label) for label in y])
        return SoftmaxObjective(
            self.samples[self.members], places, len(classes), self.class_weights[y], self.penalty
        )

    def fit(self) -> None:
        weights, radius, root = self.path.fit()
        distance = backward(
            [exactly(row) for row in root], self.to_optimum(self.contrasts(weights))
        )
        self.at_most("fit: distance to the optimum", norm(distance), radius)

    def contrasts(self, weights: Floats) -> Vector:
        return self.objective().contrasts([exactly(row) for row in weights])

    def estimate(self) -> float:
        """The radius, every bound behind it checked; infinite where there is none."""
        weights, radius = self.path.estimate()
        if self.path.is_rough:
            assert radius == np.inf
            self.count("rough pass")
            self.is_after_rough = True
        if not np.isfinite(radius):
            return float(radius)
        if self.is_after_rough:
            self.count("after a rough pass")
            self.is_after_rough = False
        path, bounds, objective = self.path, self.path.bounds, self.objective()
        anchor, step = self.contrasts(path.anchor), exactly(path.step)
        estimate = [a + b for a, b in zip(anchor, step, strict=True)]
        expanded = [exactly(row) for row in path.expanded]
        hessian, left_out = self.split(objective, objective.hessian(expanded))
        root = cholesky(hessian)
        self.at_most("left out", ratios(hessian, left_out)[1], bounds["left_out"])
        if bounds["left_out"] > 0:
            self.count("left out")
        self.check_inverse(root)

        shifts = [
            spread([z - e for z, e in zip(*logits, strict=True)])
            for logits in zip(objective.logits(anchor), expanded, strict=True)
        ]
        self.at_most("largest shift", max(shifts), bounds["largest_shift"])
        fourth = sum(
            a * variance_of_range(z) * t**4
            for a, z, t in zip(objective.weights, expanded, shifts, strict=True)
        )
        self.at_most("fourth powers of shifts", fourth, bounds["fourth"])
        self.at_most("length of the step", norm(raised(root, step)), bounds["decrement"])
        error = [
            a - b for a, b in zip(objective.gradient(anchor), exactly(path.gradient), strict=True)
        ]
        self.at_most(
            "gradient at the anchor", norm(forward(root, error)), bounds["gradient_rounding"]
        )
        left = norm(forward(root, objective.gradient(estimate)))
        self.at_most("gradient at the estimate", left, bounds["total"])
        there = objective.hessian(objective.logits(estimate))
        least, most = ratios(hessian, there)
        self.at_most("growth of curvatures", max(most, 1 / least), bounds["growth"])
        self.at_most("decline of curvatures", 1 / least, bounds["decline"])
        distance = norm(raised(root, self.to_optimum(estimate)))
        self.at_most("distance without a stretch", distance, bounds["radius"])
        distance = norm(raised(root, self.to_optimum(self.contrasts(weights))))
        self.at_most("distance to the optimum", distance, radius)
        self.check_stretch(objective, anchor, hessian)
        total, lever = bounds["decline"] * mpmath.mpf(bounds["total"]), bounds["leverage"]
        if lever * total < 1:
            self.at_most("radius", -mpmath.log1p(-lever * total) / lever, bounds["radius"])
        self.count("a step" if any(step) else "no step")
        self.count(f"{len(self.classes)} classes")
        return float(radius)

    def split(self, objective: SoftmaxObjective, hessian: Matrix) -> tuple[Matrix, Matrix]:
        """What the metric has of the Hessian, and what was left out of it."""
        d, q = len(hessian), objective.q
        left_out = [[mpmath.mpf(0)] * d for _ in range(d)]
        for row, lost in zip(objective.rows, self.path.left_out, strict=True):
            if not lost.any():
                continue
            for j in range(d):
                for k in range(d):
                    curvature = mpmath.mpf(lost[j // q, k // q])
                    left_out[j][k] += curvature * row[j % q] * row[k % q]
        kept = [
            [whole - lost for whole, lost in zip(*rows, strict=True)]
            for rows in zip(hessian, left_out, strict=True)
        ]
        return kept, left_out

    def check_stretch(self, objective: SoftmaxObjective, anchor: Vector, hessian: Matrix) -> None:
        """The mean Hessian on the way from the anchor to the optimum, by Gauss's rule."""
        bounds, d = self.path.bounds, len(anchor)
        if bounds["most"] == bounds["least"]:  # nothing is claimed
            return
        way = self.to_optimum(anchor)
        mean = [[mpmath.mpf(0)] * d for _ in range(d)]
        for node, weight in zip(*np.polynomial.legendre.leggauss(8), strict=True):
            share = (1 + mpmath.mpf(float(node))) / 2
            at = [a + share * w for a, w in zip(anchor, way, strict=True)]
            there = objective.hessian(objective.logits(at))
            for j in range(d):
                for k in range(d):
                    mean[j][k] += mpmath.mpf(float(weight)) / 2 * there[j][k]
        least, most = ratios(mean, hessian)
        self.at_most("largest stretch", most, bounds["most"])
        self.at_most("least stretch", 1 / least, 1 / bounds["least"])
        self.count("stretched step")

    def check_inverse(self, root: Matrix) -> None:
        """The inverse Hessian, relative to the true one, and norms taken with it."""
        bounds, d, Q = self.path.bounds, len(root), self.objective().Q
        left = [raised(root, exactly(row)) for row in self.path.inverse]
        both = [raised(root, [left[j][k] for j in range(d)]) for k in range(d)]
        for j in range(d):
            both[j][j] -= 1
        self.at_most(
            "drift of the inverse", largest(both), bounds["drift"] + bounds["hessian_rounding"]
        )
        longest = mpmath.mpf(0)
        for i in self.members:
            x = exactly(self.samples[i])
            for a in range(len(Q)):
                for b in range(a):
                    v = [(s - t) * value for s, t in zip(Q[a], Q[b], strict=True) for value in x]
                    longest = max(longest, norm(forward(root, v)))
        self.at_most("leverage", longest, bounds["leverage"])
        units = np.array([[float(v) for v in forward(root, exactly(e))] for e in np.eye(d)])
        self.at_most("root of the inverse", np.linalg.norm(units, 2), bounds["inverse_root"])


def variance_of_range(logits: Vector) -> Any:
    """What the variance of numbers with a range of 1 can be."""
    odds = sorted(mpmath.exp(z - max(logits)) for z in logits)
    likely = odds[-1] / mpmath.fsum(odds)
    rest = mpmath.fsum(odds[:-1]) / mpmath.fsum(odds)
    return likely * rest if likely > 0.5 else mpmath.mpf(1) / 4


def ratios(before: Matrix, after: Matrix) -> tuple[float, float]:
    """The least and the largest ratio of one form to another, to double precision."""
    root = cholesky(before)
    left = [forward(root, row) for row in after]
    d = len(root)
    both = [forward(root, [left[j][k] for j in range(d)]) for k in range(d)]
    values = np.linalg.eigvalsh(np.array([[float(v) for v in row] for row in both]))
    return float(values[0]), float(values[-1])
