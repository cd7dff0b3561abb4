"""NIfTI volumes and lesion masks, as axial slices."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library
from shapcpp.machine.memory import available_memory, readable

__all__ = ["SUFFIXES", "Volume", "lesion_pixels", "stem"]

SUFFIXES = (".nii", ".nii.gz")
MOST_APART = 0.5  # voxels between a mask and its volume
GZIP = b"\x1f\x8b"
MOST_DEFLATED = 1032  # times its own size, and no deflated file expands to more
LARGE, UNUSUAL = 1_000_000_000, 100  # bytes, and times its own size: what is told before it is read
LEAST_MARK = 1e-4  # what a header's scaling leaves of a zero lies below


def stem(path: str | os.PathLike[str]) -> str:
    """The name of a volume without folder and suffix."""
    name = Path(path).name
    return name[: name.lower().rindex(".nii")]


@dataclass(frozen=True)
class Volume:
    """A volume on disk, its axes those of the closest canonical orientation.

    Attributes
    ----------
    path : path
        The file.
    """

    path: Path

    @cached_property
    def _image(self) -> Any:
        image = library("nibabel", f"reading {self.path.name}").load(self.path)
        _check_size(image)
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
        """The three axes as stored; a fourth of length one is left out."""
        shape = tuple(int(length) for length in self._image.shape)
        if len(shape) < 3:
            raise ValueError(f"it has shape {shape}, and a volume is needed")
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
        """Axial slices; number 0 is the one nearest to the feet."""
        return self.stored_shape[int(np.flatnonzero(self._orientation[:, 0] == 2)[0])]

    def _canonical(self) -> NDArray[Any]:
        nibabel = library("nibabel", f"reading {self.path.name}")
        # Scaled one slice at a time, since nibabel would make eight bytes of each of the pixels.
        stored = np.asanyarray(self._image.dataobj.get_unscaled()).reshape(self.stored_shape)
        volume: NDArray[Any] = nibabel.apply_orientation(stored, self._orientation)
        return volume

    def slices(self, numbers: Iterable[int]) -> Iterator[NDArray[np.float32]]:
        """Axial slices as radiologists look at them: anterior above, the patient's right left."""
        volume = self._canonical()
        proxy = self._image.dataobj
        for number in numbers:
            pixels = volume[::-1, ::-1, number].T.astype(np.float64)
            yield (pixels * proxy.slope + proxy.inter).astype(np.float32)


def _check_size(image: Any) -> None:
    """Compares what a header claims with what its file can hold, before anything is read."""
    kind, shape = image.get_data_dtype(), tuple(int(length) for length in image.shape)
    file = Path(image.file_map["image"].filename)
    held, needed = file.stat().st_size, image.dataobj.offset + kind.itemsize * math.prod(shape)
    with file.open("rb") as content:
        packed = content.read(len(GZIP)) == GZIP
    claim = f"its header claims {shape} of {kind}, {readable(needed)}"
    if needed > held * (MOST_DEFLATED if packed else 1):
        able = "can expand to" if packed else "holds"
        most = held * (MOST_DEFLATED if packed else 1)
        raise ValueError(f"{claim}, and {file.name} {able} {readable(most)}")
    available = available_memory()
    if available is not None and needed > available:
        raise ValueError(f"{claim}, and {readable(available)} of memory are available")
    if packed and needed > max(LARGE, UNUSUAL * held):
        warnings.warn(f"{file}: {readable(held)} expand to {readable(needed)}", stacklevel=2)


def lesion_pixels(mask: Path, volume: Path) -> NDArray[np.int64]:
    """Counts the pixels of a volume's mask that are not zero, for each axial slice."""
    drawn, scan = Volume(mask), Volume(volume)
    shapes = drawn.stored_shape, scan.stored_shape
    if drawn.axes == scan.axes and shapes[0] != shapes[1]:
        raise ValueError(f"its mask {mask} has shape {shapes[0]}, the volume {shapes[1]}")
    _check_same_place(drawn, scan)
    slices = drawn.slices(range(drawn.n_slices))
    return np.array([np.count_nonzero(np.abs(pixels) > LEAST_MARK) for pixels in slices])


def _check_same_place(mask: Volume, volume: Volume) -> None:
    """A mask must cover the voxels of its volume, or its slices are not those."""
    nibabel = library("nibabel", "orientation")
    placed = []
    for one in (mask, volume):
        inverse = nibabel.orientations.inv_ornt_aff(one._orientation, one.stored_shape)
        order = np.argsort(one._orientation[:, 0])
        placed.append((one._image.affine @ inverse, tuple(np.array(one.stored_shape)[order])))
    (affine, shape), (other, other_shape) = placed
    corners = np.array(list(product(*((0, length - 1) for length in other_shape))))
    corners = np.c_[corners, np.ones(len(corners))].T
    # In voxels of the volume, along each of its axes; corners, since a turn moves them most.
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
