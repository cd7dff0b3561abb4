from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

import shapcpp
from problems import make
from shapcpp import Valuation
from shapcpp.detection.scores import detection_scores, f1, lower_cluster, ranking
from valuations import around, valuation


@pytest.fixture(name="v")
def _v() -> Valuation:
    X, y, X_test, y_test, _ = make("plain", 3)
    return shapcpp.value(X, y, X_test, y_test, 50)


@pytest.mark.parametrize("distinct", [4, 1000])
@pytest.mark.parametrize("seed", range(20))
def test_ranking_and_f1_are_those_of_sklearn(seed: int, distinct: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, distinct, 50) / 7
    errors, called = rng.random((2, 50)) < 0.3
    auroc, auprc = ranking(values, errors)
    assert auroc == pytest.approx(roc_auc_score(errors, -values), abs=1e-12)
    assert auprc == pytest.approx(average_precision_score(errors, -values), abs=1e-12)
    assert f1(errors, called) == pytest.approx(f1_score(errors, called), abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_two_means_is_the_best_of_all_partitions(seed: int) -> None:
    values = np.random.default_rng(seed).integers(-5, 6, 8) / 3 + 100

    def within(low: np.ndarray) -> float:
        return sum(float(((part - part.mean()) ** 2).sum()) for part in (values[low], values[~low]))

    partitions = [np.array(p) for p in itertools.product((True, False), repeat=8)]
    best = min(within(p) for p in partitions if p.any() and not p.all())
    low = lower_cluster(values)
    assert within(low) == pytest.approx(best, abs=1e-9)
    assert values[low].max() < values[~low].min()


def test_equal_values_are_not_two_clusters() -> None:
    assert not lower_cluster(np.full(5, 0.3)).any()


def test_scores_of_each_direction() -> None:
    v = valuation(around([1, 2, 8, 9, 9, 9], 10))  # all labelled 0
    truth = np.array([1, 0, 1, 0, 0, 0])
    table = detection_scores(v, v.labels, truth, "rec")
    assert table.direction.tolist() == ["pos_as_neg", "neg_as_pos", "either"]
    assert table.flipped.tolist() == [2, 0, 2]
    for row in table[[0, 2]]:
        assert row.f1 == 0.5  # the lower cluster is the first two, one of them an error
        assert row.auroc == 7 / 8  # of 2 x 4 pairs one is in the wrong order
        assert row.auprc == (1 + 2 / 3) / 2
    assert all(math.isnan(table[1][score]) for score in ("f1", "auroc", "auprc"))


def test_every_metric_by_default(v: Valuation) -> None:
    truth, _ = shapcpp.flip_labels(v.labels, 0.3)
    table = detection_scores(v, v.labels, truth)
    assert [row.metric for row in table[:4]] == v.metrics
    assert len(table) == 12


def test_what_cannot_be_scored_is_refused(v: Valuation) -> None:
    with pytest.raises(ValueError, match="y_true has 2 labels and v has 21 rows"):
        detection_scores(v, v.labels, [0, 1])
    with pytest.raises(ValueError, match="no permutation was completed"):
        detection_scores(valuation(np.zeros((0, 3))), [0, 0, 1], [0, 1, 1])
