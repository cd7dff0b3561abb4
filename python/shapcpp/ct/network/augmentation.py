"""Random zoom, shift and shear of pictures, drawn anew each time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Augmentation"]


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random transform of a picture.

    Attributes
    ----------
    zoom : float, default 0.1
        Each axis is magnified by a factor between 1 - zoom and 1 + zoom.
    shift : float, default 0.1
        Largest shift along each axis, as a share of the side.
    shear : float, default 0.1
        Largest shear: the shift of a row per row of distance from the centre.
    """

    zoom: float = 0.1
    shift: float = 0.1
    shear: float = 0.1

    def matrices(self, n: int, generator: torch.Generator) -> Tensor:
        """Draws affine maps from output to input positions, in units of half a side.

        Parameters
        ----------
        n : int
            Number of maps.
        generator : torch.Generator
            The source of randomness, on the CPU.

        Returns
        -------
        Tensor, shape (n, 2, 3)
        """
        drawn = 2 * torch.rand(n, 5, generator=generator) - 1
        scale = 1 / (1 + self.zoom * drawn[:, :2])
        shear, shift = self.shear * drawn[:, 2], 2 * self.shift * drawn[:, 3:]
        zero = torch.zeros(n)
        rows = (scale[:, 0], shear, shift[:, 0]), (zero, scale[:, 1], shift[:, 1])
        return torch.stack([torch.stack(row, 1) for row in rows], 1)

    def __call__(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Transforms each picture by its own random map.

        Parameters
        ----------
        pictures : Tensor, shape (n, height, width)
            The pictures, on any device. Pixels from beyond the edge repeat the edge.
        generator : torch.Generator
            The source of randomness, on the CPU, so that it is the same on all devices.

        Returns
        -------
        Tensor, shape (n, height, width)
        """
        maps = self.matrices(len(pictures), generator).to(pictures)
        shape = [len(pictures), 1, *pictures.shape[1:]]
        grid = functional.affine_grid(maps, shape, align_corners=False)
        moved = functional.grid_sample(
            pictures[:, None], grid, padding_mode="border", align_corners=False
        )
        return moved[:, 0]
