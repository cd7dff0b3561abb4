"""Several classes: each model against scikit-learn's, refitted cold, in one run.

Writes bench/results/several_classes.md. For each model, number of classes and number of features,
equal counts of correct predictions are asserted first. Times are of the process, so that other
programs on the machine disturb them less: the engine's from two runs of different length,
scikit-learn's from fits and scores at coalition sizes spread over the walk.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, recall_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from threadpoolctl import threadpool_limits

import shapcpp
from peer_process import NotAvailableError, PeerProcess
from shapcpp import _core
from shapcpp.problem.models import Model, smoothing

TRAIN, TEST = 500, 1_000
SHAPES = ((3, 16), (10, 16), (10, 64))  # classes and features
ASSERTED = 12  # coalitions


class Data(NamedTuple):
    """Arguments of `shapcpp.value`."""

    X: NDArray[np.float64]
    y: NDArray[np.int64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


def make_data(n_classes: int, n_features: int) -> Data:
    """Classes of equal size that overlap, 10% of the training labels wrong."""
    rng = np.random.default_rng(n_classes)
    centres = 2 * rng.normal(size=(n_classes, n_features)) / np.sqrt(n_features)
    y, y_test = np.arange(TRAIN) % n_classes, np.arange(TEST) % n_classes
    X, X_test = (rng.normal(size=(len(of), n_features)) + centres[of] for of in (y, y_test))
    return Data(X, shapcpp.flip_labels(y, 0.1)[0], X_test, y_test)


class FixedRidge:
    """The covariance of the engine's discriminant analysis, for scikit-learn's: C = 1."""

    def __init__(self, n_samples: int) -> None:
        self.n_samples = n_samples
        self.covariance_: NDArray[np.float64] = np.zeros((0, 0))

    def fit(self, X: NDArray[np.float64]) -> None:
        """scikit-learn calls it for each class, and adds up by shares of samples."""
        away = X - X.mean(axis=0)
        self.covariance_ = away.T @ away / len(X) + np.eye(X.shape[1]) / self.n_samples


def discriminant(n_samples: int) -> Any:
    covariance = FixedRidge(n_samples)
    return LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=covariance)


class Entry(NamedTuple):
    """A model of the engine, what it is in scikit-learn, and the same to its last digits.

    Both take the number of samples that they will be fitted to.
    """

    name: str
    cold: Callable[[int], Any]
    exact: Callable[[int], Any]


TIGHT = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)


def regressions(_: int) -> Any:
    return OneVsRestClassifier(LogisticRegression())


def exact_regressions(_: int) -> Any:
    return OneVsRestClassifier(TIGHT)


def plain(name: str, estimator: type) -> Entry:
    """An estimator that is exact as it is."""
    return Entry(name, lambda _: estimator(), lambda _: estimator())


ENTRIES = (
    Entry("ovr", regressions, exact_regressions),
    Entry("multinomial", lambda _: LogisticRegression(), lambda _: TIGHT),
    plain("ridge", RidgeClassifier),
    plain("centroid", NearestCentroid),
    plain("bayes", GaussianNB),
    Entry("lda", discriminant, discriminant),
)


def counts(entry: Entry, data: Data, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Correct predictions of each class by the engine's model of these samples."""
    n_classes = int(data.y.max()) + 1
    problem = _core.Problem(
        X=data.X[rows],
        classes=data.y[rows],
        X_test=data.X_test,
        classes_test=data.y_test,
        class_weights=np.ones(n_classes),
        players=np.arange(len(rows)),
        empty_counts=np.zeros(n_classes, dtype=np.int64),
        single_class="constant",
        **Model(entry.name).conventions(1.0, lambda: data.X),
    )
    return _core.grand_coalition(_core.game(problem, entry.name)).values


def assert_equal(entry: Entry, data: Data) -> None:
    """Asserts equal counts on coalitions of several sizes."""
    order = shapcpp.permutation(TRAIN, 0, 0)
    for size in np.linspace(10 * (int(data.y.max()) + 1), TRAIN, ASSERTED).astype(int):
        rows = order[:size]
        model = entry.exact(size)
        if entry.name == "bayes":  # the engine smooths by the variances of all training samples
            model.var_smoothing = smoothing(data.X) / data.X[rows].var(axis=0).max()
        predicted = model.fit(data.X[rows], data.y[rows]).predict(data.X_test)
        ours = counts(entry, data, rows)
        right = np.bincount(data.y_test[predicted == data.y_test], minlength=len(ours))
        np.testing.assert_array_equal(ours, right, err_msg=f"{entry.name}, {size} samples")


