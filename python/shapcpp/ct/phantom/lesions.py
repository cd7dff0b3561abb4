"""Ground-glass opacities and consolidations, and harmless look-alikes that anyone may have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.phantom.anatomy import Chest, Slice
from shapcpp.ct.phantom.shapes import Grid, Image, paint, rotated, superellipse

__all__ = ["Lesion", "draw_lesions", "draw_look_alikes", "lesions_of", "look_alikes_of"]

CONSOLIDATED = 0.2  # share of the lesions; the others are ground glass
MILD = 0.2  # share of the stretches with one small lesion, which is hard to see
LONGEST = 5  # slices that one lesion spans


@dataclass(frozen=True)
class Lesion:
    """An ill-bounded ellipsoid of denser lung."""

    place: tuple[float, float]  # intended position in the patient's frame, mm
    radii: tuple[float, float]  # mm
    turn: float
    first: int  # slices it spans
    last: int
    hu: float
    softness: float  # width of the edge as a share of the radius
    ragged: float  # deviation of its outline, as a share of the radius
    main: bool  # must be visible in each of its slices

    def share(self, k: int) -> float:
        """Computes the relative radius in slice k."""
        half = (self.last - self.first + 1) / 2
        return float(np.sqrt(1 - ((k - (self.first + self.last) / 2) / (half + 0.6)) ** 2))


@dataclass(frozen=True)
class LookAlikes:
    """Normal findings, as frequent in healthy as in ill patients."""

    plates: tuple[tuple[float, float, float, float, float, float], ...]
    nodules: tuple[tuple[float, float, int, float], ...]
    dependent: float  # HU added along the back wall
    depth: float  # mm, depth to which it reaches


def runs(positive: NDArray[np.bool_], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Cuts the positive slices into stretches of at most `LONGEST`: first and last of each."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], positive.astype(np.int8), [0]])))
    stretches = []
    for start, stop in edges.reshape(-1, 2):
        while start < stop:
            length = min(int(rng.integers(2, LONGEST + 1)), int(stop - start))
            stretches.append((int(start), int(start) + length - 1))
            start += length
    return stretches


def lesions_of(
    chest: Chest, positive: NDArray[np.bool_], levels: NDArray[np.float64], rng: np.random.Generator
) -> list[Lesion]:
    """Draws lesions so that exactly the positive slices hold one."""
    found = []
    for first, last in runs(positive, rng):
        level = float(levels[(first + last) // 2])
        mild = rng.uniform() < MILD
        many = 1 if mild else 2 + int(rng.binomial(4, 0.5))
        for number in range(many):
            begin, end = first, last
            if number > 2:
                begin, end = sorted(int(k) for k in rng.integers(first, last + 1, size=2))
            solid = rng.uniform() < CONSOLIDATED
            smallest, widest = (9, 22) if mild else (20, 40) if solid else (28, 75)
            radius = float(np.exp(rng.uniform(np.log(smallest), np.log(widest))))
            flat = rng.uniform(0.55, 1)
            found.append(
                Lesion(
                    place=periphery(chest, level, radius, rng),
                    radii=(radius, radius * flat),
                    turn=rng.uniform(0, np.pi),
                    first=begin,
                    last=end,
                    hu=rng.uniform(-100, 50) if solid else rng.uniform(-650, -400),
                    softness=rng.uniform(0.04, 0.1) if solid else rng.uniform(0.08, 0.2),
                    ragged=rng.uniform(0.1, 0.25),
                    main=number == 0,
                )
            )
    return found


def periphery(
    chest: Chest, level: float, radius: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Draws a position in the lungs at `level`, near their surface and mostly at the back."""
    reach = np.array([chest.half_width, chest.half_depth])
    points = reach * rng.uniform(-1, 1, size=(2000, 2))
    x, y = points.astype(np.float32).T
    distance = chest.lungs(x, y, level)
    wanted = (distance < -3) & (distance > -4 - radius)
    back = 0.5 + 0.5 * y / np.float32(chest.half_depth)
    at = np.flatnonzero(wanted & (rng.uniform(size=len(y)) < 0.35 + 0.65 * back))
    if not len(at):
        at = np.array([int(np.argmin(distance))])
    return float(points[at[0], 0]), float(points[at[0], 1])


