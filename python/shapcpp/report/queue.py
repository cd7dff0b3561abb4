"""The review queue: each doubtful sample once, with the verdict of every metric."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.report.words import decimals, metrics_shown, scaled, unit_exponent, unit_name
from shapcpp.results.valuation import Valuation

__all__ = ["MOST", "Candidate", "Queue", "Verdict", "review"]

MOST = 500  # candidates on a page
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
class Candidate:
    """One sample to review."""

    id: str
    label: Any
    patient: str | None
    verdicts: list[Verdict]
    # Labels to give instead, the most probable one first where that is known.
    others: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Queue:
    """The samples to review, most doubtful first.

    Attributes
    ----------
    candidates : list of Candidate
        At most `most` of the samples that are among the lowest by some metric.
    found : int
        How many samples are among the lowest by some metric.
    unit : str
        The unit of the values in the texts: "10⁻³".
    """

    candidates: list[Candidate]
    found: int
    unit: str


def review(v: Valuation, fraction: float = 0.1, most: int = MOST) -> Queue:
    """Lists the samples of lowest value by any of the metrics shown.

    Parameters
    ----------
    v : Valuation
        The values of the training samples.
    fraction : float, default 0.1
        Share of all samples to list, by each metric: see `Valuation.lowest`.
    most : int, default 500
        List at most this many samples, those of the lowest ranks.
    """
    metrics = metrics_shown(v)
    lowest = {metric: v.lowest(metric, fraction) for metric in metrics}
    ranks = {metric: _ranks(v[metric]) for metric in metrics}
    first = np.min([ranks[metric] for metric in metrics], axis=0)
    candidates_found = np.unique(np.concatenate([*lowest.values()]))
    listed = candidates_found[np.argsort(first[candidates_found], kind="stable")][:most]
    of_listed = [v[metric][listed] for metric in metrics]
    exponent = unit_exponent(of_listed)
    places = decimals(of_listed, exponent)
    verdicts: dict[int, list[Verdict]] = {int(i): [] for i in listed}
    for metric in metrics:
        values, (low, high), trusted = v[metric], v.interval(metric), v.trusted(metric)
        decided, is_lowest = v.decided(metric, fraction), np.zeros(len(values), dtype=bool)
        is_lowest[lowest[metric]] = True
        so_far = np.where(is_lowest, "likely", "unlikely").tolist()
        for i, of_sample in verdicts.items():
            shown = scaled(values[i], exponent, places)
            reach = scaled((high[i] - low[i]) / 2, exponent, places).lstrip("+")
            if not (trusted[i] or np.isnan(low[i])):
                reach = "?"
            of_sample.append(
                Verdict(
                    metric=metric,
                    value=float(values[i]),
                    text=f"{shown} ± {reach}",
                    rank=int(ranks[metric][i]),
                    is_lowest=bool(is_lowest[i]),
                    among_lowest=CERTAIN.get(int(decided[i]), so_far[i]),
                )
            )
    candidates = [
        Candidate(
            id=str(v.ids[i]),
            label=v.labels[i].item(),
            patient=None if v.groups is None else str(v.groups[i]),
            verdicts=verdicts[int(i)],
            others=_others(v, int(i)),
        )
        for i in listed
    ]
    return Queue(candidates, len(candidates_found), unit_name(exponent))


def _others(v: Valuation, i: int) -> list[Any]:
    """The labels that a sample does not have."""
    likely = [] if v.doubts is None else [v.doubts.suggestion[i].item()]
    others = [label for label in v.classes.tolist() if label != v.labels[i]]
    return list(dict.fromkeys([*likely, *others]))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks
