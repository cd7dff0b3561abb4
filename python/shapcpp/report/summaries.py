"""The rows of the page's tables, as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from shapcpp.detection.queue import detection_table
from shapcpp.detection.scores import detection_scores
from shapcpp.metrics import Metric
from shapcpp.report import words
from shapcpp.report.experiments import Experiment, paper_table
from shapcpp.report.subject import Subject
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.valuation import Valuation

__all__ = [
    "FoundRow", "KindRow", "ScoreRow", "ends", "kind_rows", "known_errors", "rules", "score_rows",
    "table_rows",
]  # fmt: skip

SCORES = ("f1", "auroc", "auprc")
KINDS_SHOWN = 10
DOUBT = "doubt"
Run = Valuation | FoldedValuation


class FoundRow(NamedTuple):
    """One row of Table 2: the share found and the paper's share, by direction and metric.

    A row for doubts has one cell per direction.
    """

    name: str
    share: str
    rule: str
    cells: list[tuple[str, str | None]]
    flipped: dict[str, int]
    is_doubt: bool = False


class ScoreRow(NamedTuple):
    """Detection scores of one direction and metric."""

    name: str
    direction: str
    metric: str
    flipped: str
    numbers: list[str]
    chance: str


def table_rows(experiments: Sequence[Experiment]) -> list[FoundRow]:
    """One row per experiment, share of the values looked at, and one-class rule; one for doubts."""
    rows = []
    for experiment in experiments:
        table = paper_table([experiment])
        name = experiment.name
        for fraction in experiment.fractions:
            share = words.per_cent(fraction)
            flipped: dict[str, int] = {}
            for rule in experiment.rules:
                part = table[(table.fraction == fraction) & (table.single_class == rule)]
                cells = [
                    (words.share(found), None if np.isnan(paper) else words.share(paper))
                    for found, paper in zip(part.found.tolist(), part.paper.tolist(), strict=True)
                ]
                flipped = dict(zip(part.direction.tolist(), part.flipped.tolist(), strict=True))
                rows.append(FoundRow(name, share, rule, cells, flipped))
            rows += _doubt_rows(experiment, fraction, share, flipped)
        rows += _doubt_rows(experiment, None, "", {})
    return rows


def _doubt_rows(
    experiment: Experiment, fraction: float | None, share: str, flipped: dict[str, int]
) -> list[FoundRow]:
    """The row of the labels doubted most: a share of all, or as many as are expected wrong."""
    d = experiment.run.doubts
    if d is None or experiment.run.true_labels is None:
        return []
    if fraction is None:
        count = math.floor(d.n_expected + 0.5)
        if not 0 < count < len(d):
            return []
        fraction, share = count / len(d), f"{count} as expected"
    table = detection_table(d, d.labels, experiment.run.true_labels, fraction)
    cells: list[tuple[str, str | None]] = [(words.share(one), None) for one in table.share.tolist()]
    return [FoundRow(experiment.name, share, DOUBT, cells, flipped, is_doubt=True)]


def known_errors(v: Run | Subject, true_labels: Any) -> int:
    """The number of given labels known to be wrong."""
    if true_labels is None:
        return 0
    return int((np.isin(true_labels, v.classes) & (v.labels != true_labels)).sum())


def score_rows(experiments: Sequence[Experiment]) -> list[ScoreRow]:
    """One row per direction and ranking of each experiment with errors, under the first rule."""
    rows = []
    for experiment in experiments:
        v, true = experiment.run, experiment.run.true_labels
        assert true is not None
        if not known_errors(v, true):
            continue
        n = len(v.labels)
        tables: list[Any] = [detection_scores(v, v.labels, true, words.metrics_shown(v))]
        if v.doubts is not None:
            tables.append(detection_scores(v.doubts, v.labels, true))
        rows += [
            ScoreRow(
                name=experiment.name,
                direction=words.direction(str(row.direction)),
                metric=words.called(str(row.metric)),
                flipped=f"{row.flipped} of {n}",
                numbers=[words.share(float(row[score])) for score in SCORES],
                chance=words.share(row.flipped / n),
            )
            for table in tables
            for row in table
            if len(v.classes) == 2 or row.direction == "any"  # as the kinds are many
        ]
    return rows


class KindRow(NamedTuple):
    """One kind of label error among more than two classes: the share found by each ranking."""

    name: str
    share: str
    flipped: int
    cells: list[str]


def kind_rows(
    v: Run, metrics: Sequence[Metric], fractions: Sequence[float] = (0.1, 0.3)
) -> list[KindRow]:
    """One row per share looked at and kind of error, for the most frequent kinds.

    A row has one cell per metric and, if there are doubts, one for doubts before them.
    """
    if v.true_labels is None or len(v.classes) == 2:
        return []
    tables = [] if v.doubts is None else [
        detection_table(v.doubts, v.labels, v.true_labels, fractions)
    ]  # fmt: skip
    tables.append(detection_table(v, v.labels, v.true_labels, fractions, metrics))
    rows = []
    for direction in list(dict.fromkeys(tables[-1].direction.tolist()))[:KINDS_SHOWN]:
        for fraction in fractions:
            parts = [t[(t.direction == direction) & (t.fraction == fraction)] for t in tables]
            cells = [words.share(float(row.share)) for part in parts for row in part]
            name, share = words.direction(direction), words.per_cent(fraction)
            rows.append(KindRow(name, share, int(parts[-1].flipped[0]), cells))
    return rows


def ends(v: Run, metrics: Sequence[Metric] | None = None) -> list[tuple[str, list[str]]]:
    """Counts the positives among the lowest and the highest tenth, for each metric.

    They are counted by given label and, where known, by true label, for the paper's metrics unless
    others are named; for two classes only.
    """
    if len(v.classes) != 2:
        return []
    metrics = v.chosen(words.metrics_shown(v)) if metrics is None else metrics
    tenth = max(1, len(v.labels) // 10)
    known = [labels for labels in (v.labels, v.true_labels) if labels is not None]
    rows = []
    for metric in metrics:
        order = np.argsort(v[metric], kind="stable")
        cells = [
            f"{int((labels[part] == v.classes[1]).sum())} of {tenth}"
            for part in (order[:tenth], order[-tenth:])
            for labels in known
        ]
        rows.append((words.called(metric), cells))
    return rows


def rules(
    runs: Mapping[str, Run], fraction: float, metrics: Sequence[Metric] | None = None
) -> list[tuple[str, str]]:
    """Counts the lowest samples that both one-class rules share, for each metric."""
    if len(runs) < 2:
        return []
    first, second = runs.values()
    metrics = first.chosen(words.metrics_shown(first)) if metrics is None else metrics
    rows = []
    for metric in metrics:
        one, two = first.lowest(metric, fraction), second.lowest(metric, fraction)
        rows.append((words.called(metric), f"{len(np.intersect1d(one, two))} of {len(one)}"))
    return rows
