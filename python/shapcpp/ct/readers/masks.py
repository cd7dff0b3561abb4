"""Lesion masks: how many pixels of each slice they mark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.readers import images, nifti
from shapcpp.ct.readers.bad_slices import BadSlices
from shapcpp.ct.readers.kinds import NIFTI
from shapcpp.ct.readers.pixels import Failures, in_threads, read_file
from shapcpp.ct.readers.slice_index import SliceRef, first_and_more

__all__ = ["count_lesions"]


def count_lesions(
    slices: Sequence[SliceRef], bad: BadSlices, advance: Callable[[int], None]
) -> NDArray[np.int64]:
    """Counts the pixels that the mask of each slice marks; -1 where it could not be read."""
    of_mask: dict[tuple[Path, Path], list[int]] = {}
    for row, ref in enumerate(slices):
        if ref.mask is not None:
            of_mask.setdefault((ref.mask, ref.file), []).append(row)
    counts = np.full(len(slices), -1, dtype=np.int64)
    masks = {id(rows): mask for (mask, _), rows in of_mask.items()}

    def count(rows: list[int]) -> Failures:
        ref, mask = slices[rows[0]], masks[id(rows)]
        if not mask.is_file():
            raise ValueError(f"its mask {mask} does not exist")
        if ref.kind == NIFTI:
            marked = nifti.lesion_pixels(mask, ref.file)
            counts[rows] = marked[[slices[row].slice or 0 for row in rows]]
        else:
            counts[rows] = _marked(mask, ref)
        return []

    def failed(rows: list[int], error: Exception) -> None:
        bad.unreadable(first_and_more([slices[row] for row in rows]), error)

    in_threads(count, of_mask.values(), failed, advance)
    return counts


def _marked(mask: Path, ref: SliceRef) -> int:
    drawn, shape = images.read_image(mask), read_file(ref).shape
    if drawn.shape != shape:
        raise ValueError(f"its mask {mask} has shape {drawn.shape}, the slice {shape}")
    return int(np.count_nonzero(drawn))
