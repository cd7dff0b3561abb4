"""The detectors beside doubt, and how they are compared."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from shapcpp.doubts import baselines as module
from shapcpp.doubts.comparison import two_means_f1

pytest.importorskip("sklearn")
CHEAP = ["logistic", "predicted", "knn votes", "knn-shapley", "gaussian"]


Blobs = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]


def blobs(n: int = 120, K: int = 3) -> Blobs:
    rng = np.random.default_rng(0)
    t = np.arange(n) % K
    X = rng.normal(size=(n, 4)) + 5 * rng.normal(size=(K, 4))[t]
    y = t.copy()
    y[:12] = (t[:12] + 1) % K
    return X, y, y != t


def test_every_detector_finds_errors_between_clear_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BAGS", 10)
    monkeypatch.setattr(module, "TREES", 20)
    X, y, wrong = blobs()
    names = [*CHEAP, "data-oob", "extra trees"]
    scores = shapcpp.baselines(X, np.array(["a", "b", "c"])[y], only=names)
    assert list(scores) == names
    table = shapcpp.compare_detectors(scores, 12, wrong)
    assert (table.auroc > 0.85).all(), table
    assert (table.precision_at_k <= 1).all()


def test_classes_of_one_sample_are_no_obstacle() -> None:
    X, y, _ = blobs()
    y[0] = 7
    for score in shapcpp.baselines(X, y, only=CHEAP).values():
        assert np.isfinite(score).all()


def test_more_features_than_samples_of_a_class_are_no_obstacle() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = rng.normal(size=(40, 60)) + y[:, None]
    score = shapcpp.baselines(X, y, only=["gaussian"])["gaussian"]
    assert (score > 0.5).mean() > 0.9


def test_neighbour_values_are_shapley_values_of_the_neighbours_vote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against all orders of joining, of five samples judged by a sixth."""
    rng = np.random.default_rng(1)
    X, y, few = rng.normal(size=(6, 2)), np.array([0, 1, 0, 1, 1, 0]), 2

    def score(members: tuple[int, ...], judge: int) -> float:
        near = sorted(members, key=lambda i: float(((X[i] - X[judge]) ** 2).sum()))[:few]
        return float(sum(y[i] == y[judge] for i in near)) / few

    slow = np.zeros(6)
    for judge in range(6):
        others = [i for i in range(6) if i != judge]
        for order in permutations(others):
            for place, i in enumerate(order):
                slow[i] += score(order[: place + 1], judge) - score(order[:place], judge)
    slow /= factorial(5) * 6
    monkeypatch.setattr(module, "NEIGHBOURS_OF_VALUES", few)
    fast = module.BASELINES["knn-shapley"](X, y, 0)
    np.testing.assert_allclose(fast, slow, atol=1e-12)


def test_two_means_split_where_the_error_is_least() -> None:
    rng = np.random.default_rng(2)
    score, wrong = np.r_[rng.normal(size=5), rng.normal(size=9) + 4], np.arange(14) < 6

    def error(lower: NDArray[np.bool_]) -> float:
        return float(
            sum(((score[part] - score[part].mean()) ** 2).sum() for part in (lower, ~lower))
        )

    cuts = [score <= c for c in np.sort(score)[:-1]]
    lower = min(cuts, key=error)
    f1 = 2 * (lower & wrong).sum() / (lower.sum() + wrong.sum())
    assert two_means_f1(score, wrong) == pytest.approx(f1)
    assert two_means_f1(
        np.array([0.0, 0, 1, 1]), np.array([True, False, False, False])
    ) == pytest.approx(2 / 3)


def test_agreement_is_shown_where_the_truth_is_not_known() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 9, 50).astype(float), rng.normal(size=50)
    table = shapcpp.compare_detectors({"a": a, "b": b, "a again": a}, 10.4)
    assert table.detector.tolist() == ["a", "b", "a again"]
    assert table.rank_agreement[1] == pytest.approx(stats.spearmanr(a, b).statistic)
    assert table.overlap[2] == table.rank_agreement[2] == 1


def test_what_cannot_be_compared_is_told() -> None:
    with pytest.raises(ValueError, match="wrong labels and right ones"):
        shapcpp.compare_detectors({"a": np.arange(3.0)}, 1, [False] * 3)
    X, y, _ = blobs()
    with pytest.raises(ValueError, match="only must be one of"):
        shapcpp.baselines(X, y, only=["cleanlab"])
