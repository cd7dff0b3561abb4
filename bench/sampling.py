"""The cost of a whole permutation, estimated from joins at a sample of coalition sizes.

The cost of a join grows with the size of the coalition, smoothly and nearly in a line. Sizes are
spread over 1..N by steps of the golden ratio, so that any number of them is spread evenly; the
line of least squares through their costs, taken at the middle size, is the mean cost of a join.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

Samples = list[tuple[int, float]]  # coalition sizes, and seconds of the join that made them

GOLDEN = (5**0.5 - 1) / 2
LEAST = 3  # sizes that each worker looks at, however long they take


def coalition_size(n: int, index: int) -> int:
    """The index-th of a sequence of sizes from 1 to n."""
    return 1 + int(n * ((index + 0.5) * GOLDEN % 1))


def probe(n: int, first: int, stride: int, budget: float, cost: Callable[[int], float]) -> Samples:
    """Costs at as many sizes as fit into the given seconds, every stride-th of the sequence."""
    start, samples = time.perf_counter(), Samples()
    while len(samples) < LEAST or time.perf_counter() - start < budget:
        size = coalition_size(n, first + stride * len(samples))
        samples.append((size, cost(size)))
    return samples


def mean_cost(n: int, samples: Samples) -> float:
    """Seconds per joined point over a whole permutation."""
    sizes, seconds = np.array(samples).T
    return float(np.polyval(np.polyfit(sizes, seconds, 1), (n + 1) / 2))
