"""Lesion masks: the number of pixels that they mark in each slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.readers import dicom_pixels, images, nifti
from shapcpp.ct.readers.bad_slices import BadSlices
from shapcpp.ct.readers.kinds import DICOM, NIFTI
from shapcpp.ct.readers.lesion_values import MaskSurvey
from shapcpp.ct.readers.pixels import Failures, in_threads
from shapcpp.ct.readers.slice_index import SliceRef, first_and_more

__all__ = ["count_lesions"]


def count_lesions(
    slices: Sequence[SliceRef],
    survey: MaskSurvey,
    bad: BadSlices,
    advance: Callable[[int], None],
) -> NDArray[np.int64]:
    """Counts the pixels that each slice's mask marks; -1 if the mask could not be read."""
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
            counts[rows] = _in_volume(mask, [slices[row] for row in rows], survey)
        else:
            counts[rows] = _in_image(mask, ref, survey)
        return []

    def failed(rows: list[int], error: Exception) -> None:
        bad.unreadable(first_and_more([slices[row] for row in rows]), error)

    in_threads(count, of_mask.values(), failed, advance)
    return counts


def _in_volume(mask: Path, slices: Sequence[SliceRef], survey: MaskSurvey) -> list[int]:
    drawn = nifti.Volume(mask)
    nifti.check_same_place(drawn, nifti.Volume(slices[0].file))
    return [survey.count(pixels) for pixels in drawn.slices(ref.slice or 0 for ref in slices)]


def _in_image(mask: Path, ref: SliceRef, survey: MaskSurvey) -> int:
    drawn = images.read_image(mask)
    is_dicom = ref.kind == DICOM
    shape = dicom_pixels.stored_shape(ref.file) if is_dicom else images.read_image(ref.file).shape
    if drawn.shape != shape:
        raise ValueError(f"its mask {mask} has shape {drawn.shape}, the slice {shape}")
    return survey.count(drawn)
