"""What institutions that train one classifier together are worth, and to whom."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import shapcpp
from shapcpp.experiment.stages import Progress
from shapcpp.problem.scaling import standard_scaling
from shapcpp.report.words import metrics_shown
from shapcpp.results.notices import ValuationWarning
from shapcpp.results.valuation import Valuation

__all__ = [
    "INSTITUTIONS",
    "check_column",
    "check_names",
    "institution_rows",
    "names_of",
    "sum_and_error",
]

INSTITUTIONS = (
    "noise", "institution", "samples", "flipped", "judge", "metric", "value", "stderr", "left_out",
    "samples_sum", "samples_sum_stderr",
)  # fmt: skip
EVERYONE = ""  # the judge that has all test rows
NO_INSTITUTION = ("features", "label", "true_label", "split", "id")  # fields of a features file
FEWEST, FEWEST_BLOCKS = 2, 2  # institutions, and blocks of orders


def check_column(column: str, names: Collection[str]) -> None:
    """Raises ValueError if slices with these columns have no such column of institutions."""
    fit = sorted(set(names).difference(NO_INSTITUTION))
    if column not in fit:
        there = f"the slices have {', '.join(fit)}" if fit else "the slices have none"
        raise ValueError(f"groups names no column of institutions: {column!r} ({there})")


def names_of(column: NDArray[Any]) -> NDArray[np.str_]:
    """The institutions of slices, "" where an entry is empty.

    Numbers with gaps are floats, and are called what they are called without gaps.
    """
    if column.dtype.kind != "f":
        return column.astype(str)
    return np.array(
        ["" if math.isnan(x) else str(int(x) if x.is_integer() else x) for x in column.tolist()],
        dtype=str,
    )


def check_names(column: str, train: NDArray[np.str_], test: NDArray[np.str_]) -> None:
    """Raises ValueError if a slice has no institution, or all training slices have the same."""
    if empty := int(np.sum(train == "") + np.sum(test == "")):
        raise ValueError(
            f"column {column!r} is empty for {empty} of the training and test slices: each needs "
            "an institution"
        )
    if len(np.unique(train)) < FEWEST:
        raise ValueError(
            f"all training slices are of one institution, {str(train[0])!r}, in column {column!r}: "
            "groups needs two"
        )


def institution_rows(
    noise: float,
    features: shapcpp.Features,
    column: str,
    run: Valuation,
    valuing: Mapping[str, Any],
    progress: Progress,
) -> list[tuple[Any, ...]]:
    """Values the institutions of one experiment: the rows of `INSTITUTIONS`, None if unknown.

    A player is an institution, whose training samples join together. Judges are all test rows
    (named ""), then those of each institution. ``left_out`` is the score of all training samples
    minus that without the institution's, ``samples_sum`` the sum of the values of its samples in
    `run`, where samples join one by one, by the judge that `run` had.

    Parameters
    ----------
    noise : float
        The share of labels flipped.
    features : Features
        Noisy and true labels, and the column of institutions.
    column : str
        The name of that column.
    run : Valuation
        The values of the samples, with a trace.
    valuing : mapping
        ``permutations``, ``seed``, ``C`` and ``scale``, as for `value`.
    progress : callable
        Called with the number of judges heard and of all.

    Raises
    ------
    ValueError
        If there is no such column, a slice has none of its institutions, or all training slices
        are of one.
    """
    check_column(column, features.rows.dtype.names or ())
    train, test = features.sides()
    at, judging = (names_of(features.rows[column][features.mask(s)]) for s in ("train", "test"))
    check_names(column, at, judging)
    names, first = np.unique(at, return_index=True)
    assert train.true_labels is not None
    wrong = train.y != train.true_labels
    X, X_test = _scaled(train.X, test.X, valuing["scale"])
    judges = {EVERYONE: np.full(len(judging), True)}
    judges |= {str(name): judging == name for name in np.unique(judging)}
    rows: list[tuple[Any, ...]] = []
    for heard, (judge, its) in enumerate(judges.items()):
        progress(heard, len(judges))
        game = X, train.y, X_test[its], test.y[its], valuing
        joined = _valued(*game, permutations=valuing["permutations"], groups=at)
        without = [_full_counts(*game, at != name) for name in names]
        for k, name in enumerate(names.tolist()):
            inside = at == name
            for metric in metrics_shown(joined):
                rest = without[k]
                left_out = None if rest is None else _change(joined, metric, rest)
                sums = sum_and_error(run, metric, inside) if judge == EVERYONE else (None, None)
                stderr = float(joined.stderr(metric)[first[k]])
                rows.append((
                    noise, name, int(inside.sum()), int(wrong[inside].sum()), judge, metric,
                    float(joined[metric][first[k]]), stderr, left_out, *sums,
                ))  # fmt: skip
    progress(len(judges), len(judges))
    return rows


def sum_and_error(
    v: Valuation, metric: str, inside: NDArray[np.bool_]
) -> tuple[float, float | None]:
    """The sum of the values of some samples, and its standard error.

    The errors of values do not tell that of their sum, since samples of one order share their
    coalitions. The trace does: between two of its points lie orders that no other two share.
    Where b orders have the mean m, b times the squared deviation of m from the mean of all has the
    variance of one order as its expectation, up to the mean's own error.
    """
    weights = v.chosen([metric])[0].on(v.test_counts)
    unit = v.settings["gain_unit"]
    total = float(v.gains[inside].sum(axis=0) @ weights) / (v.n_permutations * unit)
    assert v.trace_counts is not None
    assert v.trace_gains is not None
    sizes = np.diff(v.trace_counts, prepend=0)
    if len(sizes) < FEWEST_BLOCKS:
        return total, None
    sums = v.trace_gains[:, inside].sum(axis=1) @ weights / unit
    means = np.diff(sums, prepend=0.0) / sizes
    variance = float(sizes @ (means - total) ** 2) / (len(sizes) - 1)
    return total, math.sqrt(variance / v.n_permutations)


def _scaled(X: Any, X_test: Any, scale: str | None) -> tuple[Any, Any]:
    """Both sides as the run scales them, by all training samples whoever takes part."""
    if scale is None:
        return X, X_test
    mean, deviation = standard_scaling(X)
    return (X - mean) / deviation, (X_test - mean) / deviation


def _valued(
    X: Any, y: Any, X_test: Any, y_test: Any, valuing: Mapping[str, Any], **options: Any
) -> Valuation:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ValuationWarning)  # each would be told for every judge
        return shapcpp.value(
            X, y, X_test, y_test, seed=valuing["seed"], C=valuing["C"], sampler="permutations",
            votes=False, **options,
        )  # fmt: skip


def _full_counts(
    X: Any, y: Any, X_test: Any, y_test: Any, valuing: Mapping[str, Any], rows: NDArray[np.bool_]
) -> NDArray[np.int64] | None:
    """Correct predictions by label of the classifier of these rows; None if a label is missing."""
    if len(np.unique(y[rows])) < len(np.unique(y)):
        return None
    one = _valued(X[rows], y[rows], X_test, y_test, valuing, permutations=1)
    return one.full_counts


def _change(v: Valuation, metric: str, without: NDArray[np.int64]) -> float:
    """What the score of everyone is above that of these correct predictions."""
    return float(v.chosen([metric])[0].on(v.test_counts) @ (v.full_counts - without))
