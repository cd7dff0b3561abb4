"""A scanner's effects on a chest: motion, kernel, correlated noise, a smooth bias, rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.phantom.shapes import Grid, Image
from shapcpp.ct.phantom.sources import ONE, Source

__all__ = ["Scanner", "draw_scanner", "scan"]

LOWEST = -1024  # HU, the least value that a scanner stores


@dataclass(frozen=True)
class Scanner:
    """Settings of one examination."""

    noise: float  # deviation, HU
    cupping: tuple[float, float, float]  # bias in HU at the rim, across, from front to back
    moving: float  # share of the slices blurred by motion
    kernel: float = 0.0  # as in `Source`


def draw_scanner(rng: np.random.Generator, source: Source = ONE) -> Scanner:
    """Draws an examination at random."""
    rim, across, down = rng.normal(0, [6, 4, 4])
    noise = rng.uniform(*source.noise)
    return Scanner(noise, (float(rim), float(across), float(down)), 0.12, source.kernel)


def scan(scanner: Scanner, grid: Grid, hu: Image, rng: np.random.Generator) -> NDArray[np.int16]:
    """Turns a slice into the image that the scanner would store."""
    if rng.uniform() < scanner.moving:
        hu = shaken(hu, rng.normal(0, 3, size=2) / grid.pixel)
    x, y = grid.x * (2 / grid.field), grid.y * (2 / grid.field)
    rim, across, down = scanner.cupping
    hu = hu + (rim * (x * x + y * y) + across * x + down * y).astype(np.float32)
    if scanner.kernel:
        smooth = smoothed(hu, abs(scanner.kernel))
        hu = smooth if scanner.kernel > 0 else 2 * hu - smooth
    noise = rng.standard_normal((grid.size + 2, grid.size + 2), dtype=np.float32)
    if scanner.kernel < 0:
        noise = 6 * noise[1:-1, 1:-1]
    else:  # smoothed as by a reconstruction kernel: neighbours correlate, distant pixels do not
        noise = noise[:-2] + 2 * noise[1:-1] + noise[2:]
        noise = noise[:, :-2] + 2 * noise[:, 1:-1] + noise[:, 2:]
    hu = hu + np.float32(scanner.noise / 6) * noise
    return np.maximum(np.rint(hu), LOWEST).astype(np.int16)


def shaken(hu: Image, step: NDArray[np.float64]) -> Image:
    """Averages the slice with a copy shifted by `step` pixels (down, across)."""
    for axis, pixels in enumerate(step):
        whole = int(np.floor(pixels))
        part = np.float32(pixels - whole)
        moved = (1 - part) * np.roll(hu, whole, axis) + part * np.roll(hu, whole + 1, axis)
        hu = (hu + moved) / 2
    return hu


def smoothed(hu: Image, width: float) -> Image:
    """Averages each pixel with its neighbours by Gaussian weights, `width` pixels wide."""
    reach = int(np.ceil(4 * width))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2).astype(np.float32)
    weights /= weights.sum()
    for axis in (0, 1):
        sides = [(reach, reach) if axis == other else (0, 0) for other in (0, 1)]
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(hu, sides, mode="edge"), len(weights), axis
        )
        hu = windows @ weights
    return hu
