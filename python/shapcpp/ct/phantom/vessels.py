"""Vessels and airways: trees that fill the lungs, visible where they cross a slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.phantom.anatomy import AIR, BLOOD, Chest, Slice
from shapcpp.ct.phantom.shapes import Grid, Image, paint

__all__ = ["Tubes", "airways", "draw_airways", "draw_vessels", "vessels"]

ROOT = 0.46  # level of the lungs' roots
TIPS = 420  # per lung
THINNEST = 0.65  # mm, radius of a tip
MURRAY = 1 / 2.6  # the radius of a vessel grows with this power of the number of its tips
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Tubes:
    """Straight pieces: end points (n, 3) in mm from apex and midline, and radii (n,)."""

    start: Points
    end: Points
    radius: Points

    @classmethod
    def of(cls, pieces: list[tuple[Points, Points, float]]) -> Tubes:
        """Builds tubes from (start, end, radius) of each piece."""
        start, end, radius = zip(*pieces, strict=True)
        return cls(np.array(start), np.array(end), np.array(radius))


def branches(
    root: Points, tips: Points, rng: np.random.Generator, pieces: list[tuple[Points, Points, float]]
) -> None:
    """Splits the tips in two across their widest direction, again and again, and joins them."""
    stack = [(root, tips)]
    while stack:
        origin, reached = stack.pop()
        count = len(reached)
        middle = reached.mean(axis=0)
        fork = middle if count == 1 else origin + (0.25 + 0.3 * rng.uniform()) * (middle - origin)
        pieces.append((origin, fork, THINNEST * count**MURRAY))
        if count > 1:
            spread = reached - middle
            along = spread @ spread[np.argmax((spread**2).sum(axis=1))]
            order = np.argsort(along, kind="stable")
            cut = int(count * rng.uniform(0.3, 0.7)) or 1
            stack += [(fork, reached[order[:cut]]), (fork, reached[order[cut:]])]


def vessels(chest: Chest, rng: np.random.Generator) -> Tubes:
    """Draws a tree in each lung, from its root to tips spread throughout the lung."""
    pieces: list[tuple[Points, Points, float]] = []
    size = np.array([2 * chest.half_width, 2 * chest.half_depth, chest.height])
    low = np.array([-chest.half_width, -chest.half_depth, 0])
    points = low + size * rng.uniform(size=(12 * TIPS, 3))
    x, y, z = points.astype(np.float32).T
    found = points[chest.lungs(x, y, z / np.float32(chest.height)) < -3]
    for side in (-1, 1):
        root = np.array([side * 30.0, 0.0, ROOT * chest.height])
        branches(root, found[found[:, 0] * side > 0][:TIPS], rng, pieces)
    return Tubes.of(pieces)


def airways(chest: Chest, tree: Tubes) -> Tubes:
    """Draws the windpipe, its two branches, and bronchi beside the widest vessels."""
    fork = np.array([1.0, -3.0, 0.42 * chest.height])
    pieces = [(np.array([2.0, -9.0, -40.0]), fork, 9.0)]
    lobes = [np.array([side * 36.0, 2.0, 0.48 * chest.height]) for side in (-1, 1)]
    pieces += [(fork, lobe, 7.0) for lobe in lobes]
    wide = tree.radius > 2.6
    aside = np.array([2.5, 4.5, 0])
    beside = zip(tree.start[wide], tree.end[wide], tree.radius[wide], strict=True)
    pieces += [(start + aside, end + aside, 0.75 * radius) for start, end, radius in beside]
    return Tubes.of(pieces)


def coverage(
    tubes: Tubes, chest: Chest, grid: Grid, z: float, thickness: float, wall: float = 0.0
) -> Image:
    """Computes the share of each pixel of a slab that the tubes fill, each widened by `wall` mm."""
    cover = np.zeros((grid.size, grid.size), dtype=np.float32)
    low, high = z - thickness / 2, z + thickness / 2
    top, bottom = tubes.start[:, 2], tubes.end[:, 2]
    slope = np.where(np.abs(bottom - top) < 1e-6, 1e-6, bottom - top)
    bounds = np.clip((np.array([low, high])[:, None] - top) / slope, 0, 1)
    radii = tubes.radius + wall
    near = (np.minimum(top, bottom) - radii < high) & (np.maximum(top, bottom) + radii > low)
    half = np.float32(grid.pixel / 2)
    along = tubes.end - tubes.start
    ends = tubes.start + bounds[:, :, None] * along  # the parts within the slab
    x, y = chest.scanner(ends[..., 0].astype(np.float32), ends[..., 1].astype(np.float32))
    # A thin vessel in the plane of a slice fills part of its thickness, an upright one all of it.
    filled = np.minimum(1, (1.6 * radii + np.abs(np.diff(ends[..., 2], axis=0)[0])) / thickness)
    corner = np.float32(grid.field / 2)
    for i in np.flatnonzero(near):
        reach = radii[i] + half
        first = [int((min(p[0, i], p[1, i]) + corner - reach) / grid.pixel) for p in (y, x)]
        last = [int((max(p[0, i], p[1, i]) + corner + reach) / grid.pixel) + 1 for p in (y, x)]
        rows, columns = (slice(max(a, 0), max(b, 0)) for a, b in zip(first, last, strict=True))
        window = cover[rows, columns]
        if not window.size:
            continue
        dx, dy = grid.axis[columns] - x[0, i], grid.axis[rows, None] - y[0, i]
        vx, vy = x[1, i] - x[0, i], y[1, i] - y[0, i]
        share = np.clip((dx * vx + dy * vy) / max(vx * vx + vy * vy, 1e-6), 0, 1)
        distance = np.sqrt((dx - share * vx) ** 2 + (dy - share * vy) ** 2)
        radius = radii[i]
        chord = np.minimum(radius, distance + half) - np.maximum(-radius, distance - half)
        # An upright tube narrower than a pixel fills only part of it in both directions.
        squeeze = min(1.0, (2 * radius + np.hypot(vx, vy)) / grid.pixel)
        share_filled = np.clip(chord / grid.pixel, 0, None) * (filled[i] * squeeze)
        np.maximum(window, share_filled, out=window)
    return cover


def draw_vessels(
    tree: Tubes, chest: Chest, grid: Grid, here: Slice, z: float, thickness: float
) -> None:
    """Draws the blood vessels of the slab around `z` (mm below the apex), within the lungs."""
    paint(here.hu, coverage(tree, chest, grid, z, thickness) * here.cover, BLOOD)


def draw_airways(
    tree: Tubes, chest: Chest, grid: Grid, here: Slice, z: float, thickness: float
) -> None:
    """Draws the airways of the slab: thin walls around air."""
    paint(here.hu, coverage(tree, chest, grid, z, thickness, 1.2), 0.0)
    paint(here.hu, coverage(tree, chest, grid, z, thickness), AIR + 20)
