"""Margins that are zero: counted as ties, exactly as many as there are, and never an error."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.neighbors import NearestCentroid

import shapcpp
from class_problems import ClassProblem
from judge import margins, optimum
from problems import core_problem
from shapcpp import _core
from shapcpp._core import testing

Labelled = tuple[NDArray[Any], NDArray[Any]]


def one_hot(rng: Any, n: int, m: int) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.eye(3)[rng.integers(0, 3, n)], np.eye(3)[rng.integers(0, 3, m)]


def integers(rng: Any, n: int, m: int) -> tuple[NDArray[Any], NDArray[Any]]:
    return rng.integers(0, 4, (n, 1)), rng.integers(0, 4, (m, 1))


def constant(rng: Any, n: int, m: int) -> tuple[NDArray[Any], NDArray[Any]]:
    return (np.column_stack([np.full(k, 3.3), rng.integers(0, 2, (k, 2))]) for k in (n, m))  # type: ignore[return-value]


def wide(rng: Any, n: int, m: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """More features than samples: a lattice that is rotated."""
    return rng.integers(0, 2, (n, n + 6)), np.repeat(rng.integers(0, 2, (1, n + 6)), m, axis=0)


KINDS: dict[str, Any] = {
    "one-hot": one_hot, "integers": integers, "constant columns": constant, "wide": wide
}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_ties_are_the_margins_that_are_zero(kind: str, seed: int) -> None:
    rng = np.random.default_rng([seed, *kind.encode()])
    n, m = 12, 8
    X, X_test = (np.asarray(side, dtype=float) for side in KINDS[kind](rng, n, m))
    y = np.arange(n) % 2
    order = rng.permutation(n)
    zero, positive = 0, []
    with mpmath.workdps(50):
        start = None
        for size in range(1, n + 1):
            rows = order[:size]
            if len(set(y[rows])) < 2:
                continue
            start = optimum(X[rows], y[rows], 1.0, np.ones(size), start)
            found = margins(start, X_test)
            zero += sum(abs(margin) < 1e-30 for margin in found)
            positive.append((size, sum(margin > 1e-30 for margin in found)))
    problem = core_problem((X, y, X_test, np.ones(m)))
    for make in (_core.game, testing.dense_game):
        game = make(problem)
        path, (ties, uncertified) = testing.walk(game, _core.grand_coalition(game), order)
        assert (ties, uncertified) == (zero, 0)
        assert [(size, int(path[size, 1])) for size, _ in positive] == positive


def test_ties_in_bulk_are_no_error_and_go_to_the_smaller_label() -> None:
    rng = np.random.default_rng(0)
    X, X_test = rng.integers(0, 2, (40, 2)), rng.integers(0, 2, (30, 2))
    X = np.repeat(X, 2, axis=0)  # of both labels: the coalition of all has nothing but ties
    v = shapcpp.value(
        X, np.arange(80) % 2, X_test, np.ones(30, int), 20, empty=1, sampler="permutations"
    )
    assert v.full_counts.tolist() == [0, 0]
    assert v.ties > 20 * 30
    assert v.uncertified == 0


def test_a_tie_does_not_depend_on_the_scale_or_the_origin_of_the_features() -> None:
    rng = np.random.default_rng(1)
    X, X_test = rng.integers(0, 3, (30, 2)), rng.integers(0, 3, (30, 2))
    y, y_test = np.arange(30) % 2, np.arange(30) % 2
    plain = shapcpp.value(X, y, X_test, y_test, 10)
    for factor, shift in ((2.0**-20, 0), (2.0**20, 0), (1.0, 1000), (1.0, 0.1)):
        moved = shapcpp.value(
            factor * X + shift, y, factor * X_test + shift, y_test, 10, C=factor**-2
        )
        np.testing.assert_array_equal(moved.gains, plain.gains)
        assert (moved.ties, moved.uncertified) == (plain.ties, 0)


@pytest.mark.parametrize("scale", [1e-9, 1e-7, 1e5, 1e6])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("model", ["logistic", "multinomial", "ridge", "lda", "centroid", "bayes"])
def test_a_margin_lost_in_rounding_is_no_tie(model: str, n_classes: int, scale: float) -> None:
    """Features of any scale that take no value twice have margins other than zero."""
    rng = np.random.default_rng(2)
    y, y_test = np.arange(40) % n_classes, np.arange(40) % n_classes
    X, X_test = (scale * (rng.normal(size=(40, 4)) + of[:, None]) for of in (y, y_test))
    try:
        v = shapcpp.value(X, y, X_test, y_test, 4, sampler="permutations", model=model, votes=False)
    except (shapcpp.UncertifiedError, shapcpp.ConvergenceError) as error:
        v = error.partial
        assert scale < 1 or model != "logistic"
    assert v.ties == 0


@pytest.mark.parametrize("model", ["multinomial", "ridge", "lda", "centroid", "bayes"])
@pytest.mark.parametrize("kind", ["one-hot", "signs", "zeros"])
def test_ties_between_several_classes_do_not_depend_on_the_scale(kind: str, model: str) -> None:
    rng = np.random.default_rng(3)
    if kind == "one-hot":
        X, X_test = np.eye(5)[rng.integers(0, 5, 40)], np.eye(5)[rng.integers(0, 5, 40)]
    else:  # of means that are often equal, or always
        X, X_test = (rng.choice([-1.0, 1.0], (40, 2)) * (kind == "signs") for _ in range(2))
    y, y_test = np.arange(40) % 3, np.arange(40) % 3
    plain = shapcpp.value(X, y, X_test, y_test, 6, model=model)
    assert plain.ties > 0
    for factor in (2.0**-20, 2.0**-7, 2.0**7, 2.0**20):
        penalty: dict[str, Any] = {} if model in ("centroid", "bayes") else {"C": factor**-2}
        moved = shapcpp.value(factor * X, y, factor * X_test, y_test, 6, model=model, **penalty)
        np.testing.assert_array_equal(moved.gains, plain.gains)
        assert (moved.ties, moved.uncertified) == (plain.ties, 0)


@pytest.mark.parametrize("model", ["ridge", "lda", "centroid", "bayes"])
def test_classes_whose_members_are_all_near_the_origin_have_ties(model: str) -> None:
    """The mean of the training set, which is a rounding away from the one value of many members."""
    rng = np.random.default_rng(32)
    X, X_test = (np.array([0.0, 0.1, 0.2])[rng.integers(0, 3, (60, 1))] for _ in range(2))
    X[:30], X[30:45], X[45:] = 0.1, 0.0, 0.2
    assert 0 < abs(0.1 - X.mean()) < 1e-15
    y, y_test = np.arange(60) % 4, np.arange(60) % 4
    v = shapcpp.value(X, y, X_test, y_test, 4, sampler="permutations", model=model, votes=False)
    assert v.ties > 0
    assert v.uncertified == 0


@pytest.mark.parametrize("d", [3, 40])
def test_samples_at_the_means_of_two_classes_are_ties_in_a_rotation_too(d: int) -> None:
    """More features than samples are rotated, which moves what is relative to whole samples."""
    rng = np.random.default_rng(5)
    X = 100 + rng.normal(size=(6, d))
    X = np.vstack([X, X, X[:3] / 2 + X[3:] / 2, rng.normal(size=(3, d))])
    y = np.repeat([0, 1, 0, 1], [6, 6, 3, 3])
    v = shapcpp.value(X, y, X[:9], y[:9], 20, sampler="permutations", model="centroid")
    assert v.ties > 0
    assert v.uncertified == v.stats["vote_uncertified"] == 0


def test_means_far_from_a_lone_giant_are_told_apart() -> None:
    """It moves the centre, and with it all others' coordinates, so that these lose digits."""
    rng = np.random.default_rng(4)
    y, y_test = np.arange(40) % 2, np.arange(60) % 2
    X, X_test = (rng.normal(size=(len(of), 2)) + 3 * of[:, None] for of in (y, y_test))
    X[0] = 1e12
    v = shapcpp.value(X, y, X_test, y_test, 4, sampler="permutations", model="centroid")
    assert (v.ties, v.uncertified) == (0, 0)
    for size in (12, 25, 40):
        members = shapcpp.permutation(40, index=0)[:size]
        nearest = NearestCentroid().fit(X[members], y[members]).predict(X_test)
        core = ClassProblem(X[members], y[members], X_test, y_test, 2).core("centroid")
        found = _core.grand_coalition(_core.game(core, "centroid")).values
        np.testing.assert_array_equal(found, np.bincount(y_test[nearest == y_test], minlength=2))
