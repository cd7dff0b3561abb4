"""The detectors that people use today, on the same rows: scikit-learn's estimators, out of fold."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks, labels
from shapcpp.extras import installs
from shapcpp.permutations import permutation

__all__ = ["BASELINES", "baselines"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FOLDS = 10
NEIGHBOURS = 10
NEIGHBOURS_OF_VALUES = 5
BAGS = 200
TREES, LEAF = 300, 5  # trees with single-sample leaves believe wrong labels: AP .83 instead of .91
MOST_JUDGES = 2000  # rows that judge in nearest-neighbour values


def baselines(
    X: ArrayLike, y: ArrayLike, seed: int = 0, only: Sequence[str] | None = None
) -> dict[str, Floats]:
    """Scores of the detectors that people use today, low where a label is to be doubted.

    Parameters
    ----------
    X, y : array_like
        Features and labels, as for `doubt`.
    seed : int, default 0
        Seed of folds, bags and trees.
    only : sequence of str, optional
        Names of the detectors to run; default: all.

    Returns
    -------
    dict of str to ndarray of float64, shape (n,)
        ``logistic``, ``boosted trees``, ``extra trees``, ``gaussian`` (one normal distribution per
        class): out-of-fold probability of the given label, 10 folds. ``predicted``: 1 where the
        logistic regression predicts the given label out of fold, else 0. ``knn votes``: share of
        the given label among 10 neighbours. ``knn-shapley``: Shapley values for a vote of 5
        neighbours in closed form (Jia et al., 2019), judged by all other rows, 2,000 at most.
        ``data-oob``: share of logistic regressions of 200 bags without the sample that predict its
        label (Kwon and Zou, 2023).

    Raises
    ------
    ImportError
        If scikit-learn, of the extra ``bench``, is not installed.
    TypeError, ValueError
        If an argument is not what it must be.
    """
    X = checks.features("X", X)
    y = labels.class_labels("y", y)
    checks.same_length("y", y, "labels", "X", X)
    _, classes = labels.several_classes("y", y)
    seed = checks.seed(seed)
    names = list(BASELINES) if only is None else list(only)
    for name in names:
        checks.choice("only", name, *BASELINES)
    try:
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise ImportError(
            f"the detectors to compare with need scikit-learn: {installs('bench')}"
        ) from None
    scaled = StandardScaler().fit_transform(X)
    with _quietly():
        return {name: BASELINES[name](scaled, classes, seed % 2**32) for name in names}


@contextmanager
def _quietly() -> Iterator[None]:
    """Silences scikit-learn, which warns of small classes and slow convergence in each fold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _out_of_fold(make: Callable[[], Any], X: Floats, classes: Integers, seed: int) -> Floats:
    """(n, K): probabilities by a model that has not seen the sample's fold."""
    from sklearn.model_selection import StratifiedKFold

    n_classes = int(classes.max()) + 1
    largest = int(np.bincount(classes).max())
    result = np.zeros((len(X), n_classes))
    folds = StratifiedKFold(max(2, min(FOLDS, largest)), shuffle=True, random_state=seed)
    for inside, outside in folds.split(X, classes):
        sizes = np.bincount(classes[inside], minlength=n_classes)
        usable = inside[sizes[classes[inside]] >= 2]  # a distribution of one sample has no width
        if len(np.unique(classes[usable])) < 2:
            continue
        model = make().fit(X[usable], classes[usable])
        result[np.ix_(outside, model.classes_)] = model.predict_proba(X[outside])
    return result


def _own(probabilities: Floats, classes: Integers) -> Floats:
    own: Floats = probabilities[np.arange(len(classes)), classes]
    return own


def _logistic(X: Floats, classes: Integers, seed: int) -> Floats:
    from sklearn.linear_model import LogisticRegression

    return _out_of_fold(lambda: LogisticRegression(max_iter=1000), X, classes, seed)


