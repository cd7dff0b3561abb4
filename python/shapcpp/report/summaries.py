"""The rows of the page's tables, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from shapcpp.detection.queue import detection_table, mistakes
from shapcpp.detection.scores import detection_scores
from shapcpp.report import words
from shapcpp.report.experiments import Experiment, paper_table
from shapcpp.results.valuation import Valuation

__all__ = ["FoundRow", "ScoreRow", "ends", "kind_rows", "rules", "score_rows", "table_rows"]

SCORES = ("f1", "auroc", "auprc")
KINDS_SHOWN = 12


class FoundRow(NamedTuple):
    """One row of Table 2: the share found and the paper's share, by direction and metric."""

    name: str
    share: str
    rule: str
    cells: list[tuple[str, str | None]]
    flipped: dict[str, int]


class ScoreRow(NamedTuple):
    """Detection scores of one direction and metric."""

    name: str
    direction: str
    metric: str
    flipped: str
    numbers: list[str]
    chance: str


def table_rows(experiments: Sequence[Experiment]) -> list[FoundRow]:
    """One row per experiment, share of the values looked at, and one-class rule."""
    rows = []
    for experiment in experiments:
        table = paper_table([experiment])
        for fraction in experiment.fractions:
            for rule in experiment.rules:
                part = table[(table.fraction == fraction) & (table.single_class == rule)]
                cells = [
                    (words.share(found), None if np.isnan(paper) else words.share(paper))
                    for found, paper in zip(part.found.tolist(), part.paper.tolist(), strict=True)
                ]
                flipped = dict(zip(part.direction.tolist(), part.flipped.tolist(), strict=True))
                share = words.per_cent(fraction)
                rows.append(FoundRow(experiment.name, share, rule, cells, flipped))
    return rows


class KindRow(NamedTuple):
    """One kind of label errors among more than two classes: the share found by each metric."""

    name: str
    share: str
    flipped: int
    cells: list[str]


def kind_rows(v: Valuation, fractions: Sequence[float] = (0.1, 0.3)) -> list[KindRow]:
    """One row per share of the values looked at and kind of errors, the most frequent kinds."""
    if v.true_labels is None or len(v.classes) == 2:
        return []
    metrics = words.metrics_shown(v)
    table = detection_table(v, v.labels, v.true_labels, fractions, metrics)
    rows = []
    for direction in list(dict.fromkeys(table.direction.tolist()))[:KINDS_SHOWN]:
        for fraction in fractions:
            part = table[(table.direction == direction) & (table.fraction == fraction)]
            cells = [words.share(float(row.share)) for row in part]
            name, share = words.direction(direction), words.per_cent(fraction)
            rows.append(KindRow(name, share, int(part.flipped[0]), cells))
    return rows


def score_rows(experiments: Sequence[Experiment]) -> list[ScoreRow]:
    """One row per direction and metric of each experiment with errors, under the first rule."""
    rows = []
    for experiment in experiments:
        v = experiment.run
        assert v.true_labels is not None
        if not any(wrong.any() for wrong in mistakes(v, v.labels, v.true_labels).values()):
            continue
        n = len(v.labels)
        table: Any = detection_scores(v, v.labels, v.true_labels, words.metrics_shown(v))
        rows += [
            ScoreRow(
                name=experiment.name,
                direction=words.direction(str(row.direction)),
                metric=words.long_name(str(row.metric)),
                flipped=f"{row.flipped} of {n}",
                numbers=[words.share(float(row[score])) for score in SCORES],
                chance=words.share(row.flipped / n),
            )
            for row in table
            if len(v.classes) == 2 or row.direction == "any"  # as the kinds are many
        ]
    return rows


def ends(v: Valuation) -> list[tuple[str, list[str]]]:
    """Counts the positives among the lowest and the highest tenth, for each metric.

    Positive by the given label and, where known, by the true one; of two classes only.
    """
    tenth = max(1, len(v.labels) // 10)
    if len(v.classes) != 2:
        return []
    known = [labels for labels in (v.labels, v.true_labels) if labels is not None]
    rows = []
    for metric in words.metrics_shown(v):
        order = np.argsort(v[metric], kind="stable")
        cells = [
            f"{int((labels[part] == v.classes[1]).sum())} of {tenth}"
            for part in (order[:tenth], order[-tenth:])
            for labels in known
        ]
        rows.append((words.long_name(metric), cells))
    return rows


def rules(runs: Mapping[str, Valuation], fraction: float) -> list[tuple[str, str]]:
    """Counts the lowest samples that both one-class rules share, for each metric."""
    if len(runs) < 2:
        return []
    first, second = runs.values()
    rows = []
    for metric in words.metrics_shown(first):
        one, two = first.lowest(metric, fraction), second.lowest(metric, fraction)
        rows.append((words.long_name(metric), f"{len(np.intersect1d(one, two))} of {len(one)}"))
    return rows
