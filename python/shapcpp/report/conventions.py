"""The facts of a run in words: its data, its options and its conventions."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from shapcpp import __version__
from shapcpp.doubts.result import Doubts
from shapcpp.report.words import count
from shapcpp.results import index_ranges
from shapcpp.results.folded import FoldedValuation, components_of
from shapcpp.results.valuation import Valuation

__all__ = ["about_doubts", "conventions"]

Run = Valuation | FoldedValuation

CLASSES_SHOWN = 12
MODELS = {
    "logistic": "logistic regression",
    "ovr": "logistic regression of each class against the rest",
    "multinomial": "multinomial logistic regression",
    "ridge": "ridge regression on indicators of the classes",
    "lda": "linear discriminant analysis, 1 / C on the diagonal of the scatter",
    "centroid": "the class whose mean is nearest",
    "bayes": "Gaussian naive Bayes: normal distributions of independent features",
}
SINGLE_CLASS = {
    "constant": "constant: a coalition of one class predicts that class",
    "carry": "carry: a coalition of one class still has the score of the empty coalition. The jump "
    "to the first fitted model then goes to the sample that completes the pair, which favours one "
    "class",
}
EMPTY = {
    "majority": "majority: the empty coalition predicts the more frequent label",
    "none": "none: the empty coalition predicts nothing, so no prediction is right",
}


def conventions(v: Run) -> list[tuple[str, str]]:
    """Pairs of a setting's name and its value in words, in the order of a reader's questions."""
    s = v.settings
    facts = [("Training samples", f"{len(v.labels):,}: {_per_class(v, _counts(v, v.labels))}")]
    if isinstance(v, FoldedValuation):
        facts.append(
            (
                "Test samples",
                f"none: the samples judge one another in {len(v.parts)} folds. A value is the mean "
                f"over the {len(v.parts) - 1} folds that a sample is not in",
            )
        )
    else:
        facts.append(("Test samples", f"{v.test_counts.sum():,}: {_per_class(v, v.test_counts)}"))
    if len(v.classes) == 2:
        facts.append(("Positive", f"label {v.classes[1]}, the larger one"))
    return [
        *facts,
        ("What joins", _joins(v)),
        ("Permutations", _permutations(v)),
        ("Reliability of the ranking", _reliability(v)),
        ("Model", _model(s)),
        ("Class weights", _weights(v, s["class_weight"])),
        ("Scale of features", _scale(s["scale"])),
        *([] if s["components"] is None else [("Principal directions", _directions(v))]),
        *([] if s["kernel"] is None else [("Kernel", _kernel(s))]),
        (
            "Empty coalition",
            EMPTY[s["empty"]]
            if isinstance(s["empty"], str)
            else f"the empty coalition predicts label {s['empty'][1]}",
        ),
        ("Coalitions of one class", SINGLE_CLASS[s["single_class"]]),
        *([] if isinstance(v, FoldedValuation) else [("Grand coalition", _full(v))]),
        ("Ties", f"{count(v.ties, 'margin')} of zero, which count as label {v.classes[0]}"),
        (
            "Signs too close to call",
            f"{count(v.uncertified, 'decision')} below rounding ({v.uncertified_share:.2g} of all)",
        ),
        ("Fingerprint of the inputs", _fingerprint(v)),
        ("Made with", f"shapcpp {__version__}"),
    ]


def about_doubts(d: Doubts) -> list[tuple[str, str]]:
    """The same pairs for doubts alone."""
    sizes = _listed([f"{int((d.labels == k).sum()):,} labelled {k}" for k in d.classes.tolist()])
    s = d.settings
    return [
        ("Labels", f"{len(d):,}: {sizes}"),
        ("Judged by", "all other labels; no test set"),
        ("Directions of error", d.shift),
        ("Features", f"{s['varying']:,} that vary, of {s['features']:,}; standardised"),
        ("Made with", f"shapcpp {__version__}"),
    ]


def _joins(v: Run) -> str:
    if not v.settings["by_group"]:
        return "each sample by itself"
    groups = int(v.players.max()) + 1
    return f"the samples of a group together: {groups:,} groups; they share one value"


def _permutations(v: Run) -> str:
    s = v.settings
    done = f"{v.n_permutations:,}"
    if not v.complete:
        done = f"{done} of the {s['permutations']:,} asked for: this run is partial"
    if s["sampler"] == "halving":
        done += ", each halved over and over (docs/statistics.md)"
    if isinstance(v, FoldedValuation):
        return f"{done}, in all folds together; of seed {s['seed']}"
    return f"{done}; indices {index_ranges.shown(v.ranges)} of seed {s['seed']}"


def _fingerprint(v: Run) -> str:
    if isinstance(v, FoldedValuation):
        return f"one for each fold, the first {v.parts[0].fingerprint or 'unknown'}"
    return v.fingerprint or "unknown"


def _reliability(v: Run) -> str:
    if v.n_permutations < 2:
        return "unknown after one permutation"
    each = ", ".join(f"{v.reliability(name):.2f} by {name}" for name in v.metrics)
    return f"{each}: the share of the variance within labels that does not come from sampling"


def _counts(v: Run, labels: NDArray[Any]) -> list[int]:
    return [int((labels == label).sum()) for label in v.classes]


def _per_class(v: Run, numbers: Any) -> str:
    return _listed([f"{n:,} labelled {k}" for k, n in zip(v.classes, numbers, strict=True)])


def _weights(v: Run, weights: Any) -> str:
    if weights is None:
        return "none"
    if weights == "balanced":
        return "balanced: all classes have the same total weight"
    return _listed([f"{w:g} for label {k}" for k, w in zip(v.classes, weights, strict=True)])


def _scale(scale: str | None) -> str:
    if scale is None:
        return "as given, not standardised"
    return "standardised by mean and deviation of the training rows, in training and test"


def _kernel(settings: dict[str, Any]) -> str:
    if settings["kernel"] == "linear":
        return "linear: the features themselves"
    if settings["kernel"] == "precomputed":
        return "given as a matrix instead of features"
    return f"rbf: exp(-gamma |x - y|^2) instead of features, gamma = {settings['gamma']:.12g}"


def _directions(v: Run) -> str:
    kept = components_of(v)
    numbers = sorted({len(c.directions) for c in kept})
    shares = [c.share for c in kept]
    low, high = f"{min(shares):.0%}", f"{max(shares):.0%}"
    return (
        f"{' or '.join(map(str, numbers))} stand for all {kept[0].mean.size:,} features, in "
        f"training and test; they keep {low if low == high else f'{low} to {high}'} of the "
        "variance of the training rows, to which alone they are fitted"
    )


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
    if settings["model"] in ("centroid", "bayes"):
        return name
    if settings["model"] == "lda":
        return f"{name}, C = {settings['C']:g}"
    return f"{name} at its optimum, C = {settings['C']:g}, free intercept"
