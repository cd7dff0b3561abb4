"""Slices as image files: PNG, JPEG, TIFF, BMP; grey, at the depth they have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library

__all__ = ["SUFFIXES", "read_image"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
# Modes whose pixels are numbers of more than 8 bits.
DEEP = ("I", "F")


def read_image(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The pixels of an image file as stored, shape (rows, columns); colours become grey.

    8-bit images give uint8; deeper ones, such as 16-bit PNG, keep their depth.
    """
    pillow = library("PIL.Image", f"reading {Path(path).name}")
    with pillow.open(path) as image:
        frames = getattr(image, "n_frames", 1)
        if frames != 1:
            raise ValueError(f"it holds {frames} frames, and one slice per file is read")
        deep = image.mode.split(";")[0] in DEEP
        return np.array(image if deep else image.convert("L"))
