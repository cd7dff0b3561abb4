"""From one file to its slices: one of a DICOM file or an image, many of a volume."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path

from shapcpp.ct.readers import nifti, nifti_files
from shapcpp.ct.readers.dicom_headers import Header, read_header
from shapcpp.ct.readers.kinds import DICOM, IMAGE
from shapcpp.ct.readers.left_out import NoAxialImageError
from shapcpp.ct.readers.slice_index import SERIES, SliceRef

__all__ = ["slices_in", "with_header"]


def slices_in(ref: SliceRef, lengths: MutableMapping[Path, int]) -> list[SliceRef]:
    """Lists the slices of the file of `ref`, or the one slice of a volume that it names.

    Parameters
    ----------
    ref : SliceRef
        The file as a row of a manifest, or its place in a folder, describes it.
    lengths : mapping of path to int
        Numbers of slices of volumes; filled here, so that no header is read twice.

    Raises
    ------
    NoAxialImageError
        If a DICOM file is no axial CT image.
    ValueError
        If a volume does not hold the slice.
    """
    if ref.kind == IMAGE:
        return [ref]
    if ref.kind == DICOM:
        header = read_header(ref.file)
        if header.unfit:
            raise NoAxialImageError(header.unfit)
        return [with_header(ref, header)]
    if ref.file not in lengths:
        lengths[ref.file] = nifti.Volume(ref.file).n_slices
    count = lengths[ref.file]
    if ref.slice is not None and ref.slice >= count:
        raise ValueError(f"slice {ref.slice} is asked for, and its {count} slices count from 0")
    return [
        replace(
            ref,
            id=f"{ref.id}:{number}",
            where=f"{ref.where}, slice {number}",
            slice=number,
            patient=ref.patient or nifti_files.stem(ref.id),
            extra={**ref.extra, "slice": str(number)},
        )
        for number in (range(count) if ref.slice is None else [ref.slice])
    ]


def with_header(ref: SliceRef, header: Header) -> SliceRef:
    """Returns a DICOM slice with the identifiers of its header."""
    return replace(
        ref,
        id=header.instance,
        patient=ref.patient or header.patient or header.series or None,
        extra={SERIES: header.series, **ref.extra},
    )
