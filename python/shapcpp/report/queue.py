"""The review queue: each sample to review once, with its doubt and the verdict of every metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.doubts.readers import NEITHER
from shapcpp.report.subject import About, Run, Subject, subject_of
from shapcpp.report.words import (
    Chosen,
    decimals,
    metrics_of,
    scaled,
    unit_exponent,
    unit_name,
)

__all__ = [
    "FRACTION", "MOST", "Candidate", "Doubted", "Queue", "Read", "Verdict", "has_votes",
    "patients_in", "queue_of", "review",
]  # fmt: skip

MOST = 500  # candidates on a page
FRACTION = 0.1  # share of all samples to review if the number of wrong labels is unknown
CERTAIN = {1: "proven", -1: "ruled out"}


@dataclass(frozen=True)
class Verdict:
    """The verdict of one metric on one sample."""

    metric: str
    value: float
    text: str  # value and interval in the unit of the queue
    rank: int  # from 1, the lowest value
    is_lowest: bool
    among_lowest: str  # in words, with whether it is proven


@dataclass(frozen=True)
class Doubted:
    """The verdict of all other labels on one label."""

    probability: float  # that the label is wrong
    suggestion: Any
    rank: int  # from 1, the most doubtful


@dataclass(frozen=True)
class Read:
    """The verdict of a second reader, and of the other labels, on one label."""

    second: Any  # the second reader's label
    wrong: tuple[float, float]  # the probabilities that the labels are wrong
    sides_with: str | None  # a reader, or None


@dataclass(frozen=True)
class Candidate:
    """One sample to review."""

    id: str
    label: Any
    patient: str | None
    verdicts: list[Verdict]
    doubt: Doubted | None = None
    read: Read | None = None
    unsure: bool = False  # whether a reviewer was unsure before
    agreement: float | None = None  # the share of votes for the label, if there are votes

    @property
    def suggestion(self) -> Any:
        """The label proposed in place of the given one, if any."""
        if self.read is not None:
            return self.read.second
        return None if self.doubt is None else self.doubt.suggestion


@dataclass(frozen=True)
class Queue:
    """The samples to review, most doubtful first.

    Attributes
    ----------
    candidates : list of Candidate
        The samples to review, at most `most` of them.
    found : int
        Number of all samples to review.
    unit : str
        The unit of the values in the texts: "10⁻³".
    """

    candidates: list[Candidate]
    found: int
    unit: str


def review(
    run: About, fraction: float | None = None, most: int = MOST, metrics: Chosen = None
) -> Queue:
    """Lists the samples to review: see `queue_of`."""
    return queue_of(subject_of("run", run), fraction, most, metrics)


def queue_of(
    subject: Subject, fraction: float | None = None, most: int = MOST, metrics: Chosen = None
) -> Queue:
    """Lists the samples to review.

    With doubts: as many of the most doubtful labels as are expected to be wrong, at least one. For
    two readers: the samples they disagree on. Without doubts: the lowest values by any metric
    shown. Labels that a reviewer has decided on are left out.

    Parameters
    ----------
    subject : Subject
        The subject of the page.
    fraction : float, optional
        Share of all samples to list instead; without doubts, for each metric, by default 0.1.
    most : int, default 500
        The most samples to list; the first ones stay.
    metrics : sequence of str or Metric, optional
        Default: every built-in metric that the test set defines.
    """
    found = _in_order(subject, fraction, metrics)
    listed = found[:most]
    verdicts: list[list[Verdict]] = [[] for _ in listed]
    agreement = None
    if subject.v is not None and subject.doubts is None and has_votes(subject.v):
        agreement = subject.v.agreement()
    unit = ""
    if subject.v is not None:
        share = FRACTION if fraction is None else fraction
        verdicts, unit = _verdicts(subject.v, listed, share, metrics)
    candidates = [
        _candidate(subject, int(i), own, None if agreement is None else float(agreement[i]))
        for i, own in zip(listed, verdicts, strict=True)
    ]
    return Queue(candidates, len(found), unit)


def _in_order(subject: Subject, fraction: float | None, metrics: Chosen) -> NDArray[np.int64]:
    """The samples to review, in order of review."""
    d = subject.doubts
    if subject.readers is not None:
        order = subject.readers.differ
    elif d is not None:
        order = d.expected_wrong() if fraction is None else d.lowest(fraction)
        if not len(order):
            order = np.flatnonzero(~d.decided)[np.argsort(d.score[~d.decided], kind="stable")][:1]
    else:
        assert subject.v is not None
        share = FRACTION if fraction is None else fraction
        order = _lowest(subject.v, share, metrics)
    order = order[~subject.decided[order]]
    return _patients_together(subject, order) if subject.by_group else order


def _lowest(v: Run, fraction: float, metrics: Chosen) -> NDArray[np.int64]:
    chosen = metrics_of(v, metrics)
    first = np.min([_ranks(v[metric]) for metric in chosen], axis=0)
    found = np.unique(np.concatenate([v.lowest(metric, fraction) for metric in chosen]))
    order: NDArray[np.int64] = found[np.argsort(first[found], kind="stable")]
    return order


def _patients_together(subject: Subject, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same samples, with those of a patient placed after the patient's first one."""
    assert subject.v is not None
    players = subject.v.players[order]
    _, first, which = np.unique(players, return_index=True, return_inverse=True)
    return order[np.argsort(first[which], kind="stable")]


