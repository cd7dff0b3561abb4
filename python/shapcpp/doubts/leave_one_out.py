"""Predicts the class of each sample from all others: stacked ridge regressions on several views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core

__all__ = ["VIEWS", "bytes_needed", "first_landmarks", "predict", "stack", "standardise"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_LANDMARKS = 400
MOST_COLUMNS = 1000  # beyond, the linear view too sees samples by their products with landmarks
FACTORS = 10.0 ** np.arange(-3, 2.5, 0.5)  # penalties tried, in mean squared lengths
LEAN = 0.02  # penalty that draws the views' weights to equal ones, as a share of all variance
MOST_WEIGHED = 2000  # rows of each half that determine the weights of features


@dataclass(frozen=True)
class ViewKind:
    """A similarity, and its width as a multiple of the median distance.

    Features count alike, or, if `weighted`, in proportion to how much predictions depend on them.
    """

    similarity: str
    width: float = 1.0
    weighted: bool = False


VIEWS = (
    ViewKind("product"),
    ViewKind("gaussian", 0.7),
    ViewKind("laplacian", 1.0),
    ViewKind("gaussian", 0.7, weighted=True),
    ViewKind("laplacian", 1.0, weighted=True),
)


def standardise(X: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Scales columns to mean 0 and deviation 1; the mask marks columns that are not constant."""
    low, high = X.min(axis=0), X.max(axis=0)
    varying = high > low
    Z = X[:, varying]
    Z = Z / np.maximum(np.abs(low), np.abs(high))[varying]  # squares must not overflow
    Z -= Z.mean(axis=0)
    deviation = np.sqrt((Z * Z).mean(axis=0))
    spread = deviation > 0
    varying[np.flatnonzero(varying)[~spread]] = False
    return np.ascontiguousarray(Z[:, spread] / deviation[spread]), varying


def first_landmarks(n: int) -> Integers:
    """The first of n samples: MOST_LANDMARKS at most, and half of them at most."""
    return np.arange(max(1, min(MOST_LANDMARKS, n // 2)))


def predict(
    Z: Floats,
    classes: Integers,
    n_classes: int,
    order: Integers,
    threads: int,
    report: Callable[[int], object],
) -> tuple[Floats, Floats]:
    """Predicts each sample by all others.

    Parameters
    ----------
    Z : ndarray of float64, shape (n, d)
        Standardised features of samples in random order: the first are landmarks.
    classes : ndarray of int64, shape (n,)
        Their classes, below `n_classes`.
    order : ndarray of int64, shape (n,)
        Another random order, which parts the samples into halves.
    threads : int
        Never changes the result.
    report : callable
        Called with the number of views done, often, and may raise to stop.

    Returns
    -------
    F : ndarray of float64, shape (n, n_classes)
        The stacked leave-one-out predictions.
    weights : ndarray of float64
        The weight of each view.
    """
    done = 0
    options = Options(classes, n_classes, threads, lambda _: report(done))
    halves = np.array_split(order, 2)
    weights_of_others: list[Floats] = []
    predictions = []
    for view in VIEWS:
        if not view.weighted:
            predictions.append(_fit(Z, view, options, np.empty(0, dtype=np.int64)))
        else:
            if not weights_of_others:
                weights_of_others = [weights_of_features(Z, half, options) for half in halves[::-1]]
            both = np.empty((len(Z), n_classes))
            for half, weights in zip(map(np.sort, halves), weights_of_others, strict=True):
                both[half] = _fit(Z * weights, view, options, half)
            predictions.append(both)
        done += 1
        report(done)
    weights = stack(predictions, classes)
    together = predictions[0]
    together *= weights[0]
    for weight, other in zip(weights[1:], predictions[1:], strict=True):
        other *= weight
        together += other
    return together, weights


@dataclass(frozen=True, eq=False)
class Options:
    classes: Integers
    n_classes: int
    threads: int
    progress: Callable[[int], object]


def _fit(Z: Floats, view: ViewKind, options: Options, judged: Integers) -> Floats:
    return _core.leave_one_out(
        X=Z,
        classes=options.classes,
        n_classes=options.n_classes,
        similarity=view.similarity,
        width=view.width,
        landmarks=_landmarks_of(view, Z.shape),
        factors=FACTORS,
        judged=judged,
        threads=options.threads,
        progress=options.progress,
    )[0]


def weights_of_features(Z: Floats, rows: Integers, options: Options) -> Floats:
    """Factors for the columns of Z: the root mean square derivative of predictions along each.

    Only the first MOST_WEIGHED of `rows` are used, so that the weights are independent of all other
    labels. The rows are in random order, and the first of them are landmarks.
    """
    few = rows[:MOST_WEIGHED]
    steepness = _core.steepness(
        X=Z[few],
        classes=options.classes[few],
        n_classes=options.n_classes,
        width=1.0,
        landmarks=first_landmarks(len(few)),
        factors=FACTORS,
        threads=options.threads,
        progress=options.progress,
    )
    mean = float(steepness.mean())
    return np.sqrt(steepness / mean) if mean > 0 else np.ones_like(steepness)


def _landmarks_of(view: ViewKind, shape: tuple[int, ...]) -> Integers:
    n, columns = shape
    if view.similarity != "product":
        return first_landmarks(n)
    return np.arange(min(n, MOST_COLUMNS) if columns > MOST_COLUMNS else 0)


def stack(predictions: list[Floats], classes: Integers) -> Floats:
    """The non-negative weights of views that minimise the leave-one-out squared error.

    A quadratic penalty draws them to equal weights. The constrained optimum is the best among the
    unconstrained optima of all subsets of views that have no negative weight.
    """
    n_views, n_classes = len(predictions), predictions[0].shape[1]
    shares = np.bincount(classes, minlength=n_classes) / len(classes)
    gram, right, variance = np.zeros((n_views, n_views)), np.zeros(n_views), 0.0
    for k in range(n_classes):
        target = (classes == k) - shares[k]
        columns = [p[:, k] - shares[k] for p in predictions]
        variance += float(np.sum(target * target))
        right += [float(np.sum(c * target)) for c in columns]
        gram += [[float(np.sum(a * b)) for a in columns] for b in columns]
    gram[np.diag_indices(n_views)] += LEAN * variance
    right += LEAN * variance / n_views
    best, least = np.full(n_views, 1 / n_views), np.inf
    for size in range(1, n_views + 1):
        for chosen in map(list, combinations(range(n_views), size)):
            weights = np.zeros(n_views)
            weights[chosen] = np.linalg.solve(gram[np.ix_(chosen, chosen)], right[chosen])
            cost = float(weights @ gram @ weights - 2 * weights @ right)
            if (weights >= 0).all() and cost < least:
                best, least = weights, cost
    return best


def bytes_needed(n: int, columns: int, n_classes: int, threads: int) -> int:
    """Bytes that `predict` and the mixture allocate, beyond the features as given."""
    landmarks = min(MOST_LANDMARKS, max(1, n // 2))
    wide = min(n, MOST_COLUMNS) if columns > MOST_COLUMNS else columns
    widest = max(landmarks, wide)
    per_sample = 3 * columns + widest + (len(VIEWS) + 10) * n_classes
    blocks = 256 * (widest + len(FACTORS) * n_classes) + landmarks * columns
    return 8 * (n * per_sample + 8 * widest**2 + len(FACTORS) * widest * n_classes
                + threads * blocks)  # fmt: skip
