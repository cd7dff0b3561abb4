from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from shapcpp import Metric
from shapcpp.metrics import NAMED, available, resolve, resolve_all

COUNTS = np.array([30, 10])


@pytest.mark.parametrize(
    ("short", "long", "weights"),
    [
        ("acc", "accuracy", [1 / 40, 1 / 40]),
        ("rec", "recall", [0, 1 / 10]),
        ("spc", "specificity", [1 / 30, 0]),
        ("bal", "balanced_accuracy", [1 / 60, 1 / 20]),
    ],
)
def test_named_metrics(short: str, long: str, weights: list[float]) -> None:
    assert resolve(short) is resolve(long)
    assert resolve(short).name == short
    np.testing.assert_allclose(resolve(short).on(COUNTS), weights, rtol=1e-15)


def test_own_metrics_from_numbers_and_from_functions() -> None:
    np.testing.assert_array_equal(Metric("m", [1, 2]).on(COUNTS), [1, 2])
    np.testing.assert_allclose(Metric("m", lambda n: 2 / n).on(COUNTS), [2 / 30, 2 / 10])
    assert resolve(own := Metric("m", [1, 2])) is own


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(
        ValueError, match="metric 'f1' is unknown; known: acc, rec, spc, bal, accuracy"
    ):
        resolve("f1")
    with pytest.raises(TypeError, match="metric must be a name or a Metric, got int"):
        resolve(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counts", "defined"), [([5, 0], ["acc", "spc"]), ([0, 5], ["acc", "rec"]), ([2, 3], [*NAMED])]
)
def test_a_class_without_test_samples(counts: list[int], defined: list[str]) -> None:
    assert [m.name for m in available(np.array(counts))] == defined
    for name in set(NAMED) - set(defined):
        with pytest.raises(
            ValueError, match=f"metric '{name}' is not defined: the test set has no"
        ):
            NAMED[name].on(np.array(counts))


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ([1.0], "metric 'm' has 1 weights, the test set has 2 classes"),
        ([1.0, np.nan], "metric 'm' is not defined: its weights are [1.0, nan]"),
        (lambda n: [n[0] // 1, 1 / int(n[1] - n[1])], "metric 'm' is not defined"),
    ],
)
def test_bad_weights(weights: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Metric("m", weights).on(COUNTS)


def test_equal_scores_are_equal_floats() -> None:
    gains = np.array([[129, -153], [96, -120], [-24, 0], [0, -24]])
    counts = np.array([37, 52])
    assert len(set(NAMED["acc"].score(gains, counts).tolist())) == 1
    bal = NAMED["bal"].score(np.array([[37, 0], [0, 52], [74, -52]]), counts)
    assert bal.tolist() == [0.5, 0.5, 0.5]
    own = Metric("m", [Fraction(1, 3), 2]).score(np.array([[3, 0], [-3, 1]]), counts)
    assert own.tolist() == [1.0, 1.0]


def test_scores_beyond_the_integers_fall_back_to_floats() -> None:
    gains = np.array([[2**62, -(2**61)]])
    np.testing.assert_allclose(NAMED["bal"].score(gains, COUNTS), gains @ [1 / 60, 1 / 20])


@pytest.mark.parametrize("name", ["id", "label", "group", "true_label", ""])
def test_names_of_columns_are_taken(name: str) -> None:
    with pytest.raises(ValueError, match="is taken; choose another"):
        Metric(name, [1, 1])


def test_lists_of_metrics() -> None:
    assert resolve_all("acc", COUNTS) == [NAMED["acc"]]
    assert resolve_all(["rec", "recall"], COUNTS) == [NAMED["rec"]]
    with pytest.raises(ValueError, match="metrics is empty"):
        resolve_all([], COUNTS)
    with pytest.raises(ValueError, match="metrics holds two metrics of the name 'acc'"):
        resolve_all(["acc", Metric("acc", [1, 2])], COUNTS)
