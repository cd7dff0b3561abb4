"""Samples a hair's breadth from where two linear classes change places."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

import judge
from class_problems import Floats

Vector = list[Any]
DISTANCES = 10.0 ** np.arange(-13.0, -3.0)


def close(W: list[Vector], rng: np.random.Generator, d: int) -> tuple[list[Floats], list[int]]:
    """Samples whose two largest scores differ by little, and the class of the largest."""
    samples, leaders = [], []
    for distance in DISTANCES:
        for side in (-1, 1):
            for _ in range(50):
                x = rng.normal(size=d) * 3
                a, b = rng.choice(len(W), 2, replace=False)
                difference = [p - q for p, q in zip(W[a], W[b], strict=True)]
                last = max(range(d), key=lambda j: abs(difference[j]))
                x[last] = 0
                rest = mpmath.fdot([*judge.exactly(x), mpmath.mpf(1)], difference)
                x[last] = float((side * distance - rest) / difference[last])
                scores = [mpmath.fdot([*judge.exactly(x), mpmath.mpf(1)], w) for w in W]
                leader = max(range(len(W)), key=lambda k: scores[k])
                if leader in (a, b):
                    samples.append(x)
                    leaders.append(leader)
                    break
    return samples, leaders
