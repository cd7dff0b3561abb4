"""The removal curves that the page shows, from a run and its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shapcpp.detection.removal import Action, Order, removal_curve
from shapcpp.problem.problem import Problem
from shapcpp.report import figures
from shapcpp.report.figures import Panel
from shapcpp.report.words import metrics_shown
from shapcpp.results.valuation import Valuation
from shapcpp.storage.features import Features

__all__ = ["Row", "check_same", "removal_rows"]

VERBS: dict[Action, str] = {"drop": "dropped", "relabel": "relabelled"}
ORDERS: tuple[Order, ...] = ("lowest", "highest")


@dataclass(frozen=True)
class Row:
    """Panels side by side for one way of changing the training set, one panel per score."""

    heading: str
    panels: list[Panel]


def check_same(v: Valuation, features: Features) -> None:
    """ValueError, saying what differs, if the run was not made of these features."""
    train, test = features.sides()
    if len(train.y) != len(v.labels):
        raise ValueError(
            f"{features.source} has {len(train.y)} training rows, the run has {len(v.labels)}"
        )
    by_group = bool(v.settings["by_group"])
    problem = Problem.of(
        train.X, train.y, test.X, test.y, groups=train.groups, ids=train.ids, by_group=by_group
    )
    assert problem.ids is not None
    pairs = (("id", problem.ids.astype(str), v.ids.astype(str)), ("label", problem.y, v.labels))
    for name, ours, theirs in pairs:
        differs = ours != theirs
        if differs.any():
            row = int(np.argmax(differs))
            raise ValueError(
                f"{features.source} is not what the run was made of: training row {row} has "
                f"{name} {ours[row]}, in the run {theirs[row]}"
            )
    if problem.fingerprint != v.fingerprint:
        raise ValueError(
            f"{features.source} is not what the run was made of: ids and labels are the same, "
            "features or test rows differ"
        )


def removal_rows(v: Valuation, features: Features) -> list[Row]:
    """Rows of panels: the lowest dropped, the highest dropped, then the same relabelled.

    The list is empty where the features have no validation rows.
    """
    if not (features.rows["split"].astype(str) == "val").any():
        return []
    train, val = features.samples("train"), features.samples("val")
    metrics = metrics_shown(v)
    sides = train.X, train.y, val.X, val.y
    rows: list[tuple[str, str, str, dict[str, Any]]] = []
    for action, verb in VERBS.items():
        random = removal_curve(v, *sides, order="random", action=action)
        for order in ORDERS:
            curves: dict[str, Any] = {
                metric: removal_curve(v, *sides, metric, order=order, action=action)
                for metric in metrics
            }
            heading = f"The samples of {order} value are {verb}"
            rows.append((heading, verb, order, curves | {"random": random}))
    defined = set(rows[0][3]["random"]["score"].tolist())
    scores = [score for score in metrics if score in defined]
    limits = {score: _limits([curves for *_, curves in rows], score) for score in scores}
    return [
        Row(
            heading,
            [figures.removal(curves, score, verb, order, limits[score]) for score in scores],
        )
        for heading, verb, order, curves in rows
    ]


def _limits(rows: list[dict[str, Any]], score: str) -> tuple[float, float]:
    """Limits of one axis for every row, so that rows can be compared."""
    means = [c["mean"][c["score"] == score] for curves in rows for c in curves.values()]
    low, high = float(np.min(means)), float(np.max(means))
    margin = max(0.04 * (high - low), 0.005)
    return low - margin, high + margin
