"""DICOM files in order: by series, and by position along the normal of the series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from shapcpp.ct.readers.dicom_headers import Header, normal_of

__all__ = ["in_order", "outside_series"]

T = TypeVar("T")
Member = tuple[T, Header]


def outside_series(members: Sequence[Member[T]]) -> list[bool]:
    """Marks single images without a position if their study has series with positions."""
    sizes = Counter(header.series for _, header in members)
    placed = {header.study for _, header in members if header.position and header.study}
    return [
        sizes[header.series] == 1
        and header.position is None
        and header.orientation is None
        and header.study in placed
        for _, header in members
    ]


def in_order(
    members: Iterable[Member[T]],
    lost: Callable[[T, str], None],
    note: Callable[[str], None],
) -> list[tuple[T, Header, int]]:
    """Orders slices within their series, and numbers them from 0.

    Parameters
    ----------
    members : iterable of (object, Header)
        Axial slices, of any number of series.
    lost : callable
        Called with each slice whose position in its series is unknown, and the reason; such
        slices are left out.
    note : callable
        Called with one sentence on series that are ordered by InstanceNumber.

    Returns
    -------
    list of (object, Header, int)
        The series in the order in which they first appear.
    """
    series: dict[str, list[Member[T]]] = {}
    for member in members:
        series.setdefault(member[1].series, []).append(member)
    ordered, numbered = [], 0
    for group in series.values():
        if len(group) > 1:
            by_number = any(header.position is None for _, header in group)
            group = _by_number(group, lost) if by_number else _by_position(group)
            numbered += sum(header.position is None for _, header in group)
        ordered += [(one, header, number) for number, (one, header) in enumerate(group)]
    if numbered:
        noun = "slice has" if numbered == 1 else "slices have"
        note(f"{numbered} {noun} no ImagePositionPatient; its InstanceNumber gives the place")
    return ordered


def _by_position(members: list[Member[T]]) -> list[Member[T]]:
    normals = [normal_of(h.orientation) for _, h in members if h.orientation is not None]
    # Normals that point up and down count as one direction; the first slice decides the sign.
    mean = sum((n if n[2] > 0 else -n for n in normals), np.zeros(3))
    normal = mean if np.linalg.norm(mean) > 0 else np.array([0.0, 0.0, 1.0])

    def place(member: Member[T]) -> tuple[float, str]:
        header = member[1]
        assert header.position is not None
        return float(normal @ np.array(header.position)), header.instance

    return sorted(members, key=place)


def _by_number(members: list[Member[T]], lost: Callable[[T, str], None]) -> list[Member[T]]:
    """Orders by InstanceNumber, from the feet upwards if known positions reveal the direction.

    If the numbers do not tell all slices apart, only those with a position are kept.
    """
    known = [(one, h) for one, h in members if h.position or h.number is not None]
    for one, header in members:
        if not header.position and header.number is None:
            lost(one, "has no ImagePositionPatient and no InstanceNumber, which give its place")
    numbers = Counter(header.number for _, header in known)
    if all(header.position for _, header in known):
        return _by_position(known)
    if None in numbers or max(numbers.values()) > 1:
        for one, header in known:
            if not header.position:
                lost(one, "has no ImagePositionPatient, and its series is not numbered throughout")
        return _by_position([(one, header) for one, header in known if header.position])
    known.sort(key=lambda member: member[1].number or 0)
    heights = [header.position[2] for _, header in known if header.position]
    return known[::-1] if len(heights) > 1 and heights[-1] < heights[0] else known
