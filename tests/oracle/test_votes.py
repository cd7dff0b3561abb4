"""Votes against their slow twin, which refits each coalition that votes: equal in every count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB

import shapcpp
import vote_twin
from classes import clouds
from problems import KINDS, make
from shapcpp import _core
from shapcpp._core import testing

ORDERS = 3


def check(sampler: Any, problem: Any, seed: int) -> shapcpp.Valuation:
    X, y, X_test, y_test, options = problem
    v: shapcpp.Valuation = shapcpp.value(
        X, y, X_test, y_test, ORDERS, seed, sampler=sampler, **options
    )
    expected = vote_twin.votes(sampler, X, y, X_test, y_test, range(ORDERS), seed, **options)
    assert v.votes is not None
    assert v.vote_sizes is not None
    assert v.votes.dtype == np.int64
    assert v.votes.shape == (len(v.labels), len(v.vote_sizes), 2)
    np.testing.assert_array_equal(v.votes, expected)
    assert v.stats["vote_uncertified"] == 0
    return v


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", KINDS)
def test_plain_orders_of_nasty_problems(kind: str, seed: int) -> None:
    check("permutations", make(kind, seed), seed)


@pytest.mark.parametrize("sampler", ["permutations", "halving"])
@pytest.mark.parametrize("kind", KINDS)
def test_larger_nasty_problems(kind: str, sampler: str) -> None:
    check(sampler, make(kind, 5, n=210 if kind == "balanced groups" else 70), 5)


@pytest.mark.parametrize("n", [32, 33, 65, 127, 150])
def test_any_number_of_samples(n: int) -> None:
    for sampler in ("permutations", "halving"):
        v = check(sampler, make("plain", 0, n=n), 1)
        assert v.votes is not None
        coalitions = vote_twin.COALITIONS[sampler](n)
        for level, places in enumerate(coalitions):
            outside = sum(n - (block.stop - block.start) for block in places)
            assert v.votes[:, level].sum() == ORDERS * outside


def test_the_sizes_are_those_of_the_contract() -> None:
    assert _core.permutation_votes(100)[0].tolist() == [16, 32, 64, 99]
    assert _core.permutation_votes(33)[0].tolist() == [16, 32]
    assert _core.permutation_votes(16)[0].tolist() == [15]
    assert [_core.permutation_votes(n)[0].tolist() for n in (1, 2)] == [[], [1]]
    assert _core.halving_votes(100)[0].tolist() == [50, 25]
    assert _core.halving_votes(150)[0].tolist() == [75, 37, 18]
    assert _core.halving_votes(31)[0].tolist() == []
    assert _core.halving_votes(150)[1] == 2 + 4 + 4


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("model", "n_classes"), [
    ("logistic", 2), ("ovr", 2), ("ovr", 4), ("multinomial", 4), ("ridge", 2), ("ridge", 5),
])  # fmt: skip
def test_the_dense_game_votes_alike(model: str, n_classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = 300, 6
    X = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-2, 3, d)
    X[rng.integers(0, n, 40)] = X[rng.integers(0, n, 40)]
    problem = _core.Problem(
        X=X, classes=rng.integers(0, n_classes, n), X_test=rng.normal(size=(9, d)),
        classes_test=np.arange(9) % n_classes, C=10.0, class_weights=1 + np.arange(n_classes) / 2,
        players=np.arange(n), empty_counts=np.zeros(n_classes, dtype=int), single_class="constant",
    )  # fmt: skip
    counted = []
    for make_game in (_core.game, testing.dense_game):
        game = make_game(problem, model)
        grand_coalition = _core.grand_coalition(game)
        for sampler, plan in (
            (_core.permutation_sampler(), _core.permutation_votes(n)),
            (_core.halving_sampler(game, seed), _core.halving_votes(n)),
        ):
            tally = _core.Tally(n, n_classes, votes=(n, len(plan[0]), n_classes))
            _core.run(game, sampler, grand_coalition, tally, seed=seed, first=0, count=2, threads=2)
            counted.append(tally.votes)
    np.testing.assert_array_equal(counted[0], counted[2])
    np.testing.assert_array_equal(counted[1], counted[3])


def test_rows_that_are_ties_go_to_the_smaller_label_and_are_counted() -> None:
    X = np.repeat([[0.0], [1.0]], 40, axis=0)
    y = np.arange(80) % 2
    v = shapcpp.value(X, y, X, y, 50, sampler="permutations")
    assert v.votes is not None
    twin = vote_twin.votes("permutations", X, y, X, y, range(50), 0)
    np.testing.assert_array_equal(v.votes, twin)
    assert v.stats["vote_ties"] > 0
    assert v.stats["vote_uncertified"] == 0


@pytest.mark.parametrize("sampler", ["permutations", "halving"])
def test_any_classifier_of_any_number_of_classes(sampler: Any) -> None:
    X, y, X_test, y_test = clouds(70, 20, 3)
    names = np.array(["cat", "ant", "bee"])  # in no order
    model = GaussianNB()
    options = {"seed": 4, "sampler": sampler, "model": model}
    v = shapcpp.value(X, names[y], X_test, names[y_test], ORDERS, **options)
    assert v.votes is not None
    expected = np.zeros_like(v.votes)
    for t in range(ORDERS):
        order = shapcpp.permutation(70, 4, t)
        for level, coalitions in enumerate(vote_twin.COALITIONS[sampler](70)):
            for places in coalitions:
                inside = order[places]
                outside = np.setdiff1d(order, inside)
                fitted = clone(model).fit(X[inside], names[y[inside]])
                predicted = np.searchsorted(v.classes, fitted.predict(X[outside]))
                expected[outside, level, predicted] += 1
    np.testing.assert_array_equal(v.votes, expected)
    given = np.searchsorted(v.classes, names[y])
    with np.errstate(invalid="ignore"):  # of samples without votes
        share = expected.sum(axis=1)[np.arange(70), given] / expected.sum(axis=(1, 2))
    np.testing.assert_array_equal(v.agreement(), share)


@pytest.mark.parametrize(("model", "by_hand"), [
    ("ovr", OneVsRestClassifier(LogisticRegression(C=2, solver="newton-cholesky", tol=1e-12))),
    ("multinomial", LogisticRegression(C=2, solver="newton-cholesky", tol=1e-12)),
    ("ridge", RidgeClassifier(alpha=0.5)),
])  # fmt: skip
def test_the_engines_models_of_several_classes(model: str, by_hand: Any) -> None:
    X, y, X_test, y_test = clouds(90, 20, 4, seed=2)
    problem = _core.Problem(
        X=X, classes=y, X_test=X_test, classes_test=y_test, C=2.0, class_weights=np.ones(4),
        players=np.arange(90), empty_counts=np.zeros(4, dtype=int), single_class="constant",
    )  # fmt: skip
    game = _core.game(problem, model)
    plan = _core.permutation_votes(90)
    tally = _core.Tally(90, 4, votes=(90, len(plan[0]), 4))
    _core.run(
        game, _core.permutation_sampler(), _core.grand_coalition(game), tally,
        seed=0, first=0, count=8, threads=1,
    )  # fmt: skip
    expected = np.zeros((90, len(plan[0]), 4), dtype=int)
    for t in range(8):
        order = shapcpp.permutation(90, 0, t)
        for level, size in enumerate(plan[0]):
            predicted = by_hand.fit(X[order[:size]], y[order[:size]]).predict(X[order[size:]])
            expected[order[size:], level, predicted] += 1
    np.testing.assert_array_equal(tally.votes, expected)
