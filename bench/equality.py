"""What is asserted of a shape before any of its numbers is printed: equal integers."""

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

PERMUTATIONS = 2
SIZES = 50  # coalitions of one permutation
BLOCKS, JOINS = 6, 8  # coalitions where whole permutations take too long, and joins to each
Counts = NDArray[np.int64]


class Reach(NamedTuple):
    """Who can walk whole permutations of this shape in the time there is."""

    shapcpp: bool
    dense: bool
    twin: bool


def assert_equal_integers(shape: Shape, reach: Reach) -> list[str]:
    """Whom the certified path was found equal to, in words."""
    data, found = make_data(shape), []
    if reach.shapcpp and (reach.dense or reach.twin):
        v = shapcpp.value(*data, permutations=PERMUTATIONS)
    if reach.shapcpp and reach.dense:
        dense = engine.run(data, PERMUTATIONS, 1, dense=True)
        assert np.array_equal(v.gains, dense.gains)
        assert np.array_equal(v.products, dense.products)
        found.append(f"dense twin on {PERMUTATIONS} permutations")
    else:
        _assert_equal_joins(data, shape)
        found.append(f"dense twin at {BLOCKS} times {JOINS} joins")
    if reach.shapcpp and reach.twin:
        twin = baseline.value(*data, permutations=PERMUTATIONS)
        assert np.array_equal(v.gains, twin.gains)
        assert np.array_equal(v.products, twin.products)
        found.append(f"numpy twin on {PERMUTATIONS} permutations")
    if reach.shapcpp:
        sizes = np.unique(np.linspace(20, shape.train, SIZES).astype(int))
        _assert_equal_optima(data, sizes)
    else:
        sizes = _block_sizes(shape)
    found.append(f"scikit-learn at tol=1e-12 on {len(sizes)} coalitions")
    return found


def _assert_equal_joins(data: Data, shape: Shape) -> None:
    """Certified path, dense twin and scikit-learn where a block of samples is joined by others."""
    order = shapcpp.permutation(shape.train, 0, 0)
    for size in _block_sizes(shape):
        path, dense = (engine.joins(data, size, JOINS, method)[1] for method in (False, True))
        assert np.array_equal(path, dense)
        assert np.array_equal(path[1], _tight_counts(data, order[:size]))


def _assert_equal_optima(data: Data, sizes: NDArray[np.int64]) -> None:
    """Coalitions along the first permutation, each refitted from zero by scikit-learn."""
    problem, order = engine.problem(data), shapcpp.permutation(len(data[1]), 0, 0)
    path, uncertified = _core.walk(problem, _core.everyone(problem), order)
    missed = sum(int(np.abs(_tight_counts(data, order[:k]) - path[k]).sum()) for k in sizes)
    assert missed <= uncertified, f"{missed} predictions differ, {uncertified} are uncertified"


def _block_sizes(shape: Shape) -> NDArray[np.int64]:
    return np.linspace(shape.train // 10, shape.train - JOINS, BLOCKS).astype(int)


def _tight_counts(data: Data, rows: NDArray[np.int64]) -> Counts:
    X, y, X_test, y_test = data
    model = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rounding may end the search before the tolerance does
        right = model.fit(X[rows], y[rows]).predict(X_test) == y_test
    return np.bincount(y_test[right], minlength=2)
