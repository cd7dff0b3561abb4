"""Shapes, soft edges and smooth noise on a slice's grid, all in millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Grid", "Image", "inside", "paint", "rotated", "superellipse"]

Image = NDArray[Any]


@dataclass(frozen=True)
class Grid:
    """A square field of view: x to the patient's left, y to the back, 0 in the middle."""

    size: int  # pixels along each side
    field: float  # mm along each side

    @property
    def pixel(self) -> float:
        """Side of a pixel, mm."""
        return self.field / self.size

    @cached_property
    def axis(self) -> Image:
        """Centres of the pixels along one side, mm."""
        return ((np.arange(self.size) + 0.5) * self.pixel - self.field / 2).astype(np.float32)

    @cached_property
    def x(self) -> Image:
        """The distance of each pixel to the left, mm."""
        return np.broadcast_to(self.axis[None, :], (self.size, self.size))

    @cached_property
    def y(self) -> Image:
        """The distance of each pixel to the back, mm."""
        return np.broadcast_to(self.axis[:, None], (self.size, self.size))

    def smooth_noise(self, rng: np.random.Generator, scale: float) -> Image:
        """Draws noise of about unit deviation, with details `scale` mm wide on any grid."""
        knots = int(np.ceil(self.field / scale)) + 2
        position = (self.axis + self.field / 2) / scale
        left = position.astype(np.int64)
        right = (position - left).astype(np.float32)
        weights = np.zeros((self.size, knots), dtype=np.float32)
        rows = np.arange(self.size)
        # A cosine ramp, since a straight one shows the lattice as creases.
        ramp = (1 - np.cos(np.pi * right)) / 2
        weights[rows, left] = 1 - ramp
        weights[rows, left + 1] = ramp
        values = rng.standard_normal((knots, knots), dtype=np.float32)
        noise: Image = (1.45 * (weights @ values @ weights.T)).astype(np.float32)
        return noise


def inside(distance: Image, pixel: float) -> Image:
    """Computes the share of each pixel where a signed distance (mm) is negative."""
    share: Image = np.clip(0.5 - distance / np.float32(pixel), 0, 1)
    return share


def paint(image: Image, cover: Image, value: Image | float) -> None:
    """Blends `value` (HU) into `image` in place, pixel by pixel by its share of `cover`."""
    image += cover * (value - image)


def rotated(x: Image, y: Image, angle: float) -> tuple[Image, Image]:
    """Turns coordinates into a frame rotated by `angle` (radians)."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cos * x + sin * y, cos * y - sin * x


def superellipse(
    x: Image, y: Image, a: Image | float, b: Image | float, power: float = 2.0
) -> Image:
    """Approximates the signed distance (mm) to the curve |x/a|^p + |y/b|^p = 1, negative inside."""
    u, v = np.abs(x) / a, np.abs(y) / b
    radius = np.sqrt(u * u + v * v) if power == 2 else (u**power + v**power) ** (1 / power)
    # Division by the slope makes an edge as soft along the short axis as along the long one.
    straight = np.sqrt(x * x + y * y)
    distance: Image = ((radius - 1) * straight / np.maximum(radius, 1e-3)).astype(np.float32)
    return distance
