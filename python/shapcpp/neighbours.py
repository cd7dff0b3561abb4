"""knn_values(): the values of k nearest neighbours, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks, labels
from shapcpp.problem.fingerprint import fingerprint
from shapcpp.problem.reduction import Reduction
from shapcpp.problem.scaling import Scale, standard_scaling
from shapcpp.problem.sides import sides_of
from shapcpp.results.exact import ExactValuation
from shapcpp.results.notices import warn

__all__ = ["knn_values"]

BLOCK = 1 << 22  # distances at a time


def knn_values(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    k: int = 5,
    *,
    scale: Scale = None,
    groups: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    true_labels: ArrayLike | None = None,
    components: int | None = None,
) -> ExactValuation:
    """Data Shapley values of training samples in the game of k nearest neighbours, exact.

    The score of a coalition at a test sample is the share of the k neighbours, of its members the
    nearest, that carry the test sample's label, where missing neighbours carry none: the mean vote,
    not the accuracy of the majority vote. Its Shapley values have a closed form, so that nothing is
    sampled and every standard error is zero.

    Parameters
    ----------
    X : array_like of real numbers, shape (n, d)
        Training features. Distances are Euclidean; of equally distant samples the first in `X` is
        the nearer one.
    y : array_like, shape (n,)
        Training labels as given, of any kind that sorts; 2 to 1,000 different ones.
    X_test : array_like of real numbers, shape (m, d)
        Test features.
    y_test : array_like, shape (m,)
        Test labels, each of them among those of `y`; trusted.
    k : int, default 5
        Number of neighbours that vote; a `ValuationWarning` says if there are fewer samples.
    scale : "standard" or None, default None
        "standard" subtracts the mean of the training rows and divides by their deviation,
        on both sides.
    groups, ids : array_like of int or str, shape (n,), optional
        Group ids and names of the samples, kept with the result.
    true_labels : array_like, shape (n,), optional
        True labels where known: kept with the result, never used here.
    components : int, optional
        Measures distances along this many principal directions of the training rows (after
        `scale`): far faster where features are many. `ExactValuation.components` keeps them.

    Returns
    -------
    ExactValuation
        ``v["acc"]`` is the value in the mean vote over all test samples, ``v["rec:LABEL"]`` over
        those of a label, ``v["bal"]`` over labels. The values of all samples add up to the score of
        all samples.

    Raises
    ------
    TypeError, ValueError
        For a bad argument, naming the offending value and row.

    Notes
    -----
    Jia, Dao, Wang, Hubis, Gurel, Li, Zhang, Spanos and Song, *Efficient task-specific data
    valuation for nearest neighbor algorithms*, 2019. Costs the sorting of n distances for each
    test sample.

    Examples
    --------
    >>> import shapcpp
    >>> X, y = [[0.0], [0.2], [1.0], [0.1]], [0, 0, 1, 1]
    >>> v = shapcpp.knn_values(X, y, [[0.0], [1.0]], [0, 1], k=1)
    >>> int(v.lowest("acc", 0.25)[0])
    3
    """
    X, y, X_test, y_test, classes, of_class, test_classes = sides_of(X, y, X_test, y_test)
    k = checks.positive("k", k)
    if k > len(y):
        warn([
            f"k is {k:,} and there are {len(y):,} training samples: all of them vote on each test "
            "sample, so that values tell only one label from another"
        ])  # fmt: skip
    checks.choice("scale", scale, None, "standard")
    groups = checks.companion("groups", groups, y)
    ids = checks.companion("ids", ids, y)
    if true_labels is not None:
        true_labels = labels.truth("true_labels", true_labels, y)
    reduction = Reduction.of(components, X.shape[1])
    mean, deviation = standard_scaling(X) if scale == "standard" else (0.0, 1.0)
    X, X_test = rows, _ = [np.asarray((side - mean) / deviation) for side in (X, X_test)]
    kept = None if reduction is None else reduction.fitted(lambda: rows)
    if kept is not None:
        X, X_test = kept.apply(X), kept.apply(X_test)
    return ExactValuation(
        contributions=_contributions(X, X_test, of_class, test_classes, k, len(classes)),
        test_counts=np.bincount(test_classes, minlength=len(classes)).astype(np.int64),
        classes=classes,
        ids=np.arange(len(y)) if ids is None else ids,
        labels=y,
        groups=groups,
        true_labels=true_labels,
        settings={
            "model": "knn",
            "k": k,
            "scale": scale,
            "by_group": False,
            "components": None if reduction is None else reduction.asked,
        },
        fingerprint=fingerprint(X, y, X_test, y_test),
        components=kept,
    )


def _contributions(
    X: NDArray[np.float64],
    X_test: NDArray[np.float64],
    of_class: NDArray[np.int64],
    test_classes: NDArray[np.int64],
    k: int,
    K: int,
) -> NDArray[np.float64]:
    """What each sample is worth at the test samples of each class, shape (n, K).

    With samples from the nearest, i = 1, to the farthest, n, and a_i = 1 where the label is the
    test sample's: s_n = a_n min(k, n) / (k n), and s_i = s_i+1 + (a_i - a_i+1) min(k, i) / (k i).
    """
    n = len(X)
    place = np.arange(1, n + 1)
    factor = np.minimum(k, place) / (k * place)
    total = np.zeros((n, K))
    step = max(BLOCK // n, 1)
    for first in range(0, len(X_test), step):
        some = slice(first, first + step)
        order = np.argsort(_distances(X, X_test[some]), axis=1, kind="stable")
        alike = (of_class[order] == test_classes[some, None]).astype(np.float64)
        steps = alike * factor
        steps[:, :-1] -= alike[:, 1:] * factor[:-1]
        ranked = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]
        worth = np.empty_like(ranked)
        np.put_along_axis(worth, order, ranked, axis=1)
        for c in np.unique(test_classes[some]):
            total[:, c] += worth[test_classes[some] == c].sum(axis=0)
    return total


def _distances(X: NDArray[np.float64], X_test: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances, summed feature by feature: equal samples are equally far, to the bit."""
    distances = np.zeros((len(X_test), len(X)))
    for j in range(X.shape[1]):
        distances += (X_test[:, j, None] - X[:, j]) ** 2
    return distances
