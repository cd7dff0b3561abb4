"""Kernel logistic regression against scikit-learn: `python bench/kernels.py`.

Processor time of one thread for a joined sample, rbf kernel, 1,000 test samples. scikit-learn fits
LogisticRegression (newton-cholesky, tolerance 1e-10) to the features of the same kernel, made of
the coalition's own samples, from zero; its time is that of some coalitions, the mean over a walk by
the trapezoidal rule. Equal counts of correct predictions are asserted at these coalitions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import shapcpp
from shapcpp import _core
from shapcpp._core import testing
from shapcpp.problem.problem import Problem

FEATURES, TEST, WRONG = 16, 1000, 0.1
SIZES = (250, 1000)
SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
REPEATS = 3
Arrays = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


def make(n: int) -> Arrays:
    """Labels are a shell around the other; some training labels are wrong."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n + TEST, FEATURES))
    y = (np.sum(X**2, axis=1) > FEATURES).astype(np.int64)
    y[:n] ^= rng.random(n) < WRONG
    return X[:n], y[:n], X[n:], y[n:]


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def fitted(data: Arrays, members: NDArray[np.int64], gamma: float) -> list[int]:
    """Correct predictions of each class by a cold fit of scikit-learn."""
    X, y, X_test, y_test = data
    rows = np.concatenate([X[members], X_test])
    k = len(members)
    features = _core.gaussian_features(samples=rows, n_training=k, gamma=gamma)
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=1000)
    right = model.fit(features[:k], y[members]).predict(features[k:]) == y_test
    return [int(right[y_test == label].sum()) for label in (0, 1)]


def measure(n: int) -> str:
    """A row of the table."""
    data = make(n)
    problem = Problem.of(*data, kernel="rbf")
    gamma = float(problem.settings["gamma"])
    setup, game = seconds(problem.game)
    order = shapcpp.permutation(n, 0, 0)
    grand = _core.grand_coalition(game)
    path, _ = testing.walk(game, grand, order)
    costs = []
    for share in SHARES:
        members = order[: max(round(share * n), 2)]
        cost, counts = seconds(partial(fitted, data, members, gamma))
        assert counts == path[len(members)].tolist()
        costs.append(cost)
    sizes = np.array(SHARES) * n
    theirs = float(np.trapezoid(costs, sizes) / (sizes[-1] - sizes[0]))
    options: Any = {"kernel": "rbf", "gamma": gamma, "threads": 1, "votes": False}
    ours: dict[str, float] = {}
    for sampler in ("permutations", "halving"):
        runs = [
            seconds(partial(shapcpp.value, *data, 2, sampler=sampler, **options))[0]
            for _ in range(REPEATS)
        ]
        ours[sampler] = (float(np.median(runs)) - setup) / 2
    join = ours["permutations"] / n
    return (
        f"| {n:,} | {setup:.2f} s | {join * 1e6:,.0f} us | {ours['halving']:.2f} s | "
        f"{theirs * 1e3:,.0f} ms | {theirs / join:,.0f} |"
    )


def main() -> None:
    print("| samples | set-up | a join | a halved order | scikit-learn, a join | ratio |")
    print("|---:|---:|---:|---:|---:|---:|")
    with threadpool_limits(1):
        for n in SIZES:
            print(measure(n), flush=True)


if __name__ == "__main__":
    main()
