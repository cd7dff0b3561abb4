"""Models of several classes against slow ones written anew: equal integers for every coalition."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

import problems
from class_problems import KINDS, SLOW, ClassProblem, Integers, make, smoothing
from shapcpp import _core
from shapcpp._core import testing


def walked(problem: ClassProblem, model: str, order: Integers, dense: bool = False) -> Integers:
    """The score of every coalition along an order, and no uncertified sign."""
    core = problem.core(model)
    game = (testing.dense_game if dense else _core.game)(core, model)
    path, (_, uncertified) = testing.walk(game, _core.grand_coalition(game), order)
    assert uncertified == 0
    return path


@pytest.mark.parametrize("seed", range(17))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", SLOW)
def test_every_coalition_scores_what_the_slow_model_scores(
    model: str, kind: str, seed: int
) -> None:
    problem = make(kind, seed)
    players = problem.player_of_sample
    order = np.random.default_rng(seed).permutation(players.max() + 1)
    path = walked(problem, model, order)
    np.testing.assert_array_equal(path, walked(problem, model, order, dense=True))
    for size in range(len(order) + 1):
        members = np.flatnonzero(np.isin(players, order[:size]))
        np.testing.assert_array_equal(path[size], problem.score(members, SLOW[model]))


@pytest.mark.parametrize("kind", problems.KINDS)
@pytest.mark.parametrize("other", ["ovr", "multinomial"])
def test_of_two_classes_all_logistic_regressions_are_the_same(kind: str, other: str) -> None:
    X, y, X_test, y_test, options = problems.make(kind, 3)
    core = problems.core_problem((X, y, X_test, y_test), C=float(options.get("C", 1.0)))
    order = np.random.default_rng(0).permutation(len(y))
    paths = []
    for model in ("logistic", other):
        game = _core.game(core, model)
        paths.append(testing.walk(game, _core.grand_coalition(game), order))
    np.testing.assert_array_equal(paths[0][0], paths[1][0])


@pytest.mark.parametrize("model", SLOW)
def test_shapley_values_of_all_orders_are_those_of_the_slow_model(model: str) -> None:
    problem = make("plain", 1)._replace(n_classes=3)
    rng = np.random.default_rng(5)
    y = np.array([0, 1, 2, 0, 1, 2])
    problem = problem._replace(
        X=rng.normal(size=(6, 2)) + y[:, None], y=y, y_test=problem.y_test % 3,
        X_test=rng.normal(size=(len(problem.y_test), 2)) + problem.y_test[:, None] % 3,
        empty_counts=np.array([1, 0, 0]),
    )  # fmt: skip
    game = _core.game(problem.core(model), model)
    grand = _core.grand_coalition(game)
    score = {
        size: problem.score(np.flatnonzero([size >> i & 1 for i in range(6)]), SLOW[model])
        for size in range(64)
    }
    for order in permutations(range(6)):
        path = testing.walk(game, grand, np.array(order))[0]
        coalition = 0
        for size, player in enumerate(order):
            np.testing.assert_array_equal(path[size], score[coalition])
            coalition |= 1 << player


@pytest.mark.parametrize("model", SLOW)
def test_names_of_classes_permute_columns_and_nothing_else(model: str) -> None:
    problem = make("plain", 9)
    renamed = np.random.default_rng(1).permutation(problem.n_classes)
    other = problem._replace(y=renamed[problem.y], y_test=renamed[problem.y_test])
    order = np.random.default_rng(2).permutation(len(problem.y))
    np.testing.assert_array_equal(
        walked(problem, model, order), walked(other, model, order)[:, renamed]
    )


@pytest.mark.parametrize("model", SLOW)
def test_runs_by_either_sampler_add_up_whatever_the_number_of_threads(model: str) -> None:
    problem = make("plain", 7)
    game = _core.game(problem.core(model), model)
    grand = _core.grand_coalition(game)
    n, K = len(problem.y), problem.n_classes
    for sampler, unit in (
        (_core.permutation_sampler(), 1),
        (_core.halving_sampler(game, 3), _core.halving_unit(n, n)),
    ):
        tallies = []
        for threads in (1, 3):
            tally = _core.Tally(n, K)
            _core.run(game, sampler, grand, tally, seed=3, first=0, count=5, threads=threads)
            tallies.append(tally)
        np.testing.assert_array_equal(tallies[0].gains, tallies[1].gains)
        total = 5 * unit * (grand.values - problem.empty)
        np.testing.assert_array_equal(tallies[0].gains.sum(axis=0), total)


class _WithRidge:
    """scikit-learn's discriminant analysis with a ridge of 1 / C on the scatter."""

    def __init__(self, C: float) -> None:
        self.C = C

    def fit(self, X: Any, y: Any) -> Any:
        ridge = np.eye(X.shape[1]) / (self.C * len(X))

        class Covariance:
            covariance_: Any = None

            def fit(self, own: Any) -> None:
                away = own - own.mean(axis=0)
                self.covariance_ = away.T @ away / len(own) + ridge

        analysis = pytest.importorskip("sklearn.discriminant_analysis")
        made = analysis.LinearDiscriminantAnalysis("lsqr", covariance_estimator=Covariance())
        return made.fit(X, y)


