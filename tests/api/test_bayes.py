"""Gaussian naive Bayes by name: what it takes, keeps and refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import shapcpp
from classes import clouds
from shapcpp import _core
from shapcpp.detection.removal import removal_curve


def run(**options: Any) -> shapcpp.Valuation:
    return shapcpp.value(*clouds(40, 60, 3), permutations=6, model="bayes", **options)


def test_everyone_together_is_scikit_learns_model_and_the_run_can_be_kept(tmp_path: Path) -> None:
    X, y, X_test, y_test = clouds(40, 60, 3)
    weights = {0: 1.0, 1: 5.0, 2: 0.5}
    for class_weight in (None, weights):
        v = run(class_weight=class_weight)
        sample_weight = np.array([1.0 if class_weight is None else weights[k] for k in y])
        found = GaussianNB().fit(X, y, sample_weight).predict(X_test)
        right = np.bincount(y_test[found == y_test], minlength=3)
        np.testing.assert_array_equal(v.full_counts, right)
    v.save(tmp_path / "run.npz")
    kept = shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation)
    assert kept.settings["model"] == "bayes"
    np.testing.assert_array_equal(run(class_weight=weights, extend=kept).gains, v.gains)
    curve = removal_curve(v, X, y, X_test, y_test, fractions=[0.0])
    assert curve["mean"][0] == right.sum() / len(y_test)


def test_groups_folds_and_more_features_than_samples() -> None:
    rng = np.random.default_rng(3)
    y = np.arange(30) % 3
    X = rng.normal(size=(30, 50)) + y[:, None]
    by_group = shapcpp.value(X, y, X[:9], y[:9], 4, model="bayes", groups=np.arange(30) // 3)
    assert len(by_group.gains) == 10
    assert by_group.uncertified == 0
    folded = shapcpp.value(X, y, folds=3, permutations=4, model="bayes")
    assert all((part.full_counts > 0).all() for part in folded.parts)


def test_memory_and_time_are_those_of_twice_the_features() -> None:
    shape = {"n_samples": 100, "n_test": 1000, "n_players": 100, "n_classes": 3, "threads": 1}
    bayes = _core.footprint(**shape, n_features=50, model="bayes")
    assert bayes > 1.5 * _core.footprint(**shape, n_features=50, model="centroid")
    X, y, X_test, y_test = clouds(40, 60, 3)
    cost = shapcpp.estimate_cost(X, y, X_test, y_test, permutations=100, model="bayes")
    assert cost.seconds > 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"C": 2.0}, "C is given, and model='bayes' has no use for it: leave it out"),
        (
            {"X": 1e-140 * np.eye(6)},
            "column 0 of X has the variance 1.38889e-281, and model 'bayes'",
        ),
    ],
)
def test_what_it_has_no_use_for_is_refused(options: dict[str, Any], sentence: str) -> None:
    good: dict[str, Any] = {
        "X": np.eye(6),
        "y": [0, 1] * 3,
        "X_test": np.eye(6),
        "y_test": [0, 1] * 3,
    }
    with pytest.raises(ValueError, match="model[ =]'bayes'") as raised:
        shapcpp.value(**(good | options), permutations=2, model="bayes")
    assert sentence in str(raised.value)


def test_features_that_never_vary_leave_the_frequencies_of_the_labels() -> None:
    y = np.array([0, 0, 1, 1, 1])
    v = shapcpp.value(np.ones((5, 2)), y, np.ones((4, 2)), [0, 1, 0, 1], 4, model="bayes")
    assert v.full_counts.tolist() == [0, 2]
    assert v.uncertified == 0