def draw_lesions(
    lesions: list[Lesion], chest: Chest, grid: Grid, here: Slice, k: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draws the lesions that slice k crosses; returns the lesion mask."""
    mask = np.zeros(here.hu.shape, dtype=bool)
    x, y = chest.own(grid.x, grid.y)
    least = max(3, round(60 / grid.pixel**2))
    within = here.cover > 0.5
    for lesion in lesions:
        if not lesion.first <= k <= lesion.last:
            continue
        # The lung narrows and widens from slice to slice, so the lesion moves along with it.
        away = (x - lesion.place[0]) ** 2 + (y - lesion.place[1]) ** 2
        away = np.where(here.lung < max(-4.0, float(here.lung.min()) / 2), away, np.inf)
        row, column = np.unravel_index(np.argmin(away), away.shape)
        u, v = rotated(x - x[row, column], y - y[row, column], lesion.turn)
        stray = lesion.ragged * (
            0.8 * grid.smooth_noise(rng, max(lesion.radii[0] / 1.6, 4.0))
            + 0.5 * grid.smooth_noise(rng, 6)
        )
        size = lesion.share(k)
        for _ in range(12):
            a, b = lesion.radii[0] * size, lesion.radii[1] * size
            edge = superellipse(u, v, a, b) / b + stray
            shape = edge < 0
            if not lesion.main or np.count_nonzero(shape & within) >= least:
                break
            size *= 1.2
        density = 1 / (1 + np.exp(np.clip(edge / lesion.softness, -30, 30)))
        grain = 1 + 0.12 * grid.smooth_noise(rng, 7)
        value = np.maximum(lesion.hu, here.hu)
        paint(here.hu, np.clip(density * grain, 0, 1) * here.cover, value)
        mask |= shape & within
    return mask


def look_alikes_of(chest: Chest, slices: int, rng: np.random.Generator) -> LookAlikes:
    """Draws plates of collapsed lung near the base, old nodules, and blood at the back."""
    plates = tuple(
        (
            float(rng.choice([-1, 1]) * rng.uniform(0.25, 0.7) * chest.half_width),
            float(rng.uniform(-0.1, 0.6) * chest.half_depth),
            float(rng.uniform(slices * 0.45, slices)),
            float(rng.uniform(12, 40)),
            float(rng.uniform(0.8, 2.2)),
            float(rng.uniform(0, np.pi)),
        )
        for _ in range(rng.poisson(2.5))
    )
    nodules = tuple(
        (
            float(rng.uniform(-0.75, 0.75) * chest.half_width),
            float(rng.uniform(-0.6, 0.6) * chest.half_depth),
            int(rng.integers(slices)),
            float(rng.uniform(1.5, 4)),
        )
        for _ in range(rng.poisson(4))
    )
    return LookAlikes(plates, nodules, float(rng.gamma(1.2, 60)), float(rng.uniform(5, 12)))


def draw_look_alikes(looks: LookAlikes, chest: Chest, grid: Grid, here: Slice, k: int) -> None:
    """Draws the look-alikes that slice k crosses, within the lungs."""
    x, y = chest.own(grid.x, grid.y)
    wall = np.exp(np.minimum(here.lung, 0) / np.float32(looks.depth))
    low = np.clip(y / np.float32(chest.half_depth), 0, 1)
    hu = here.hu
    hu += here.cover * (looks.dependent * wall * low * 1.5)
    for px, py, middle, length, thick, turn in looks.plates:
        if abs(k - middle) < 1.5:
            u, v = rotated(x - np.float32(px), y - np.float32(py), turn)
            draw_streak(here, superellipse(u, v, length, thick), grid.pixel, -60.0)
    for px, py, level, radius in looks.nodules:
        if level == k:
            dot = superellipse(x - np.float32(px), y - np.float32(py), radius, radius)
            draw_streak(here, dot, grid.pixel, 120.0)


def draw_streak(here: Slice, distance: Image, pixel: float, hu: float) -> None:
    cover = np.clip(0.5 - distance / np.float32(pixel), 0, 1)
    paint(here.hu, cover * here.cover * min(1.0, 4 / pixel), hu)
