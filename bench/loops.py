"""The loops that users write in Python: one refit and one score per joined point."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, recall_score
from threadpoolctl import threadpool_limits

import baseline
import sampling
import shapcpp
from data import Data, Shape, make_data
from sampling import Samples

Step = Callable[
    [baseline.Floats, baseline.Ints], None
]  # members' features and labels: both classes

JOINS = 5  # in a row, timed at each sampled size where a loop starts from the fit before


def cold(data: Data) -> Step:
    """The usual loop: a default fit from zero, and scikit-learn's three metric functions."""
    _, _, X_test, y_test = data

    def step(X: baseline.Floats, y: baseline.Ints) -> None:
        predicted = LogisticRegression().fit(X, y).predict(X_test)
        accuracy_score(y_test, predicted)
        recall_score(y_test, predicted)
        recall_score(y_test, predicted, pos_label=0)

    return step


def warm(solver: str, data: Data) -> Step:
    """The fastest loop around scikit-learn's public interface: warm starts, no checks."""
    _, _, X_test, y_test = data
    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
    model = LogisticRegression(solver=solver, warm_start=True)

    def step(X: baseline.Floats, y: baseline.Ints) -> None:
        model.fit(X, y)
        predicted = X_test @ model.coef_[0] + model.intercept_[0] > 0
        np.bincount(y_test[predicted == y_test], minlength=2)

    return step


def twin(data: Data) -> Step:
    """The numpy twin: Newton from zero to the last digit."""
    game = baseline.Game(*data)

    def step(X: baseline.Floats, y: baseline.Ints) -> None:
        model = baseline.fit(X, y.astype(float), np.ones(len(y)), game.C)
        predicted = baseline.predict(*model, game.X_test)[0]
        np.bincount(game.y_test[predicted == game.y_test], minlength=2)

    return step


SOLVERS = ("newton-cholesky", "lbfgs", "newton-cg")
LOOPS: dict[str, Callable[[Data], Step]] = {
    "cold": cold,
    "twin": twin,
    **{solver: partial(warm, solver) for solver in SOLVERS},
}


def prepare_worker() -> None:
    """Sets one thread for linear algebra, and silences warnings about unfinished fits."""
    threadpool_limits(1)
    warnings.simplefilter("ignore")


def walk(loop: str, shape: Shape, index: int) -> None:
    """A whole permutation."""
    data = make_data(shape)
    X, y, step = *_in_order(data, index), LOOPS[loop](data)
    for size in range(_both_classes(y), len(y) + 1):
        step(X[:size], y[:size])


def probe(loop: str, shape: Shape, first: int, stride: int, budget: float) -> Samples:
    """Costs of joins at sampled sizes of the first permutation."""
    data = make_data(shape)
    X, y = _in_order(data, 0)
    earliest = _both_classes(y)

    def cost(size: int) -> float:
        step, timed = LOOPS[loop](data), 1
        if loop in SOLVERS:
            timed = max(1, min(JOINS, size - earliest))
            step(X[: max(size - timed, earliest)], y[: max(size - timed, earliest)])
        start = time.perf_counter()
        for members in range(max(size - timed + 1, earliest), max(size, earliest) + 1):
            step(X[:members], y[:members])
        return (time.perf_counter() - start) / timed

    return sampling.probe(len(y), first, stride, budget, cost)


def _in_order(data: Data, index: int) -> tuple[baseline.Floats, baseline.Ints]:
    order = shapcpp.permutation(len(data[1]), 0, index)
    return data[0][order], data[1][order]


def _both_classes(y: baseline.Ints) -> int:
    """The size of the first coalition with both classes in it: smaller ones need no fit."""
    return int(np.argmax(y != y[0])) + 1
