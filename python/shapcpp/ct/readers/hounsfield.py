"""Hounsfield units as every reader returns them: the 12 bits of CT, and air for padding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["AIR", "clipped"]

# The values that CT stores in 12 bits. Padding outside the field of view often lies far below.
AIR, MOST = -1024.0, 3071.0


def clipped(units: NDArray[Any]) -> NDArray[np.float32]:
    """Clips Hounsfield units to the 12 bits of CT; nan pixels become air.

    A slice of nothing but nan stays as it is, and is refused later.
    """
    image: NDArray[np.float32] = np.clip(units, AIR, MOST).astype(np.float32)
    absent = np.isnan(image)
    if not absent.all():
        image[absent] = AIR
    return image
