"""The removal curves that the page shows, from a run and its features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.checks import identifiers
from shapcpp.detection.removal import Action, Order, removal_curve
from shapcpp.labels import class_labels
from shapcpp.metrics import Metric
from shapcpp.problem.fingerprint import fingerprint
from shapcpp.problem.models import MODELS
from shapcpp.problem.problem import players_of
from shapcpp.problem.reduction import reduced_sides
from shapcpp.report import figures
from shapcpp.report.figures import Panel
from shapcpp.report.subject import Run, Subject
from shapcpp.report.words import metrics_shown
from shapcpp.results.valuation import Valuation
from shapcpp.storage.features import Features, Samples

__all__ = ["Row", "can_refit", "check_same", "is_slow", "removal_rows"]

Array = NDArray[Any]

VERBS: dict[Action, str] = {"drop": "dropped", "relabel": "relabelled"}
MOST_WITH_KERNEL = 500  # samples: some hundred fits, of a coefficient per sample each, take minutes
ORDERS: tuple[Order, ...] = ("lowest", "highest")


@dataclass(frozen=True)
class Row:
    """Panels side by side for one way of changing the training set, one panel per score."""

    heading: str
    panels: list[Panel]


def check_same(subject: Subject, features: Features) -> Samples:
    """The samples of the features that the page is about.

    Raises ValueError, naming the difference, if the result was not made from these features.
    """
    v, labels = subject.v, ("label",) if subject.readers is None else subject.readers.names
    if v is not None:
        features, _ = features.without_missing()  # as the run was made
    if isinstance(v, Valuation):
        noun, samples = "training row", features.samples("train")
    else:
        noun, samples = "row", features.all_samples(labels)
    if len(samples.y) != len(subject.labels):
        raise ValueError(
            f"{features.source} has {len(samples.y)} {noun}s, the run has {len(subject.labels)}"
        )
    pairs = (
        ("id", identifiers("id", samples.ids), subject.ids),
        ("label", class_labels("label", samples.y), subject.labels),
    )
    for name, ours, theirs in pairs:
        if name == "label" and subject.readers is not None:
            continue  # the label may be of neither reader
        differs = ours.astype(str) != theirs.astype(str)
        if differs.any():
            row = int(np.argmax(differs))
            raise ValueError(
                f"{features.source} is not what the run was made of: {noun} {row} has "
                f"{name} {ours[row]}, in the run {theirs[row]}"
            )
    if v is not None and not _is_of(v, features, samples):
        raise ValueError(
            f"{features.source} is not what the run was made of: ids and labels are the same, "
            "features or test rows differ"
        )
    return samples


def _is_of(v: Run, features: Features, samples: Samples) -> bool:
    """True if the fingerprints are those of these features."""
    y = class_labels("label", samples.y)
    by_group = bool(v.settings["by_group"])
    if isinstance(v, Valuation):
        test = features.samples("test")
        players = players_of(samples.groups, by_group, len(y))
        return _made(v, samples.X, y, test.X, class_labels("label", test.y), players)
    for fold, part in enumerate(v.parts):
        inside = v.folds == fold
        groups = None if samples.groups is None else samples.groups[~inside]
        players = players_of(groups, by_group, int((~inside).sum()))
        if not _made(part, samples.X[~inside], y[~inside], samples.X[inside], y[inside], players):
            return False
    return True


def _made(
    v: Valuation, X: Array, y: Array, X_test: Array, y_test: Array, players: NDArray[np.int64]
) -> bool:
    """True if a run, or a part of one in folds, was made of these sides."""
    reduced: tuple[Array, ...] = ()
    if v.components is not None and v.components.mean.size == X.shape[1]:
        reduced = reduced_sides(X, X_test, v.scaling, v.components)
    return fingerprint(X, y, X_test, y_test, players, *reduced) == v.fingerprint


def can_refit(v: Run) -> bool:
    """True if the run's model is one of the engine's, which a result keeps by name."""
    return v.settings["model"] in MODELS


def is_slow(v: Run) -> bool:
    """True if a fit takes so long that a page does not make hundreds of them unasked."""
    return v.settings["kernel"] in ("rbf", "precomputed") and len(v.labels) > MOST_WITH_KERNEL


def removal_rows(
    v: Run | None, features: Features, metrics: Sequence[Metric] | None = None
) -> list[Row]:
    """Rows of panels: the lowest dropped, the highest dropped, then the same relabelled.

    With more than two classes samples are relabelled only if the run knows which label to give, by
    doubts or votes. The list is empty if no validation rows are left, or the model cannot be
    refitted, or not fast enough. Without `metrics` the paper's metrics are shown.
    """
    if not isinstance(v, Valuation) or not can_refit(v) or is_slow(v):
        return []
    features, _ = features.without_missing()  # as the run was made
    if not (features.rows["split"].astype(str) == "val").any():
        return []
    train, val = features.samples("train"), features.samples("val")
    metrics = v.chosen(metrics_shown(v)) if metrics is None else metrics
    sides = train.X, train.y, val.X, val.y
    rows: list[tuple[str, str, str, dict[str, Any]]] = []
    knows_others = len(v.classes) == 2 or v.doubts is not None or v.vote_counts is not None
    for action, verb in VERBS.items():
        if action == "relabel" and not knows_others:
            continue
        random = removal_curve(v, *sides, order="random", action=action)
        for order in ORDERS:
            curves: dict[str, Any] = {
                metric.name: removal_curve(v, *sides, metric, order=order, action=action)
                for metric in metrics
            }
            heading = f"The samples of {order} value are {verb}"
            rows.append((heading, verb, order, curves | {"random": random}))
    defined = set(rows[0][3]["random"]["score"].tolist())
    scores = [metric.name for metric in metrics if metric.name in defined]
    limits = {score: _limits([curves for *_, curves in rows], score) for score in scores}
    return [
        Row(
            heading,
            [figures.removal(curves, score, verb, order, limits[score]) for score in scores],
        )
        for heading, verb, order, curves in rows
    ]


def _limits(rows: list[dict[str, Any]], score: str) -> tuple[float, float]:
    """Common limits of one axis for all rows, so that rows can be compared."""
    means = [c["mean"][c["score"] == score] for curves in rows for c in curves.values()]
    low, high = float(np.min(means)), float(np.max(means))
    margin = max(0.04 * (high - low), 0.005)
    return low - margin, high + margin