def _self_confidence(X: Floats, classes: Integers, seed: int) -> Floats:
    return _own(_logistic(X, classes, seed), classes)


def _predicted(X: Floats, classes: Integers, seed: int) -> Floats:
    right: NDArray[np.bool_] = _logistic(X, classes, seed).argmax(axis=1) == classes
    return right.astype(np.float64)


def _neighbours(X: Floats, classes: Integers, seed: int) -> Floats:
    from sklearn.neighbors import KNeighborsClassifier

    count = min(NEIGHBOURS, max(1, len(X) // 4))
    return _own(_out_of_fold(lambda: KNeighborsClassifier(count), X, classes, seed), classes)


def _neighbour_values(X: Floats, classes: Integers, seed: int) -> Floats:
    from sklearn.metrics import pairwise_distances

    n, few = len(X), min(NEIGHBOURS_OF_VALUES, len(X) - 1)
    judges = permutation(n, seed)[:MOST_JUDGES]
    ranks = np.arange(1, n - 1)
    values = np.zeros(n)
    for block in np.array_split(judges, -(-len(judges) // 100)):
        distances = pairwise_distances(X[block], X)
        distances[np.arange(len(block)), block] = np.inf  # nobody judges itself
        order = np.argsort(distances, axis=1, kind="stable")[:, : n - 1]
        right = (classes[order] == classes[block][:, None]).astype(float)
        steps = (right[:, :-1] - right[:, 1:]) / few * np.minimum(few, ranks) / ranks
        shares = np.empty_like(right)
        shares[:, -1] = right[:, -1] / (n - 1)
        shares[:, :-1] = shares[:, -1:] + steps[:, ::-1].cumsum(axis=1)[:, ::-1]
        values += np.bincount(order.ravel(), weights=shares.ravel(), minlength=n)
    return values / len(judges)


def _bags(X: Floats, classes: Integers, seed: int) -> Floats:
    from sklearn.ensemble import BaggingClassifier
    from sklearn.linear_model import LogisticRegression

    ensemble = BaggingClassifier(LogisticRegression(), n_estimators=BAGS, random_state=seed)
    ensemble.fit(X, classes)
    asked, right = np.zeros(len(X)), np.zeros(len(X))
    for model, bag in zip(ensemble.estimators_, ensemble.estimators_samples_, strict=True):
        outside = np.ones(len(X), dtype=bool)
        outside[bag] = False
        asked += outside
        right[outside] += model.predict(X[outside]) == classes[outside]
    share: Floats = right / np.maximum(asked, 1)
    return share


def _gaussian(X: Floats, classes: Integers, seed: int) -> Floats:
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

    def out_of_fold(**options: Any) -> Floats:
        make = partial(QuadraticDiscriminantAnalysis, **options)
        return _own(_out_of_fold(make, X, classes, seed), classes)

    try:
        return out_of_fold(reg_param=0.1)
    except np.linalg.LinAlgError:  # newer versions refuse a class with more features than samples
        return out_of_fold(solver="eigen", shrinkage=0.1)


def _boosted(X: Floats, classes: Integers, seed: int) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return _own(
        _out_of_fold(lambda: HistGradientBoostingClassifier(random_state=seed), X, classes, seed),
        classes,
    )


def _extra_trees(X: Floats, classes: Integers, seed: int) -> Floats:
    from sklearn.ensemble import ExtraTreesClassifier

    return _own(
        _out_of_fold(
            lambda: ExtraTreesClassifier(TREES, min_samples_leaf=LEAF, random_state=seed),
            X,
            classes,
            seed,
        ),
        classes,
    )


BASELINES: dict[str, Callable[[Floats, Integers, int], Floats]] = {
    "logistic": _self_confidence,
    "predicted": _predicted,
    "knn votes": _neighbours,
    "knn-shapley": _neighbour_values,
    "data-oob": _bags,
    "gaussian": _gaussian,
    "boosted trees": _boosted,
    "extra trees": _extra_trees,
}
