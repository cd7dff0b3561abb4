"""Microseconds per joined point: scikit-learn, the numpy twin and shapcpp, in one run.

A joined point is one refit and one count of correct test predictions. Equal integers are asserted
before any number is printed. Every figure is the median over rounds that take turns, so that a
machine whose speed drifts drifts for all; shapcpp's time is that of the whole call a user makes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, recall_score
from threadpoolctl import threadpool_limits

import baseline
import shapcpp
from shapcpp import _core

RESULTS = Path(__file__).parent / "results"
Data = tuple[NDArray[np.float64], NDArray[Any], NDArray[np.float64], NDArray[np.int64]]


def make_data(n: int, m: int, d: int) -> Data:
    """Two overlapping classes, one training sample in five positive, 20% of each class flipped."""
    rng = np.random.default_rng(0)
    y, y_test = (np.arange(n) % 5 == 0).astype(int), (np.arange(m) % 4 == 0).astype(int)
    shift = rng.normal(size=d) * 2 / np.sqrt(d)
    X = rng.normal(size=(n, d)) + np.outer(y, shift)
    X_test = rng.normal(size=(m, d)) + np.outer(y_test, shift)
    return X, shapcpp.flip_labels(y, 0.2)[0], X_test, y_test


def with_scikit_learn(data: Data, index: int) -> None:
    """One permutation as users write it: a cold default fit and three scores per joined point."""
    X, y, X_test, y_test = data
    order = shapcpp.permutation(len(y), 0, index)
    for size in range(1, len(y) + 1):
        rows = order[:size]
        if len(np.unique(y[rows])) < 2:
            continue
        predicted = LogisticRegression().fit(X[rows], y[rows]).predict(X_test)
        accuracy_score(y_test, predicted)
        recall_score(y_test, predicted)
        recall_score(y_test, predicted, pos_label=0)


def with_twin(data: Data, index: int) -> None:
    """One permutation by the numpy twin."""
    game = baseline.Game(*data)
    for _ in game.walk(baseline.permutation(len(data[1]), 0, index)):
        pass


def with_dense_twin(data: Data, permutations: int, threads: int) -> None:
    """The engine's dense path: the same problem on the same vector loops, refitted every time."""
    X, y, X_test, y_test = data
    problem = _core.Problem(
        X=X,
        classes=np.asarray(y, dtype=np.int64),
        X_test=X_test,
        classes_test=np.asarray(y_test, dtype=np.int64),
        C=1.0,
        class_weights=np.ones(2),
        players=np.arange(len(y)),
        empty_counts=np.array([np.sum(y_test == 0), 0]),
        single_class="constant",
    )
    tally = _core.Tally(len(y), 2)
    everyone = _core.everyone(problem, dense=True)
    _core.run(
        problem, everyone, tally, seed=0, first=0, count=permutations, threads=threads, dense=True
    )
    if permutations == 2:
        assert np.array_equal(tally.gains, shapcpp.value(*data, permutations=2).gains)


def with_shapcpp(data: Data, permutations: int, threads: int) -> None:
    """The call that a user makes."""
    shapcpp.value(*data, permutations=permutations, threads=threads)


def assert_equal_integers(data: Data) -> None:
    """The twin's integers on two permutations; a tight scikit-learn's at 50 sizes of one."""
    X, y, X_test, y_test = data
    v, twin = shapcpp.value(*data, permutations=2), baseline.value(*data, permutations=2)
    assert np.array_equal(v.gains, twin.gains)
    assert np.array_equal(v.products, twin.products)
    with_dense_twin(data, 2, 1)
    order = shapcpp.permutation(len(y), 0, 0)
    gains = shapcpp.value(*data, permutations=1).gains
    path = v.empty_counts + np.cumsum(gains[order], axis=0)
    for size in np.unique(np.linspace(20, len(y), 50).astype(int)):
        rows = order[:size]
        model = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
        right = model.fit(X[rows], y[rows]).predict(X_test) == y_test
        assert np.array_equal(path[size - 1], np.bincount(y_test[right], minlength=2))


def one_thread_for_linear_algebra() -> None:
    """One core means one core for the peers' BLAS too."""
    threadpool_limits(1, user_api="blas")


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(
    data: Data, rounds: int, permutations: int, cores: int, peers: bool
) -> dict[str, float]:
    """Median microseconds per joined point of each contender on so many cores."""
    n = len(data[1])
    walks = {"scikit-learn, cold": with_scikit_learn, "numpy twin": with_twin} if peers else {}
    times: dict[str, list[float]] = {name: [] for name in (*walks, "dense C++ twin", "shapcpp")}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, context, one_thread_for_linear_algebra) as pool:
        if peers:
            list(pool.map(with_twin, [data] * cores, range(cores)))  # start the workers
        for i in range(rounds):
            indices = range(i * cores, (i + 1) * cores)
            for name, walk in walks.items():
                if cores == 1:
                    spent = seconds(lambda walk=walk, i=i: walk(data, i))  # type: ignore[misc]
                else:
                    spent = seconds(
                        lambda walk=walk, indices=indices: list(  # type: ignore[misc]
                            pool.map(walk, [data] * cores, indices)
                        )
                    )
                times[name].append(spent / cores / n)
            spent = seconds(lambda: with_dense_twin(data, permutations, cores))
            times["dense C++ twin"].append(spent / permutations / n)
            spent = seconds(lambda: with_shapcpp(data, permutations, cores))
            times["shapcpp"].append(spent / permutations / n)
    return {name: 1e6 * median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--train", type=int, default=500)
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--features", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true", help="the engine's two paths only")
    parser.add_argument("--perms", type=int, default=200, help="permutations of shapcpp per round")
    options = parser.parse_args()
    one_thread_for_linear_algebra()
    data = make_data(options.train, options.test, options.features)
    if options.no_peers:
        with_dense_twin(data, 2, 1)
    else:
        assert_equal_integers(data)

    shape = f"{options.train} train, {options.test} test, {options.features} features, 20% noise"
    lines = [
        f"{shape}; microseconds per joined point, median of {options.rounds} rounds",
        "",
        "| | one core | times shapcpp | all cores | times shapcpp |",
        "|---|---:|---:|---:|---:|",
    ]
    all_cores = shapcpp.processors.available_processors()
    one, many = (
        measure(data, options.rounds, options.perms, cores, not options.no_peers)
        for cores in (1, all_cores)
    )
    for name in one:
        cells = [f"{t[name]:,.1f} | {t[name] / t['shapcpp']:,.1f}" for t in (one, many)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        f"Python {platform.python_version()}, numpy {np.__version__}, scikit-learn "
        f"{sklearn.__version__}, shapcpp {shapcpp.__version__} on "
        f"{_core.instruction_set()}, {all_cores} cores. Integers equal to the dense twin's on 2 "
        "permutations"
        + (
            "."
            if options.no_peers
            else ", to the numpy twin's on as many, and to scikit-learn's at "
            "tol=1e-12 on 50 coalitions."
        ),
    ]
    report = "\n".join(lines)
    print(report)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{options.train}x{options.test}x{options.features}.md").write_text(report + "\n")


if __name__ == "__main__":
    main()
