"""Thumbnails of slices as data URIs, so that the page needs no other file."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shapcpp.report.queue import Candidate
from shapcpp.report.stacks import Stack, folder_of, jpeg, write_stacks
from shapcpp.storage import files

if TYPE_CHECKING:
    from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef

__all__ = ["Pictures", "Scans", "pictures_of"]

# A folder or manifest of scans, or pictures by id.
Scans = files.PathLike | Mapping[str, NDArray[np.uint8]]

SIZE = 256  # pixels; shown at 160, and larger when asked


class Pictures(NamedTuple):
    """Pictures of slices, by id.

    Attributes
    ----------
    uris : dict of str to str
        Thumbnails as data URIs.
    places : dict of str to str
        File names of slices whose id is not a file name.
    stacks : dict of str to Stack
        Larger pictures, with the slices above and below.
    folder : str
        The folder of the larger pictures, beside the page; "" if there are none.
    """

    uris: dict[str, str]
    places: dict[str, str]
    stacks: dict[str, Stack]
    folder: str


def pictures_of(
    candidates: Sequence[Candidate],
    scans: Scans | None,
    masks: files.PathLike | None = None,
    anonymous: bool | None = None,
    output: files.PathLike | None = None,
    reach: int = 0,
) -> Pictures:
    """The pictures of these samples; slices that cannot be read have none.

    Of scans on disk, larger ones and those of `reach` slices on either side are written beside the
    page, if its `output` is named and there is a `reach`.

    Files are named unless the samples are anonymous. If that is unknown (None), files are named
    unless the patients could be numbers that replaced names.

    Raises
    ------
    OSError
        If the scans do not exist.
    ValueError
        If a slice is not among the scans, or a picture is not grey.
    """
    if scans is None:
        return Pictures({}, {}, {}, "")
    ids = [one.id for one in candidates]
    where: dict[str, str] = {}
    stacks: dict[str, Stack] = {}
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
        indexed: list[tuple[SliceIndex, list[SliceRef]]] = []

        def found(index: SliceIndex, slices: list[SliceRef]) -> None:
            indexed.append((index, slices))
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
        if output is not None and reach:
            [(index, slices)] = indexed
            there = {name: ref for name, ref in zip(ids, slices, strict=True) if name in pictures}
            stacks = write_stacks(
                output, index, there, reach, lambda _: None
            )  # `read_scans` gave the notes
    uris = {name: _uri(name, pictures[name]) for name in ids if name in pictures}
    folder = folder_of(output).name if output is not None and stacks else ""
    return Pictures(uris, where, stacks, folder)


def _uri(name: str, picture: NDArray[Any]) -> str:
    if picture.ndim != 2 or picture.dtype != np.uint8:
        raise ValueError(
            f"the thumbnail of {name!r} must be a grey picture of 8 bits, got dtype "
            f"{picture.dtype} and shape {picture.shape}"
        )
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(picture)).decode()
