from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from shapcpp import Metric
from shapcpp.metrics import NAMED, available, resolve

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
        ([1.0], "metric 'm' has weights of shape (1,), the test set has 2 classes"),
        ([1.0, np.nan], "metric 'm' is not defined: its weights are [1.0, nan]"),
        (lambda n: [n[0] // 1, 1 / int(n[1] - n[1])], "metric 'm' is not defined"),
    ],
)
def test_bad_weights(weights: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Metric("m", weights).on(COUNTS)