def _verdicts(
    v: Run, listed: NDArray[np.int64], fraction: float, metrics: Chosen
) -> tuple[list[list[Verdict]], str]:
    chosen = metrics_of(v, metrics)
    of_listed = [v[metric][listed] for metric in chosen]
    exponent = unit_exponent(of_listed)
    places = decimals(of_listed, exponent)
    verdicts: list[list[Verdict]] = [[] for _ in listed]
    for metric in chosen:
        values, (low, high), trusted = v[metric], v.interval(metric), v.trusted(metric)
        ranks = _ranks(values)
        decided, is_lowest = v.decided(metric, fraction), np.zeros(len(values), dtype=bool)
        is_lowest[v.lowest(metric, fraction)] = True
        so_far = np.where(is_lowest, "likely", "unlikely").tolist()
        for i, of_sample in zip(listed.tolist(), verdicts, strict=True):
            shown = scaled(values[i], exponent, places)
            reach = scaled((high[i] - low[i]) / 2, exponent, places).lstrip("+")
            if not (trusted[i] or np.isnan(low[i])):
                reach = "?"
            of_sample.append(
                Verdict(
                    metric=metric.name,
                    value=float(values[i]),
                    text=f"{shown} ± {reach}",
                    rank=int(ranks[i]),
                    is_lowest=bool(is_lowest[i]),
                    among_lowest=CERTAIN.get(int(decided[i]), so_far[i]),
                )
            )
    return verdicts, unit_name(exponent)


def has_votes(v: Run) -> bool:
    """True if models that were trained without a sample have voted on it."""
    return not bool(np.isnan(v.agreement()).all())


def _candidate(
    subject: Subject, i: int, verdicts: list[Verdict], agreement: float | None
) -> Candidate:
    groups, reviewed = subject.groups, subject.reviewed
    return Candidate(
        id=str(subject.ids[i]),
        label=subject.labels[i].item(),
        patient=None if groups is None else str(groups[i]),
        verdicts=verdicts,
        doubt=_doubted(subject, i),
        read=_read(subject, i),
        unsure=reviewed is not None and str(reviewed[i]) == "unsure",
        agreement=None if agreement is None or math.isnan(agreement) else agreement,
    )


def _doubted(subject: Subject, i: int) -> Doubted | None:
    d = subject.doubts
    if d is None:
        return None
    rank = 1 + int((d.score < d.score[i]).sum())
    return Doubted(float(d.probability[i]), d.suggestion[i].item(), rank)


def _read(subject: Subject, i: int) -> Read | None:
    r = subject.readers
    if r is None:
        return None
    one, two = (float(d.probability[i]) for d in r.doubts)
    side = r.sides_with(i)
    return Read(r.doubts[1].labels[i].item(), (one, two), None if side == NEITHER else side)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks


def patients_in(candidates: Sequence[Candidate]) -> list[str]:
    """The patients of a queue, 9 before 10."""
    named = {c.patient for c in candidates if c.patient is not None}
    return sorted(named, key=lambda name: (len(name), name))
