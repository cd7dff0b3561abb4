"""Any classifier object, any number of classes: against cold fits by hand, over all coalitions."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import shapcpp
from classes import ByHand, clouds
from shapcpp import _core
from shapcpp._core import testing
from shapcpp.problem.problem import Problem

NAMES = np.array(["cat", "ant", "bee"])  # in no order
MODELS = [DecisionTreeClassifier(max_depth=2), RidgeClassifier(), GaussianNB()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_values_are_those_of_all_orders(model: Any) -> None:
    X, y, X_test, y_test = clouds(6, 30, 3, d=2)
    model = model.set_params(random_state=0) if "random_state" in model.get_params() else model
    hand = ByHand(model, X, NAMES[y], X_test, NAMES[y_test])
    problem = Problem.of(X, NAMES[y], X_test, NAMES[y_test], model=model)
    game = problem.game()
    grand = _core.grand_coalition(game)
    total = np.zeros((6, 3))
    for t in range(50):
        order = shapcpp.permutation(6, 0, t)
        path, opened = testing.walk(game, grand, order)
        np.testing.assert_array_equal(path, hand.path(order))
        assert opened == (0, 0)
        total[order] += np.diff(path, axis=0)
    v = shapcpp.value(
        X, NAMES[y], X_test, NAMES[y_test], permutations=50, sampler="permutations", model=model
    )
    np.testing.assert_array_equal(v.gains, total)
    exact = hand.values()
    halved = shapcpp.value(X, NAMES[y], X_test, NAMES[y_test], permutations=100, model=model)
    for k, label in enumerate(v.classes):
        away = halved[f"rec:{label}"] - exact[:, k] / v.test_counts[k]
        assert (np.abs(away) <= 5 * halved.stderr(f"rec:{label}") + 1e-12).all()
    assert halved.classes.tolist() == ["ant", "bee", "cat"]


def test_names_of_classes_permute_columns_and_nothing_else() -> None:
    X, y, X_test, y_test = clouds(24, 60, 3, seed=1)

    def run(names: Any) -> shapcpp.Valuation:
        return shapcpp.value(
            X, names[y], X_test, names[y_test], permutations=4, model=GaussianNB(), empty="none",
            sampler="permutations",
        )  # fmt: skip

    plain = run(np.arange(3))
    for names in (np.array([7, -3, 2]), NAMES, np.array(["\u00e9", "x y", "1"])):
        v = run(names)
        place = [v.classes.tolist().index(name) for name in names.tolist()]
        np.testing.assert_array_equal(v.gains[:, place], plain.gains)
        np.testing.assert_array_equal(v.moments[:, place][:, :, place], plain.moments)
        for metric in ("acc", "bal"):
            np.testing.assert_array_equal(v[metric], plain[metric])
        np.testing.assert_array_equal(v[f"rec:{names[1]}"], plain["rec:1"])


def test_two_classes_by_an_object_are_those_of_the_engine() -> None:
    X, y, X_test, y_test = clouds(24, 80, 2, seed=3)
    model = LogisticRegression(C=0.7, solver="newton-cholesky", tol=1e-12)
    for sampler in ("permutations", "halving"):
        own, engine = (
            shapcpp.value(X, y, X_test, y_test, permutations=3, sampler=sampler, **options)
            for options in ({"model": model}, {"C": 0.7})
        )
        np.testing.assert_array_equal(own.gains, engine.gains)
        np.testing.assert_array_equal(own.moments, engine.moments)
        np.testing.assert_array_equal(own.votes, engine.votes)
        assert own.settings["gain_unit"] == engine.settings["gain_unit"]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_engines_models_of_three_labels_are_these_objects(seed: int) -> None:
    arguments = clouds(30, 200, 3, seed=seed)
    fitted = LogisticRegression(C=0.7, solver="newton-cholesky", tol=1e-12)
    for name, model in {
        "logistic": OneVsRestClassifier(fitted),
        "ridge": RidgeClassifier(alpha=1 / 0.7),
        "centroid": NearestCentroid(),
    }.items():
        C = 1.0 if name == "centroid" else 0.7
        engine = shapcpp.value(*arguments, permutations=4, sampler="permutations", C=C, model=name)
        own = shapcpp.value(*arguments, permutations=4, sampler="permutations", model=model)
        np.testing.assert_array_equal(engine.gains, own.gains)
        np.testing.assert_array_equal(engine.moments, own.moments)
        assert engine.settings["model"] == {"logistic": "ovr"}.get(name, name)
        assert engine.uncertified == 0


def test_the_engines_models_of_two_labels() -> None:
    arguments = clouds(24, 80, 2, seed=3)
    logistic, ovr = (
        shapcpp.value(*arguments, permutations=3, model=m) for m in ("logistic", "ovr")
    )
    np.testing.assert_array_equal(logistic.gains, ovr.gains)
    assert ovr.settings["model"] == "logistic"
    ridge = shapcpp.value(*arguments, permutations=2, sampler="permutations", model="ridge")
    own = shapcpp.value(
        *arguments, permutations=2, sampler="permutations", model=RidgeClassifier(alpha=1)
    )
    np.testing.assert_array_equal(ridge.gains, own.gains)


def test_random_numbers_begin_alike_at_each_fit() -> None:
    X, y, X_test, y_test = clouds(20, 40, 3)
    forest = RandomForestClassifier(n_estimators=3, max_depth=3)
    options: dict[str, Any] = {"permutations": 2, "sampler": "permutations", "model": forest}
    a, b = (shapcpp.value(X, y, X_test, y_test, **options, threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(a.gains, b.gains)
    assert forest.random_state is None
    name = "RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0)"
    assert sorted(a.settings["model"]) == sorted(name)


def test_workers_give_the_same_integers_and_a_failing_fit_is_told() -> None:
    arguments = clouds(20, 40, 3)
    plain: dict[str, Any] = {"permutations": 3, "sampler": "permutations"}
    here = shapcpp.value(*arguments, **plain, model=GaussianNB())
    bad = KNeighborsClassifier(5)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        there = shapcpp.value(*arguments, **plain, model=GaussianNB(), executor=pool)
        with pytest.raises(
            shapcpp.ModelError, match="cannot be fitted to a coalition of . samples"
        ):
            shapcpp.value(*arguments, **plain, model=bad, executor=pool)
    np.testing.assert_array_equal(here.gains, there.gains)
    with pytest.raises(shapcpp.ModelError, match="KNeighborsClassifier.*Expected n_neighb") as told:
        shapcpp.value(*arguments, **plain, model=bad)
    assert told.value.partial.n_permutations == 0


def test_a_result_says_what_its_model_was(tmp_path: Path) -> None:
    X, y, X_test, y_test = clouds(20, 40, 3)
    plain: dict[str, Any] = {"permutations": 2, "sampler": "permutations"}
    v = shapcpp.value(X, y, X_test, y_test, **plain, groups=y * 2 + y // 2, model=GaussianNB())
    v.save(tmp_path / "run.npz")
    assert shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation).settings == json.loads(
        json.dumps(v.settings)
    )
    w = shapcpp.value(X, y, X_test, y_test, **plain, model=GaussianNB())
    pipeline = make_pipeline(StandardScaler(with_std=False), GaussianNB(var_smoothing=0.1))
    other = shapcpp.value(X, y, X_test, y_test, **plain, first=2, model=pipeline)
    assert other.settings["model"] == (
        "Pipeline(steps=[['standardscaler', StandardScaler(with_std=False)], ['gaussiannb', "
        "GaussianNB(var_smoothing=0.1)]])"
    )
    with pytest.raises(ValueError, match=r"different problems: model is 'GaussianNB\(\)', not"):
        w.merge(other)
    fields = X, y, X_test, y_test
    with pytest.raises(ValueError, match=r"model is GaussianNB\(\), which a result cannot hold"):
        shapcpp.removal_curve(w, *fields)
    curve = shapcpp.removal_curve(w, *fields, fractions=(0.0, 0.5), model=GaussianNB())
    whole = GaussianNB().fit(X, y).score(X_test, y_test)
    assert curve["mean"][(curve["score"] == "acc") & (curve["fraction"] == 0)] == whole


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"model": "forest"}, ValueError, "model must be one of 'logistic', .* got 'forest'"),
        ({"model": GaussianNB}, TypeError, r"model is the class GaussianNB: pass an object"),
        ({"model": 3}, TypeError, "got 3, which has no fit"),
        ({"model": LinearRegression()}, TypeError, "LinearRegression is a regressor"),
        ({"model": KMeans(2)}, TypeError, "KMeans is a clusterer"),
        ({"model": IsolationForest()}, TypeError, "IsolationForest is an outlier detector"),
        ({"model": GaussianNB(), "C": 2.0}, ValueError, "C is for the engine's own models"),
        (
            {"model": GaussianNB(), "class_weight": "balanced"},
            ValueError,
            "class_weight is for the",
        ),
        (
            {"model": GaussianNB(), "metrics": "rec"},
            ValueError,
            "'rec' is of two classes, and there",
        ),
        (
            {"model": "lda", "class_weight": "balanced"},
            ValueError,
            "class_weight is given, and model='lda' has no use for it",
        ),
        (
            {"model": "centroid", "C": 2.0},
            ValueError,
            "C is given, and model='centroid' has no use for it",
        ),
        ({"model": GaussianNB(), "metrics": "rec:9"}, ValueError, r"'rec:9' names no label \(they"),
    ],
)
def test_bad_models(options: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        shapcpp.value(*clouds(12, 12, 3), permutations=1, **options)


class First:
    """A classifier that has scikit-learn's methods, and nothing else of it."""

    def fit(self, X: Any, y: Any) -> First:
        self._label = y[0]
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self._label)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}


def test_a_class_of_ones_own_needs_three_methods() -> None:
    X, y, X_test, y_test = clouds(6, 12, 3)
    v = shapcpp.value(X, NAMES[y], X_test, NAMES[y_test], permutations=2, model=First())
    assert v.settings["model"] == "First()"
    assert v.full_counts.sum() == (y_test == y[0]).sum()


def test_a_control_of_three_classes_has_mean_zero() -> None:
    X, y, X_test, y_test = clouds(7, 30, 3)
    control = testing.CompositionControl(
        Problem.of(X, y, X_test, y_test, model=GaussianNB()).game(), 5
    )
    changes = np.array(
        [control.changes(shapcpp.permutation(7, 9, t), 9, t) for t in range(2000)], dtype=float
    )
    np.testing.assert_array_equal(changes.sum(axis=1), 0)
    error = changes.std(axis=0) / np.sqrt(len(changes))
    assert (np.abs(changes.mean(axis=0)) <= 4.5 * error + 1e-12).all()
    assert changes.any()
