"""Three standard scores of how well values separate known label errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp.detection.queue import Run, mistakes, text_wide_enough
from shapcpp.doubts.result import Doubts
from shapcpp.metrics import Metric

__all__ = ["ANY", "EITHER", "detection_scores"]

EITHER, ANY = "either", "any"


def detection_scores(
    v: Run | Doubts,
    y: ArrayLike,
    y_true: ArrayLike,
    metrics: str | Metric | Sequence[str | Metric] | None = None,
) -> np.recarray[Any, Any]:
    """Scores how well low values tell label errors from all other samples.

    Parameters
    ----------
    v : Valuation, FoldedValuation or Doubts
        The values of the training samples; or doubts, whose scores are taken for values.
    y : array_like, shape (n,)
        The labels as given, flipped ones included.
    y_true : array_like, shape (n,)
        The true labels; a value that is none of the classes means unknown and counts as
        no error.
    metrics : sequence of str or Metric, optional
        Default: every named metric that the test set defines. Doubts know no metrics: theirs is
        called "doubt".

    Returns
    -------
    numpy.recarray
        One row per direction and metric. Fields: ``direction``, as in `detection_table`, or
        for all errors together "either" with two classes and "any" with more; ``metric``;
        ``flipped``, the number of such errors; ``f1``, the F1 score of calling every sample in
        the lower of two clusters of values an error; ``auroc``, the probability that an error has
        a lower value than a sample that is no such error (ties count half); ``auprc``, the average
        precision of the ranking, lowest first. All three are nan if no sample is such an error,
        or every sample is. By chance `auroc` is 1/2 and `auprc` is near flipped / n.

    Raises
    ------
    TypeError, ValueError
        As for `detection_table`, or if no permutation was completed.

    Notes
    -----
    In each direction, every sample without an error of that direction counts as no error,
    including errors of the other direction, as in Table 2 of Enshaei et al. The clusters
    are the exact optimum of 2-means in one dimension, as in OpenDataVal (Jiang et al.,
    2023). Average precision is a sum over distinct values without interpolation.
    """
    values_of = _values(v, metrics)
    wrong = mistakes(v, y, y_true)
    every = np.any([np.zeros(len(v.labels), dtype=bool), *wrong.values()], axis=0)
    wrong[EITHER if len(v.classes) == 2 else ANY] = every
    rows = []
    for direction, errors in wrong.items():
        for name, values in values_of.items():
            scores = (float("nan"),) * 3
            if 0 < errors.sum() < len(errors):
                scores = f1(errors, lower_cluster(values)), *ranking(values, errors)
            rows.append((direction, name, int(errors.sum()), *scores))
    fields = [
        ("direction", text_wide_enough([*wrong])),
        ("metric", text_wide_enough([*values_of])),
        ("flipped", np.int64),
        ("f1", float),
        ("auroc", float),
        ("auprc", float),
    ]
    return np.array(rows, dtype=fields).view(np.recarray)


def _values(
    v: Run | Doubts, metrics: str | Metric | Sequence[str | Metric] | None
) -> dict[str, NDArray[np.float64]]:
    """By name, numbers that are low where a label is wrong."""
    if isinstance(v, Doubts):
        if metrics is not None:
            raise ValueError(f"metrics is {metrics!r}, but doubts know no metrics: leave it out")
        return {"doubt": v.score}
    v.check_begun()
    return {metric.name: v[metric] for metric in v.chosen(metrics)}


def lower_cluster(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Marks the lower cluster of 2-means at its global optimum; empty where all values are equal.

    In one dimension clusters are intervals, so that the best of the cuts between distinct
    values is the optimum: the one with the largest spread between clusters.
    """
    ordered = np.sort(values)
    centred = ordered - ordered.mean()
    below = np.arange(1, len(ordered))
    # The sums of the two sides are opposite, since the centred values add up to zero.
    between = np.cumsum(centred)[:-1] ** 2 * (1 / below + 1 / (len(ordered) - below))
    between[ordered[1:] == ordered[:-1]] = -1
    if not (between >= 0).any():
        return np.zeros(len(values), dtype=bool)
    lower: NDArray[np.bool_] = values <= ordered[np.argmax(between)]
    return lower


def f1(errors: NDArray[np.bool_], called: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall."""
    return float(2 * (errors & called).sum() / (errors.sum() + called.sum()))


def ranking(values: NDArray[np.float64], errors: NDArray[np.bool_]) -> tuple[float, float]:
    """AUROC and average precision of finding errors from the lowest value up."""
    place = np.unique(values, return_inverse=True)[1]
    found = np.cumsum(np.bincount(place, weights=errors))
    looked_at = np.cumsum(np.bincount(place))
    new = np.diff(found, prepend=0)
    spared = looked_at - found
    above = spared[-1] - (spared + np.r_[0, spared[:-1]]) / 2
    auroc = (new @ above) / (found[-1] * spared[-1])
    return float(auroc), float(new @ (found / looked_at) / found[-1])
