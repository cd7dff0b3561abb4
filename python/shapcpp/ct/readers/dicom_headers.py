"""DICOM headers: geometry and identifiers of a slice, and reasons why it is no axial CT image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library
from shapcpp.ct.readers.dicom_files import numbers_of, read_dataset, text_of

__all__ = ["Header", "normal_of", "read_header"]

HEADER = [
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "InstanceNumber",
    "SOPClassUID",
    "Modality",
    "ImageType",
    "RescaleType",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "ImagePositionPatient",
    "ImageOrientationPatient",
]
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
# Words of ImageType for pictures that are not slices.
SCOUTS = {"LOCALIZER", "SCOUT", "TOPOGRAM", "SCANOGRAM", "SURVIEW", "SCANOSCOPE"}
SCREENS = {"SCREEN SAVE", "SCREENSHOT", "DOSE_INFO", "DOSE INFO"}
UNITS = {"HU", "HU_MOD", "US", ""}  # of RescaleType; US is unspecified
AXIAL = math.cos(math.pi / 4)  # the least cosine between a slice's normal and the body's axis
PLANES = ("sagittal", "coronal", "oblique")


@dataclass(frozen=True)
class Header:
    """The elements that are taken from a slice's header.

    Attributes
    ----------
    patient, study, series, instance : str
        PatientID, StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID; "" where absent. The
        study serves only to tell which series belong together.
    number : int or None
        InstanceNumber.
    position, orientation : tuple of float, or None
        ImagePositionPatient (3 numbers, mm) and ImageOrientationPatient (6 numbers).
    unfit : str
        The reason why it is no axial CT image, such as "localizer"; "" if it is one.
    """

    patient: str
    study: str
    series: str
    instance: str
    number: int | None
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    unfit: str


def read_header(path: Path) -> Header:
    """Reads the header of a data set, which may not be a slice."""
    dataset = read_dataset(path, stop_before_pixels=True, specific_tags=HEADER)
    meta = getattr(dataset, "file_meta", {})
    instance = text_of(dataset, "SOPInstanceUID") or text_of(meta, "MediaStorageSOPInstanceUID")
    orientation = numbers_of(dataset, "ImageOrientationPatient", 6)
    number = numbers_of(dataset, "InstanceNumber", 1)
    return Header(
        patient=text_of(dataset, "PatientID"),
        study=text_of(dataset, "StudyInstanceUID"),
        series=text_of(dataset, "SeriesInstanceUID"),
        instance=instance,
        number=None if number is None else round(number[0]),
        position=numbers_of(dataset, "ImagePositionPatient", 3),
        orientation=orientation,
        unfit=_unfit(dataset, text_of(meta, "MediaStorageSOPClassUID"), orientation),
    )


def _unfit(dataset: Any, stored_class: str, orientation: tuple[float, ...] | None) -> str:
    """The reason why a data set is no axial CT image; absent tags are no reason."""
    uid = library("pydicom.uid", "reading DICOM").UID
    sop_class = uid(text_of(dataset, "SOPClassUID") or stored_class)
    if sop_class != CT_IMAGE and sop_class.name != sop_class:  # a private class has no name
        return str(sop_class.name).removesuffix(" Storage")
    modality = text_of(dataset, "Modality").upper()
    if modality not in ("", "CT"):
        return f"modality {modality}"
    if not dataset.get("Rows") or not dataset.get("Columns"):
        return "without pixels"
    if (numbers_of(dataset, "NumberOfFrames", 1) or (1,))[0] != 1:
        return "of several frames"
    if (numbers_of(dataset, "SamplesPerPixel", 1) or (1,))[0] != 1:
        return "in colour"
    words = {word.strip().upper() for word in text_of(dataset, "ImageType").split("\\")}
    if words & SCOUTS:
        return "localizer"
    if words & SCREENS:
        return "screen save"
    unit = text_of(dataset, "RescaleType").upper()
    if unit not in UNITS:
        return f"in {unit}, not in Hounsfield units"
    if orientation is None:
        return ""
    along = np.abs(normal_of(orientation))
    if along[2] >= AXIAL:
        return ""
    return PLANES[int(np.argmax(along))] if along.max() >= AXIAL else PLANES[2]


def normal_of(orientation: tuple[float, ...]) -> NDArray[np.float64]:
    """Returns the unit vector that a slice's rows and columns are perpendicular to."""
    normal = np.cross(*np.reshape(orientation, (2, 3)))
    return normal / max(float(np.linalg.norm(normal)), 1e-9)
