from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shapcpp import Valuation
from shapcpp.report.queue import review
from shapcpp.report.words import scaled, unit_exponent, unit_name
from valuations import around, valuation


def test_each_sample_once_most_doubtful_first(v: Valuation) -> None:
    queue = review(v, 0.1)
    lowest = {m: v.lowest(m, 0.1).tolist() for m in ("acc", "rec", "spc", "bal")}
    names = [c.id for c in queue.candidates]
    assert sorted(names) == sorted({str(v.ids[i]) for rows in lowest.values() for i in rows})
    assert queue.found == len(names)
    ranks = [min(verdict.rank for verdict in c.verdicts) for c in queue.candidates]
    assert ranks == sorted(ranks)
    assert ranks[0] == 1
    for candidate in queue.candidates:
        row = v.ids.tolist().index(candidate.id)
        assert candidate.label == v.labels[row]
        assert candidate.patient == str(v.groups[row] if v.groups is not None else None)
        for verdict in candidate.verdicts:
            assert verdict.value == v[verdict.metric][row]
            assert verdict.rank == 1 + v.lowest(verdict.metric, 1.0).tolist().index(row)
            assert verdict.is_lowest == (row in lowest[verdict.metric])


def test_what_is_proven_is_said() -> None:
    v = valuation(around([50, 10, 30, 30, 20], 1000))
    words = {c.id: c.verdicts[0].among_lowest for c in review(v, 0.6).candidates}
    assert words == {"1": "proven", "4": "proven", "2": "likely"}
    everyone = review(v, 1.0)
    assert {c.verdicts[0].among_lowest for c in everyone.candidates} == {"proven"}
    early = review(valuation(around([50, 10, 30], 10)), 0.3)
    assert early.candidates[0].verdicts[0].among_lowest == "likely"


def test_values_and_intervals_in_one_unit() -> None:
    v = valuation(around([-4, 12], 100, spread=0))
    queue = review(v, 1.0)
    assert queue.unit == "10⁻³"
    assert queue.candidates[0].verdicts[0].text == "−4.0 ± 0.0"
    assert queue.candidates[1].verdicts[0].text == "+12.0 ± 0.0"


@pytest.mark.parametrize(
    ("largest", "unit", "text"),
    [
        (0.0, "1", "+0.00"), (1.0, "1", "+1.00"), (0.0123, "10⁻³", "+12.30"),
        (-4e-5, "10⁻⁶", "−40.00"), (1e-6, "10⁻⁶", "+1.00"),
    ],
)  # fmt: skip
def test_units(largest: float, unit: str, text: str) -> None:
    exponent = unit_exponent([np.array([largest, 0.0])])
    assert unit_name(exponent) == unit
    assert scaled(largest, exponent, 2) == text


def test_no_more_than_the_most(v: Valuation) -> None:
    whole, part = review(v, 1.0), review(v, 1.0, most=7)
    assert len(whole.candidates) == 80
    assert [c.id for c in part.candidates] == [c.id for c in whole.candidates[:7]]
    assert part.found == 80


def test_a_test_set_of_one_class_has_fewer_metrics(v: Valuation) -> None:
    one = replace(v, test_counts=np.array([0, 30]))
    assert [verdict.metric for verdict in review(one).candidates[0].verdicts] == ["acc", "rec"]
