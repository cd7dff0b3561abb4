"""Names and numbers in the form that the page and its figures use."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.detection.queue import in_words
from shapcpp.metrics import Metric, long_name
from shapcpp.results.estimates import Metrics as Chosen
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.valuation import Valuation

__all__ = [
    "THE_PAPERS",
    "Chosen",
    "called",
    "count",
    "decimals",
    "direction",
    "label_name",
    "long_name",
    "metrics_of",
    "metrics_shown",
    "odds",
    "per_cent",
    "scaled",
    "share",
    "shortened",
    "unit_exponent",
    "unit_name",
]

THE_PAPERS = ("acc", "rec", "spc")
OF_MANY = ("acc", "bal")  # classes, whose recalls would be as many tables
LONGEST, HEAD, TAIL = 40, 14, 22  # characters of an id; slices of a series differ at the end
BESIDE = 12  # characters of an id that a file and slice number stand beside
MINUS = "\N{MINUS SIGN}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def metrics_shown(v: Valuation | FoldedValuation) -> list[str]:
    """The paper's metrics that the test set defines; with more than two classes, of all classes."""
    names = THE_PAPERS if len(v.classes) == 2 else OF_MANY
    return [name for name in names if name in v.metrics]


def metrics_of(v: Valuation | FoldedValuation, metrics: Chosen = None) -> list[Metric]:
    """The metrics that a page shows: those given, or every built-in one that the test set defines.

    With more than two classes the default is accuracy and balanced accuracy.
    """
    if metrics is None and len(v.classes) > 2:
        return v.chosen(metrics_shown(v))
    return v.chosen(metrics)


def called(metric: str | Metric) -> str:
    """The name of a metric for readers: its long name, or its own."""
    return long_name(metric if isinstance(metric, str) else metric.name)


def direction(name: str) -> str:
    """A direction of label errors."""
    return {"either": "both directions", "any": "all directions"}.get(name) or in_words(name)


def label_name(label: Any, names: Mapping[str, str]) -> str:
    """A label, with the name of its class in brackets if it has one."""
    name = names.get(str(label))
    return f"{label} ({name})" if name else str(label)


def odds(probability: float) -> str:
    """A probability as a percentage, never rounded to none or all."""
    if 0.01 <= probability <= 0.99:
        return f"{100 * probability:.0f}%"
    return "under 1%" if probability < 0.5 else "over 99%"


def unit_exponent(values: Sequence[NDArray[np.float64]]) -> int:
    """The power of ten, a multiple of three, in which values read best."""
    largest = max((float(np.abs(column).max(initial=0)) for column in values), default=0.0)
    return 3 * math.floor(math.log10(largest) / 3) if largest > 0 else 0


def unit_name(exponent: int) -> str:
    """The unit as text: 10⁻³."""
    return "1" if exponent == 0 else f"10{str(exponent).translate(SUPERSCRIPTS)}"


def decimals(values: Sequence[NDArray[np.float64]], exponent: int) -> int:
    """The number of decimals that gives the largest value three digits in that unit."""
    largest = max((float(np.abs(column).max(initial=0)) for column in values), default=0.0)
    return 2 - sum(largest >= bound * 10.0**exponent for bound in (10, 100))


def scaled(value: float, exponent: int, places: int) -> str:
    """A value in a power of ten, with a real minus sign."""
    if math.isnan(value):
        return "unknown"
    return f"{value / 10.0**exponent:+.{places}f}".replace("-", MINUS)


def per_cent(fraction: float) -> str:
    """A share as a whole or nearly whole percentage: 10%, 12.5%."""
    return f"{100 * fraction:.4g}%"


def share(value: float | None) -> str:
    """A share as the paper prints it; a dash if there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def shortened(name: str, known: bool = False) -> tuple[str, str, str]:
    """Cuts a long name into three parts, the middle of which may be hidden.

    If the sample is also shown under another name, the end is enough.
    """
    if known and len(name) > 2 * BESIDE:
        return "", name[:-BESIDE], name[-BESIDE:]
    if len(name) <= LONGEST:
        return name, "", ""
    return name[:HEAD], name[HEAD:-TAIL], name[-TAIL:]


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 sample", "1,000 samples"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
