"""The multinomial model through the public calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp


def clouds(K: int, n: int = 40, d: int = 3) -> tuple[Any, ...]:
    rng = np.random.default_rng(K)
    y, y_test = np.arange(n) % K, np.arange(30) % K
    X, X_test = (rng.normal(size=(len(of), d)) + of[:, None] for of in (y, y_test))
    return X, y, X_test, y_test


def value(K: int, **options: Any) -> shapcpp.Valuation:
    X, y, X_test, y_test = clouds(K)
    return shapcpp.value(X, y, X_test, y_test, **options)


def test_of_two_labels_it_is_the_logistic_model() -> None:
    runs = [value(2, permutations=4, model=m) for m in ("multinomial", "logistic")]
    np.testing.assert_array_equal(runs[0].gains, runs[1].gains)
    assert runs[0].settings["model"] == "logistic"


def test_it_is_scikit_learns_model_with_either_sampler_and_weights_of_labels(
    tmp_path: Path,
) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    weights = {0: 1.0, 1: 2.5, 2: 0.4, 3: 1.0}
    by_hand = linear.LogisticRegression(
        C=0.3, class_weight=weights, solver="newton-cholesky", tol=1e-12
    )
    options: dict[str, Any] = {"permutations": 2, "votes": False}
    ours = value(
        4, model="multinomial", C=0.3, class_weight=weights, sampler="permutations", **options
    )
    # While labels are missing scikit-learn would refuse their weights.
    total = 2 * (ours.full_counts - ours.empty_counts)
    np.testing.assert_array_equal(ours.gains.sum(axis=0), total)
    X, y, X_test, y_test = clouds(4)
    right = y_test[by_hand.fit(X, y).predict(X_test) == y_test]
    np.testing.assert_array_equal(ours.full_counts, np.bincount(right, minlength=4))
    ours.save(tmp_path / "run.npz")
    again = shapcpp.load(tmp_path / "run.npz")
    assert isinstance(again, shapcpp.Valuation)
    assert again.settings["model"] == "multinomial"
    np.testing.assert_array_equal(again.gains, ours.gains)


def test_every_coalition_is_the_one_that_python_refits() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    model = linear.LogisticRegression(C=0.5, solver="newton-cholesky", tol=1e-12)
    options: dict[str, Any] = {"permutations": 2, "votes": False}
    refitted = value(3, model=model, **options)
    ours = value(3, model="multinomial", C=0.5, **options)
    np.testing.assert_array_equal(ours.gains, refitted.gains)


def test_the_cost_says_when_the_model_is_too_large() -> None:
    def cost(K: int) -> shapcpp.RunCost:
        return shapcpp.estimate_cost(
            *clouds(K, n=48, d=40), permutations=1, sampler="permutations", model="multinomial",
            votes=False,
        )  # fmt: skip

    assert "note" not in str(cost(3))
    assert "a multinomial model of 9 labels has 328 weights here and is meant for up to 300" in str(
        cost(9)
    )
