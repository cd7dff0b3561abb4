"""What makes a long run shorter: measured along a few directions, and said in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shapcpp
from runs import Clock, arguments
from shapcpp import _core
from shapcpp.plan import fewer_directions_of, plan
from shapcpp.problem.limits import Limits
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampling
from shapcpp.running import shorter
from shapcpp.running.local import LocalBackend
from shapcpp.running.runner import Runner
from shapcpp.running.shorter import Fewer


def wide(n: int = 90, d: int = 80) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(1)
    y, y_test = np.arange(n) % 2, np.arange(30) % 2
    spectrum = np.arange(1, d + 1) ** -0.5
    X = rng.normal(size=(n, d)) * spectrum + 0.3 * y[:, None] * (np.arange(d) < 4)
    return X, y, rng.normal(size=(30, d)) * spectrum, y_test


def test_fewer_directions_keep_the_shares_of_a_run_along_them() -> None:
    problem = Problem.of(*wide())
    found = shorter.fewer_directions(problem, Sampling.of(permutations=4), 1)
    assert [way.components for way in found] == [16, 32, 64]
    for way in found:
        v = shapcpp.value(*wide(), 2, components=way.components)
        assert v.components is not None
        assert way.share == pytest.approx(v.components.share, abs=1e-9)
        assert 0 < way.seconds < math.inf


@pytest.mark.parametrize(
    "options",
    [{"components": 70}, {"X": np.zeros((90, 80))}, {"X": wide()[0][:, :64]}],
    ids=["reduced", "constant", "few"],
)
def test_there_is_nothing_to_say_where_directions_are_no_way(options: dict[str, Any]) -> None:
    X, y, X_test, y_test = wide()
    X = options.pop("X", X)
    problem = Problem.of(X, y, X_test[:, : X.shape[1]], y_test, **options)
    assert shorter.fewer_directions(problem, Sampling.of(permutations=4), 1) == ()


def test_few_rows_span_few_directions() -> None:
    found = shorter.fewer_directions(Problem.of(*wide(n=20)), Sampling.of(permutations=4), 1)
    assert [way.components for way in found] == [16]
    assert "with components=16 it would take about" in shorter.in_words(found)


def test_a_remark_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **options: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(shorter, "measured_cost", fails)
    problem = Problem.of(*wide())
    assert shorter.fewer_directions(problem, Sampling.of(permutations=4), 1) == ()


def test_words_name_each_number() -> None:
    ways = (Fewer(16, 12.0, 0.5), Fewer(32, 30.0, 0.61), Fewer(64, 150.0, 0.734))
    assert shorter.in_words(ways) == (
        "with components=16, 32 or 64 it would take about 12 s, 30 s or 2.5 min, on features "
        "that keep 50%, 61% or 73% of the variance: another model"
    )


def test_an_estimate_of_a_long_run_says_what_makes_it_shorter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert shapcpp.estimate_cost(*wide(), permutations=2).shorter == ()
    monkeypatch.setattr(shorter, "LONG", 0.0)
    cost = shapcpp.estimate_cost(*wide(), permutations=2)
    [way] = cost.shorter
    assert way.startswith("with components=16, 32 or 64 it would take about ")
    assert str(cost).endswith(f"\nshorter: {way}")
    plain = shapcpp.estimate_cost(*wide(), permutations=2, sampler="permutations")
    assert plain.shorter[1] == shorter.BY_HALVING
    assert shapcpp.estimate_cost(*arguments(), permutations=2).shorter == ()


def test_all_folds_cost_as_much_as_each(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, _, _ = wide()
    asked: list[int | None] = []

    def one(problem: Any, sampling: Sampling, threads: int, under_way: bool) -> Any:
        assert (len(problem.y), threads, under_way) == (60, 2, True)
        asked.append(sampling.permutations)
        return (Fewer(16, 2.0, 0.5),)

    monkeypatch.setattr(shorter, "fewer_directions", one)
    p = plan(X=X, y=y, folds=3, permutations=10, threads=2)
    assert fewer_directions_of(p, 30) == (Fewer(16, 6.0, 0.5),)
    assert asked == [10]


def test_a_run_without_two_permutations_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    problem, sampling = Problem.of(*arguments()), Sampling.of()
    told: list[tuple[float, int, bool, float]] = []
    runner = Runner(problem, sampling, Limits.of(patience=30.0), forecast=lambda *t: told.append(t))

    class Slow(LocalBackend):
        def do(self, first: int, end: int, report: Any) -> Any:
            clock.now += 40.0
            report(0)
            report(0)
            for t in range(first, end):
                yield from super().do(t, t + 1, lambda done: None)
                clock.now += 40.0
                report(t + 1 - first)

    backend = Slow(problem, sampling, 1, runner.set_full_counts)
    runner.run(backend, lambda done, total: None)
    assert told[0] == (math.inf, 2, True, 40.0)
    assert [math.isinf(seconds) for seconds, *_ in told] == [True, False]
    assert runner.valuation().n_permutations == 2


def test_a_run_is_told_to_be_long_while_its_first_model_is_fitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    problem, sampling = Problem.of(*arguments()), Sampling.of()
    told: list[float] = []
    at_the_fit: list[list[float]] = []
    fitted = _core.grand_coalition

    def slow(game: _core.Game, report: Callable[[int], object]) -> _core.Score:
        clock.now += 25.0
        report(0)
        at_the_fit.append(told.copy())
        return fitted(game, report)

    monkeypatch.setattr(_core, "grand_coalition", slow)
    runner = Runner(
        problem, sampling, Limits.of(patience=120.0), forecast=lambda *t: told.append(t[-1])
    )
    runner.run(LocalBackend(problem, sampling, 1, runner.set_full_counts), lambda done, total: None)
    assert at_the_fit == [[25.0]]
    assert runner.valuation().n_permutations >= 8
    runner = Runner(problem, sampling, Limits.of(max_time=20.0))
    runner.run(LocalBackend(problem, sampling, 1, runner.set_full_counts), lambda done, total: None)
    assert runner.valuation().n_permutations == 0