def cold(entry: Entry, data: Data, first: int, count: int) -> float:
    """Seconds of a fit and its metrics, at coalition sizes spread over the walk."""
    order = shapcpp.permutation(TRAIN, 0, first)
    sizes = np.linspace(TRAIN / (2 * count), TRAIN - TRAIN / (2 * count), count).astype(int)
    start = time.process_time()
    for size in sizes:
        rows = order[:size]
        predicted = entry.cold(size).fit(data.X[rows], data.y[rows]).predict(data.X_test)
        accuracy_score(data.y_test, predicted)
        recall_score(data.y_test, predicted, average=None, zero_division=0.0)
    return (time.process_time() - start) / count


def engine(entry: Entry, data: Data, budget: float) -> float:
    """Seconds per joined sample, from the difference of two runs."""

    def run(permutations: int) -> float:
        start = time.process_time()
        shapcpp.value(
            *data, permutations, 0, model=entry.name, threads=1, sampler="permutations", votes=False
        )
        return time.process_time() - start

    once = run(1)
    more = max(1, int(budget / max(once, 1e-3)))
    return (run(1 + more) - run(1)) / (more * TRAIN)


def rows(rounds: int, budget: float) -> list[str]:
    """A line of the table for each model and shape."""
    lines = []
    for n_classes, n_features in SHAPES:
        data = make_data(n_classes, n_features)
        for entry in ENTRIES:
            assert_equal(entry, data)
            cold(entry, data, 0, 3)  # warms it up
            theirs, ours = [], []
            for i in range(rounds):
                theirs.append(cold(entry, data, i, 16))
                ours.append(engine(entry, data, budget))
            ratio = median(a / b for a, b in zip(theirs, ours, strict=True))
            lines.append(
                f"| {entry.name} | {n_classes} | {n_features} | {1e6 * median(theirs):,.0f} | "
                f"{1e6 * median(ours):.1f} | {ratio:,.0f} |"
            )
            print(lines[-1], flush=True)
    return lines


def processor_time(pid: int) -> float:
    """Seconds that a process of this machine has computed, as Linux counts them."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def pydvl() -> str:
    """What one permutation takes pyDVL, for `LogisticRegression()` with three classes."""
    data = make_data(*SHAPES[0])
    try:
        peer = PeerProcess()
    except NotAvailableError as error:
        return f"pyDVL is not in the table: {error}."
    path = Path(peer.folder.name) / "several_classes.npz"
    np.savez(path, **data._asdict())
    start = processor_time(peer.process.pid)
    done = peer.ask({"data": str(path), "cores": 1, "count": 1})
    seconds = processor_time(peer.process.pid) - start
    peer.close()
    full = TIGHT.fit(data.X, data.y).score(data.X_test, data.y_test)
    assert abs(done["total"] + np.mean(data.y_test == 0) - full) < 0.01, "pyDVL plays another game"
    return (
        f"pyDVL {peer.versions['pydvl']} refits `LogisticRegression()` too and scores the accuracy "
        f"alone: {1e6 * seconds / TRAIN:,.0f} microseconds of processor time per joined sample of "
        f"one permutation (3 classes, 16 features, one core)."
    )


HEAD = """\
# Several classes

Microseconds of processor time per joined sample, one core: a fit and the counts of correct
predictions on {test:,} test samples, mean over coalitions of 1 to {train:,} members.
**scikit-learn**: the estimator refitted cold at its default tolerance, `accuracy_score`, and
`recall_score` of all labels (`OneVsRestClassifier(LogisticRegression())`, for multinomial
`LogisticRegression()`, `RidgeClassifier()`, `LinearDiscriminantAnalysis` with a fixed ridge,
`NearestCentroid()`, `GaussianNB()`). **shapcpp**: the difference of two runs of `shapcpp.value`.
Ratios are of neighbouring measurements. Counts on {asserted} coalitions were first asserted to be
equal to those of scikit-learn, its regressions at tolerance 1e-12.

| model | classes | features | scikit-learn | shapcpp | times as fast |
|---|---:|---:|---:|---:|---:|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=1.0, help="seconds of a run of the engine")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    threadpool_limits(1)
    warnings.simplefilter("ignore")  # few permutations, and coalitions of one class, are meant
    load = os.getloadavg()[0]
    lines = rows(options.rounds, options.budget)
    ending = (
        f"\n{pydvl()}\n\nscikit-learn {sklearn.__version__}, numpy {np.__version__}, shapcpp on "
        f"{_core.instruction_set()}, load average before the run {load:.1f}; "
        f"{options.rounds} rounds of {options.budget:g} s.\n"
    )
    options.out.mkdir(parents=True, exist_ok=True)
    text = HEAD.format(train=TRAIN, test=TEST, asserted=ASSERTED) + "\n".join(lines) + "\n" + ending
    (options.out / "several_classes.md").write_text(text)


if __name__ == "__main__":
    main()
