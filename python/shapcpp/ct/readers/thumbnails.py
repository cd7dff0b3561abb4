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
from shapcpp.ct.readers.listing import DICOM, Listing, Scan, listed
from shapcpp.ct.readers.pixels import read_each
from shapcpp.ct.readers.preparation import resized

__all__ = ["places", "thumbnails"]

PathLike = str | os.PathLike[str]

# Percentiles shown as black and white, where a slice brings no grey levels of its own. Of a
# chest they span about air to bone.
BLACK, WHITE = 0.5, 99.5


def unheard(listing: Listing, scans: list[Scan]) -> None:
    """Of scans that nobody asked about."""


def thumbnails(
    path: PathLike,
    ids: Sequence[str] | NDArray[np.str_],
    size: int = 160,
    *,
    masks: PathLike | None = None,
    note: Callable[[str], None] = silent,
    found: Callable[[Listing, list[Scan]], None] = unheard,
) -> dict[str, NDArray[np.uint8]]:
    """Pictures of some slices of a folder or manifest that `read_scans` reads.

    Parameters
    ----------
    path : path-like
        The scans, as `read_scans` was given them.
    ids : sequence of str
        Which slices, by the ids of `read_scans`, anonymous or not.
    size : int, default 160
        Pixels along each side.
    masks : path-like, optional
        The folder of lesion masks that `read_scans` was given.
    note : callable, optional
        Told in one sentence of each slice that cannot be read; it gets no picture.
    found : callable, optional
        Told all scans and which of them each id is, before any pixel is read.

    Returns
    -------
    dict of str to ndarray of uint8, shape (size, size)
        8-bit images in their own grey levels; others between their percentiles 0.5 and 99.5.

    Raises
    ------
    OSError
        If `path` does not exist.
    ValueError
        If an id is not among the scans.
    """
    bad = BadSlices(skip=True, note=note)
    listing = listed(path, "", masks, BadSlices(skip=True, note=silent))  # told when it was read
    scans = _found([str(one) for one in ids], listing.scans, listing.source)
    found(listing, scans)
    pictures: dict[str, NDArray[np.uint8]] = {}

    def keep(row: int, pixels: NDArray[Any]) -> None:
        pictures[str(ids[row])] = _grey(pixels, size)

    read_each(scans, keep, bad, lambda _: None)
    return pictures


def places(
    listing: Listing, scans: Sequence[Scan], patients: Sequence[str | None] | None = None
) -> dict[str, str]:
    """Files of slices that are not called by theirs, which DICOM slices are not.

    Parameters
    ----------
    listing : Listing
        All scans.
    scans : sequence of Scan
        Some of them.
    patients : sequence of str or None
        Whose they are said to be, where it is not known whether that is anonymous. If it is not
        what the scans say, or could as well be the numbers that anonymous patients get, no file
        is named.

    Returns
    -------
    dict of str to str
        By id: the file, and its number in the series, from 0, where known.
    """
    if patients is not None:
        numbers = {None, *map(str, range(1, len(listing.scans) + 1))}
        if [scan.patient for scan in scans] != list(patients) or numbers.issuperset(patients):
            return {}
    return {
        scan.id: Path(os.path.relpath(scan.file, listing.root)).as_posix()
        + ("" if scan.slice is None else f", slice {scan.slice}")
        for scan in scans
        if scan.kind == DICOM
    }


def _found(ids: list[str], scans: list[Scan], source: str) -> list[Scan]:
    known = {scan.id: scan for scan in scans}
    if not known.keys() >= set(ids):
        anonymous = dict(zip(anonymous_ids(scans).tolist(), scans, strict=True))
        known = max(known, anonymous, key=lambda names: sum(one in names for one in ids))
    missing = [one for one in ids if one not in known]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(ids)} ids are not among the {len(scans)} slices of {source}, "
            f"the first is {missing[0]!r}; theirs are like {scans[0].id!r}"
        )
    return [known[one] for one in ids]


def _grey(pixels: NDArray[Any], size: int) -> NDArray[np.uint8]:
    image = resized(pixels, size).astype(np.float64)
    if pixels.dtype != np.uint8:
        low, high = np.percentile(image, (BLACK, WHITE))
        image = (image - low) * (255 / (high - low) if high > low else 0.0)
    return np.clip(np.round(image), 0, 255).astype(np.uint8)
