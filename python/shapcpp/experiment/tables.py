"""The results of experiments as CSV files: Table 2, detection scores, networks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from shapcpp.detection.queue import mistakes
from shapcpp.detection.scores import ANY, EITHER, detection_scores
from shapcpp.report import Experiment
from shapcpp.report.words import metrics_shown
from shapcpp.storage import files
from shapcpp.storage.csv_files import write_csv

__all__ = ["NETWORK", "SCORES", "TABLE2", "score_rows", "write_rows"]

TABLE2 = ("noise", "fraction", "single_class", "direction", "metric", "found", "paper")
SCORES = (
    "noise", "single_class", "direction", "metric", "flipped", "fraction", "recall", "f1",
    "auroc", "auprc",
)  # fmt: skip
NETWORK = ("noise", "epochs", "best_epoch", "val_auc", "test_auc")


def score_rows(experiments: Sequence[Experiment]) -> list[tuple[Any, ...]]:
    """Computes the rows of `SCORES`: standard detection scores, by direction and metric.

    ``recall`` is the share of the errors among the lowest ``fraction`` of all values. That
    fraction is the share of labels flipped, so a perfect ranking finds all errors. See
    `detection_scores` for the other scores.
    """
    rows: list[tuple[Any, ...]] = []
    for experiment in experiments:
        fraction = experiment.noise
        if not fraction:
            continue
        for rule, v in experiment.rules.items():
            assert v.true_labels is not None
            metrics = metrics_shown(v)
            lowest = {metric: v.lowest(metric, fraction) for metric in metrics}
            wrong = mistakes(v, v.labels, v.true_labels)
            every = EITHER if len(v.classes) == 2 else ANY
            wrong[every] = np.any([*wrong.values()], axis=0)
            scores: Any = detection_scores(v, v.labels, v.true_labels, metrics)
            for direction, metric, flipped, *of_ranking in scores.tolist():
                found = int(wrong[direction][lowest[metric]].sum())
                recall = found / flipped if flipped else math.nan
                rows.append(
                    (fraction, rule, direction, metric, flipped, fraction, recall, *of_ranking)
                )
    return rows


def write_rows(path: files.PathLike, header: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a CSV file in which unknown numbers are empty."""
    known = [
        [
            "" if cell is None or (isinstance(cell, float) and math.isnan(cell)) else cell
            for cell in row
        ]
        for row in rows
    ]
    write_csv(path, header, known)
