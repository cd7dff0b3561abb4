"""Asserts equal integers for a shape before any of its numbers is printed."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

import baseline
import engine
import shapcpp
from data import Data, Shape, make_data
from shapcpp import _core
from shapcpp._core import testing

PERMUTATIONS = 2
SIZES = 50  # coalitions of one permutation
BLOCKS, JOINS = 6, 8  # coalitions where whole permutations take too long, and joins to each
DEFAULT = LogisticRegression()
TIGHT = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)


class Reach(NamedTuple):
    """The contenders that can walk whole permutations of this shape in the time given."""

    shapcpp: bool
    dense: bool
    twin: bool


def assert_equal_integers(shape: Shape, reach: Reach) -> list[str]:
    """Returns, in words, what the certified path was found equal to."""
    data, found = make_data(shape), []
    if reach.shapcpp:
        v = shapcpp.value(*data, permutations=PERMUTATIONS, sampler="permutations")
    if reach.shapcpp and reach.dense:
        dense = engine.run(data, PERMUTATIONS, 1, dense=True)
        assert np.array_equal(v.gains, dense.gains)
        assert np.array_equal(v.moments, dense.moments)
        found.append(f"the dense twin on {PERMUTATIONS} permutations")
    else:
        for size in _block_sizes(shape):
            path, dense_path = (engine.joins(data, size, JOINS, way)[1] for way in (False, True))
            assert np.array_equal(path, dense_path)
        found.append(f"the dense twin on {BLOCKS} times {JOINS} joins")
    if reach.shapcpp and reach.twin:
        twin = baseline.value(*data, permutations=PERMUTATIONS)
        assert np.array_equal(v.gains, twin.gains)
        assert np.array_equal(v.products, twin.products)
        found.append(f"the numpy twin on {PERMUTATIONS} permutations")
    scores, open_signs = _scores(data, shape, whole=reach.shapcpp)
    found.append(_assert_equal_optima(data, scores, open_signs))
    return found


def _block_sizes(shape: Shape) -> NDArray[np.int64]:
    return np.linspace(shape.train // 10, shape.train - JOINS, BLOCKS).astype(int)


def _scores(data: Data, shape: Shape, whole: bool) -> tuple[dict[int, NDArray[np.int64]], int]:
    """The certified path's counts at some sizes of the first permutation, and its open signs."""
    if not whole:
        sizes = _block_sizes(shape)
        return {k: engine.joins(data, k, 1, dense=False)[1][1] for k in sizes}, 0
    game, order = _core.game(engine.problem(data)), shapcpp.permutation(shape.train, 0, 0)
    path, open_signs = testing.walk(game, _core.grand_coalition(game), order)
    return {k: path[k] for k in np.linspace(20, shape.train, SIZES).astype(int)}, sum(open_signs)


def _assert_equal_optima(data: Data, scores: dict[int, NDArray[np.int64]], open_signs: int) -> str:
    """Refits each coalition by scikit-learn from zero, at a tight and at its default tolerance."""
    order = shapcpp.permutation(len(data[1]), 0, 0)
    differing = miscounted = 0
    for size, score in scores.items():
        differing += int(np.abs(_counts(TIGHT, data, order[:size]) - score).sum())
        miscounted += not np.array_equal(_counts(DEFAULT, data, order[:size]), score)
    assert differing <= open_signs, f"{differing} counts differ, {open_signs} are open"
    return (
        f"scikit-learn at tol=1e-12 on {len(scores)} coalitions, {miscounted} of which it "
        "miscounts at its default tolerance"
    )


def _counts(model: LogisticRegression, data: Data, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts correct test predictions per class."""
    X, y, X_test, y_test = data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rounding may end the search before the tolerance does
        right = model.fit(X[rows], y[rows]).predict(X_test) == y_test
    return np.bincount(y_test[right], minlength=2)
