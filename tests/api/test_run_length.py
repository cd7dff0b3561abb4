"""Runs whose length nobody gave: until the ranking is reliable, or a cap."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from runs import Clock, arguments, assert_same
from shapcpp import Valuation
from shapcpp.problem.limits import Limits
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampling
from shapcpp.results import index_ranges
from shapcpp.running.local import LocalBackend
from shapcpp.running.runner import Runner


def run(**options: Any) -> Valuation:
    return shapcpp.value(*arguments(), **options)


def test_a_run_ends_when_its_ranking_is_reliable_by_every_metric() -> None:
    v = run()
    assert v.complete
    assert v.until_met
    assert v.settings["until"] == "reliability >= 0.95"
    assert v.settings["sampler"] == "halving"
    assert min(v.reliability(metric) for metric in v.metrics) >= 0.95
    assert 8 <= v.n_permutations < 2000
    assert_same_integers(v, run(permutations=v.n_permutations))


def test_it_ends_at_the_same_permutation_however_it_was_run(tmp_path: Path) -> None:
    v = run(threads=1)
    assert_same(v, run(threads=3))
    with ThreadPoolExecutor(2) as executor:
        assert_same(v, run(executor=executor))
    kept = run(checkpoint=tmp_path / "run.npz", max_time=1e-9)
    assert not kept.complete
    assert_same(v, run(checkpoint=tmp_path / "run.npz", checkpoint_every=0.01))
    assert_same(v, run(extend=v))
    assert_same(v, run(extend=run(permutations=10)))
    parts = run(permutations=3).merge(run(permutations=4, first=5))
    assert_same(v, run(extend=parts))


def test_a_run_that_never_gets_reliable_ends_at_the_cap() -> None:
    X, y, X_test, y_test = arguments()
    v = shapcpp.value(0 * X, y, X_test, y_test, until="stderr <= 1e-300")
    assert (v.n_permutations, v.complete, v.until_met) == (2000, True, False)


def test_going_on_beyond_the_cap_ends_at_once() -> None:
    X, y, X_test, y_test = arguments()
    longer = shapcpp.value(0 * X, y, X_test, y_test, 2100)
    again = shapcpp.value(0 * X, y, X_test, y_test, extend=longer, until="stderr <= 1e-300")
    assert again.n_permutations == 2100
    assert again.complete


@pytest.mark.parametrize(
    ("n", "sampler", "most"), [(60, "halving", 2000), (60, "permutations", 2000),
                               (2**20, "halving", 20_000 // 17), (2**20, "permutations", 2000)],
)  # fmt: skip
def test_the_cap_counts_permutations_and_joins(n: int, sampler: Any, most: int) -> None:
    y = np.arange(n) % 2
    problem = Problem.of(np.zeros((n, 1)), y, [[0.0]], [1])
    assert Sampling.of(sampler=sampler).max_orders(problem) == most
    assert Sampling.of(sampler=sampler, permutations=5000).max_orders(problem) == 5000


def test_halving_joins_as_often_as_the_cap_says() -> None:
    v = run(permutations=10, sampler="halving")
    levels = int(v.settings["gain_unit"]).bit_length()
    assert v.stats["joins"] == levels * 60 * 10


def test_the_first_of_the_missing_permutations_follow() -> None:
    problem = Problem.of(*arguments())
    done = index_ranges.of([(5, 8), (20, 30)])
    asked = Sampling.of().asked(problem, done)
    assert asked.tolist() == [[0, 2000]]
    far = Sampling.of().asked(problem, index_ranges.of([(10**6, 10**6 + 1500)]))
    assert far.tolist() == [[0, 500], [10**6, 10**6 + 1500]]


def test_a_first_permutation_needs_a_number() -> None:
    with pytest.raises(ValueError, match="first is 5, which needs permutations"):
        run(first=5)


def foreseen(
    monkeypatch: pytest.MonkeyPatch, limits: Limits, **options: Any
) -> tuple[list[tuple[int, bool]], Runner]:
    """Forecasts of a run each of whose permutations takes five seconds by its clock."""
    clock = Clock(monkeypatch)
    problem, sampling = Problem.of(*arguments()), Sampling.of(**options)
    told: list[tuple[int, bool]] = []

    def tell(seconds: float, permutations: int, cut: bool, elapsed: float) -> None:
        told.append((permutations, cut))

    runner = Runner(problem, sampling, limits, forecast=tell)
    runner.run(Slow(problem, sampling, runner, clock), lambda done, total: None)
    return told, runner


class Slow(LocalBackend):
    """A backend that moves the clock by five seconds with each permutation."""

    def __init__(self, problem: Problem, sampling: Sampling, runner: Runner, clock: Clock) -> None:
        super().__init__(problem, sampling, 1, runner.set_full_counts)
        self._clock = clock

    def do(self, first: int, end: int, report: Any) -> Any:
        for t in range(first, end):
            yield from super().do(t, t + 1, lambda done: None)
            self._clock.now += 5.0
            report(t + 1 - first)


def test_a_long_run_is_foreseen_once_and_only_with_patience_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, runner = foreseen(monkeypatch, Limits.of(permutations=40), permutations=40)
    assert told == [(40, False)]
    assert runner.valuation().complete
    told, runner = foreseen(monkeypatch, Limits.of(until="stderr <= 1e-9"), permutations=500)
    assert [cut for _, cut in told] == [False]
    assert runner.valuation().complete
    told, runner = foreseen(monkeypatch, Limits.of(patience=120.0), seed=1)
    assert [cut for _, cut in told] == [True]
    v = runner.valuation()
    assert not v.complete
    assert v.n_permutations == 25  # the first whose end comes after two minutes


def test_a_run_that_is_slow_to_its_first_look_is_cut_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, runner = foreseen(monkeypatch, Limits.of(patience=30.0), seed=1)
    assert told[0][1]
    assert runner.valuation().n_permutations <= 13
    assert foreseen(monkeypatch, Limits.of(until="reliability >= 0.1"))[0] == []


def test_a_run_cut_short_is_the_first_permutations() -> None:
    problem, sampling = Problem.of(*arguments()), Sampling.of()
    runner = Runner(problem, sampling, Limits.of(patience=120.0, max_time=1e-9))

    class Gaps(LocalBackend):
        def do(self, first: int, end: int, report: Any) -> Any:
            if end - first > 1:
                for t in (first, first + 2, first + 4):
                    yield from super().do(t, t + 1, lambda done: None)
                report(3)
            yield from super().do(first, end, lambda done: None)

    runner.run(Gaps(problem, sampling, 1, runner.set_full_counts), lambda done, total: None)
    assert runner.valuation().ranges.tolist() == [[0, 6]]


def assert_same_integers(v: Valuation, w: Valuation) -> None:
    np.testing.assert_array_equal(v.gains, w.gains)
    np.testing.assert_array_equal(v.products, w.products)
