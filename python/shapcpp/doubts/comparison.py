"""Compares detectors: by the truth where it is known, by their agreement where it is not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["compare_detectors", "two_means_f1"]

Floats = NDArray[np.float64]
TRUE_COLUMNS = ("auroc", "ap", "precision_at_k", "f1_two_means", "f1_expected")


def compare_detectors(
    scores: Mapping[str, Floats], n_expected: float, wrong: ArrayLike | None = None
) -> np.recarray[Any, Any]:
    """Compares detectors of wrong labels, in one row each.

    Parameters
    ----------
    scores : mapping of str to ndarray of float64, shape (n,)
        Scores, low where a label is doubtful. Others are compared with the first detector.
    n_expected : float
        Expected number of wrong labels.
    wrong : array_like of bool, shape (n,), optional
        Marks the wrong labels, where they are known.

    Returns
    -------
    recarray
        ``detector``, and with `wrong`: ``auroc``; ``ap``, the average precision (both with ties
        counted fairly); ``precision_at_k``, the share of wrong ones among the k lowest, k their
        true number; ``f1_two_means``, F1 of the lower part where two means split the scores;
        ``f1_expected``, F1 of the `n_expected` lowest. Without: ``rank_agreement``, Spearman's
        correlation with the first detector, and ``overlap``, the share that the `n_expected`
        lowest of both have in common.
    """
    first = next(iter(scores.values()))
    count = max(1, math.floor(n_expected + 0.5))
    if wrong is None:
        lowest = set(_lowest(first, count).tolist())
        agreeing = [
            (name, _spearman(first, s), len(lowest & set(_lowest(s, count).tolist())) / count)
            for name, s in scores.items()
        ]
        return _table(agreeing, ("rank_agreement", "overlap"))
    truth = np.asarray(wrong, dtype=bool)
    if not truth.any() or truth.all():
        raise ValueError("there must be wrong labels and right ones to compare detectors by")
    return _table([(name, *_against(s, truth, count)) for name, s in scores.items()], TRUE_COLUMNS)


def _table(rows: list[Any], columns: tuple[str, ...]) -> np.recarray[Any, Any]:
    dtype = [("detector", "U32"), *((name, float) for name in columns)]
    table: np.recarray[Any, Any] = np.array(rows, dtype=dtype).view(np.recarray)
    return table


def _against(score: Floats, truth: NDArray[np.bool_], count: int) -> tuple[float, ...]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    k = int(truth.sum())
    return (
        float(roc_auc_score(truth, -score)),
        float(average_precision_score(truth, -score)),
        float(truth[_lowest(score, k)].mean()),
        two_means_f1(score, truth),
        2 * float(truth[_lowest(score, count)].sum()) / (k + count),
    )


def _lowest(score: Floats, count: int) -> NDArray[np.int64]:
    return np.argsort(score, kind="stable")[:count]


def two_means_f1(score: Floats, wrong: NDArray[np.bool_]) -> float:
    """F1 of the lower part as the wrong labels, where two means split the scores."""
    order = np.argsort(score, kind="stable")
    values = score[order] - score.mean()
    n = len(values)
    sums, sizes = np.cumsum(values)[:-1], np.arange(1, n)
    between = sums**2 / sizes + (values.sum() - sums) ** 2 / (n - sizes)
    between[values[1:] == values[:-1]] = -np.inf  # equal scores stay together
    cut = int(np.argmax(between)) + 1
    return 2 * float(wrong[order[:cut]].sum()) / float(wrong.sum() + cut)


def _spearman(a: Floats, b: Floats) -> float:
    x, y = _ranks(a), _ranks(b)
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float((x * x).sum()) * float((y * y).sum()))
    return float((x * y).sum()) / size if size > 0 else math.nan


def _ranks(values: Floats) -> Floats:
    """Ranks, those of equal values averaged."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks
