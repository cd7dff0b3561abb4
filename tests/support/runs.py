"""A small problem, runs of it, and what it means for two of them to be the same."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import shapcpp
from shapcpp import Valuation


def arguments(n: int = 60, seed: int = 0) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(seed)
    y, y_test = np.arange(n) % 2, np.arange(50) % 2
    X = rng.normal(size=(n, 3)) + 0.3 * y[:, None]
    X_test = rng.normal(size=(50, 3)) + 0.3 * y_test[:, None]
    return X, y, X_test, y_test


def run(permutations: int, **options: Any) -> Valuation:
    """By plain permutations unless another sampler is asked for."""
    return shapcpp.value(*arguments(), permutations, **({"sampler": "permutations"} | options))


def assert_same(v: Valuation, w: Valuation) -> None:
    """Every integer, and every setting."""
    for name in ("gains", "products", "ranges", "full_counts", "empty_counts"):
        np.testing.assert_array_equal(getattr(v, name), getattr(w, name))
    assert (v.ties, v.uncertified, v.settings) == (w.ties, w.uncertified, w.settings)
    assert v.complete == w.complete
    assert v.stats == w.stats  # each permutation was counted once


def assert_efficient(v: Valuation) -> None:
    """What holds of any number of completed permutations."""
    assert v.n_permutations > 0
    np.testing.assert_array_equal(
        v.gains.sum(axis=0),
        v.n_permutations * int(v.settings["gain_unit"]) * (v.full_counts - v.empty_counts),
    )


@contextmanager
def ctrl_c_after(seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
