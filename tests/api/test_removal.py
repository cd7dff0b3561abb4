from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier

import shapcpp
from classes import clouds
from runs import arguments
from shapcpp import Valuation
from shapcpp.detection.removal import removal_curve

X, Y, X_VAL, Y_VAL = arguments()
Y = np.where(np.arange(60) % 7 == 0, 1 - Y, Y)
METRICS = ("acc", "rec", "spc", "bal")


def run(**options: Any) -> Valuation:
    return shapcpp.value(X, Y, X_VAL, Y_VAL, 30, **options)


def by_sklearn(X: Any, y: Any, **options: Any) -> list[float]:
    if len(set(y)) == 1:
        predicted = np.full(len(Y_VAL), y[0])
    else:
        predicted = (
            LogisticRegression(tol=1e-10, max_iter=10_000, **options).fit(X, y).predict(X_VAL)
        )
    recall, specificity = (float((predicted == k)[k == Y_VAL].mean()) for k in (1, 0))
    return [float((predicted == Y_VAL).mean()), recall, specificity, (recall + specificity) / 2]


@pytest.mark.parametrize("order", ["lowest", "highest"])
@pytest.mark.parametrize("action", ["drop", "relabel"])
def test_scores_are_those_of_a_refit(order: Any, action: Any) -> None:
    v = run(C=0.3, class_weight={0: 1.0, 1: 2.5})
    curve = removal_curve(v, X, Y, X_VAL, Y_VAL, "rec", (0, 0.1, 0.5, 0.999), order, action)
    assert curve.changed[::4].tolist() == [0, 6, 30, 59]
    assert curve.score[:4].tolist() == list(METRICS)
    assert np.isnan(curve.deviation).all()
    ranked = np.argsort(v["rec"] if order == "lowest" else -v["rec"], kind="stable")
    for i, count in enumerate([0, 6, 30, 59]):
        y = Y.copy()
        y[ranked[:count]] = 1 - y[ranked[:count]]
        kept = ranked[count:] if action == "drop" else np.arange(60)
        expected = by_sklearn(
            X[kept], (Y if action == "drop" else y)[kept], C=0.3, class_weight={0: 1.0, 1: 2.5}
        )
        np.testing.assert_allclose(curve["mean"][4 * i : 4 * i + 4], expected, atol=1e-12)


def test_random_order_is_the_mean_over_shown_permutations() -> None:
    v = run()
    curve = removal_curve(v, X, Y, X_VAL, Y_VAL, fractions=[0.3], order="random", seed=4, repeats=3)
    once = [by_sklearn(*(a[shapcpp.permutation(60, 4, r)[18:]] for a in (X, Y))) for r in range(3)]
    np.testing.assert_allclose(curve["mean"], np.mean(once, axis=0))
    np.testing.assert_allclose(curve.deviation, np.std(once, axis=0, ddof=1), atol=1e-12)


def test_the_scale_of_the_run_is_applied_to_both_sides() -> None:
    small, small_val = X / 100, X_VAL / 100  # so that without scaling the penalty decides
    v = shapcpp.value(small, Y, small_val, Y_VAL, 30, scale="standard")
    curve = removal_curve(v, small, Y, small_val, Y_VAL, fractions=[0.0])
    correct = v.full_counts / v.test_counts  # the validation samples are the test samples here
    np.testing.assert_allclose(curve["mean"][[2, 1]], correct)
    unscaled = shapcpp.value(small, Y, small_val, Y_VAL, 30)
    assert unscaled.full_counts.tolist() != v.full_counts.tolist()


@pytest.mark.parametrize("by", ["doubts", "votes"])
def test_of_several_labels_a_sample_gets_the_one_suggested_or_with_most_votes(by: str) -> None:
    X, y, X_val, y_val = clouds(45, 60, 3)
    y = np.where(np.arange(45) % 9 == 0, (y + 1) % 3, y)
    v = shapcpp.value(
        X, y, X_val, y_val, 20, model="ridge", doubt=by == "doubts", votes=by == "votes"
    )
    curve = removal_curve(v, X, y, X_val, y_val, fractions=[0.2], action="relabel")
    if v.vote_counts is not None:
        of_class = v.vote_counts.sum(axis=1)
        of_class[np.arange(45), y] = -1
        others = of_class.argmax(axis=1)
    else:
        assert v.doubts is not None
        others = v.doubts.suggestion
    chosen = np.argsort(v["acc"], kind="stable")[:9]
    assert (others[chosen] != y[chosen]).all()
    changed = y.copy()
    changed[chosen] = others[chosen]
    predicted = RidgeClassifier(alpha=1.0).fit(X, changed).predict(X_val)
    assert curve["mean"][0] == (predicted == y_val).mean()


def test_of_several_labels_none_is_given_without_doubts_and_votes() -> None:
    sides = clouds(45, 60, 3)
    v = shapcpp.value(*sides, 2, model="ridge", votes=False)
    with pytest.raises(ValueError, match="which of 3 labels to give, and the run has neither"):
        removal_curve(v, *sides, action="relabel")


def test_validation_samples_of_one_class_have_one_score_less() -> None:
    curve = removal_curve(run(), X, Y, X_VAL[Y_VAL == 1], Y_VAL[Y_VAL == 1], fractions=[0.1])
    assert curve.score.tolist() == ["acc", "rec"]
    assert not math.isnan(curve["mean"][0])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"X": X[:9], "y": Y[:9]}, "y has 9 labels and v has 60 rows"),
        ({"X_val": X_VAL[:, :2]}, "X_val has 2 features and X has 3"),
        ({"y_val": Y_VAL + 1}, "y_val has label 2 at row 1, which the result lacks"),
        ({"fractions": []}, "fractions is empty: name at least one"),
        ({"fractions": [0.1, 1.0]}, r"fractions\[1\] must lie from 0 to below 1, got 1.0"),
        ({"order": "middle"}, "order must be one of 'lowest', 'highest', 'random'; got 'middle'"),
        ({"action": "hide"}, "action must be one of 'drop', 'relabel'; got 'hide'"),
        ({"repeats": 0}, "repeats must be at least 1, got 0"),
        ({"metric": "f1"}, "metric 'f1' is unknown"),
    ],
)
def test_bad_arguments(change: dict[str, Any], sentence: str) -> None:
    good: dict[str, Any] = {"X": X, "y": Y, "X_val": X_VAL, "y_val": Y_VAL}
    with pytest.raises(ValueError, match=sentence):
        removal_curve(run(), **(good | change))


def test_results_without_one_model_to_refit_are_refused_by_name() -> None:
    folded = shapcpp.value(X, Y, permutations=2, folds=3)
    knn = shapcpp.knn_values(X, Y, X_VAL, Y_VAL)
    for v, said in (
        (folded, "v is a run in folds: pass one of v.parts"),
        (knn, "v holds values of nearest neighbours in closed form, which have no model to refit"),
        (None, "v must be a Valuation, got None"),
    ):
        with pytest.raises(TypeError, match=said):
            removal_curve(v, X, Y, X_VAL, Y_VAL)  # type: ignore[arg-type]
