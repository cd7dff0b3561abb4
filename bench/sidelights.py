"""Measurements beside the race: the cost of threads, and the joins that need no pass."""

from __future__ import annotations

import time
from statistics import median

import numpy as np
from sklearn.linear_model import LogisticRegression

import engine
from contenders import Workers
from data import Shape, make_data
from measure import Effort

PAPER = Shape(500, 1_000, 16)
OVERLAPPING = Shape(20_000, 4_000, 30, distance=2.05)


def threads_against_processes(workers: Workers, cores: int, effort: Effort) -> float:
    """Throughput of one call on all cores, over that of one single-threaded call per core."""
    count = max(1, int(effort.budget / engine.value(PAPER, 10) * 10))
    ratios = []
    for _ in range(1 + effort.rounds):  # the first round starts the processes
        start = time.perf_counter()
        calls = [workers[cores].submit(engine.value, PAPER, count, 1, i) for i in range(cores)]
        for call in calls:
            call.result()
        apart = time.perf_counter() - start
        ratios.append(apart / engine.value(PAPER, cores * count, cores))
    return median(ratios[1:])


def joins_without_a_pass(cores: int) -> dict[str, float]:
    """Statistics of the certified path where classes overlap and labels are noisy."""
    X, y, X_test, y_test = data = make_data(OVERLAPPING)
    statistics = engine.run(data, 2, cores, dense=False).statistics
    return {
        "accuracy": float(np.mean(LogisticRegression().fit(X, y).predict(X_test) == y_test)),
        **statistics,
    }
