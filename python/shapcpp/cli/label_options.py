"""Options that name labels."""

from __future__ import annotations

from typing import Any

from shapcpp.labels import Labels, class_named, shown

__all__ = ["parse_class_weight", "parse_empty"]


def parse_class_weight(text: str | None, classes: Labels) -> str | dict[Any, float] | None:
    """Reads "balanced" or LABEL=WEIGHT,... with labels among these."""
    if text is None or text == "balanced":
        return text
    weights: dict[Any, float] = {}
    for pair in text.split(","):
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