class _WithSmoothing:
    """scikit-learn's naive Bayes with the smoothing of all training samples."""

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing

    def fit(self, X: Any, y: Any) -> Any:
        naive = pytest.importorskip("sklearn.naive_bayes")
        return naive.GaussianNB(var_smoothing=self.smoothing / X.var(axis=0).max()).fit(X, y)


def _sklearn(model: str, problem: ClassProblem) -> Any:
    C = problem.C
    linear = pytest.importorskip("sklearn.linear_model")
    if model == "ridge":
        return linear.RidgeClassifier(alpha=1 / C)
    if model == "lda":
        return _WithRidge(C)
    if model == "bayes":
        return _WithSmoothing(smoothing(problem.X))
    if model == "centroid":
        return pytest.importorskip("sklearn.neighbors").NearestCentroid()
    logistic = linear.LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    if model == "multinomial":
        return logistic
    return pytest.importorskip("sklearn.multiclass").OneVsRestClassifier(logistic)


@pytest.mark.parametrize("model", SLOW)
@pytest.mark.parametrize("seed", range(3, 8))
def test_models_are_scikit_learns(model: str, seed: int) -> None:
    problem = make("plain", seed)
    order = np.random.default_rng(seed).permutation(len(problem.y))
    path = walked(problem, model, order)
    for size in range(1, len(order) + 1):
        members = order[:size]
        present = len(np.unique(problem.y[members]))
        if present < 2 or (model == "lda" and present == size):  # which scikit-learn refuses
            continue
        with np.errstate(invalid="ignore", divide="ignore"):  # NearestCentroid of single samples
            fitted = _sklearn(model, problem).fit(problem.X[members], problem.y[members])
        np.testing.assert_array_equal(path[size], problem.counts(fitted.predict(problem.X_test)))


def test_a_logistic_regression_has_two_classes_and_models_have_names() -> None:
    core = make("plain", 4).core()
    with pytest.raises(ValueError, match="two classes"):
        _core.game(core, "logistic")
    with pytest.raises(ValueError, match="unknown model: tree"):
        _core.game(core, "tree")
    with pytest.raises(ValueError, match="squares"):
        _core.game(core, "bayes")


@pytest.mark.parametrize(
    ("n", "d", "K", "C", "scale"),
    [(80, 200, 5, 1.0, 1.0), (90, 40, 3, 1e4, 3.0), (150, 100, 10, 1.0, 0.3), (90, 8, 6, 1e6, 1.0)],
)
@pytest.mark.parametrize("model", ["ridge", "ovr", "multinomial"])
def test_updates_and_refits_agree_on_wide_problems_and_weak_penalties(
    model: str, n: int, d: int, K: int, C: float, scale: float
) -> None:
    if model == "multinomial":  # all classes share a Hessian, which is meant for 300 weights
        d = min(d, 300 // (K - 1))
    rng = np.random.default_rng(n)
    centres = rng.normal(size=(K, d)) / 3
    y, y_test = np.arange(n) % K, np.arange(200) % K
    problem = ClassProblem(
        scale * (rng.normal(size=(n, d)) + centres[y]), y,
        scale * (rng.normal(size=(200, d)) + centres[y_test]), y_test, K, C,
    )  # fmt: skip
    order = rng.permutation(n)
    path = walked(problem, model, order)
    np.testing.assert_array_equal(path, walked(problem, model, order, dense=True))
