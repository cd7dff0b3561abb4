from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from shapcpp import Valuation
from shapcpp.report import Experiment, paper_table
from shapcpp.report.experiments import PAPER, noise_rate, paper_share
from shapcpp.report.summaries import ends, rules, score_rows, table_rows
from valuations import around, valuation


def with_labels(true: Any, given: Any, means: Any = None, rule: str = "constant") -> Valuation:
    means = np.arange(len(true)) if means is None else means
    v = valuation(around(means, 10))
    settings = v.settings | {"single_class": rule}
    return replace(v, labels=np.asarray(given), true_labels=np.asarray(true), settings=settings)


def flipped(rate: float, n: int = 50) -> Valuation:
    true = (np.arange(n) % 5 == 0).astype(int)
    return with_labels(true, shapcpp.flip_labels(true, rate)[0])


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3])
def test_the_papers_rates_are_recognised(rate: float) -> None:
    assert noise_rate(flipped(rate)) == rate
    assert Experiment("x", flipped(rate)).noise == rate


def test_other_noise_is_not_the_papers() -> None:
    assert noise_rate(flipped(0.4)) is None
    true, given = np.tile([0, 1], 10), np.tile([0, 1], 10)
    assert noise_rate(with_labels(true, given)) is None
    given[:4] = [0, 0, 0, 0]  # two flipped, all of one class
    assert noise_rate(with_labels(true, given)) is None
    assert noise_rate(valuation(around([1, 2], 10))) is None
    assert noise_rate(with_labels([0, 1], [0, 1])) is None  # nothing flipped of so few is no 10%


def test_the_papers_numbers_are_where_the_paper_has_them() -> None:
    # Table 2 of the paper, as it is printed: noise, lowest, then acc, rec, spc in each direction.
    printed = """
        10 10  1.00 1.00 0.00  0.28 0.28 0.68
        10 30  1.00 1.00 0.00  0.30 0.30 0.78
        20 20  1.00 1.00 0.00  0.23 0.18 0.96
        20 30  1.00 1.00 0.00  0.29 0.19 1.00
        30 30  0.97 0.97 0.00  0.35 0.07 1.00
    """
    lines = [line.split() for line in printed.strip().splitlines()]
    assert len(PAPER) == len(lines)
    for noise, lowest, *shares in lines:
        cells = product(("pos_as_neg", "neg_as_pos"), ("acc", "rec", "spc"))
        for (direction, metric), share in zip(cells, shares, strict=True):
            found = paper_share(int(noise) / 100, int(lowest) / 100, direction, metric)
            assert found == float(share)
    for nothing in (
        (0.2, 0.1, "pos_as_neg", "acc"), (0.3, 0.3, "pos_as_neg", "bal"), (None, 0.3, "pos_as_neg", "acc"),
    ):  # fmt: skip
        assert math.isnan(paper_share(*nothing))


def test_table2_by_hand() -> None:
    true = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    given = [0, 1, 1, 1, 0, 0, 0, 0, 0, 0]  # errors at 0, and at 2 and 3
    run = with_labels(true, given, [0, 9, 1, 8, 2, 3, 4, 5, 6, 7])
    carry = with_labels(true, given, [9, 8, 1, 0, 2, 3, 4, 5, 6, 7], "carry")
    table = paper_table([Experiment("by hand", run, carry, noise=0.2)])
    assert table.dtype.names == (
        "noise", "fraction", "single_class", "direction", "metric", "flipped", "found", "paper",
    )  # fmt: skip
    assert len(table) == 2 * 2 * 2 * 3
    found = {
        (f, rule, direction): share
        for f, rule, direction, share in zip(
            table.fraction, table.single_class, table.direction, table.found, strict=True
        )
    }
    assert found[0.2, "constant", "pos_as_neg"] == 1.0
    assert found[0.2, "constant", "neg_as_pos"] == 0.5
    assert found[0.2, "carry", "pos_as_neg"] == 0.0
    assert found[0.2, "carry", "neg_as_pos"] == 1.0
    assert table[table.metric == "spc"].paper.tolist()[:2] == [0.0, 0.96]


def test_rows_of_text() -> None:
    run = with_labels([1, 1, 0, 0, 0], [0, 1, 0, 0, 0], [1, 7, 8, 9, 9])
    experiment = Experiment("E", run, noise=0.5)
    first = table_rows([experiment])[0]
    assert (first.share, first.rule, first.flipped) == (
        "30%",
        "constant",
        {"pos_as_neg": 1, "neg_as_pos": 0},
    )
    assert first.cells == [("1.00", None)] * 3 + [("–", None)] * 3
    scores = score_rows([experiment])
    assert scores[0].numbers == ["1.00", "1.00", "1.00"]
    assert scores[3].numbers == ["–", "–", "–"]
    assert scores[0].chance == "0.20"


def test_labels_at_the_ends() -> None:
    true, given = np.ones(20, dtype=int), np.zeros(20, dtype=int)
    given[0], given[18:] = 1, 1
    assert ends(with_labels(true, given))[0] == (
        "accuracy",
        ["1 of 2", "2 of 2", "2 of 2", "2 of 2"],
    )
    assert ends(replace(with_labels(true, given), true_labels=None))[1] == (
        "recall",
        ["1 of 2", "2 of 2"],
    )


def test_the_two_rules_compared() -> None:
    one = with_labels([0] * 4, [0] * 4, [1, 2, 3, 4])
    two = with_labels([0] * 4, [0] * 4, [9, 2, 3, 1], "carry")
    assert rules({"constant": one, "carry": two}, 0.5)[0] == ("accuracy", "1 of 2")
    assert rules({"constant": one}, 0.5) == []


def test_an_experiment_needs_the_truth() -> None:
    with pytest.raises(ValueError, match="experiment 'x' has no true labels in its run"):
        Experiment("x", valuation(around([1, 2], 10)))


def test_several_experiments_on_one_page(v: Valuation, write: Callable[..., Path]) -> None:
    experiments = [
        Experiment("I", v, noise=0.1, auc={"validation": 0.9123}),
        Experiment("II", v, noise=0.2),
    ]
    page = write(v, name="experiments.html", experiments=experiments).read_text()
    assert "AUC of the network on validation: 0.912" in page
    assert page.count('<th scope="row">I</th>') == 2 + 9  # two shares looked at, nine scores
    assert page.count('<th scope="row">II</th>') == 2 + 9
