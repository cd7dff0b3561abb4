"""The pixels of listed slices, file by file on all processors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import quiet
from shapcpp.ct.readers import dicom, images, nifti
from shapcpp.ct.readers.bad_slices import GRAVE, BadSlices
from shapcpp.ct.readers.listing import DICOM, NIFTI, Scan, named
from shapcpp.machine.processors import available_processors

__all__ = ["count_lesions", "read_each"]

Failures = list[tuple[list[int], Exception]]


def read_each(
    scans: Sequence[Scan],
    use: Callable[[int, NDArray[Any]], None],
    bad: BadSlices,
    advance: Callable[[int], None],
) -> NDArray[np.bool_]:
    """Reads slices and hands each with its row to `use`, from several threads.

    Returns
    -------
    ndarray of bool, shape (n,)
        Which slices were read: all but those that `bad` left out.
    """
    of_file: dict[Path, list[int]] = {}
    for row, scan in enumerate(scans):
        of_file.setdefault(scan.file, []).append(row)
    good = np.zeros(len(scans), dtype=bool)

    def read(rows: list[int]) -> Failures:
        failures: Failures = []
        first = scans[rows[0]]
        if first.kind == NIFTI:
            numbers = [scans[row].slice or 0 for row in rows]
            slices: Iterable[NDArray[Any]] = nifti.Volume(first.file).slices(numbers)
        else:
            reader = dicom.read_pixels if first.kind == DICOM else images.read_image
            slices = (reader(first.file) for _ in rows)
        for row, pixels in zip(rows, slices, strict=True):
            error = _error_of(use, row, pixels)
            good[row] = error is None
            if error is not None:  # of this slice alone: the others of its volume are good
                failures.append(([row], error))
        return failures

    def failed(rows: list[int], error: Exception) -> None:
        bad.bad(named([scans[row] for row in rows if not good[row]]), error)

    _in_threads(read, of_file.values(), failed, advance)
    return good


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


def count_lesions(
    scans: Sequence[Scan], bad: BadSlices, advance: Callable[[int], None]
) -> NDArray[np.int64]:
    """Pixels of each slice that its mask marks; -1 where the mask could not be read."""
    of_mask: dict[tuple[Path, Path], list[int]] = {}
    for row, scan in enumerate(scans):
        if scan.mask is not None:
            of_mask.setdefault((scan.mask, scan.file), []).append(row)
    counts = np.full(len(scans), -1, dtype=np.int64)
    masks = {id(rows): mask for (mask, _), rows in of_mask.items()}

    def count(rows: list[int]) -> Failures:
        scan, mask = scans[rows[0]], masks[id(rows)]
        if not mask.is_file():
            raise ValueError(f"its mask {mask} does not exist")
        if scan.kind == NIFTI:
            marked = nifti.lesion_pixels(mask, scan.file)
            counts[rows] = marked[[scans[row].slice or 0 for row in rows]]
        else:
            counts[rows] = _marked(mask, scan)
        return []

    def failed(rows: list[int], error: Exception) -> None:
        bad.bad(named([scans[row] for row in rows]), error)

    _in_threads(count, of_mask.values(), failed, advance)
    return counts


def _marked(mask: Path, scan: Scan) -> int:
    reader = dicom.read_pixels if scan.kind == DICOM else images.read_image
    drawn, shape = images.read_image(mask), reader(scan.file).shape
    if drawn.shape != shape:
        raise ValueError(f"its mask {mask} has shape {drawn.shape}, the slice {shape}")
    return int(np.count_nonzero(drawn))


def _in_threads(
    do: Callable[[list[int]], Failures],
    work: Iterable[list[int]],
    failed: Callable[[list[int], Exception], None],
    advance: Callable[[int], None],
) -> None:
    """Does every piece of work, each some rows; failures are told here, in the caller's thread.

    What a piece returns failed for some of its rows, what it raises for all of them.
    Ctrl-C and failures that are raised end it once the pieces under way are done.
    """
    with quiet(), ThreadPoolExecutor(available_processors()) as pool:
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
