"""Intervals that hold together and at all times, and who is certainly among the lowest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import shapcpp
from problems import make
from shapcpp import Metric
from shapcpp.results import certainty
from shapcpp.results.estimates import Method
from shapcpp.results.student_t import student_quantile
from valuations import around, valuation

METHODS: tuple[Method, ...] = ("student", "anytime", "bernstein")


def test_the_anytime_multiple_is_where_the_martingale_reaches_its_bound() -> None:
    for error in (0.3, 0.05, 1e-6):
        prior = 2000 / (1 - 2 * math.log(error) + math.log(1 - 2 * math.log(error)))
        for units in (60, 300, 10_000):
            square = certainty.anytime_multiple(units, error) ** 2
            share = units * square / ((units + prior) * (units - 1 + square))
            log = math.log(prior / (units + prior)) / 2 - units / 2 * math.log1p(-share)
            assert log == pytest.approx(-math.log(error), rel=1e-9)


def test_with_many_units_it_is_that_of_robbins() -> None:
    error, units = 1e-4, 10**7
    ratio = units / (2000 / (1 - 2 * math.log(error) + math.log(1 - 2 * math.log(error))))
    robbins = math.sqrt(2 * (ratio + 1) / ratio * math.log(math.sqrt(ratio + 1) / error))
    assert certainty.anytime_multiple(units, error) == pytest.approx(robbins, rel=1e-4)


def test_the_first_few_units_say_nothing() -> None:
    assert certainty.anytime_multiple(2, 0.05) == math.inf
    v = valuation(around([1, 2], 2))
    low, high = v.interval("acc", simultaneous=True, method="anytime")
    assert low.tolist() == [-1, -1]
    assert high.tolist() == [1, 1]


def test_looking_at_every_step_is_paid_for() -> None:
    rng = np.random.default_rng(0)
    sample = rng.normal(size=(400, 600))
    units = np.arange(1, 601)
    mean = sample.cumsum(axis=1) / units
    variance = ((sample**2).cumsum(axis=1) - units * mean**2) / np.maximum(units - 1, 1) / units
    missed = {}
    for multiple in (certainty.anytime_multiple, certainty.student_multiple):
        reach = np.array([math.inf, *(multiple(int(u), 0.1) for u in units[1:])])
        missed[multiple] = np.mean(
            (np.abs(mean) > reach * np.sqrt(np.maximum(variance, 1e-300))).any(axis=1)
        )
    assert 0.01 < missed[certainty.anytime_multiple] < 0.1
    assert missed[certainty.student_multiple] > 0.3


def test_rare_large_contributions_are_allowed_for() -> None:
    # Each of 50 players contributes 1 where it comes first and nothing else: values 1/50.
    rng = np.random.default_rng(1)
    P, error = 1000, 0.1 / 50
    missed = {"anytime": 0, "simultaneous": 0, "not allowed for": 0}
    for _ in range(300):
        mean = np.bincount(rng.integers(0, 50, P), minlength=50) / P
        variance = mean * (1 - mean) / (P - 1)
        skewed_by = certainty.largest_likely(variance, P, 1.0)
        assert 0.98 < skewed_by <= 1
        for name, multiple, allowed in (
            ("anytime", certainty.anytime_multiple(P, error), skewed_by),
            ("simultaneous", certainty.student_multiple(P, error), skewed_by),
            ("not allowed for", certainty.student_multiple(P, error), 0.0),
        ):
            reach = certainty.reach(variance, P, multiple, allowed)
            missed[name] += int((np.abs(mean - 0.02) > reach).any())
    assert missed["anytime"] <= missed["simultaneous"] <= 30
    assert missed["not allowed for"] > 75


def test_half_widths_by_hand() -> None:
    P, n = 400, 3
    v = valuation(around([100, -50, 20], P, spread=30))
    error = 0.03 / math.sqrt(P - 1)
    np.testing.assert_allclose(v.stderr("acc"), error)
    skewed_by = math.sqrt(n) * error * math.sqrt(P)
    for level, simultaneous, method, multiple, shift in (
        (0.9, False, "student", student_quantile(0.05, P - 1), 0),
        (0.9, True, "student", student_quantile(0.05 / n, P - 1), skewed_by / P),
        (0.8, False, "anytime", certainty.anytime_multiple(P, 0.2), skewed_by / P),
        (0.8, True, "anytime", certainty.anytime_multiple(P, 0.2 / n), skewed_by / P),
    ):
        reach = multiple * error + (2 * multiple**2 + 1) / 6 * shift
        low, high = v.interval("acc", level, simultaneous, method=method)  # type: ignore[arg-type]
        np.testing.assert_allclose(high - v["acc"], reach)
        np.testing.assert_allclose(v["acc"] - low, reach)
    wide = valuation(around([0, 0], P, spread=900))  # skewed by no more than the range
    multiple = certainty.anytime_multiple(P, 0.025)
    reach = multiple * 0.9 / math.sqrt(P - 1) + (2 * multiple**2 + 1) / 6 / P
    np.testing.assert_allclose(wide.interval("acc", 0.95, True, method="anytime")[1], reach)


def test_bernstein_by_hand() -> None:
    v = valuation(around([100, -50], 50, spread=10))
    low, high = v.interval("acc", 0.9, True, method="bernstein")
    log = math.log(4 / 0.05)
    reach = 0.01 * math.sqrt(50 / 49) * math.sqrt(2 * log / 50) + 7 * 2 * log / (3 * 49)
    np.testing.assert_allclose(high, [0.1 + reach, -0.05 + reach])
    np.testing.assert_allclose(low, [0.1 - reach, -0.05 - reach])
    few = valuation(around([100, -50], 5, spread=10))
    low, high = few.interval(Metric("cost", [3e-3, -1e-3]), 0.9, True, method="bernstein")
    assert high.tolist() == [4, 4]  # from -1 to 3
    assert low.tolist() == [-4, -4]


def test_which_intervals_are_wider() -> None:
    X, y, X_test, y_test, _ = make("plain", 3)
    v = shapcpp.value(X, y, X_test, y_test, 400)
    width: dict[Any, Any] = {}
    for method in METHODS:
        for simultaneous in (False, True):
            for level in (0.5, 0.9, 0.99):
                low, high = v.interval("acc", level, simultaneous, method=method)
                assert ((low <= v["acc"]) & (v["acc"] <= high)).all()
                width[method, simultaneous, level] = high - low
            assert (width[method, simultaneous, 0.5] < width[method, simultaneous, 0.9]).all()
            assert (width[method, simultaneous, 0.9] < width[method, simultaneous, 0.99]).all()
        assert (width[method, False, 0.9] < width[method, True, 0.9]).all()
    for simultaneous in (False, True):
        student, anytime, bernstein = (width[method, simultaneous, 0.9] for method in METHODS)
        assert (student < anytime).all()
        assert (anytime < bernstein).all()


@pytest.mark.parametrize("method", METHODS)
def test_intervals_need_two_permutations(method: Any) -> None:
    v = valuation([[3, 5]])
    for end in v.interval("acc", simultaneous=True, method=method):
        assert np.isnan(end).all()


def test_unknown_methods() -> None:
    with pytest.raises(ValueError, match="method must be one of 'student', 'anytime', 'bernstein'"):
        valuation(around([1], 3)).interval("acc", method="normal")  # type: ignore[arg-type]


def test_values_far_apart_are_decided() -> None:
    v = valuation(around([50, 10, 30, 20, 40], 1000))
    assert v.decided("acc", 0.4).tolist() == [-1, 1, -1, 1, -1]
    assert v.decided("acc", 0.01).tolist() == [-1, 1, -1, -1, -1]  # at least one
    assert v.decided("acc", 1.0).tolist() == [1] * 5
    assert v.decided("rec", below=0.03).tolist() == [-1, 1, 0, 1, -1]
    assert v.decided("rec", below=-5).tolist() == [-1] * 5


def test_what_is_close_to_the_boundary_is_not() -> None:
    v = valuation(around([50, 10, 30, 30, 40], 1000))
    assert v.decided("acc", 0.4).tolist() == [-1, 1, 0, 0, -1]
    assert v.decided("acc", 0.6).tolist() == [-1, 1, 1, 1, -1]
    noisy = valuation(around([50, 10, 30, 20, 40], 1000, spread=500))
    assert not noisy.decided("acc", 0.4).any()
    assert noisy.decided("acc", 1.0).all()


def test_equal_values_that_never_vary_are_ordered_by_sample() -> None:
    v = valuation(np.full((1000, 5), 7))
    assert v.lowest("acc", 0.4).tolist() == [0, 1]
    assert v.decided("acc", 0.4).tolist() == [1, 1, -1, -1, -1]
    assert v.decided("acc", below=0.007).tolist() == [-1] * 5


def test_samples_of_a_group_share_its_interval() -> None:
    v = valuation(around([30, 10], 1000), players=[1, 0, 1, 1, 0])
    assert v.lowest("acc", 0.4).tolist() == [0, 2]
    assert v.decided("acc", 0.4).tolist() == [1, -1, 1, -1, -1]
    assert v.decided("acc", 0.8).tolist() == [1, 1, 1, 1, -1]
    assert v.decided("acc", below=0.02).tolist() == [1, -1, 1, 1, -1]
    one = valuation(around([30], 1000, spread=900), players=[0, 0, 0, 0])
    assert one.decided("acc", 0.5).tolist() == [1, 1, -1, -1]


def test_nothing_is_certain_too_early() -> None:
    for permutations in (0, 1, 2, 99):
        v = valuation(around([50, 10, 30], permutations))
        assert v.decided("acc", 0.4).tolist() == [0, 0, 0]
        assert v.decided("acc", below=0).tolist() == [0, 0, 0]
        assert v.decided("acc", 1.0).tolist() == [1, 1, 1]
    assert valuation(around([50, 10, 30], 100)).decided("acc", 0.4).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"lowest": 0}, "lowest must be above 0 and at most 1, got 0"),
        ({"level": 1.0}, "level must lie above 0 and below 1, got 1.0"),
        ({"below": math.nan}, "below must be a number, got nan"),
    ],
)
def test_bad_questions(options: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        valuation(around([1, 2], 200)).decided("acc", **options)


def test_verdicts_are_right_in_nine_of_ten_runs_looked_at_ten_times() -> None:
    # Values 1, 2, ... 10 thousandths; contributions of deviation 20 thousandths.
    rng = np.random.default_rng(2)
    right = np.where(np.arange(10) < 3, 1, -1)
    wrong, decided = 0, []
    for _ in range(100):
        changes = np.rint(rng.normal(np.arange(1, 11), 20, size=(4000, 10)))
        looks = [valuation(changes[:P]).decided("acc", 0.3, 0.9) for P in range(400, 4001, 400)]
        wrong += any(((look != 0) & (look != right)).any() for look in looks)
        decided.append(np.mean(looks[-1] != 0))
    assert wrong <= 10
    assert np.mean(decided) > 0.5
