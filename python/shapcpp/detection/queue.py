"""The review queue of a run, and the share of known label errors among its lowest values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks
from shapcpp.doubts.result import Doubts
from shapcpp.labels import class_indices, class_labels, truth
from shapcpp.metrics import Metric
from shapcpp.results.exact import ExactValuation
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.notices import repeated_ids, warn
from shapcpp.results.valuation import Valuation

__all__ = [
    "DIRECTIONS",
    "ErrorKind",
    "detection_table",
    "error_kinds",
    "in_words",
    "mistakes",
    "review_queue",
    "text_wide_enough",
]

Run = Valuation | FoldedValuation | ExactValuation
# Of two classes.
DIRECTIONS = {
    "pos_as_neg": "positives labelled negative",
    "neg_as_pos": "negatives labelled positive",
}


class ErrorKind(NamedTuple):
    """Labels that are wrong in one direction.

    Attributes
    ----------
    name : str
        The direction: "pos_as_neg", "neg_as_pos" of two classes, else "TRUE as GIVEN".
    true, given : int, bool or str
        The label that is right, and the one that was given.
    wrong : ndarray of bool, shape (n,)
        The samples of this kind.
    """

    name: str
    true: Any
    given: Any
    wrong: NDArray[np.bool_]


def detection_table(
    v: Run | Doubts,
    y: ArrayLike,
    y_true: ArrayLike,
    fractions: float | Sequence[float] = (0.1, 0.3),
    metrics: str | Metric | Sequence[str | Metric] | None = None,
) -> np.recarray[Any, Any]:
    """Counts the labels flipped in each direction that are among the lowest values.

    Parameters
    ----------
    v : Valuation, FoldedValuation or Doubts
        The values of the training samples; or doubts, whose scores take the place of values.
    y : array_like, shape (n,)
        The labels as given, flipped ones included.
    y_true : array_like, shape (n,)
        The true labels; a value that is none of the classes means unknown.
    fractions : float or sequence of float, default (0.1, 0.3)
        Shares f of all samples to look at: the ``floor(f n + 1/2)`` with the lowest values, at
        least one; ties by sample order.
    metrics : sequence of str or Metric, optional
        Default: every built-in metric that the test set defines. Doubts have no metrics; their
        rows say "doubt".

    Returns
    -------
    numpy.recarray
        One row per fraction, direction and metric. Fields: ``fraction``; ``direction``, with two
        classes "pos_as_neg" (positives labelled negative) or "neg_as_pos", with more "TRUE as
        GIVEN" for each pair of labels that occurs, the most frequent first; ``true`` and
        ``given``, the labels; ``metric``; ``flipped``, the number of such label errors;
        ``found``, how many of them are among the lowest; ``share``, found / flipped (nan if
        there are none).

    Raises
    ------
    TypeError, ValueError
        If `y` or `y_true` holds no labels, or differs in length from `v`, or `y` has a label that
        `v` does not know; if a fraction is not above 0 and at most 1; if a metric is not defined;
        if no permutation was completed.

    Notes
    -----
    Table 2 of Enshaei et al., *Data Shapley value for handling noisy labels*.
    """
    kinds = error_kinds(v, y, y_true)
    fractions = fractions if isinstance(fractions, Sequence) else np.atleast_1d(fractions).tolist()
    shares = [checks.fraction(f"fractions[{i}]", f) for i, f in enumerate(fractions)]
    rankings = _rankings(v, metrics)
    rows = []
    for share in shares:
        lowest = {name: ranking(share) for name, ranking in rankings.items()}
        for direction, true, given, wrong in kinds:
            flipped = int(wrong.sum())
            for name in rankings:
                found = int(wrong[lowest[name]].sum())
                which = share, direction, true, given, name
                rows.append((*which, flipped, found, _ratio(found, flipped)))
    fields = [
        ("fraction", float),
        ("direction", text_wide_enough([kind.name for kind in kinds])),
        ("true", v.classes.dtype),
        ("given", v.classes.dtype),
        ("metric", text_wide_enough([*rankings])),
        ("flipped", np.int64),
        ("found", np.int64),
        ("share", float),
    ]
    return np.array(rows, dtype=fields).view(np.recarray)


def _rankings(
    v: Run | Doubts,
    metrics: str | Metric | Sequence[str | Metric] | None,
) -> dict[str, Callable[[float], NDArray[np.int64]]]:
    """For each ranking by name, a function that returns its first samples, a given share of all."""
    if not isinstance(v, Doubts):
        return {metric.name: partial(v.lowest, metric) for metric in v.chosen(metrics)}
    if metrics is not None:
        raise ValueError(f"metrics is {metrics!r}, but doubts have no metrics: leave it out")
    return {"doubt": v.lowest}


def review_queue(
    v: Run,
    fraction: float = 0.1,
    metrics: str | Metric | Sequence[str | Metric] | None = None,
) -> np.recarray[Any, Any]:
    """Lists the samples to look at first by each metric, lowest value first.

    Parameters
    ----------
    v : Valuation
        The values of the training samples.
    fraction : float, default 0.1
        Share f of all samples to list: the ``floor(f n + 1/2)`` with the lowest values, at least
        one; ties by sample order.
    metrics : sequence of str or Metric, optional
        Default: every built-in metric that the test set defines.

    Returns
    -------
    numpy.recarray
        One row per metric and rank. Fields: ``metric``; ``rank``, from 1; ``sample``, the
        row number; ``id``; ``label``; ``group`` where known; ``value``; ``stderr``;
        ``low`` and ``high``, the 95% interval; ``trusted``, whether error and interval can
        be believed (`Valuation.trusted`); ``certain``, "yes" if the sample is certainly
        among the lowest by that metric (`Valuation.decided` at level 0.95), else "undecided".

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


