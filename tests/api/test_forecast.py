"""estimate_cost(): its measurements, and what it makes of them."""

from __future__ import annotations

import inspect
import math
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from problems import KINDS, make
from shapcpp.machine import memory
from shapcpp.problem.problem import Problem
from shapcpp.running import cost

Array = NDArray[Any]


def sides(n: int, m: int = 100, d: int = 16) -> tuple[Array, Array, Array, Array]:
    rng = np.random.default_rng(0)
    y, y_test = np.arange(n) % 2, np.arange(m) % 2
    X = rng.standard_normal((n, d)) + 0.3 * y[:, None]
    return X, y, rng.standard_normal((m, d)) + 0.3 * y_test[:, None], y_test


@pytest.fixture(name="by_work")
def _by_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measurements that go by this process's own work, and take as long as they need."""
    monkeypatch.setattr(cost, "time", SimpleNamespace(perf_counter=time.process_time))
    monkeypatch.setattr(cost, "BUDGET", math.inf)


def test_a_call_of_value_is_a_call_of_estimate_cost() -> None:
    of_value, of_cost = (
        inspect.signature(f).parameters for f in (shapcpp.value, shapcpp.estimate_cost)
    )
    assert of_value == of_cost
    with pytest.raises(TypeError, match="unexpected keyword argument 'permutation'"):
        shapcpp.estimate_cost(*sides(10), permutation=5)
    with pytest.raises(ValueError, match="until is 'enough'"):
        shapcpp.estimate_cost(*sides(10), until="enough")


@pytest.mark.statistical
def test_what_fits_the_budget_is_measured_whole_and_right(by_work: None) -> None:
    problem = sides(500, 1000)
    e = shapcpp.estimate_cost(*problem, permutations=200, threads=2)
    start = time.process_time()
    shapcpp.value(*problem, permutations=200, threads=2)
    took = time.process_time() - start
    assert [size for size, _ in e.measured] == [64, 128, 256, 500]
    assert took / 4 < e.seconds < 4 * took
    assert (e.permutations, e.threads, e.players, e.factor) == (200, 2, 500, 1.2)


def test_more_permutations_take_longer_and_threads_without_work_do_not_help(
    by_work: None,
) -> None:
    problem = sides(100)
    one, few, many = (
        shapcpp.estimate_cost(*problem, permutations=p, threads=2) for p in (1, 2, 20_000)
    )
    assert (one.threads, few.threads, many.threads) == (1, 2, 2)
    assert many.seconds > 1000 * few.seconds
    assert one.bytes < few.bytes == many.bytes


def test_what_does_not_fit_the_budget_is_extrapolated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "BUDGET", 0.0)
    e = shapcpp.estimate_cost(*sides(64_000), permutations=10, threads=1)
    assert [size for size, _ in e.measured] == [64]
    assert e.power == 0.9
    assert e.seconds >= 10 * 1000**0.9 * e.measured[0][1]
    assert e.factor == pytest.approx(1.2 * 1000**0.15)
    assert "extrapolated from 64 joining, of 64,000" in str(e)
    wide = shapcpp.estimate_cost(*sides(20, d=201), permutations=1)
    assert [size for size, _ in wide.measured] == [8]


@pytest.mark.parametrize(
    ("power", "expected"), [(1.3, 1.3), (0.2, 0.9), (5.0, 2.0)], ids=["fit", "least", "most"]
)
def test_the_power_is_that_of_the_last_sizes(power: float, expected: float) -> None:
    sizes = [64, 128, 256, 512, 1024]
    measured = tuple((size, 1e-3 * (size / 1024) ** power) for size in sizes)
    assert cost._power(((32, 9.0), *measured)) == pytest.approx(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_small_problems_of_every_kind_are_estimated(kind: str) -> None:
    X, y, X_test, y_test, options = make(kind, 1)
    e = shapcpp.estimate_cost(X, y, X_test, y_test, 10, threads=1, **options)
    assert 0 < e.seconds < math.inf
    assert e.measured[-1][0] == e.players


def test_three_samples() -> None:
    e = shapcpp.estimate_cost([[0.0], [1.0], [2.0]], [0, 1, 1], [[0.5]], [1], scale="standard")
    assert e.players == 3
    assert 0 < e.seconds < math.inf


def test_every_beginning_of_the_order_holds_both_classes() -> None:
    y = np.zeros(1000, dtype=int)
    y[[17, 500, 700, 900]] = 1
    problem = problem_of(y)
    order = cost._order(problem)
    assert sorted(order.tolist()) == list(range(1000))
    assert set(y[order[:2]]) == {0, 1}
    assert y[order[:500]].sum() == 2
    grouped = problem_of(y, groups=np.arange(1000) // 4)
    assert sorted(cost._order(grouped).tolist()) == list(range(250))


def problem_of(y: Any, groups: Any = None) -> Problem:
    X = np.arange(len(y), dtype=float)[:, None]
    return Problem.of(X, y, X, y, groups=groups)


def test_bad_arguments_are_those_of_value() -> None:
    X, y, X_test, y_test = sides(10)
    with pytest.raises(ValueError, match="permutations must be at least 1, got 0"):
        shapcpp.estimate_cost(X, y, X_test, y_test, 0)
    with pytest.raises(TypeError, match="threads must be an integer, got 'all'"):
        shapcpp.estimate_cost(X, y, X_test, y_test, threads="all")


def test_what_cannot_fit_in_memory_is_refused_unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 10)
    monkeypatch.setattr(cost, "_measure", None)
    with pytest.raises(MemoryError, match="10 bytes are available"):
        shapcpp.estimate_cost(*sides(10))


def test_an_estimate_reads_as_two_sentences() -> None:
    e = shapcpp.RunCost(
        seconds=4.04, bytes=12_300_000, permutations=2000, threads=2, players=500,
        measured=((64, 1e-3), (500, 4e-3)), power=1.1, factor=1.2,
    )  # fmt: skip
    assert str(e) == (
        "time: about 4 s for 2,000 permutations on 2 threads, measured with all 500 joining\n"
        "memory: about 12 MB beyond the features"
    )
    assert "for up to 2,000 permutations" in str(replace(e, ends_early=True))
    far = shapcpp.RunCost(
        seconds=3600.0, bytes=5, permutations=1, threads=1, players=10**6,
        measured=((1000, 1.0),), power=1.1, factor=2.0,
    )  # fmt: skip
    assert str(far).startswith(
        "time: 30 min to 2 h for 1 permutation on 1 thread, extrapolated from 1,000 joining, "
        "of 1,000,000\n"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.00421, "0.0042 s"), (0.0, "0 s"), (4.16, "4.2 s"), (99.7, "100 s"), (119, "120 s"),
     (150, "2.5 min"), (7300, "2 h"), (86400 * 3.21, "3.2 days"), (1e9, "12,000 days")],
)  # fmt: skip
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert cost.duration(seconds) == text
