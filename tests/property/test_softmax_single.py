"""The multinomial path where single precision keeps the inverse, and rows wait."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from class_problems import ClassProblem
from shapcpp._core import testing
from softmax import helmert

Floats = NDArray[np.float64]
CLASSES, FEATURES = 4, 85  # 3 * 86 unknowns, just enough for single precision
SAMPLES, FIRST = 90, 72  # more than features: fewer would span fewer columns


class State(NamedTuple):
    bounds: dict[str, Any]
    error: float  # of the inverse, relative to the true one as a form


def inverse_error(samples: Floats, path: Any, penalty: Floats, weights: Floats) -> float:
    """Of what products use, against the Hessian in double precision."""
    Q = np.array([[float(v) for v in row] for row in helmert(CLASSES)])
    odds = np.exp(path.expanded - path.expanded.max(axis=1)[:, None])
    hessian = np.diag(np.tile(penalty, CLASSES - 1))
    p = odds / odds.sum(axis=1)[:, None]
    for x, p_i, a, lost in zip(samples, p, weights, path.left_out, strict=True):
        M = a * Q.T @ (np.diag(p_i) - np.outer(p_i, p_i)) @ Q - lost
        hessian += np.kron(M, np.outer(x, x))
    root = np.linalg.cholesky(hessian)
    return float(np.linalg.norm(root.T @ path.inverse @ root - np.eye(len(hessian)), 2))


def walk(X: Floats, C: float, class_weights: Floats) -> Iterator[State]:
    """Each of the last joins, with a base from a fit before them."""
    rng = np.random.default_rng(3)
    y = np.r_[np.arange(CLASSES), rng.integers(0, CLASSES, len(X) - CLASSES)]
    problem = ClassProblem(X, y, X[:1], y[:1], CLASSES, C, class_weights).core()
    path = testing.SoftmaxPath(problem)
    order = list(dict.fromkeys(y[:FIRST].tolist()))
    assert order == list(range(CLASSES))
    for i in range(len(X)):
        path.join(i)
        if i + 1 < FIRST:
            continue
        if i + 1 == FIRST:
            path.fit()
        assert path.has_base
        members = slice(0, i + 1)
        yield State(
            path.bounds,
            inverse_error(problem.samples[members], path, problem.penalty, class_weights[y[members]]),
        )  # fmt: skip


def clouds(features: int = FEATURES) -> Floats:
    return np.random.default_rng(9).normal(size=(SAMPLES, features))


@pytest.mark.parametrize("C", [0.1, 10.0])
@pytest.mark.parametrize("class_weights", [[1.0, 1.0, 1.0, 1.0], [0.1, 3.0, 1.0, 20.0]])
def test_what_single_precision_loses_of_the_inverse_is_bounded(
    C: float, class_weights: list[float]
) -> None:
    states = list(walk(clouds(), C, np.array(class_weights)))
    waiting = [state.bounds["waiting"] for state in states]
    assert waiting[0] == 0
    assert all(1 <= b - a <= 3 for a, b in pairwise(waiting)), "rows for one to all contrasts"
    for state in states:
        # What double precision loses is smaller by orders than what it is charged with.
        assert state.error <= state.bounds["narrowed"] + 1e-10
        assert state.error <= state.bounds["drift"] + state.bounds["hessian_rounding"]
        assert state.error > 1e-4 * state.bounds["narrowed"]
        assert state.bounds["narrowed"] <= 0.01
    lost = [state.bounds["narrowed"] for state in states]
    assert all(a < b for a, b in pairwise(lost)), "rows lose some too"


def test_products_stay_in_double_precision_where_single_would_lose_too_much() -> None:
    base = np.random.default_rng(4).normal(size=(SAMPLES, 1))
    for state in walk(base + 0.1 * clouds(), 100.0, np.ones(CLASSES)):
        assert state.bounds["waiting"] == 0
        assert state.bounds["narrowed"] == 0
        assert state.error <= state.bounds["drift"] + state.bounds["hessian_rounding"]


def test_smaller_inverses_are_updated_at_once() -> None:
    for state in walk(clouds(FEATURES - 1), 1.0, np.ones(CLASSES)):
        assert state.bounds["waiting"] == 0
        assert state.bounds["narrowed"] == 0
        assert state.error < 1e-10


def test_a_base_is_given_up_where_no_more_rows_can_wait() -> None:
    samples = FIRST + FEATURES + 4
    X = np.random.default_rng(9).normal(size=(samples, FEATURES))
    y = np.arange(samples) % CLASSES
    path = testing.SoftmaxPath(ClassProblem(X, y, X[:1], y[:1], CLASSES, 1e-3).core())
    had = []
    for i in range(samples):
        path.join(i)
        if i + 1 == FIRST:
            path.fit()
        had.append(path.has_base)
    assert had == [FIRST <= i + 1 <= FIRST + FEATURES + 1 for i in range(samples)]
