"""Stopping rules: what texts mean, when they are met, and how far a run has come."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import shapcpp
from problems import make
from shapcpp.results.stopping import Decided, Reliable, SmallErrors, parse_rule
from valuations import around, valuation


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("stderr<=1e-4", SmallErrors("stderr<=1e-4", (), 0, 1e-4)),
        ("  STDERR  <= .5 ", SmallErrors("  STDERR  <= .5 ", (), 0, 0.5)),
        ("rec stderr<=1e-4 but for 20", SmallErrors("rec stderr<=1e-4 but for 20", ("rec",), 20, 1e-4)),
        ("lowest 10% decided at 95%", Decided("lowest 10% decided at 95%", (), 0, 0.95, 0.1)),
        (
            "Balanced_Accuracy lowest 2.5 % decided at 99.9% but  for 3",
            Decided(
                "Balanced_Accuracy lowest 2.5 % decided at 99.9% but  for 3",
                ("balanced_accuracy",), 3, 0.999, 0.025,
            ),
        ),
        (
            "accuracy below -1e-3 decided at 90%",
            Decided("accuracy below -1e-3 decided at 90%", ("accuracy",), 0, 0.9, below=-1e-3),
        ),
        ("reliability>=.95", Reliable("reliability>=.95", (), 0.95)),
        ("Acc ,rec Reliability >= 0.9", Reliable("Acc ,rec Reliability >= 0.9", ("acc", "rec"), 0.9)),
    ],
)  # fmt: skip
def test_texts(text: str, rule: Any) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stderr",
        "stderr < 1e-4",
        "stderr <= small",
        "stderr <= -1e-4",
        "stderr <= 0",
        "stderr <= 1e999",
        "f1 stderr <= 1e-4",
        "stderr <= 1e-4 but for -1",
        "stderr <= 1e-4 and more",
        "lowest 10 decided at 95%",
        "lowest 10%",
        "lowest 0% decided at 95%",
        "lowest 101% decided at 95%",
        "lowest 10% decided at 0%",
        "lowest 10% decided at 100%",
        "lowest 10% decided at 0.95",
        "below 0%  decided at 95%",
        "below 1e999 decided at 95%",
        "below zero decided at 95%",
        "recstderr <= 1e-4",
        "reliability >= 0",
        "reliability >= 1",
        "reliability >= 95%",
        "reliability <= 0.95",
        "reliability >= 0.95 but for 3",
        "acc, reliability >= 0.95",
        ", acc reliability >= 0.95",
    ],
)
def test_bad_texts(text: str) -> None:
    with pytest.raises(ValueError, match="until is") as raised:
        parse_rule(text)
    sentence = str(raised.value)
    assert sentence.startswith(f"until is {text!r}")
    assert " reads like '" in sentence or " must " in sentence or "large" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stderr < 1e-4", "'<' stands where '<=' should; a rule reads like 'stderr <= 1e-4'"),
        ("rec stderr <= few", "'few' stands where a number should; .* 'rec stderr <= 1e-4'"),
        ("lowest 10 decided", "'decided' stands where '%' should; .* 'lowest 10% decided at 95%'"),
        ("below 0 decided at", "it ends where a number should; .* 'below 0 decided at 95%'"),
        (
            "f1 stderr <= 1",
            r"'f1' stands where reliability, stderr, lowest, below or a metric \(acc, rec, spc, ",
        ),
        (
            "acc",
            "it ends where reliability, stderr, lowest or below should; .* 'acc stderr <= 1e-4'",
        ),
        ("stderr <= 1 and so on", "'and' stands where the end or 'but for 20' should"),
        ("stderr <= 1 but for -1", "'-1' stands where a count of samples should"),
        ("stderr <= 1 but for 2 x", "'x' stands where the end should"),
        (
            "acc reliability >= 0.9 but for 3",
            "'but for' spares samples, and reliability is one number "
            "for all of them; a rule reads like 'acc reliability >= 0.95'",
        ),
        (
            "acc, rec reliability 0.9",
            "'0.9' stands where '>=' should; .* 'acc, rec reliability >= 0.95'",
        ),
        ("acc, stderr <= 1", r"'stderr' stands where a metric \(acc, rec, spc, bal\) should"),
        (
            "lowest10% decided at 95%",
            "'lowest10' stands where reliability, stderr, lowest, below or",
        ),
    ],
)
def test_texts_are_told_where_they_leave_the_grammar(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"until is '{text}': {sentence}"):
        parse_rule(text)


def test_a_rule_is_words() -> None:
    with pytest.raises(
        TypeError, match="until must be a rule in words, got 3; known: 'reliability"
    ):
        parse_rule(3)  # type: ignore[arg-type]


def test_looks_are_a_fixed_series() -> None:
    rule = parse_rule("stderr <= 1")
    looks = [rule.next_look(0)]
    while looks[-1] < 10**6:
        looks.append(rule.next_look(looks[-1]))
    assert looks[:5] == [100, 110, 121, 133, 146]
    assert all(1.09 < b / a <= 1.1 for a, b in pairwise(looks))
    for done in (0, 1, 99, 100, 105, 12_345):
        assert rule.next_look(done) == min(look for look in looks if look > done)


def test_rankings_are_looked_at_from_8_permutations_on() -> None:
    rule = parse_rule("reliability >= 0.95")
    looks = [rule.next_look(0)]
    while looks[-1] < 192:
        looks.append(rule.next_look(looks[-1]))
    assert looks == [8, 12, 16, 24, 32, 48, 64, 96, 128, 192]
    for done in (0, 7, 8, 9, 11, 12, 100, 12_345):
        assert rule.next_look(done) > done
        assert rule.next_look(rule.next_look(done) - 1) == rule.next_look(done)


def test_a_ranking_reliable_enough() -> None:
    v = valuation(around([0, 3, 6, 9], 11, spread=6))
    now = v.reliability("acc")
    assert 0.5 < now < 0.9
    assert parse_rule(f"reliability >= {now!r}").is_met(v)
    assert parse_rule(f"acc reliability >= {now!r}").progress(v) == 1
    assert not parse_rule("acc, rec reliability >= 0.95").is_met(v)
    # Four times the permutations leave a quarter of the variance that sampling causes.
    odds = 4 * now / (1 - now)
    assert parse_rule(f"reliability >= {odds / (1 + odds)!r}").progress(v) == pytest.approx(0.25)
    for permutations in (0, 1):
        few = valuation(around([0, 3, 6, 9], permutations))
        assert not parse_rule("reliability >= 0.1").is_met(few)
        assert parse_rule("reliability >= 0.1").progress(few) == 0


def test_errors_small_enough() -> None:
    contributions = around([1, 2, 3], 101)
    contributions[:, 2] += 9 * (contributions[:, 2] - 3)
    v = valuation(contributions)
    small, _, large = v.stderr("acc").tolist()
    assert parse_rule(f"stderr <= {large!r}").is_met(v)
    assert parse_rule(f"stderr <= {large!r}").progress(v) == 1
    half = parse_rule(f"stderr <= {large / 2!r}")
    assert not half.is_met(v)
    assert half.progress(v) == pytest.approx(0.25)
    assert parse_rule(f"stderr <= {small!r} but for 1").is_met(v)
    assert not parse_rule(f"stderr <= {small * 0.99!r} but for 1").is_met(v)
    assert parse_rule("stderr <= 1e-99 but for 3").is_met(v)


@pytest.mark.parametrize("permutations", [0, 1])
def test_unknown_errors_are_not_small(permutations: int) -> None:
    v = valuation(around([1, 2], permutations))
    rule = parse_rule("stderr <= 1e9")
    assert not rule.is_met(v)
    assert rule.progress(v) == 0


def test_errors_that_cannot_be_believed_are_not_small() -> None:
    contributions = around([3] * 30, 200)
    contributions[:, 4] = 0  # nothing has happened to this one yet
    v = replace(valuation(contributions), labels=(np.arange(30) > 26).astype(np.int64))
    assert v.trusted("acc").tolist() == [i != 4 for i in range(30)]
    assert v.stderr("acc")[4] == 0
    assert not parse_rule("stderr <= 0.1").is_met(v)
    assert parse_rule("stderr <= 0.1").progress(v) == pytest.approx(29 / 30)
    assert parse_rule("stderr <= 0.1 but for 1").is_met(v)
    assert parse_rule("stderr <= 0.1 but for 1").progress(v) == 1


def test_all_decided_but_for_some() -> None:
    v = valuation(around([50, 10, 30, 30, 40], 1000))  # two are undecided
    assert not parse_rule("lowest 40% decided at 95%").is_met(v)
    assert not parse_rule("lowest 40% decided at 95% but for 1").is_met(v)
    assert parse_rule("lowest 40% decided at 95% but for 2").is_met(v)
    assert parse_rule("lowest 60% decided at 95%").is_met(v)
    assert parse_rule("below 0.02 decided at 95%").is_met(v)
    assert parse_rule("lowest 40% decided at 95%").progress(v) == pytest.approx(0.6)
    assert parse_rule("lowest 40% decided at 95% but for 1").progress(v) == pytest.approx(0.75)
    assert parse_rule("lowest 40% decided at 95% but for 2").progress(v) == 1
    assert parse_rule("below 0.02 decided at 95% but for 99").progress(v) == 1


def test_every_metric_counts_unless_one_is_named() -> None:
    X, y, X_test, y_test, _ = make("plain", 3)
    v = shapcpp.value(X, y, X_test, y_test, 200)
    worst = {metric: float(v.stderr(metric).max()) for metric in v.metrics}
    assert worst["acc"] < max(worst.values())
    text = f"stderr <= {worst['acc']!r}"
    assert parse_rule(f"acc {text}").is_met(v)
    assert not parse_rule(text).is_met(v)
    assert parse_rule(text).progress(v) == pytest.approx((worst["acc"] / max(worst.values())) ** 2)


def test_a_metric_that_the_test_set_lacks() -> None:
    counts = np.array([0, 5])
    parse_rule("stderr <= 1e-4").check(counts)
    parse_rule("rec stderr <= 1e-4").check(counts)
    with pytest.raises(ValueError, match="metric 'spc' is not defined: the test set has no sample"):
        parse_rule("specificity lowest 10% decided at 95%").check(counts)
