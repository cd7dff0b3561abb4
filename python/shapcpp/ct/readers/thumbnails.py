"""Small grey pictures of slices, for people to look at."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.readers.bad_slices import BadSlices, silent
from shapcpp.ct.readers.columns import anonymous_ids
from shapcpp.ct.readers.indexing import index_slices
from shapcpp.ct.readers.kinds import DICOM
from shapcpp.ct.readers.manifest import Columns
from shapcpp.ct.readers.pixels import read_each
from shapcpp.ct.readers.preparation import BLACK, WHITE, resized
from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef
from shapcpp.storage.files import PathLike

__all__ = ["black_and_white", "grey", "places", "thumbnails"]


def ignored(index: SliceIndex, slices: list[SliceRef]) -> None:
    """Does nothing with the slices found."""


def thumbnails(
    path: PathLike,
    ids: Sequence[str] | NDArray[np.str_],
    size: int = 160,
    *,
    masks: PathLike | None = None,
    note: Callable[[str], None] = silent,
    found: Callable[[SliceIndex, list[SliceRef]], None] = ignored,
) -> dict[str, NDArray[np.uint8]]:
    """Draws some slices of scans that `read_scans` reads.

    Parameters
    ----------
    path : path-like
        The scans that `read_scans` was given.
    ids : sequence of str
        Ids of slices, as `read_scans` returned them, anonymous or not.
    size : int, default 160
        Pixels along each side.
    masks : path-like, optional
        The folder of lesion masks that `read_scans` was given.
    note : callable, optional
        Called with one sentence for each slice that cannot be read; it gets no picture.
    found : callable, optional
        Called with the index and the slice of each id, before any pixel is read.

    Returns
    -------
    dict of str to ndarray of uint8, shape (size, size)
        Images: 8-bit slices in their own grey levels, others between percentiles 0.5 and 99.5.

    Raises
    ------
    OSError
        If `path` does not exist.
    ValueError
        If an id is not among the scans.
    """
    bad = BadSlices(skip=True, note=note)
    # Silent, since `read_scans` gave the same notes.
    index = index_slices(path, Columns(label=""), masks, BadSlices(skip=True, note=silent))
    slices = _found([str(one) for one in ids], index)
    found(index, slices)
    pictures: dict[str, NDArray[np.uint8]] = {}

    def keep(row: int, pixels: NDArray[Any]) -> None:
        pictures[str(ids[row])] = grey(pixels, size)

    read_each(slices, keep, bad, lambda _: None)
    return pictures


def places(
    index: SliceIndex, slices: Sequence[SliceRef], patients: Sequence[str | None] | None = None
) -> dict[str, str]:
    """Names the files of slices whose ids do not name them: DICOM slices.

    Parameters
    ----------
    index : SliceIndex
        All slices.
    slices : sequence of SliceRef
        Some of them.
    patients : sequence of str or None
        Their patients in a run that may or may not be anonymous. If the scans name other patients,
        or the names could be the numbers that anonymous patients get, no file is named.

    Returns
    -------
    dict of str to str
        By id: the file and, where known, its number in the series, from 0.
    """
    if patients is not None:
        numbers = {None, *map(str, range(1, len(index) + 1))}
        if [ref.patient for ref in slices] != list(patients) or numbers.issuperset(patients):
            return {}
    return {
        ref.id: Path(os.path.relpath(ref.file, index.root)).as_posix()
        + ("" if ref.slice is None else f", slice {ref.slice}")
        for ref in slices
        if ref.kind == DICOM
    }


def _found(ids: list[str], index: SliceIndex) -> list[SliceRef]:
    known = {ref.id: ref for ref in index.slices}
    if not known.keys() >= set(ids):
        anonymous = dict(zip(anonymous_ids(index.slices).tolist(), index.slices, strict=True))
        known = max(known, anonymous, key=lambda names: sum(one in names for one in ids))
    missing = [one for one in ids if one not in known]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(ids)} ids are not among the {len(index)} slices of "
            f"{index.source}, the first is {missing[0]!r}; theirs are like {index.slices[0].id!r}"
        )
    return [known[one] for one in ids]


def black_and_white(image: NDArray[Any]) -> tuple[float, float]:
    """The levels that a slice without grey levels of its own shows black and white."""
    low, high = np.percentile(image, (BLACK, WHITE))
    return float(low), float(high)


def grey(pixels: NDArray[Any], size: int) -> NDArray[np.uint8]:
    """Draws a slice in 8 bits, of `size` pixels along each side."""
    image = resized(pixels, size).astype(np.float64)
    if pixels.dtype != np.uint8:
        low, high = black_and_white(image)
        image = (image - low) * (255 / (high - low) if high > low else 0.0)
    return np.clip(np.round(image), 0, 255).astype(np.uint8)
