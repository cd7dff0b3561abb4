"""Second moments of contributions as integers, and which of them a run keeps.

Up to `metrics.MOST_IN_FULL` classes, a run keeps the products of all pairs of classes, which give
the variance of every metric. With more classes these would grow as the square of their number, so
the run keeps the square of each class's change, and the square of one weighted sum of changes for
each metric of several classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from shapcpp.metrics import MOST_IN_FULL, NAMED, Metric

__all__ = ["integer_weights", "kept_metrics", "weights_kept"]

Ints = NDArray[np.int64]
# The largest score is at least this integer. Weights are then rounded to about a hundredth of the
# weight of one test sample of a common class, which moves a standard error by less than its noise.
LEAST_RANGE, LEAST_OF_A_SAMPLE = 1 << 20, 1 << 7


def kept_metrics(test_counts: Ints, asked: Sequence[Metric]) -> list[Metric]:
    """The metrics of several classes whose moments a run keeps; none if it keeps all products."""
    if len(test_counts) <= MOST_IN_FULL:
        return []
    several = [m for m in asked if np.count_nonzero(m.on(test_counts)) > 1]
    return list(dict.fromkeys([NAMED["acc"], NAMED["bal"], *several]))


def weights_kept(test_counts: Ints, asked: Sequence[Metric]) -> Ints | None:
    """The weights of these metrics on the changes of the classes, a row each; None if none."""
    kept = kept_metrics(test_counts, asked)
    return np.stack([integer_weights(metric, test_counts) for metric in kept]) if kept else None


def integer_weights(metric: Metric, test_counts: Ints) -> Ints:
    """Integers in proportion to a metric's weights: exact where they are small, else rounded."""
    weights = [Fraction(float(weight)) for weight in metric.on(test_counts)]
    exact = metric.exact(test_counts)
    if exact is not None:
        weights = exact
    sizes = [abs(w) * int(n) for w, n in zip(weights, test_counts, strict=True)]
    total = int(test_counts.sum())
    largest = max(LEAST_RANGE, LEAST_OF_A_SAMPLE * total)
    denominator = math.lcm(*(weight.denominator for weight in weights))
    if denominator * sum(sizes) <= largest:
        return np.array([int(weight * denominator) for weight in weights], dtype=np.int64)
    scale = largest / sum(sizes) if sum(sizes) else Fraction(1)
    return np.array([round(weight * scale) for weight in weights], dtype=np.int64)
