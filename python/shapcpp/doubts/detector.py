"""`doubt`: finds labels that are probably wrong, by what all other labels say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks, labels
from shapcpp.doubts import leave_one_out, mixture
from shapcpp.doubts.counts import count
from shapcpp.doubts.draws import drawn_order
from shapcpp.doubts.result import Doubts
from shapcpp.machine.memory import check_fits
from shapcpp.machine.processors import available_processors
from shapcpp.progress import nothing, progress_bar

__all__ = ["doubt"]

MOST_FITTED = 20_000  # rows that the mixture is fitted to: with more, other errors dominate
Progress = bool | Callable[[int, int], object]


def doubt(
    X: ArrayLike,
    y: ArrayLike,
    groups: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    true_labels: ArrayLike | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = False,
    *,
    reviewed: ArrayLike | None = None,
) -> Doubts:
    """Finds labels that are probably wrong, without a test set.

    Every sample is predicted by ridge regressions that have seen all others, on the features and on
    similarities to some samples: exactly, and at the cost of one fit. A mixture model then
    estimates how often labels are wrong, in which direction, and how probably each label is.

    Parameters
    ----------
    X : array_like of shape (n, d)
        Features. Columns are standardised inside; constant ones are dropped.
    y : array_like of shape (n,)
        Labels of any kind that sorts: integers, booleans, strings, whole floats; 2 to 1,000
        different ones.
    groups, ids : array_like of int or str, shape (n,), optional
        Group ids (patients) and identifiers, which are shown beside the doubts. Samples of the same
        group do judge each other: neighbours mostly carry the right label, and help to find the
        wrong ones. Where a whole group is mislabelled alike, they confirm one another.
    true_labels : array_like of shape (n,), optional
        True labels where known, kept for comparison; they do not change the doubts.
    seed : int, default 0
        Which samples are landmarks, and halves, is drawn by it and by their features, so that the
        order of the rows does not matter; from 0 to 2^64 - 1.
    threads : int, optional
        Number of threads; default: all processors. It never changes the result.
    progress : bool or callable, default False
        True draws a bar on stderr if that is a terminal; a callable receives ``(done, total)``.
    reviewed : array_like of str, shape (n,), optional
        Reviewers' decision on each label, "" if none. It is kept with the result, so that reviewed
        labels are not listed again.

    Returns
    -------
    Doubts

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid; the sentence names it, the value and the row.
    InsufficientMemoryError
        If the work would not fit in memory; raised before it starts.

    Notes
    -----
    docs/doubt.md has the method and what was measured. Memory: about ``8 n (3 d + max(400, d) +
    15 K)`` bytes.

    Examples
    --------
    >>> d = shapcpp.doubt(X, y)
    >>> d.lowest(0.05), d.suggestion, d.n_expected
    """
    X = checks.features("X", X)
    y = labels.class_labels("y", y)
    checks.same_length("y", y, "labels", "X", X)
    classes, codes = labels.several_classes("y", y)
    groups = checks.companion("groups", groups, y)
    ids = checks.companion("ids", ids, y)
    if true_labels is not None:
        true_labels = labels.class_labels("true_labels", true_labels)
        checks.same_length("true_labels", true_labels, "labels", "X", X)
        labels.check_alike("true_labels", true_labels, y)
    reviewed = checks.companion("reviewed", reviewed, y)
    seed = checks.seed(seed)
    threads = available_processors() if threads is None else threads
    threads = checks.positive("threads", threads, checks.MOST_THREADS)
    n, d = X.shape
    check_fits(lambda t: leave_one_out.bytes_needed(n, d, len(classes), t), threads)
    order, other_order = (drawn_order(X, seed, index) for index in (0, 1))
    Z, varying = leave_one_out.standardise(X[order])
    if Z.shape[1] == 0:
        raise ValueError(f"X tells nothing: each of its {d} columns is constant")
    total = len(leave_one_out.VIEWS) + 1
    with _reporter(progress) as report:
        drawn, place = codes[order], np.argsort(order)
        F, weights = leave_one_out.predict(
            Z, drawn, len(classes), place[other_order], threads, lambda done: report(done, total)
        )
        fitted = np.arange(min(n, MOST_FITTED))
        choice = mixture.choose(
            F[fitted], drawn[fitted], lambda: report(len(leave_one_out.VIEWS), total)
        )
        best = choice.best
        score, other = _judge(best, F, drawn)
        numbers = count(choice, F, drawn, fitted)
        report(total, total)
    return Doubts(
        score=score[place],
        suggestion=classes[other[place]],
        classes=classes,
        rates=best.rates,
        by_direction=best.by_direction,
        evidence=choice.evidence,
        counts=numbers.numbers,
        deviations=numbers.deviations,
        total_deviation=numbers.total_deviation,
        labels=y,
        ids=np.arange(n) if ids is None else ids,
        groups=groups,
        true_labels=true_labels,
        settings={
            "seed": seed,
            "features": d,
            "varying": int(varying.sum()),
            "view_weights": weights.tolist(),
            "slope": best.slope,
            "offsets": best.offsets.tolist(),
            "bend": [best.bend.middle, best.bend.half] if best.bend else None,
        },
        reviewed=reviewed,
    )


def _judge(
    best: mixture.Mixture, F: NDArray[np.float64], codes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Log odds of each given label against all other classes, and the likeliest other class."""
    joint = mixture.log_joint(best, F, codes)
    rows = np.arange(len(joint))
    own = joint[rows, codes]
    joint[rows, codes] = -np.inf
    other = joint.argmax(axis=1)
    top = joint[rows, other]
    return own - top - np.log(np.exp(joint - top[:, None]).sum(axis=1)), other


@contextmanager
def _reporter(progress: Progress) -> Iterator[Callable[[int, int], object]]:
    if callable(progress):
        yield progress
    elif progress:
        with progress_bar("doubts") as bar:
            yield bar
    else:
        yield nothing
