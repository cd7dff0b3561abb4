"""DICOM slices: geometry, three identifiers and pixels; nothing else leaves a header."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library
from shapcpp.extras import installs

__all__ = ["SUFFIXES", "Header", "in_order", "looks_like_dicom", "read_header", "read_pixels"]

SUFFIXES = (".dcm", ".ima", ".dicom")
IDENTIFIERS = ["PatientID", "SeriesInstanceUID", "SOPInstanceUID"]
GEOMETRY = ["Rows", "Columns", "NumberOfFrames", "ImagePositionPatient", "ImageOrientationPatient"]
PIXELS = [
    *GEOMETRY,
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "RescaleSlope",
    "RescaleIntercept",
    "PixelData",
]
PARALLEL = 0.9  # cosine of an angle between slices of one series
# What CT stores in 12 bits. Padding outside the field of view lies below, often far below.
LEAST, MOST = -1024.0, 3071.0


@dataclass(frozen=True)
class Header:
    """All that is taken of a slice's header.

    Attributes
    ----------
    patient, series, instance : str
        PatientID, SeriesInstanceUID, SOPInstanceUID.
    position, orientation : tuple of float, or None
        ImagePositionPatient (3 numbers, mm) and ImageOrientationPatient (6 numbers).
    """

    patient: str
    series: str
    instance: str
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None


def looks_like_dicom(path: str | os.PathLike[str]) -> bool:
    """True if a file begins as DICOM files do."""
    with open(path, "rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_header(path: Path) -> Header | None:
    """The header of a slice, or None of a DICOM file without pixels."""
    pydicom = library("pydicom", f"reading {path.name}")
    dataset = pydicom.dcmread(
        path, stop_before_pixels=True, specific_tags=[*IDENTIFIERS, *GEOMETRY]
    )
    if not dataset.get("Rows") or not dataset.get("Columns"):
        return None
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames != 1:
        raise ValueError(f"it holds {frames} frames, and one slice per file is read")
    patient, series, instance = (str(dataset.get(name) or "") for name in IDENTIFIERS)
    if not instance:
        raise ValueError("it has no SOPInstanceUID, by which the slice is named")
    place = _numbers(dataset.get("ImagePositionPatient"), 3)
    axes = _numbers(dataset.get("ImageOrientationPatient"), 6)
    return Header(patient, series, instance, place, axes)


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    numbers = tuple(float(number) for number in value or ())
    return numbers if len(numbers) == count else None


def in_order(
    headers: Iterable[tuple[Path, Header]], lost: Callable[[Path, str], None]
) -> list[tuple[Path, Header, int]]:
    """Slices by series and by position along the series' normal, each with its number there.

    Of a series of more than one slice, those that do not say where they lie, or lie across the
    others, are left out, and `lost` is told each and why.
    """
    series: dict[str, list[tuple[Path, Header]]] = {}
    for path, header in headers:
        series.setdefault(header.series, []).append((path, header))
    ordered = []
    for members in series.values():
        kept = _sorted(members, lost) if len(members) > 1 else members
        ordered += [(path, header, number) for number, (path, header) in enumerate(kept)]
    return ordered


def _sorted(
    members: list[tuple[Path, Header]], lost: Callable[[Path, str], None]
) -> list[tuple[Path, Header]]:
    turned = sorted({header.orientation for _, header in members if header.orientation})
    if not turned:
        for path, _ in members:
            lost(path, "has no ImageOrientationPatient, by which its series is ordered")
        return []
    # That of most slices, whatever they are called; scouts lie across them.
    normals = np.array([_normal(one) for one in turned])
    of_each = np.array([_normal(header.orientation) for _, header in members if header.orientation])
    cosines = normals @ of_each.T
    alike = (np.abs(cosines) >= PARALLEL).sum(axis=1), (cosines >= PARALLEL).sum(axis=1)
    normal = normals[int(np.lexsort(alike[::-1])[-1])]
    placed = []
    for path, header in members:
        if header.position is None:
            lost(path, "has no ImagePositionPatient, by which its series is ordered")
        elif header.orientation and abs(normal @ _normal(header.orientation)) < PARALLEL:
            lost(path, "lies across the other slices of its series")
        else:
            distance = float(normal @ np.array(header.position))
            placed.append((distance, header.instance, path, header))
    return [(path, header) for *_, path, header in sorted(placed, key=lambda one: one[:2])]


def _normal(orientation: tuple[float, ...]) -> NDArray[np.float64]:
    normal = np.cross(*np.reshape(orientation, (2, 3)))
    return normal / max(float(np.linalg.norm(normal)), 1e-9)


def read_pixels(path: Path) -> NDArray[np.float32]:
    """A slice in Hounsfield units, shape (rows, columns), within the 12 bits of CT.

    Raises
    ------
    ImportError
        If its compression needs a decoder that is not installed.
    """
    pydicom = library("pydicom", f"reading {path.name}")
    dataset = pydicom.dcmread(path, specific_tags=PIXELS)
    samples = int(dataset.get("SamplesPerPixel") or 1)
    if samples != 1:
        raise ValueError(f"it holds {samples} values per pixel, and grey values are needed")
    _check_decoder(path, dataset.file_meta.TransferSyntaxUID)
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope == 0:
        raise ValueError("its RescaleSlope is 0, which leaves nothing of its pixels")
    stored: NDArray[Any] = dataset.pixel_array
    pixels = stored * float(1 if slope is None else slope) + float(intercept or 0)
    return np.clip(pixels, LEAST, MOST).astype(np.float32)


def _check_decoder(path: Path, syntax: Any) -> None:
    pixels = library("pydicom.pixels", f"reading {path.name}")
    try:
        decoder = pixels.get_decoder(syntax)
    except NotImplementedError:
        raise ValueError(f"its transfer syntax is {syntax.name}, which nothing decodes") from None
    if not decoder.is_available:
        missing = "; ".join(decoder.missing_dependencies)
        raise ImportError(
            f"{path} is compressed as {syntax.name}, and no decoder for it is installed "
            f"(any of: {missing}): {installs('ct')}"
        )
