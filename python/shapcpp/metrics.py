"""A metric is a weight per class on the counts of correct test predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NAMED", "Metric", "available", "resolve"]

Weights = Callable[[NDArray[np.int64]], Sequence[float] | NDArray[np.float64]]


@dataclass(frozen=True)
class Metric:
    """A score that is linear in the number of correct test predictions of each class.

    Every such score can be read from one finished run, since the run keeps the
    changes of those counts and not of any score.

    Parameters
    ----------
    name : str
        What tables and columns call it.
    weights : array_like of shape (n_classes,) or callable
        The score is ``sum_k weights[k] * correct[k]``, with ``correct[k]`` the number
        of test samples of class k predicted correctly and classes in the order of the
        sorted labels. A callable takes ``test_counts``, the number of test samples of
        each class, an int64 array of shape (n_classes,), and returns the weights.

    Examples
    --------
    Accuracy in which a missed positive costs five times a false alarm:

    >>> Metric("cost", lambda counts: [1 / counts.sum(), 5 / counts.sum()]).name
    'cost'
    """

    name: str
    weights: Sequence[float] | NDArray[np.float64] | Weights

    def on(self, test_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The weight of each class on a test set.

        Parameters
        ----------
        test_counts : ndarray of int64, shape (n_classes,)
            Number of test samples of each class.

        Returns
        -------
        ndarray of float64, shape (n_classes,)

        Raises
        ------
        ValueError
            If the metric needs a class of which the test set has no sample, or if the
            weights are not one finite number per class.
        """
        given = self.weights
        with np.errstate(divide="ignore", invalid="ignore"):
            try:
                weights = np.asarray(given(test_counts) if callable(given) else given, dtype=float)
            except ZeroDivisionError:
                weights = np.full(len(test_counts), np.inf)
        if weights.shape != test_counts.shape:
            raise ValueError(
                f"metric {self.name!r} has weights of shape {weights.shape}, "
                f"the test set has {len(test_counts)} classes"
            )
        if not np.isfinite(weights).all():
            empty = np.flatnonzero(test_counts == 0)
            reason = (
                f"the test set has no sample of class {', '.join(map(str, empty))}"
                if len(empty)
                else f"its weights are {weights.tolist()}"
            )
            raise ValueError(f"metric {self.name!r} is not defined: {reason}")
        return weights


def _accuracy(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.full(len(counts), 1 / counts.sum())


def _recall(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    weights = np.zeros(len(counts))
    weights[-1] = 1 / counts[-1]
    return weights


def _specificity(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    weights = np.zeros(len(counts))
    weights[0] = 1 / counts[0]
    return weights


def _balanced(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return 1 / (len(counts) * counts)


NAMED = {
    "acc": Metric("acc", _accuracy),
    "rec": Metric("rec", _recall),
    "spc": Metric("spc", _specificity),
    "bal": Metric("bal", _balanced),
}
LONG_NAMES = {
    "accuracy": "acc",
    "recall": "rec",
    "specificity": "spc",
    "balanced_accuracy": "bal",
}


def resolve(metric: str | Metric) -> Metric:
    """The metric of that name, short or long; a `Metric` is returned as it is."""
    if isinstance(metric, Metric):
        return metric
    if not isinstance(metric, str):
        raise TypeError(f"metric must be a name or a Metric, got {type(metric).__name__}")
    found = NAMED.get(LONG_NAMES.get(metric, metric))
    if found is None:
        known = ", ".join([*NAMED, *LONG_NAMES])
        raise ValueError(f"metric {metric!r} is unknown; known: {known}")
    return found


def available(test_counts: NDArray[np.int64]) -> list[Metric]:
    """The named metrics that a test set with these class counts defines."""
    defined = []
    for metric in NAMED.values():
        try:
            metric.on(test_counts)
        except ValueError:
            continue
        defined.append(metric)
    return defined
