"""The review queue of a run, and the share of known label errors among its lowest values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks
from shapcpp.doubts.result import Doubts
from shapcpp.metrics import Metric
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.notices import repeated_ids, warn
from shapcpp.results.valuation import Valuation

__all__ = ["DIRECTIONS", "detection_table", "mistakes", "review_queue"]

DIRECTIONS = {
    "pos_as_neg": "positives labelled negative",
    "neg_as_pos": "negatives labelled positive",
}


def detection_table(
    v: Valuation | FoldedValuation | Doubts,
    y: ArrayLike,
    y_true: ArrayLike,
    fractions: float | Sequence[float] = (0.1, 0.3),
    metrics: str | Metric | Sequence[str | Metric] | None = None,
) -> np.recarray[Any, Any]:
    """Counts the labels flipped in each direction that are among the lowest values.

    Parameters
    ----------
    v : Valuation, FoldedValuation or Doubts
        The values of the training samples; or doubts, whose lowest scores are looked at.
    y : array_like of int or bool, shape (n,)
        The labels as given, flipped ones included.
    y_true : array_like of int or bool, shape (n,)
        The true labels; a value that is none of the classes means unknown.
    fractions : float or sequence of float, default (0.1, 0.3)
        Shares f of all samples to look at: the ``floor(f n + 1/2)`` of lowest value, at
        least one; ties by sample order.
    metrics : sequence of str or Metric, optional
        Default: every named metric that the test set defines. Doubts know no metrics: theirs is
        called "doubt".

    Returns
    -------
    numpy.recarray
        One row per fraction, direction and metric. Fields: ``fraction``; ``direction``,
        "pos_as_neg" (positives labelled negative) or "neg_as_pos"; ``metric``;
        ``flipped``, the number of such label errors; ``found``, how many of them are among
        the lowest; ``share``, found / flipped (nan if there are none).

    Raises
    ------
    TypeError, ValueError
        If labels are not integers or booleans, differ in length from `v`, or are unknown
        to it; if a fraction is not above 0 and at most 1; if a metric is not defined; if no
        permutation was completed.

    Notes
    -----
    Table 2 of Enshaei et al., *Data Shapley value for handling noisy labels*.
    """
    mistaken = mistakes(v, y, y_true)
    fractions = fractions if isinstance(fractions, Sequence) else np.atleast_1d(fractions).tolist()
    shares = [checks.fraction(f"fractions[{i}]", f) for i, f in enumerate(fractions)]
    rankings = _rankings(v, metrics)
    rows = []
    for share in shares:
        lowest = {name: ranking(share) for name, ranking in rankings.items()}
        for direction in DIRECTIONS:
            flipped = int(mistaken[direction].sum())
            for name in rankings:
                found = int(mistaken[direction][lowest[name]].sum())
                rows.append((share, direction, name, flipped, found, _ratio(found, flipped)))
    width = max(map(len, rankings), default=1)
    fields = [
        ("fraction", float),
        ("direction", "U10"),
        ("metric", f"U{width}"),
        ("flipped", np.int64),
        ("found", np.int64),
        ("share", float),
    ]
    return np.array(rows, dtype=fields).view(np.recarray)


def _rankings(
    v: Valuation | FoldedValuation | Doubts,
    metrics: str | Metric | Sequence[str | Metric] | None,
) -> dict[str, Callable[[float], NDArray[np.int64]]]:
    """By name, what gives a share of the samples, the first ones by that ranking."""
    if not isinstance(v, Doubts):
        return {metric.name: partial(v.lowest, metric) for metric in v.chosen(metrics)}
    if metrics is not None:
        raise ValueError(f"metrics is {metrics!r}, but doubts know no metrics: leave it out")
    return {"doubt": v.lowest}


def review_queue(
    v: Valuation | FoldedValuation,
    fraction: float = 0.1,
    metrics: str | Metric | Sequence[str | Metric] | None = None,
) -> np.recarray[Any, Any]:
    """Lists the samples to look at first by each metric, lowest value first.

    Parameters
    ----------
    v : Valuation
        The values of the training samples.
    fraction : float, default 0.1
        Share f of all samples to list: the ``floor(f n + 1/2)`` of lowest value, at least
        one; ties by sample order.
    metrics : sequence of str or Metric, optional
        Default: every named metric that the test set defines.

    Returns
    -------
    numpy.recarray
        One row per metric and rank. Fields: ``metric``; ``rank``, from 1; ``sample``, the
        row number; ``id``; ``label``; ``group`` where known; ``value``; ``stderr``;
        ``low`` and ``high``, the 95% interval; ``trusted``, whether error and interval can
        be believed (`Valuation.trusted`); ``certain``, "yes" where the sample is
        certainly among the lowest by that metric (`Valuation.decided` at level 0.95), else
        "undecided".

    Raises
    ------
    ValueError
        If `fraction` is not above 0 and at most 1, a metric is unknown or not defined, or no
        permutation was completed.

    Warns
    -----
    ValuationWarning
        If several samples have one id.
    """
    chosen = v.chosen(metrics)
    warn(repeated_ids(v))
    parts = []
    for metric in chosen:
        order = v.lowest(metric, fraction)
        low, high = v.interval(metric)
        columns: dict[str, NDArray[Any]] = {
            "metric": np.full(len(order), metric.name),
            "rank": np.arange(1, len(order) + 1),
            "sample": order,
            "id": v.ids[order],
            "label": v.labels[order],
        }
        if v.groups is not None:
            columns["group"] = v.groups[order]
        columns["value"] = v[metric][order]
        columns["stderr"] = v.stderr(metric)[order]
        columns |= {"low": low[order], "high": high[order]}
        columns["trusted"] = v.trusted(metric)[order]
        certain = v.decided(metric, fraction)[order] == 1
        columns["certain"] = np.where(certain, "yes", "undecided")
        dtype = [(name, column.dtype) for name, column in columns.items()]
        parts.append(np.rec.fromarrays([*columns.values()], dtype=dtype))
    return np.concatenate(parts).view(np.recarray)


def mistakes(
    v: Valuation | FoldedValuation | Doubts, y: ArrayLike, y_true: ArrayLike
) -> dict[str, NDArray[np.bool_]]:
    """Marks the labels that are wrong in each direction; arguments as for `detection_table`."""
    given = _labels(v, "y", y)
    checks.known_labels("y", given, v.classes, known_name="the result")
    true = _labels(v, "y_true", y_true)
    negative, positive = v.classes
    return {
        "pos_as_neg": (true == positive) & (given == negative),
        "neg_as_pos": (true == negative) & (given == positive),
    }


def _labels(
    v: Valuation | FoldedValuation | Doubts, name: str, value: ArrayLike
) -> NDArray[np.int64]:
    labels = checks.labels(name, value)
    checks.same_length(name, labels, "labels", "v", v.labels)
    return labels


def _ratio(found: int, flipped: int) -> float:
    return found / flipped if flipped else float("nan")
