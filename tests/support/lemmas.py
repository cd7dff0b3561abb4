"""The lemmas that the certified path stands on, each held against extended precision."""

from __future__ import annotations

import mpmath
import numpy as np
from numpy.typing import NDArray

from judge import (
    Floats,
    Matrix,
    Objective,
    Vector,
    backward,
    cholesky,
    exactly,
    forward,
    norm,
    raised,
)
from shapcpp import _core
from shapcpp._core import testing
from watched import WatchedPath, largest


class Watched(WatchedPath):
    """A path, each of whose claims is checked as it is made."""

    def __init__(self, problem: _core.Problem, y: NDArray[np.int64], class_weights: Floats) -> None:
        super().__init__(testing.Path(problem), problem, y, class_weights)

    def has_both_classes(self) -> bool:
        return len(set(self.y[self.members])) == 2

    def objective(self) -> Objective:
        y = self.y[self.members]
        return Objective(self.samples[self.members], y, self.class_weights[y], self.penalty)

    def fit(self, anchor: bool) -> None:
        weights, radius, root = self.path.fit(anchor)
        w = exactly(weights)
        distance = backward([exactly(row) for row in root], self.to_optimum(w))
        self.at_most("fit: distance to the optimum", norm(distance), radius)

    def estimate(self) -> float:
        """The radius, every bound behind it checked; infinite where there is none."""
        weights, radius = self.path.estimate()
        if not np.isfinite(radius):
            return float(radius)
        path, bounds, objective = self.path, self.path.bounds, self.objective()
        base, u, step = exactly(path.base), exactly(path.displacement), exactly(path.step)
        anchor = [a + b for a, b in zip(base, u, strict=True)]
        w = [a + b for a, b in zip(anchor, step, strict=True)]

        offsets = exactly(path.offsets)
        curvatures = objective.curvatures(
            [z + o for z, o in zip(objective.margins(base), offsets, strict=True)]
        )
        hessian = objective.hessian(curvatures)
        root = cholesky(hessian)
        self.check_matrices(root, hessian)

        shifts = [abs(z - o) for z, o in zip(objective.margins(u), offsets, strict=True)]
        powers = [
            sum(c * t**power for c, t in zip(curvatures, shifts, strict=True)) for power in (4, 8)
        ]
        self.at_most("largest shift", max(shifts), bounds["largest_shift"])
        self.at_most("fourth powers of shifts", powers[0], bounds["fourth"])
        self.at_most("eighth powers of shifts", powers[1], bounds["eighth"])
        self.at_most("length of the step", norm(raised(root, step)), bounds["decrement"])

        gradient, at_anchor = objective.derivatives(anchor)
        error = [a - b for a, b in zip(gradient, exactly(path.gradient), strict=True)]
        self.at_most(
            "gradient at the anchor", norm(forward(root, error)), bounds["gradient_rounding"]
        )
        gradient, after = objective.derivatives(w)
        self.at_most("gradient at the estimate", norm(forward(root, gradient)), bounds["total"])
        ratios = [max(c / b, b / c) for c, b in zip(after, curvatures, strict=True)]
        self.at_most("growth of curvatures", max(ratios), bounds["growth"])
        distance = norm(raised(root, self.to_optimum(w)))
        self.at_most("distance of the end of the step", distance, bounds["radius"])
        distance = norm(raised(root, self.to_optimum(exactly(weights))))
        self.at_most("distance to the optimum", distance, radius)
        self.check_stretch(objective, anchor, curvatures)
        # From the gradient to the optimum, in the Hessian there: at least H / growth.
        total, lever = bounds["growth"] * mpmath.mpf(bounds["total"]), bounds["leverage"]
        if lever * total < 1:
            self.at_most("radius", -mpmath.log1p(-lever * total) / lever, bounds["radius"])
        self.count("third derivative" if path.has_third else "first order")
        self.count(f"{path.precision} precision")
        self.count("multiplied" if path.has_multiplied else "advanced")
        self.count("with offsets" if any(offsets) else "without offsets")
        self.count("at the base" if not any(u) else "away from the base")
        return float(radius)

    def check_stretch(self, objective: Objective, anchor: Vector, curvatures: Vector) -> None:
        """Mean curvatures on the way from the anchor to the optimum."""
        bounds = self.path.bounds
        if bounds["most"] == bounds["least"]:  # nothing is claimed
            return
        before = objective.margins(anchor)
        after = objective.margins(
            [a + b for a, b in zip(anchor, self.to_optimum(anchor), strict=True)]
        )
        means = objective.mean_curvatures(before, after)
        ratios = [c / mean for c, mean in zip(curvatures, means, strict=True)]
        self.at_most("largest stretch", max(ratios), bounds["most"])
        self.at_most("least stretch", 1 / min(ratios), 1 / bounds["least"])
        self.count("stretched step")

    def check_matrices(self, root: Matrix, hessian: Matrix) -> None:
        """The Hessian and its inverse, relative to the true one, and norms taken with them."""
        bounds, d = self.path.bounds, len(root)
        stored = [exactly(row) for row in self.path.hessian]
        error = [
            [a - b for a, b in zip(r, s, strict=True)] for r, s in zip(stored, hessian, strict=True)
        ]
        left = [forward(root, row) for row in error]
        both = [forward(root, [left[j][k] for j in range(d)]) for k in range(d)]
        self.at_most("rounding of the Hessian", largest(both), bounds["hessian_rounding"])
        inverse = [exactly(row) for row in self.path.inverse]
        left = [raised(root, row) for row in inverse]
        both = [raised(root, [left[j][k] for j in range(d)]) for k in range(d)]
        for j in range(d):
            both[j][j] -= 1
        drift = bounds["inverse_drift"] + bounds["hessian_rounding"]
        self.at_most("drift of the inverse", largest(both), drift)
        longest = max(norm(forward(root, exactly(self.samples[i]))) for i in self.members)
        self.at_most("leverage", longest, bounds["leverage"])
        units = np.array([[float(v) for v in forward(root, exactly(e))] for e in np.eye(d)])
        self.at_most("root of the inverse", np.linalg.norm(units, 2), bounds["inverse_root"])
