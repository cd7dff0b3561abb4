"""The removal curves that the page shows, from a run and its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shapcpp.checks import identifiers
from shapcpp.detection.removal import Action, Order, removal_curve
from shapcpp.labels import class_labels
from shapcpp.problem.fingerprint import fingerprint
from shapcpp.problem.models import MODELS
from shapcpp.problem.problem import players_of
from shapcpp.report import figures
from shapcpp.report.figures import Panel
from shapcpp.report.words import metrics_shown
from shapcpp.results.valuation import Valuation
from shapcpp.storage.features import Features

__all__ = ["Row", "can_refit", "check_same", "removal_rows"]

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
    y = class_labels("label", train.y)
    pairs = (("id", identifiers("id", train.ids).astype(str), v.ids.astype(str)),
             ("label", y, v.labels))  # fmt: skip
    for name, ours, theirs in pairs:
        differs = ours != theirs
        if differs.any():
            row = int(np.argmax(differs))
            raise ValueError(
                f"{features.source} is not what the run was made of: training row {row} has "
                f"{name} {ours[row]}, in the run {theirs[row]}"
            )
    players = players_of(train.groups, bool(v.settings["by_group"]), len(y))
    if fingerprint(train.X, y, test.X, class_labels("label", test.y), players) != v.fingerprint:
        raise ValueError(
            f"{features.source} is not what the run was made of: ids and labels are the same, "
            "features or test rows differ"
        )


def can_refit(v: Valuation) -> bool:
    """Whether the run's model is one of the engine's, which a result names."""
    return v.settings["model"] in MODELS


def removal_rows(v: Valuation, features: Features) -> list[Row]:
    """Rows of panels: the lowest dropped, the highest dropped, then the same relabelled.

    Of more than two classes nothing is relabelled. The list is empty where the features have no
    validation rows, or the model cannot be refitted.
    """
    if not (features.rows["split"].astype(str) == "val").any() or not can_refit(v):
        return []
    train, val = features.samples("train"), features.samples("val")
    metrics = metrics_shown(v)
    sides = train.X, train.y, val.X, val.y
    rows: list[tuple[str, str, str, dict[str, Any]]] = []
    for action, verb in list(VERBS.items())[: 2 if len(v.classes) == 2 else 1]:
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
