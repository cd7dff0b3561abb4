"""Options that name labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shapcpp.labels import Labels, class_named, shown

__all__ = ["parse_class_weight", "parse_empty"]


def parse_class_weight(text: str | None, classes: Labels) -> str | dict[Any, float] | None:
    """Reads "balanced" or LABEL=WEIGHT,... with labels among these, which may hold commas."""
    if text is None or text == "balanced":
        return text
    weights: dict[Any, float] = {}
    for pair in _pairs(text, classes):
        name, _, weight = pair.rpartition("=")
        try:
            factor = float(weight)
        except ValueError:
            raise ValueError(
                f"--class-weight must be 'balanced' or LABEL=WEIGHT,..., got {pair!r}"
            ) from None
        label = _label("--class-weight", name, classes)
        if label in weights:
            raise ValueError(f"--class-weight names label {label} twice, in {text!r}")
        weights[label] = factor
    return weights


def _pairs(text: str, classes: Labels) -> Iterator[str]:
    """The text cut at commas, but for those inside a label."""
    names = sorted(map(str, classes.tolist()), key=len, reverse=True)
    while True:
        inside = next((len(name) for name in names if text.startswith(f"{name}=")), 0)
        end = text.find(",", inside)
        if end < 0:
            yield text
            return
        yield text[:end]
        text = text[end + 1 :]


def parse_empty(text: str, classes: Labels) -> str | tuple[str, Any]:
    """Reads "majority", "none", or a label among these, with or without "label:" before it."""
    if text in ("majority", "none"):
        return text
    return "label", _label("--empty", text.removeprefix("label:"), classes)


def _label(option: str, text: str, classes: Labels) -> Any:
    found = class_named(text, classes)
    if found is None:
        raise ValueError(
            f"{option} names label {text!r}, which the training rows lack (their labels are "
            f"{shown(classes)})"
        )
    return classes.tolist()[found]
