"""Pictures of three kinds, which the network tells apart in seconds, and a manifest of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scans import write_csv, write_png

KINDS = ("bleed", "fracture", "normal")
SIDE = 16


def picture(kind: str, seed: int) -> NDArray[np.uint8]:
    """Noise; with a bright disc if it is a bleed, a dark line if it is a fracture."""
    rng = np.random.default_rng(seed)
    image = rng.normal(120, 15, (SIDE, SIDE))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    r, c = rng.integers(4, SIDE - 4, 2)
    if kind == "bleed":
        image[np.hypot(rows - r, columns - c) < 3] += 90
    elif kind == "fracture":
        image[r - 1 : r + 1, 2:-2] -= 90
    return np.clip(image, 0, 255).astype(np.uint8)


def write_kinds(folder: Path, patients: int = 30, each: int = 6) -> Path:
    """Two slices of each kind of each patient."""
    rows = []
    for number in range(patients * each):
        patient, place = divmod(number, each)
        kind = KINDS[place % 3]
        write_png(folder / f"{number:03d}.png", picture(kind, number))
        rows.append((f"{number:03d}.png", f"p{patient}", place, kind))
    write_csv(folder / "manifest.csv", "file,patient,slice,finding", *rows)
    return folder
