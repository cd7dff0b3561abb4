"""Reliability: the share of the values' variance that sampling permutations did not cause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import shapcpp
from runs import arguments
from valuations import around, valuation


def test_it_is_one_less_the_share_of_the_mean_squared_error() -> None:
    v = valuation(around([0, 3, 6, 9], 11, spread=6))
    within = np.var(v["acc"], ddof=1)
    expected = 1 - np.mean(v.stderr("acc") ** 2) / within
    assert v.reliability("acc") == pytest.approx(expected)
    assert v.reliability("accuracy") == v.reliability("acc")


def test_the_offset_between_labels_does_not_count() -> None:
    v = replace(valuation(around([0, 3, 100, 104], 11, spread=6)), labels=np.array([0, 0, 1, 1]))
    values = v["acc"]
    within = (np.var(values[:2], ddof=1) + np.var(values[2:], ddof=1)) / 2
    assert v.reliability("acc") == pytest.approx(1 - np.mean(v.stderr("acc") ** 2) / within)


def test_it_is_about_players_and_mixed_groups_are_compared_with_each_other() -> None:
    players = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4])
    v = valuation(around([0, 3, 100, 105, 50], 11, spread=6), players)
    v = replace(v, labels=np.array([0, 0, 0, 0, 0, 1, 0, 1, 1]))
    of_players = v["acc"][[0, 2, 4, 6, 8]]
    error = np.mean(v.stderr("acc")[[0, 2, 4, 6, 8]] ** 2)
    # Two groups labelled 0, two of both labels, and one labelled 1 that has nothing to vary from.
    within = (np.var(of_players[:2], ddof=1) + np.var(of_players[2:4], ddof=1)) / 2
    assert v.reliability("acc") == pytest.approx(1 - error / within)


def test_it_is_zero_where_nothing_varies_and_unknown_for_one_permutation() -> None:
    assert valuation(around([5, 5, 5], 10, spread=0)).reliability("acc") == 0
    assert valuation(around([5], 10)).reliability("acc") == 0
    assert valuation(around([5, 6], 10, spread=900)).reliability("acc") == 0
    for permutations in (0, 1):
        assert np.isnan(valuation(around([1, 2], permutations)).reliability("acc"))


def test_it_says_how_well_a_run_agrees_with_another() -> None:
    first, second = (
        shapcpp.value(*arguments(), 48, first=first, sampler="halving") for first in (0, 48)
    )
    y = first.labels
    for metric in first.metrics:
        a, b = (np.concatenate([v[metric][y == k] - v[metric][y == k].mean() for k in (0, 1)])
                for v in (first, second))  # fmt: skip
        assert np.corrcoef(a, b)[0, 1] == pytest.approx(first.reliability(metric), abs=0.12)


def test_a_result_shows_it() -> None:
    v = shapcpp.value(*arguments(), 8)
    assert f"reliability acc {v.reliability('acc'):.2f}, rec" in repr(v)
    assert "metrics acc, rec, spc, bal" in repr(shapcpp.value(*arguments(), 1))
