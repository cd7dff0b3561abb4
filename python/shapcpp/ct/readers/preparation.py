"""From the pixels of a slice to the input of the network."""

from __future__ import annotations

import math
import os
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library
from shapcpp.machine.memory import readable

__all__ = [
    "BLACK",
    "LARGEST_IN_MEMORY",
    "WHITE",
    "allocate",
    "grey_levels",
    "prepared",
    "resized",
    "standardised",
]

LARGEST_IN_MEMORY = 2 * 10**9  # bytes
# Percentiles shown as black and white if a slice has no grey levels of its own. In a chest they
# span about air to bone.
BLACK, WHITE = 0.5, 99.5


def resized(pixels: NDArray[Any], size: int) -> NDArray[np.float32]:
    """Resizes a slice to `size` x `size`, padded to a square with its least value.

    The resizing is bilinear, antialiased if the slice shrinks, and in floating point, so that no
    depth is lost. Pixels that are nan count as padding.
    """
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise ValueError(f"its pixels have shape {pixels.shape}, and (rows, columns) is needed")
    image = pixels.astype(np.float32)
    finite = image[np.isfinite(image)]
    if not finite.size:
        raise ValueError("none of its pixels is a finite number")
    least, side = finite.min(), max(image.shape)
    if finite.size < image.size:
        image = np.nan_to_num(image, nan=least, neginf=least, posinf=finite.max())
    rows, columns = (max(1, round(length * size / side)) for length in image.shape)
    if (rows, columns) != image.shape:
        pillow = library("PIL.Image", "resizing slices")
        scaled = pillow.fromarray(image).resize((columns, rows), pillow.Resampling.BILINEAR)
        image = np.asarray(scaled, dtype=np.float32)
    top, left = (size - rows) // 2, (size - columns) // 2
    square = np.full((size, size), least, dtype=np.float32)
    square[top : top + rows, left : left + columns] = image
    return square


def standardised(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scales a slice to mean 0 and deviation 1; a constant slice becomes zeros."""
    exact = image.astype(np.float64)
    exact -= exact.mean()
    deviation = float(exact.std())
    # The computed deviation of a constant slice may be a rounding error.
    if deviation <= 1e-6 * max(1.0, float(np.abs(image).max())):
        return np.zeros_like(image)
    return (exact / deviation).astype(np.float32)


def prepared(pixels: NDArray[Any], size: int) -> NDArray[np.float32]:
    """Resizes a slice, and standardises it by its own mean and deviation."""
    return standardised(resized(pixels, size))


def grey_levels(image: NDArray[np.float32], own: bool = False) -> NDArray[np.float32]:
    """Maps a slice to grey levels from 0 to 1.

    The 8 bits of a picture are its `own` levels; of other slices percentiles become 0 and 1.
    """
    low, high = (0.0, 255.0) if own else map(float, np.percentile(image, (BLACK, WHITE)))
    if not high > low:
        return np.zeros_like(image)
    levels: NDArray[np.float32] = np.clip((image - low) / (high - low), 0, 1).astype(np.float32)
    return levels


def allocate(count: int, size: int) -> NDArray[np.float32]:
    """Allocates room for slices: in memory, or in a temporary file above `LARGEST_IN_MEMORY`.

    The file has no name, so it disappears with the array.
    """
    shape = (count, size, size)
    needed = math.prod(shape) * np.dtype(np.float32).itemsize
    if needed <= LARGEST_IN_MEMORY:
        return np.zeros(shape, dtype=np.float32)
    with tempfile.TemporaryFile(prefix="shapcpp-") as file:
        try:
            # Space is claimed now, since writing to a memory map on a full disk kills the process.
            os.posix_fallocate(file.fileno(), 0, needed)
        except OSError as error:
            raise OSError(
                error.errno,
                f"{count} slices of {size} x {size} need {readable(needed)} there "
                f"({os.strerror(error.errno or 0)}); TMPDIR names another place",
                tempfile.gettempdir(),
            ) from None
        return np.memmap(file, dtype=np.float32, mode="r+", shape=shape)
