"""Metrics: a weight per class on the counts of correct test predictions.

Functions that take `classes`, the sorted labels, understand ``rec:LABEL``; without, labels are the
numbers of the classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LONG_NAMES",
    "MOST_IN_FULL",
    "NAMED",
    "RECALL_OF",
    "Metric",
    "available",
    "is_named",
    "long_name",
    "resolve",
    "resolve_all",
    "shown_by_default",
]

Weights = Sequence[float | Fraction] | NDArray[np.float64]
COLUMNS_TAKEN = ("id", "label", "group", "true_label")
RECALL_OF = "rec:"  # and a label
MOST_IN_FULL = 12  # classes up to which recalls are shown, and products kept, of each and every one


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
        exact = self.exact(test_counts)
        if exact is not None:
            denominator = math.lcm(*(weight.denominator for weight in exact))
            numerators = [int(weight * denominator) for weight in exact]
            largest = max(int(np.abs(gains).max(initial=0)), 1)
            if sum(map(abs, numerators)) * largest < 2**63:
                total = np.zeros(len(gains), dtype=np.int64)
                for k in np.flatnonzero(weights):
                    total += numerators[k] * gains[:, k]
                return np.asarray(total / denominator)
        return np.asarray(sum(w * column for w, column in zip(weights, gains.T, strict=True)))

    def exact(self, test_counts: NDArray[np.int64]) -> list[Fraction] | None:
        """The weights on a test set where they are rational numbers; None where they are floats."""
        given = self._given(test_counts)
        if all(isinstance(weight, (int, Fraction)) for weight in given):
            return [Fraction(weight) for weight in given]
        return None

    def _given(self, test_counts: NDArray[np.int64]) -> Weights:
        if not callable(self.weights):
            return self.weights
        try:
            with np.errstate(divide="ignore", invalid="ignore"):
                return self.weights(test_counts)
        except ZeroDivisionError:
            empty = np.flatnonzero(test_counts == 0)
            raise ValueError(f"metric {self.name!r} is not defined: {_without(empty)}") from None
        except ValueError:  # of a recall, which says what it lacks
            raise
        except Exception as error:  # whatever a function of the user's raises
            raise ValueError(
                f"metric {self.name!r} has weights that cannot be computed from the test counts "
                f"{test_counts.tolist()}: {type(error).__name__}: {error}"
            ) from error


def _without(empty: NDArray[np.int64]) -> str:
    return f"the test set has no sample of class {', '.join(map(str, empty))}"


def _accuracy(counts: NDArray[np.int64]) -> Weights:
    return [Fraction(1, int(counts.sum()))] * len(counts)


def _recall(counts: NDArray[np.int64]) -> Weights:
    return [0] * (len(counts) - 1) + [Fraction(1, int(counts[-1]))]


def _specificity(counts: NDArray[np.int64]) -> Weights:
    return [Fraction(1, int(counts[0]))] + [0] * (len(counts) - 1)


def _balanced(counts: NDArray[np.int64]) -> Weights:
    if len(counts) == 2:
        return [Fraction(1, 2 * int(count)) for count in counts]
    present = int((counts > 0).sum())
    return [Fraction(1, present * int(count)) if count else 0 for count in counts]


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
# Scores of a whole table of errors or of probabilities, which no weights of classes give.
NOT_LINEAR = {
    "f1", "f1_score", "f1_macro", "f1_micro", "f1_weighted", "precision", "ppv", "npv", "mcc",
    "kappa", "youden", "auc", "roc_auc", "auroc", "average_precision", "logloss", "log_loss",
    "brier",
}  # fmt: skip
OF_TWO = ("rec", "spc")  # that need a positive class


@cache  # one object per label: metrics compare by identity
def _recall_of(k: int, label: str) -> Metric:
    """The share of the test samples of class k that are predicted correctly."""

    def weights(counts: NDArray[np.int64]) -> Weights:
        if not counts[k]:
            raise ValueError(
                f"metric {RECALL_OF + label!r} is not defined: the test set has no sample of class "
                f"{label}"
            )
        return [Fraction(1, int(n)) if i == k else 0 for i, n in enumerate(counts)]

    return Metric(f"{RECALL_OF}{label}", weights)


def _names(classes: NDArray[Any] | None) -> list[str]:
    if classes is None or len(classes) == 2:
        return [*NAMED, *LONG_NAMES]
    return ["acc", "bal", *(long for long, short in LONG_NAMES.items() if short not in OF_TWO)]


def resolve(
    metric: str | Metric, classes: NDArray[Any] | None = None, own: Iterable[Metric] = ()
) -> Metric:
    """The metric of that name, short or long, or of `own`; a `Metric` is returned as it is."""
    if isinstance(metric, Metric):
        return metric
    if not isinstance(metric, str):
        raise TypeError(f"metric must be a name or a Metric, got {type(metric).__name__}")
    for other in own:
        if other.name == metric:
            return other
    short, known = LONG_NAMES.get(metric, metric), _names(classes)
    if short in known:
        return NAMED[short]
    if classes is not None and short in OF_TWO:
        raise ValueError(
            f"metric {metric!r} is of two classes, and there are {len(classes)}: the share of one "
            f"class is {RECALL_OF}LABEL, as in {RECALL_OF}{classes[0]}"
        )
    if classes is not None and metric.startswith(RECALL_OF):
        labels, label = classes.astype(str).tolist(), metric.removeprefix(RECALL_OF)
        if classes.dtype.kind in "iu":
            label = label.removesuffix(".0")  # labels that were given as floats are integers
        if label in labels:
            return _recall_of(labels.index(label), label)
        some = ", ".join(labels[:5]) + (", ..." if len(labels) > 5 else "")
        raise ValueError(f"metric {metric!r} names no label (they are {some})")
    why = ""
    if metric.casefold() in NOT_LINEAR:
        why = (
            "; it is no weighted number of correct predictions, which a run counts: bal, or other "
            "weights of the classes (shapcpp.Metric), come nearest"
        )
    raise ValueError(
        f"metric {metric!r} is unknown; known: {', '.join(known)} and {RECALL_OF}LABEL{why}"
    )


def is_named(metric: Metric, classes: NDArray[Any] | None = None) -> bool:
    """True if the name of a metric alone stands for it."""
    try:
        return resolve(metric.name, classes) is metric
    except ValueError:
        return False


def long_name(metric: str) -> str:
    """The name of a metric in tables for readers: "balanced accuracy", "recall of 3"."""
    if metric.startswith(RECALL_OF):
        return f"recall of {metric.removeprefix(RECALL_OF)}"
    return {short: long.replace("_", " ") for long, short in LONG_NAMES.items()}.get(metric, metric)


def shown_by_default(classes: NDArray[Any] | None = None) -> list[Metric]:
    """The named metrics: of two classes four, else acc, bal and the recall of each class.

    Recalls of more than `MOST_IN_FULL` classes are left to those who ask for them.
    """
    if classes is None or len(classes) == 2:
        return [*NAMED.values()]
    recalls = [] if len(classes) > MOST_IN_FULL else classes.astype(str).tolist()
    return [NAMED["acc"], NAMED["bal"], *(_recall_of(k, name) for k, name in enumerate(recalls))]


def available(test_counts: NDArray[np.int64], classes: NDArray[Any] | None = None) -> list[Metric]:
    """The metrics `shown_by_default` that a test set with these class counts defines."""
    defined = []
    for metric in shown_by_default(classes):
        try:
            metric.on(test_counts)
        except ValueError:
            continue
        defined.append(metric)
    return defined


def resolve_all(
    metrics: str | Metric | Iterable[str | Metric] | None,
    test_counts: NDArray[np.int64],
    classes: NDArray[Any] | None = None,
    own: Sequence[Metric] = (),
) -> list[Metric]:
    """The metrics asked for, or all that are available and those of `own`."""
    if metrics is None:
        return list(dict.fromkeys([*available(test_counts, classes), *own]))
    asked = [metrics] if isinstance(metrics, (str, Metric)) else list(metrics)
    if not asked:
        raise ValueError("metrics is empty: name at least one")
    found = list(dict.fromkeys(resolve(metric, classes, own) for metric in asked))
    for i, metric in enumerate(found):
        if metric.name in [other.name for other in found[:i]]:
            raise ValueError(f"metrics holds two metrics of the name {metric.name!r}")
    return found
