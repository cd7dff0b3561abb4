"""The facts of a run in words: what was done, and with which conventions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import __version__
from shapcpp.report.words import count
from shapcpp.results import index_ranges
from shapcpp.results.valuation import Valuation

__all__ = ["conventions"]

CLASSES_SHOWN = 12
MODELS = {
    "logistic": "logistic regression",
    "ovr": "logistic regression of each class against the rest",
    "ridge": "ridge regression on indicators of the classes",
}
SINGLE_CLASS = {
    "constant": "constant: a coalition of one class predicts that class",
    "carry": "carry: a coalition of one class still scores as the empty coalition. The jump to the "
    "first fitted model then goes to the sample that completes the pair, which favours one class",
}
EMPTY = {
    "majority": "majority: the empty coalition predicts the more frequent label",
    "none": "none: the empty coalition predicts nothing, so no prediction is right",
}


def conventions(v: Valuation) -> list[tuple[str, str]]:
    """Pairs of a setting's name and its value in words, in the order in which a reader asks."""
    s = v.settings
    done = f"{v.n_permutations:,}"
    if not v.complete:
        done = f"{done} of the {s['permutations']:,} asked for: this run is partial"
    if s["sampler"] == "halving":
        done += ", each halved over and over (docs/statistics.md)"
    joins = "each sample by itself"
    if s["by_group"]:
        joins = f"the samples of a group together: {len(v.gains):,} groups; they share one value"
    weights = s["class_weight"]
    return [
        ("Training samples", f"{len(v.labels):,}: {_per_class(v, _counts(v, v.labels))}"),
        ("Test samples", f"{v.test_counts.sum():,}: {_per_class(v, v.test_counts)}"),
        *([("Positive", f"label {v.classes[1]}, the larger one")] if len(v.classes) == 2 else []),
        ("What joins", joins),
        ("Permutations", f"{done}; indices {index_ranges.shown(v.ranges)} of seed {s['seed']}"),
        ("Reliability of the ranking", _reliability(v)),
        ("Model", _model(s)),
        ("Class weights", _weights(v, weights)),
        ("Scale of features", _scale(s["scale"])),
        (
            "Empty coalition",
            EMPTY[s["empty"]]
            if isinstance(s["empty"], str)
            else f"the empty coalition predicts label {s['empty'][1]}",
        ),
        ("Coalitions of one class", SINGLE_CLASS[s["single_class"]]),
        ("Grand coalition", _full(v)),
        ("Ties", f"{count(v.ties, 'margin')} of zero, which count as label {v.classes[0]}"),
        (
            "Signs too close to call",
            f"{count(v.uncertified, 'decision')} below rounding ({v.uncertified_share:.2g} of all)",
        ),
        ("Fingerprint of the inputs", v.fingerprint or "unknown"),
        ("Made with", f"shapcpp {__version__}"),
    ]


def _reliability(v: Valuation) -> str:
    if v.n_permutations < 2:
        return "unknown after one permutation"
    each = ", ".join(f"{v.reliability(name):.2f} by {name}" for name in v.metrics)
    return f"{each}: the share of the variance within labels that sampling did not cause"


def _counts(v: Valuation, labels: NDArray[np.int64]) -> list[int]:
    return [int((labels == label).sum()) for label in v.classes]


def _per_class(v: Valuation, numbers: Any) -> str:
    return _listed([f"{n:,} labelled {k}" for k, n in zip(v.classes, numbers, strict=True)])


def _weights(v: Valuation, weights: Any) -> str:
    if weights is None:
        return "none"
    if weights == "balanced":
        return "balanced: all classes have the same total weight"
    return _listed([f"{w:g} for label {k}" for k, w in zip(v.classes, weights, strict=True)])


def _scale(scale: str | None) -> str:
    if scale is None:
        return "as given, not standardised"
    return "standardised by mean and deviation of the training rows, on both sides"


def _full(v: Valuation) -> str:
    if (v.full_counts < 0).any():
        return "unknown: the run stopped before it was scored"
    right = zip(v.full_counts, v.test_counts, v.classes, strict=True)
    return "right on " + _listed([f"{n:,} of {m:,} labelled {k}" for n, m, k in right])


def _listed(entries: list[str]) -> str:
    more = f", ... of {len(entries)} classes" if len(entries) > CLASSES_SHOWN else ""
    return ", ".join(entries[:CLASSES_SHOWN]) + more


def _model(settings: dict[str, Any]) -> str:
    name = MODELS.get(settings["model"])
    if name is None:
        return f"{settings['model']}, refitted to every coalition"
    return f"{name} at its optimum, C = {settings['C']:g}, free intercept"
