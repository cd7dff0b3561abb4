"""Slices as image files: PNG, JPEG, TIFF, BMP; grey, at the depth they have."""

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
DEEP_COLOURS = re.compile(";16[BLN]")  # what Pillow calls two bytes each; ";16" alone is one pixel


def read_image(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The pixels of an image file as stored, shape (rows, columns).

    8-bit images give uint8; deeper ones, such as 16-bit PNG, keep their depth. Colours become
    grey, and what is transparent black.
    """
    pillow = library("PIL.Image", f"reading {Path(path).name}")
    with pillow.open(path) as image:
        frames = getattr(image, "n_frames", 1)
        if frames != 1:
            raise ValueError(f"it holds {frames} frames, and one slice per file is read")
        if image.mode.split(";")[0] in DEEP:
            return np.array(image)
        if any(DEEP_COLOURS.search(str(tile[3])) for tile in image.tile):
            raise ValueError(
                "it holds colours of 16 bits, of which 8 would be lost: save it as grey"
            )
        if "A" in image.getbands() or "transparency" in image.info:
            layers = np.array(image.convert("RGBA").convert("LA"), dtype=np.uint16)
            return ((layers[..., 0] * layers[..., 1] + 254) // 255).astype(np.uint8)
        return np.array(image.convert("L"))
