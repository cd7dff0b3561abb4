"""The fourth stage of reading: pixels, file by file on all processors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import quiet
from shapcpp.ct.readers import dicom_pixels, images, nifti
from shapcpp.ct.readers.bad_slices import GRAVE, BadSlices
from shapcpp.ct.readers.kinds import DICOM, IMAGE, NIFTI
from shapcpp.ct.readers.preparation import allocate, grey_levels, prepared, resized
from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef, first_and_more
from shapcpp.machine import threads
from shapcpp.machine.processors import available_processors

__all__ = ["Failures", "in_threads", "read_each", "read_file", "with_pixels"]

Failures = list[tuple[list[int], Exception]]


def with_pixels(
    index: SliceIndex, size: int, bad: BadSlices, advance: Callable[[int], None], raw: bool = False
) -> tuple[SliceIndex, NDArray[np.float32]]:
    """Reads all slices; returns the readable ones with their pixels.

    Pixels are standardised, or if `raw` in Hounsfield units, those of images in grey levels.
    """
    images = allocate(len(index), size)

    def keep(row: int, pixels: NDArray[np.generic]) -> None:
        if not raw:
            images[row] = prepared(pixels, size)
        elif index.slices[row].kind == IMAGE:
            images[row] = grey_levels(resized(pixels, size), own=pixels.dtype == np.uint8)
        else:
            images[row] = resized(pixels, size)

    good = read_each(index.slices, keep, bad, advance)
    if good.all():
        return index, images
    rows = np.flatnonzero(good)
    for to, row in enumerate(rows):  # in place: the images may fill most of the disk
        images[to] = images[row]
    return index.holding(index.slices[row] for row in rows), images[: len(rows)]


def read_each(
    slices: Sequence[SliceRef],
    use: Callable[[int, NDArray[Any]], None],
    bad: BadSlices,
    advance: Callable[[int], None],
) -> NDArray[np.bool_]:
    """Reads slices and passes each with its row number to `use`, from several threads.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether each slice was read; `bad` left out the others.
    """
    of_file: dict[Path, list[int]] = {}
    for row, ref in enumerate(slices):
        of_file.setdefault(ref.file, []).append(row)
    good = np.zeros(len(slices), dtype=bool)

    def read(rows: list[int]) -> Failures:
        failures: Failures = []
        first = slices[rows[0]]
        if first.kind == NIFTI:
            numbers = [slices[row].slice or 0 for row in rows]
            pixels_of: Iterable[NDArray[Any]] = nifti.Volume(first.file).hounsfield(numbers)
        else:
            pixels_of = (read_file(first) for _ in rows)
        for row, pixels in zip(rows, pixels_of, strict=True):
            error = _error_of(use, row, pixels)
            good[row] = error is None
            if error is not None:  # the other slices of the volume are good
                failures.append(([row], error))
        return failures

    def failed(rows: list[int], error: Exception) -> None:
        bad.unreadable(first_and_more([slices[row] for row in rows if not good[row]]), error)

    in_threads(read, of_file.values(), failed, advance)
    return good


def read_file(ref: SliceRef) -> NDArray[Any]:
    """Reads the pixels of a DICOM file or an image."""
    return dicom_pixels.read_pixels(ref.file) if ref.kind == DICOM else images.read_image(ref.file)


def _error_of(
    use: Callable[[int, NDArray[Any]], None], row: int, pixels: NDArray[Any]
) -> Exception | None:
    try:
        use(row, pixels)
    except GRAVE:
        raise
    except Exception as error:
        return error
    return None


def in_threads(
    do: Callable[[list[int]], Failures],
    work: Iterable[list[int]],
    failed: Callable[[list[int], Exception], None],
    advance: Callable[[int], None],
) -> None:
    """Does every piece of work, a list of rows; reports failures in the caller's thread.

    The errors that a piece returns belong to some of its rows; an error that it raises belongs
    to all of them. Ctrl-C, or an error that `failed` raises, ends the work once the pieces under
    way are done.
    """
    with quiet(), threads.pool(available_processors()) as pool:
        futures = {pool.submit(do, piece): piece for piece in work}
        try:
            for future in as_completed(futures):
                piece, error = futures[future], future.exception()
                if isinstance(error, GRAVE) or not isinstance(error, Exception | None):
                    raise error
                for rows, reason in future.result() if error is None else [(piece, error)]:
                    failed(rows, reason)
                advance(len(piece))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
