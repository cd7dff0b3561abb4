"""Experiments with known label errors, and the paper's table beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapcpp.detection.queue import DIRECTIONS, detection_table, mistakes, text_wide_enough
from shapcpp.report.words import THE_PAPERS, metrics_shown
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.valuation import Valuation

__all__ = ["FRACTIONS", "PAPER", "Experiment", "noise_rate", "paper_share", "paper_table"]

# Shares of the values that the paper looks at, for each noise rate.
FRACTIONS = {0.1: (0.1, 0.3), 0.2: (0.2, 0.3), 0.3: (0.3,)}

# Table 2 of Enshaei et al., by noise rate and share looked at: acc, rec, spc of each direction.
PAPER: dict[tuple[float, float], dict[str, tuple[float, float, float]]] = {
    (0.1, 0.1): {"pos_as_neg": (1.00, 1.00, 0.00), "neg_as_pos": (0.28, 0.28, 0.68)},
    (0.1, 0.3): {"pos_as_neg": (1.00, 1.00, 0.00), "neg_as_pos": (0.30, 0.30, 0.78)},
    (0.2, 0.2): {"pos_as_neg": (1.00, 1.00, 0.00), "neg_as_pos": (0.23, 0.18, 0.96)},
    (0.2, 0.3): {"pos_as_neg": (1.00, 1.00, 0.00), "neg_as_pos": (0.29, 0.19, 1.00)},
    (0.3, 0.3): {"pos_as_neg": (0.97, 0.97, 0.00), "neg_as_pos": (0.35, 0.07, 1.00)},
}


@dataclass(frozen=True, eq=False)
class Experiment:
    """One experiment of the paper: a share of each class flipped, and the values that follow.

    Attributes
    ----------
    name : str
        Its name on the page: "I (10%)".
    run : Valuation or FoldedValuation
        A run with true labels; one-class coalitions score their constant prediction.
    carry : Valuation, optional
        The same run under the rule "carry".
    noise : float, optional
        Share of each class whose labels were flipped. Default: read off the labels, see
        `noise_rate`.
    auc : mapping of str to float
        Areas under the ROC curve of the network that made the features, by the split they were
        measured on: ``{"validation": 0.91, "test": 0.88}``.
    """

    name: str
    run: Valuation | FoldedValuation
    carry: Valuation | None = None
    noise: float | None = None
    auc: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.run.true_labels is None:
            raise ValueError(f"experiment {self.name!r} has no true labels in its run")
        if self.noise is None:
            object.__setattr__(self, "noise", noise_rate(self.run))

    @property
    def rules(self) -> dict[str, Valuation | FoldedValuation]:
        """The runs, keyed by their rule for coalitions of one class."""
        runs = [self.run] if self.carry is None else [self.run, self.carry]
        return {str(v.settings["single_class"]): v for v in runs}

    @property
    def fractions(self) -> tuple[float, ...]:
        """Shares of the values to look at, as in the paper: the noise rate, and 30%."""
        if self.noise is None:
            return (0.1, 0.3)
        return FRACTIONS.get(self.noise, tuple(sorted({self.noise, 0.3})))


def noise_rate(v: Valuation | FoldedValuation) -> float | None:
    """The rate of the paper that flips exactly these numbers of each class, or None."""
    if v.true_labels is None or len(v.classes) != 2:
        return None
    wrong = mistakes(v, v.labels, v.true_labels)
    if not any(found.any() for found in wrong.values()):
        return None  # a rate that rounds to no flips would match any run without errors
    for rate in FRACTIONS:
        of_class = dict(zip(DIRECTIONS, reversed(v.classes.tolist()), strict=True))
        if all(
            wrong[direction].sum() == math.floor(rate * (v.true_labels == label).sum() + 0.5)
            for direction, label in of_class.items()
        ):
            return rate
    return None


def paper_share(noise: float | None, fraction: float, direction: str, metric: str) -> float:
    """The share that the paper found; nan if it has none for this noise, share or metric."""
    printed = {} if noise is None else PAPER.get((noise, fraction), {})
    if direction not in printed or metric not in THE_PAPERS:
        return math.nan
    return printed[direction][THE_PAPERS.index(metric)]


def paper_table(experiments: Sequence[Experiment]) -> np.recarray[Any, Any]:
    """Table 2 of the paper, with its numbers beside those found.

    Parameters
    ----------
    experiments : sequence of Experiment

    Returns
    -------
    numpy.recarray
        One row per experiment, share of the values looked at, one-class rule, direction and
        metric. Fields: ``noise``, the share flipped (nan if not known); ``fraction``;
        ``single_class``; ``direction``; ``metric``; ``flipped``, the number of such errors;
        ``found``, the share of them among the lowest values (nan if there are none);
        ``paper``, the share that the paper found (nan if it has no such experiment).
    """
    rows = []
    for experiment in experiments:
        for rule, v in experiment.rules.items():
            assert v.true_labels is not None
            found = detection_table(
                v, v.labels, v.true_labels, experiment.fractions, metrics_shown(v)
            )
            noise = math.nan if experiment.noise is None else experiment.noise
            for row in found:
                f, which = float(row.fraction), (str(row.direction), str(row.metric))
                paper = paper_share(experiment.noise, f, *which)
                rows.append((noise, f, rule, *which, int(row.flipped), float(row.share), paper))
    fields = [
        ("noise", float),
        ("fraction", float),
        ("single_class", "U8"),
        ("direction", text_wide_enough([*DIRECTIONS, *(row[3] for row in rows)])),
        ("metric", text_wide_enough(["acc", *(row[4] for row in rows)])),
        ("flipped", np.int64),
        ("found", float),
        ("paper", float),
    ]
    return np.array(rows, dtype=fields).view(np.recarray)
