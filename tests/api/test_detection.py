from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import shapcpp
from problems import make
from shapcpp import Valuation
from valuations import around, valuation


@pytest.fixture(name="v")
def _v() -> Valuation:
    X, y, X_test, y_test, _ = make("plain", 3)
    return shapcpp.value(X, y, X_test, y_test, 50)


def test_the_table_counts_label_errors_among_the_lowest(v: Valuation) -> None:
    truth, wrong = shapcpp.flip_labels(v.labels, 0.4, seed=1)
    table = shapcpp.detection_table(v, v.labels, truth, fractions=(0.1, 0.3, 1.0))
    assert len(table) == 3 * 2 * 4
    assert table.dtype.names == (
        "fraction", "direction", "true", "given", "metric", "flipped", "found", "share",
    )  # fmt: skip
    for row in table:
        lowest = v.lowest(str(row.metric), float(row.fraction))
        given = 0 if row.direction == "pos_as_neg" else 1
        mistakes = wrong & (v.labels == given)
        assert (row.true, row.given) == (1 - given, given)
        assert row.flipped == mistakes.sum()
        assert row.found == mistakes[lowest].sum()
        assert row["share"] == row.found / row.flipped
        if row.fraction == 1:
            assert row.share == 1


def test_default_fractions_and_chosen_metrics(v: Valuation) -> None:
    table = shapcpp.detection_table(v, v.labels, 1 - v.labels, metrics=["rec", "specificity"])
    assert sorted(set(table.fraction)) == [0.1, 0.3]
    assert sorted(set(table.metric)) == ["rec", "spc"]
    assert len(table) == 8


def test_no_error_in_a_direction_has_no_share(v: Valuation) -> None:
    table = shapcpp.detection_table(v, v.labels, v.labels)
    assert (table.flipped == 0).all()
    assert (table.found == 0).all()
    assert all(math.isnan(share) for share in table.share)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"y": [0, 1]}, ValueError, "y has 2 labels and v has 21 rows"),
        ({"y_true": np.full(21, 0.5)}, ValueError, "y_true has 0.5 at row 0; labels that are"),
        ({"y": np.full(21, 4)}, ValueError, "y has label 4 at row 0, which the result lacks"),
        (
            {"fractions": (0.1, 1.1)},
            ValueError,
            r"fractions\[1\] must be above 0 and at most 1, got 1.1",
        ),
        ({"metrics": ["f1"]}, ValueError, "metric 'f1' is unknown"),
    ],
)
def test_bad_arguments(
    v: Valuation, change: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    good: dict[str, Any] = {"y": v.labels, "y_true": v.labels}
    with pytest.raises(error, match=sentence):
        shapcpp.detection_table(v, **(good | change))


def test_the_review_queue_lists_the_lowest_of_each_metric(v: Valuation) -> None:
    queue = shapcpp.review_queue(v, 0.3, ["rec", "acc"])
    count = math.floor(0.3 * len(v.labels) + 0.5)
    for metric in ("rec", "acc"):
        rows = queue[queue.metric == metric]
        assert rows["rank"].tolist() == list(range(1, count + 1))
        assert rows["sample"].tolist() == v.lowest(metric, 0.3).tolist()
        np.testing.assert_array_equal(rows["value"], np.sort(v[metric])[:count])
        np.testing.assert_array_equal(rows["high"], v.interval(metric)[1][rows["sample"]])
    assert "group" not in queue.dtype.names


def test_the_review_queue_says_who_is_certainly_among_the_lowest() -> None:
    v = valuation(around([50, 10, 30, 30, 20], 1000))
    queue = shapcpp.review_queue(v, 0.6, "rec")
    assert queue["sample"].tolist() == [1, 4, 2]
    assert queue.certain.tolist() == ["yes", "yes", "undecided"]
    assert set(shapcpp.review_queue(valuation(around([5, 1], 10))).certain) == {"undecided"}


def test_unknown_true_labels_are_no_errors(v: Valuation) -> None:
    table = shapcpp.detection_table(v, v.labels, np.full(len(v.labels), -1), 0.1, "rec")
    assert table.flipped.tolist() == [0, 0]
