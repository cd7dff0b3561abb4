"""Runs with halving: their values, errors and files, against those of plain permutations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import shapcpp
from runs import arguments, assert_same, run
from shapcpp.problem.sampling import Sampling

METRICS = ("acc", "rec", "spc", "bal")
GROUPS = np.arange(60) // 3


@pytest.mark.statistical
def test_values_are_those_of_plain_permutations_within_their_errors() -> None:
    plain, halved = run(40_000), run(4000, sampler="halving", seed=1)
    for metric in METRICS:
        error = np.hypot(plain.stderr(metric), halved.stderr(metric))
        z = (plain[metric] - halved[metric]) / error
        assert np.abs(z).max() < 4.5
        assert 0.7 < np.sqrt(np.mean(z**2)) < 1.35


@pytest.mark.statistical
def test_groups_too() -> None:
    options: dict[str, Any] = {"groups": GROUPS, "single_class": "carry"}
    plain, halved = run(40_000, **options), run(4000, sampler="halving", seed=1, **options)
    assert halved.gain_unit == halved.settings["gain_unit"] == 32  # 20 groups down to single ones
    assert plain.gain_unit == 1
    for metric in METRICS:
        error = np.hypot(plain.stderr(metric), halved.stderr(metric))
        z = ((plain[metric] - halved[metric]) / error)[::3]
        assert np.abs(z).max() < 4


def test_a_halved_permutation_says_more_than_the_walks_it_costs() -> None:
    # It joins each of the 60 samples three times: once in its leaf, once for each of two halvings.
    # docs/statistics.md has ratios of times.
    plain, halved = run(900), run(300, sampler="halving")
    assert halved.stats["coalitions"] <= plain.stats["coalitions"]
    for metric in ("rec", "spc"):
        assert np.mean(halved.stderr(metric) ** 2) < 0.6 * np.mean(plain.stderr(metric) ** 2)


@pytest.mark.parametrize("options", [{}, {"groups": GROUPS}])
def test_errors_and_intervals_are_those_of_single_contributions(options: dict[str, Any]) -> None:
    v = run(40, sampler="halving", **options)
    one_by_one = [run(1, first=t, sampler="halving", **options)["rec"] for t in range(40)]
    np.testing.assert_allclose(v["rec"], np.mean(one_by_one, axis=0), atol=1e-12)
    expected = np.std(one_by_one, axis=0, ddof=1) / np.sqrt(40)
    np.testing.assert_allclose(v.stderr("rec"), expected, rtol=1e-9)
    assert np.isnan(run(1, sampler="halving", **options).stderr("rec")).all()


@pytest.mark.statistical
def test_intervals_hold_the_value_as_often_as_they_say() -> None:
    value = run(15_000, seed=1, sampler="halving")
    Method = Literal["student", "anytime", "bernstein"]
    held: dict[Method, list[Any]] = {"student": [], "bernstein": [], "anytime": []}
    for repetition in range(60):
        v = run(50, first=50 * repetition, sampler="halving")
        for method, found in held.items():
            low, high = v.interval("acc", method=method)
            found.append((low <= value["acc"]) & (value["acc"] <= high))
    assert 0.93 < np.mean(held["student"]) < 0.97
    assert np.mean(held["anytime"]) > 0.97
    assert np.all(held["bernstein"])


@pytest.mark.statistical
def test_what_is_certain_is_right() -> None:
    value = run(15_000, seed=1, sampler="halving")
    v = run(2000, sampler="halving")
    decided = v.decided("acc", below=0.0)
    assert (decided != 0).mean() > 0.2
    assert not ((decided == 1) & (value["acc"] > 0)).any()
    assert not ((decided == -1) & (value["acc"] < 0)).any()


def test_kept_in_a_file_and_gone_on_from(tmp_path: Path) -> None:
    v = run(20, sampler="halving")
    assert v.settings["gain_unit"] == 4  # 60 samples down to 15
    np.testing.assert_array_equal(v.gains.sum(axis=0), 4 * 20 * (v.full_counts - v.empty_counts))
    v.save(tmp_path / "run.npz")
    kept = shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation)
    assert_same(kept, v)
    assert_same(run(50, extend=kept, sampler="halving"), run(50, sampler="halving"))


def test_traced_on_the_way(tmp_path: Path) -> None:
    v = run(20, sampler="halving", trace=5)
    assert_same(v, run(20, sampler="halving"))
    assert v.trace_counts is not None
    assert v.trace_gains is not None
    for count, gains in zip(v.trace_counts, v.trace_gains, strict=True):
        np.testing.assert_array_equal(gains, run(int(count), sampler="halving").gains)
    v.save(tmp_path / "run.npz")
    np.testing.assert_array_equal(
        shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation).trace_gains, v.trace_gains
    )


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"gain_unit": 3}, "gain_unit is 3"),
        ({"gain_unit": 0}, "gain_unit must be at least 1"),
        ({"gain_unit": 2**50}, "gain_unit must be at most"),
        ({"gain_unit": 8}, "gains do not add up"),
        ({"sampler": "permutations"}, "gain_unit is 4"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    tmp_path: Path, settings: dict[str, Any], complaint: str
) -> None:
    v = run(20, sampler="halving")
    replace(v, settings={**v.settings, **settings}).save(tmp_path / "run.npz")
    with pytest.raises(ValueError, match=complaint):
        shapcpp.load(tmp_path / "run.npz")


def test_sums_that_do_not_fit_are_refused() -> None:
    v = run(20, sampler="halving")
    full = replace(v, moments=np.full_like(v.moments, 2**62))
    with pytest.raises(OverflowError, match="64-bit sums of 40 permutations"):
        full.merge(replace(full, ranges=np.array([[20, 40]])))


def test_the_pilot_reports_and_is_stopped() -> None:
    rng = np.random.default_rng(0)
    y, n_test = np.arange(150) % 2, 10_000
    X = rng.normal(size=(150, 120))
    while True:  # until the pilot takes longer than a report is away, on a fast machine too
        X_test, y_test = rng.normal(size=(n_test, 120)), np.arange(n_test) % 2
        v = shapcpp.value(X, y, X_test, y_test, 10, sampler="halving", max_time=1e-9)
        if v.n_permutations == 0:
            break
        n_test *= 2
    assert not v.complete
    with pytest.raises(shapcpp.Interrupted) as stopped:
        shapcpp.value(X, y, X_test, y_test, 10, sampler="halving", progress=_stop_at_once)
    assert stopped.value.partial.n_permutations == 0


def _stop_at_once(done: int, total: int) -> None:
    raise KeyboardInterrupt


def test_joins_are_counted_as_they_are_halved() -> None:
    assert run(10).stats["joins"] == 600
    assert run(10, sampler="halving").stats["joins"] == 3 * 600  # leaves, and two halvings


@pytest.mark.parametrize("sampler", ["halving", "permutations"])
def test_the_estimate_measures_the_sampler_that_is_asked_for(
    sampler: Literal["halving", "permutations"], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = set()
    draw = Sampling.draw

    def spy(self: Sampling, *positional: Any, **named: Any) -> None:
        drawn.add(self.sampler)
        draw(self, *positional, **named)

    monkeypatch.setattr(Sampling, "draw", spy)
    shapcpp.estimate_cost(*arguments(60), permutations=1000, threads=1, sampler=sampler)
    assert drawn == {sampler}