def mistakes(v: Run | Doubts, y: ArrayLike, y_true: ArrayLike) -> dict[str, NDArray[np.bool_]]:
    """Marks the labels that are wrong in each direction; arguments as for `detection_table`."""
    return {kind.name: kind.wrong for kind in error_kinds(v, y, y_true)}


def error_kinds(v: Run | Doubts, y: ArrayLike, y_true: ArrayLike) -> list[ErrorKind]:
    """The kinds of label errors; with over two classes those that occur, frequent ones first."""
    labels = class_labels("y", y)
    checks.same_length("y", labels, "labels", "v", v.labels)
    class_indices("y", labels, v.classes, known_name="the result")
    right = truth("y_true", y_true, v.labels, "v")
    known = np.isin(right, v.classes)
    if len(v.classes) == 2:
        negative, positive = v.classes.tolist()
        pairs = {"pos_as_neg": (positive, negative), "neg_as_pos": (negative, positive)}
    else:
        wrong = known & (right != labels)
        found, counts = np.unique(
            np.stack([np.searchsorted(v.classes, side[wrong]) for side in (right, labels)]),
            axis=1,
            return_counts=True,
        )
        classes = v.classes.tolist()
        ordered = found[:, np.argsort(-counts, kind="stable")].T.tolist()
        pairs = {
            f"{classes[true]} as {classes[given]}": (classes[true], classes[given])
            for true, given in ordered
        }
    return [
        ErrorKind(name, true, given, known & (right == true) & (labels == given))
        for name, (true, given) in pairs.items()
    ]


def in_words(direction: str) -> str:
    """The name of a direction of errors in tables for people."""
    true, _, given = direction.partition(" as ")
    return DIRECTIONS.get(direction, f"{true} labelled {given}" if given else direction)


def text_wide_enough(names: Sequence[str]) -> str:
    """The dtype of a column that holds these names."""
    return f"U{max((len(name) for name in names), default=1)}"


def _ratio(found: int, flipped: int) -> float:
    return found / flipped if flipped else float("nan")
