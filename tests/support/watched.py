"""What the tests of lemmas share: a path, each of whose claims is checked as it is made."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from judge import Floats, Matrix, Vector, exactly
from shapcpp import _core

__all__ = ["WatchedPath", "largest"]

# The bounds are doubles, and so are the roundings of their own arithmetic.
ROOM = 1 + mpmath.mpf(10) ** -12


class WatchedPath:
    """A path with its members, and how close each bound came to what it bounds."""

    def __init__(
        self, path: Any, problem: _core.Problem, y: NDArray[np.int64], class_weights: Floats
    ) -> None:
        self.path = path
        self.samples = problem.samples
        self.penalty = exactly(problem.penalty)
        self.y, self.class_weights = y, class_weights
        self.members: list[int] = []
        self.seen: dict[str, int] = {}
        self.tightest: dict[str, float] = {}
        self.optimum: Vector | None = None

    def objective(self) -> Any:
        raise NotImplementedError

    def join(self, i: int) -> None:
        self.path.join(i)
        self.members.append(i)
        self.optimum = None

    def to_optimum(self, w: Vector) -> Vector:
        if self.optimum is None:
            self.optimum = self.objective().optimum(w)
        return [a - b for a, b in zip(self.optimum, w, strict=True)]

    def at_most(self, what: str, truth: Any, bound: float) -> None:
        assert truth <= bound * ROOM, (
            f"{what}: {float(truth)} > {bound}, {len(self.members)} members"
        )
        share = float(truth) / bound if bound > 0 else 0.0
        self.tightest[what] = max(self.tightest.get(what, 0.0), share)

    def count(self, what: str) -> None:
        self.seen[what] = self.seen.get(what, 0) + 1


def largest(matrix: Matrix) -> float:
    """The spectral norm, to double precision."""
    return float(np.linalg.norm(np.array([[float(v) for v in row] for row in matrix]), 2))
