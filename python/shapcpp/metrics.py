"""Metrics: a weight per class on the counts of correct test predictions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

__all__ = ["NAMED", "Metric", "available", "resolve", "resolve_all"]

Weights = Sequence[float | Fraction] | NDArray[np.float64]
COLUMNS_TAKEN = ("id", "label", "group", "true_label")


@dataclass(frozen=True, eq=False)
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
        each class, an int64 array of shape (n_classes,), and returns the weights. Weights
        that are integers or `fractions.Fraction` keep equal values exactly equal.

    Raises
    ------
    TypeError, ValueError
        If `name` is not a string, or is that of a column of every table.

    Examples
    --------
    Accuracy in which a missed positive costs five times a false alarm:

    >>> Metric("cost", lambda counts: [1 / counts.sum(), 5 / counts.sum()]).name
    'cost'
    """

    name: str
    weights: Weights | Callable[[NDArray[np.int64]], Weights]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a string, got {self.name!r}")
        if self.name in ("", *COLUMNS_TAKEN):
            raise ValueError(f"name {self.name!r} is taken; choose another")

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
        weights = self._given(test_counts)
        try:
            numbers = np.asarray([float(weight) for weight in weights])
        except (TypeError, ValueError):
            raise TypeError(f"metric {self.name!r} has weights {weights!r}: not numbers") from None
        if numbers.shape != test_counts.shape:
            raise ValueError(
                f"metric {self.name!r} has {len(numbers)} weights, "
                f"the test set has {len(test_counts)} classes"
            )
        if not np.isfinite(numbers).all():
            empty = np.flatnonzero(test_counts == 0)
            raise ValueError(
                f"metric {self.name!r} is not defined: "
                + (_without(empty) if len(empty) else f"its weights are {numbers.tolist()}")
            )
        return numbers

    def score(
        self, gains: NDArray[np.int64], test_counts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Weighted sums of integer counts, one per row.

        Rows of equal score give equal floats, on every machine: rational weights are
        brought to one denominator, by which the integer sum is divided once.

        Parameters
        ----------
        gains : ndarray of int64, shape (n, n_classes)
            Counts, or sums of changes in counts.
        test_counts : ndarray of int64, shape (n_classes,)
            Number of test samples of each class.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        ValueError
            As for `on`.
        """
        weights = self.on(test_counts)
        exact = self._given(test_counts)
        if all(isinstance(weight, (int, Fraction)) for weight in exact):
            denominator = math.lcm(*(Fraction(weight).denominator for weight in exact))
            numerators = [int(weight * denominator) for weight in exact]
            largest = max(int(np.abs(gains).max(initial=0)), 1)
            if sum(map(abs, numerators)) * largest < 2**63:
                total = sum(n * column for n, column in zip(numerators, gains.T, strict=True))
                return np.asarray(total / denominator)
        return np.asarray(sum(w * column for w, column in zip(weights, gains.T, strict=True)))

    def _given(self, test_counts: NDArray[np.int64]) -> Weights:
        if not callable(self.weights):
            return self.weights
        try:
            with np.errstate(divide="ignore", invalid="ignore"):
                return self.weights(test_counts)
        except ZeroDivisionError:
            empty = np.flatnonzero(test_counts == 0)
            raise ValueError(f"metric {self.name!r} is not defined: {_without(empty)}") from None


def _without(empty: NDArray[np.int64]) -> str:
    return f"the test set has no sample of class {', '.join(map(str, empty))}"


def _accuracy(counts: NDArray[np.int64]) -> Weights:
    return [Fraction(1, int(counts.sum()))] * len(counts)


def _recall(counts: NDArray[np.int64]) -> Weights:
    return [0] * (len(counts) - 1) + [Fraction(1, int(counts[-1]))]


def _specificity(counts: NDArray[np.int64]) -> Weights:
    return [Fraction(1, int(counts[0]))] + [0] * (len(counts) - 1)


def _balanced(counts: NDArray[np.int64]) -> Weights:
    return [Fraction(1, len(counts) * int(count)) for count in counts]


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


def resolve_all(
    metrics: str | Metric | Iterable[str | Metric] | None, test_counts: NDArray[np.int64]
) -> list[Metric]:
    """The metrics asked for, or all named ones that the test set defines."""
    if metrics is None:
        return available(test_counts)
    asked = [metrics] if isinstance(metrics, (str, Metric)) else list(metrics)
    if not asked:
        raise ValueError("metrics is empty: name at least one")
    found = list(dict.fromkeys(resolve(metric) for metric in asked))
    for i, metric in enumerate(found):
        if metric.name in [other.name for other in found[:i]]:
            raise ValueError(f"metrics holds two metrics of the name {metric.name!r}")
    return found
