"""Shows doubts in a notebook: a small table, by group where there are groups."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_html"]

ROWS_SHOWN = 10


def as_html(title: str, columns: Mapping[str, NDArray[Any]]) -> str:
    """A caption, and the labels doubted first or the groups with most wrong labels."""
    by_group = "group" in columns
    heads, rows = _groups(columns) if by_group else _samples(columns)
    what = "groups with most wrong labels" if by_group else "labels to doubt first"
    caption = html.escape(f"{title}; the {what}:")
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption style='text-align:left'>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _samples(columns: Mapping[str, NDArray[Any]]) -> tuple[Sequence[str], list[list[object]]]:
    order = np.argsort(columns["score"], kind="stable")[:ROWS_SHOWN]
    heads = ("id", "label", "suggestion", "probability")
    return heads, [
        [*(columns[name][i] for name in heads[:3]), f"{columns['probability'][i]:.3f}"]
        for i in order
    ]


def _groups(columns: Mapping[str, NDArray[Any]]) -> tuple[Sequence[str], list[list[object]]]:
    names, of_group = np.unique(columns["group"], return_inverse=True)
    sizes = np.bincount(of_group)
    expected = np.bincount(of_group, weights=columns["probability"])
    rows: list[list[object]] = []
    for k in np.argsort(-expected, kind="stable")[:ROWS_SHOWN]:
        members = np.flatnonzero(of_group == k)
        first = members[np.argmin(columns["score"][members])]
        rows.append([names[k], sizes[k], f"{expected[k]:.1f}", columns["id"][first]])
    return ("group", "labels", "expected wrong", "doubted first"), rows
