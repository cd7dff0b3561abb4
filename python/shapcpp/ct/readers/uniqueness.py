"""Slices that occur twice, and different slices with one id."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from shapcpp.ct.readers.bad_slices import BadSlices
from shapcpp.ct.readers.dicom_pixels import pixel_digest
from shapcpp.ct.readers.kinds import DICOM, NIFTI
from shapcpp.ct.readers.slice_index import SliceRef

__all__ = ["unique"]

DIGITS = 12  # digits of a hash that tells slices of one UID apart


def unique(slices: Iterable[SliceRef], bad: BadSlices) -> Iterator[SliceRef]:
    """Yields each slice once, even if links or ".." give it two names.

    DICOM slices that share a SOPInstanceUID or have none, but differ in pixels or place, are
    different slices; a hash of both becomes part of their ids.
    """
    of_place: dict[tuple[str, int | None], SliceRef] = {}
    of_id: dict[str, SliceRef] = {}
    digest_of = cache(pixel_digest)
    for ref in slices:
        place = (os.path.realpath(ref.file), ref.slice if ref.kind == NIFTI else None)
        other = of_place.get(place)
        if other is None and ref.kind == DICOM and (not ref.id or ref.id in of_id):
            with bad.guard(ref.where):
                ref = _told_apart(ref, of_id.get(ref.id), digest_of)
            if not ref.id:
                continue
        other = other or of_id.get(ref.id)
        if other is None:
            of_place[place] = of_id[ref.id] = ref
            yield ref
        else:
            called = "" if ref.id in f"{ref.where} {other.where}" else f", {ref.id}"
            bad.leave_out(f"{ref.where} is the same slice as {other.where}{called}")


def _told_apart(
    ref: SliceRef, other: SliceRef | None, digest_of: Callable[[Path], bytes]
) -> SliceRef:
    digest = digest_of(ref.file)
    if other is not None and digest == digest_of(other.file):
        return ref
    return replace(ref, id=f"{ref.id or 'slice'}-{digest.hex()[:DIGITS]}")
