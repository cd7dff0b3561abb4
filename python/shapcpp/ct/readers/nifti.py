"""NIfTI volumes and lesion masks, as axial slices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library
from shapcpp.ct.readers.hounsfield import clipped
from shapcpp.ct.readers.nifti_files import open_volume

__all__ = ["Volume", "check_same_place"]

MOST_APART = 0.5  # voxels between a mask and its volume


@dataclass(frozen=True)
class Volume:
    """A volume on disk, seen along the axes of the closest canonical orientation.

    Attributes
    ----------
    path : path
        The file.
    """

    path: Path

    @cached_property
    def _image(self) -> Any:
        image = open_volume(self.path)
        if image.get_data_dtype().names is not None:
            raise ValueError("it holds colours, and grey values are needed")
        if image.get_data_dtype().kind == "c":
            raise ValueError("it holds complex numbers, and real ones are needed")
        return image

    @cached_property
    def _orientation(self) -> NDArray[np.float64]:
        nibabel = library("nibabel", f"reading {self.path.name}")
        orientation: NDArray[np.float64] = nibabel.io_orientation(self._image.affine)[:3]
        if not np.isfinite(orientation).all():
            raise ValueError("its affine does not say which axis is which")
        return orientation

    @property
    def stored_shape(self) -> tuple[int, int, int]:
        """The lengths of the three axes as stored; for a single slice the third is one."""
        shape = tuple(int(length) for length in self._image.shape)
        if len(shape) < 2 or 0 in shape:
            raise ValueError(f"it has shape {shape}, and a volume or slice is needed")
        shape += (1,) * (3 - len(shape))
        if any(length != 1 for length in shape[3:]):
            count = int(np.prod(shape[3:]))
            raise ValueError(f"it holds {count} volumes (shape {shape}), and one is read")
        return shape[0], shape[1], shape[2]

    @property
    def axes(self) -> str:
        """The directions of its axes as stored, such as "RAS"."""
        return "".join(library("nibabel", "orientation").aff2axcodes(self._image.affine))

    @property
    def n_slices(self) -> int:
        """The number of axial slices; number 0 is the one nearest to the feet."""
        axis = int(np.flatnonzero(self._orientation[:, 0] == 2)[0])
        if len(self._image.shape) == 2 and axis != 2:
            raise ValueError("it holds a single slice, and that is not axial")
        return self.stored_shape[axis]

    def _canonical(self) -> NDArray[Any]:
        nibabel = library("nibabel", f"reading {self.path.name}")
        # Slices are scaled one at a time, since nibabel would turn each pixel into eight bytes.
        stored = np.asanyarray(self._image.dataobj.get_unscaled()).reshape(self.stored_shape)
        volume: NDArray[Any] = nibabel.apply_orientation(stored, self._orientation)
        return volume

    def slices(self, numbers: Iterable[int]) -> Iterator[NDArray[np.float32]]:
        """Yields axial slices as radiologists view them: anterior up, the patient's right left."""
        volume = self._canonical()
        proxy = self._image.dataobj
        for number in numbers:
            pixels = volume[::-1, ::-1, number].T.astype(np.float64)
            yield (pixels * proxy.slope + proxy.inter).astype(np.float32)

    def hounsfield(self, numbers: Iterable[int]) -> Iterator[NDArray[np.float32]]:
        """Yields axial slices of a scan, clipped to the values of CT, with air for padding."""
        return map(clipped, self.slices(numbers))


def check_same_place(mask: Volume, volume: Volume) -> None:
    """Raises ValueError if a mask does not cover the voxels of its volume."""
    shapes = mask.stored_shape, volume.stored_shape
    if mask.axes == volume.axes and shapes[0] != shapes[1]:
        raise ValueError(f"its mask {mask.path} has shape {shapes[0]}, the volume {shapes[1]}")
    nibabel = library("nibabel", "orientation")
    placed = []
    for one in (mask, volume):
        inverse = nibabel.orientations.inv_ornt_aff(one._orientation, one.stored_shape)
        order = np.argsort(one._orientation[:, 0])
        placed.append((one._image.affine @ inverse, tuple(np.array(one.stored_shape)[order])))
    (affine, shape), (other, other_shape) = placed
    corners = np.array(list(product(*((0, length - 1) for length in other_shape))))
    corners = np.c_[corners, np.ones(len(corners))].T
    # Distances are in voxels of the volume, along each axis; a rotation moves the corners most.
    apart = np.abs(np.linalg.solve(other, affine @ corners) - corners)
    if shape == other_shape and (apart <= MOST_APART).all():
        return
    if mask.axes != volume.axes:
        raise ValueError(
            f"its mask {mask.path} is stored along {mask.axes} with shape {mask.stored_shape}, the "
            f"volume along {volume.axes} with shape {volume.stored_shape}, and they do not cover "
            "the same voxels"
        )
    raise ValueError(
        f"its mask {mask.path} does not cover the voxels of its volume: their affines are up to "
        f"{apart.max():.3g} voxels apart"
    )
