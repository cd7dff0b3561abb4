"""A small problem, runs of it, and what it means for two of them to be the same."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shapcpp
from shapcpp import Valuation
from shapcpp.running import folded_runner, runner


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
    np.testing.assert_array_equal(v.vote_counts, w.vote_counts)
    assert v.complete == w.complete
    assert v.stats == w.stats  # each permutation was counted once


def assert_efficient(v: Valuation) -> None:
    """Asserts what holds of any number of completed permutations."""
    assert v.n_permutations > 0
    np.testing.assert_array_equal(
        v.gains.sum(axis=0),
        v.n_permutations * int(v.settings["gain_unit"]) * (v.full_counts - v.empty_counts),
    )


class CtrlC:
    """A progress: once two permutations are done, another thread presses Ctrl-C.

    The engine reports twenty times a second and an executor ten times, or less often where the
    machine is busy: a run that reports on and on after the signal has not heard it.
    """

    def __init__(self) -> None:
        self.reports = 0  # after the signal
        self._pressed = False
        self._cpu = 0.0
        self._begun = threading.Event()
        threading.Thread(target=self._press, daemon=True).start()

    def __call__(self, done: int, total: int) -> None:
        self.reports += self._pressed
        if done >= 2:
            self._begun.set()

    def _press(self) -> None:
        self._begun.wait()
        self._cpu = time.process_time()
        os.kill(os.getpid(), signal.SIGINT)
        self._pressed = True

    def cpu_seconds(self) -> float:
        """Processor time of this process since the signal, which load does not lengthen."""
        return time.process_time() - self._cpu


class Clock:
    """The clock of runs, which stands still unless a test moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        for module in (runner, folded_runner):
            monkeypatch.setattr(module, "time", self)

    def monotonic(self) -> float:
        return self.now

    def late_after(self, permutations: int) -> Callable[[int, int], None]:
        """A progress that moves it far ahead once this many permutations are done."""

        def progress(done: int, total: int) -> None:
            if done >= permutations:
                self.now = 1e9

        return progress
