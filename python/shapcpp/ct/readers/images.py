"""Slices as image files: PNG, JPEG, TIFF, BMP; grey, at their own depth."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library

__all__ = ["SUFFIXES", "read_image"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
# Modes whose pixels are numbers of more than 8 bits.
DEEP = ("I", "F")
DEEP_COLOURS = re.compile(";16[BLN]")  # Pillow's name for colours of two bytes; ";16" is one pixel
REDUCED, PHOTOMETRIC, WHITE_IS_ZERO = 254, 262, 0  # of TIFF


def read_image(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Reads the pixels of an image file, shape (rows, columns).

    8-bit images give uint8; deeper ones, such as 16-bit PNG, keep their depth. Colours become
    grey, and transparent pixels black. Larger numbers are brighter, even if a TIFF stores them
    the other way round. A thumbnail, or the second picture of a phone's JPEG, is skipped.
    """
    pillow = library("PIL.Image", f"reading {Path(path).name}")
    with pillow.open(path) as image:
        image.seek(_frame(image))
        if image.mode.split(";")[0] in DEEP:
            pixels = np.array(image)
            is_inverse = getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO
            return _inverted(pixels) if is_inverse else pixels
        if any(DEEP_COLOURS.search(str(tile[3])) for tile in image.tile):
            raise ValueError(
                "it holds colours of 16 bits, of which 8 would be lost: save it as grey"
            )
        if "A" in image.getbands() or "transparency" in image.info:
            layers = np.array(image.convert("RGBA").convert("LA"), dtype=np.uint16)
            return ((layers[..., 0] * layers[..., 1] + 254) // 255).astype(np.uint8)
        return np.array(image.convert("L"))


def _frame(image: Any) -> int:
    """Returns the number of the frame that is the slice; raises ValueError if there are several."""
    count = getattr(image, "n_frames", 1)
    if count == 1 or image.format == "MPO":  # later frames of MPO are previews or a second eye
        return 0
    sizes = []
    for number in range(count):
        image.seek(number)
        is_reduced = bool(image.tag_v2.get(REDUCED, 0) & 1) if hasattr(image, "tag_v2") else False
        sizes.append(0 if is_reduced else image.width * image.height)
    if sizes.count(max(sizes)) != 1:
        raise ValueError(f"it holds {count} frames, and one slice per file is read")
    return sizes.index(max(sizes))


def _inverted(pixels: NDArray[Any]) -> NDArray[Any]:
    """Inverts deep pixels that are white at zero; the library does so for 8-bit pixels."""
    return -pixels if pixels.dtype.kind == "f" else ~pixels
