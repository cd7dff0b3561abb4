"""Contrast of the page's colours, light and dark, by the formula of WCAG 2.1."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import shapcpp.report

CSS = (Path(shapcpp.report.__file__).parent / "templates" / "report.css").read_text()
PALETTES = [
    dict(re.findall(r"--([\w-]+): (#\w+);", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
]
TEXT = [
    ("ink", "paper"), ("ink", "card"), ("ink", "soft"), ("muted", "paper"), ("muted", "card"), ("muted", "soft"),
    ("accent", "paper"), ("accent", "card"), ("on-accent", "accent"), ("ink", "warn-soft"),
    ("keep", "soft"), ("relabel", "soft"), ("unsure", "soft"),
]  # fmt: skip


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [0, 1, 2], ids=["light", "dark", "print"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(palette: int, ink: str, ground: str) -> None:
    colours = PALETTES[0] | PALETTES[palette]
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("palette", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("mark", ["keep", "relabel", "unsure", "accent", "warn"])
def test_marks_can_be_seen(palette: int, mark: str) -> None:
    assert contrast(PALETTES[palette][mark], PALETTES[palette]["card"]) >= 3


def test_motion_stops_where_it_is_not_wanted() -> None:
    assert re.search(
        r"prefers-reduced-motion: reduce\) \{\s*html \{ scroll-behavior: auto; \}", CSS
    )
    assert "transition" not in CSS
    assert "animation" not in CSS
