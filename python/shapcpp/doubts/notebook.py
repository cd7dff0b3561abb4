"""Doubts as a notebook shows them: a small table, by group where there are groups."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shapcpp.doubts.result import Doubts

__all__ = ["as_html"]

ROWS_SHOWN = 10


def as_html(d: Doubts) -> str:
    """A caption, and the labels doubted first or the groups with most wrong labels."""
    heads, rows = _samples(d) if d.groups is None else _groups(d)
    what = "labels to doubt first" if d.groups is None else "groups with most wrong labels"
    caption = html.escape(f"{d!r}; the {what}:")
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption style='text-align:left'>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _samples(d: Doubts) -> tuple[Sequence[str], list[list[object]]]:
    order = np.argsort(d.score, kind="stable")[:ROWS_SHOWN]
    return ("id", "label", "suggestion", "probability"), [
        [d.ids[i], d.labels[i], d.suggestion[i], f"{d.probability[i]:.3f}"] for i in order
    ]


def _groups(d: Doubts) -> tuple[Sequence[str], list[list[object]]]:
    assert d.groups is not None
    names, of_group = np.unique(d.groups, return_inverse=True)
    sizes = np.bincount(of_group)
    expected = np.bincount(of_group, weights=d.probability)
    rows: list[list[object]] = []
    for k in np.argsort(-expected, kind="stable")[:ROWS_SHOWN]:
        members = np.flatnonzero(of_group == k)
        first = members[np.argmin(d.score[members])]
        rows.append([names[k], sizes[k], f"{expected[k]:.1f}", d.ids[first]])
    return ("group", "labels", "expected wrong", "doubted first"), rows
