"""Thumbnails of slices as data URIs, so that the page needs no other file."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library
from shapcpp.report.queue import Candidate
from shapcpp.storage import files

if TYPE_CHECKING:
    from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef

__all__ = ["Pictures", "Scans", "pictures_of"]

# A folder or manifest of scans, or pictures by id.
Scans = files.PathLike | Mapping[str, NDArray[np.uint8]]

SIZE = 256  # pixels; shown at 160, and larger when asked
QUALITY = 80  # of JPEG


class Pictures(NamedTuple):
    """Pictures as data URIs by id, and file names by id for slices whose id is not a file name."""

    uris: dict[str, str]
    places: dict[str, str]


def pictures_of(
    candidates: Sequence[Candidate],
    scans: Scans | None,
    masks: files.PathLike | None = None,
    anonymous: bool | None = None,
) -> Pictures:
    """The pictures of these samples; slices that cannot be read have none.

    Files are named unless the samples are anonymous. Where that is unknown (None), files are named
    unless the patients could be numbers that replaced names.

    Raises
    ------
    OSError
        If the scans do not exist.
    ValueError
        If a slice is not among the scans, or a picture is no grey picture.
    """
    if scans is None:
        return Pictures({}, {})
    ids = [one.id for one in candidates]
    where: dict[str, str] = {}
    pictures: Mapping[str, NDArray[np.uint8]]
    if isinstance(scans, Mapping):
        pictures = scans
        missing = [name for name in ids if name not in pictures]
        if missing:
            raise ValueError(
                f"scans has no picture of {missing[0]!r}, and lacks {len(missing)} of {len(ids)}"
            )
    else:
        from shapcpp.ct.readers.thumbnails import places, thumbnails

        patients = [one.patient for one in candidates] if anonymous is None else None

        def found(index: SliceIndex, slices: list[SliceRef]) -> None:
            if not anonymous:
                where.update(places(index, slices, patients))

        pictures = thumbnails(
            scans,
            ids,
            SIZE,
            masks=masks,
            note=lambda note: warnings.warn(note, stacklevel=2),
            found=found,
        )
    uris = {name: _uri(name, pictures[name]) for name in ids if name in pictures}
    return Pictures(uris, where)


def _uri(name: str, picture: NDArray[Any]) -> str:
    image = library("PIL.Image", "showing slices")
    if picture.ndim != 2 or picture.dtype != np.uint8:
        raise ValueError(
            f"the thumbnail of {name!r} must be a grey picture of 8 bits, got dtype "
            f"{picture.dtype} and shape {picture.shape}"
        )
    content = io.BytesIO()
    image.fromarray(picture).save(content, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()
