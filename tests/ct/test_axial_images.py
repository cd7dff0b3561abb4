"""Only axial CT images become slices; all else is left out and counted by reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import UID

from scans import dicom, pattern, write_csv, write_dicom
from shapcpp.ct import read_scans
from shapcpp.ct.readers.dicom_headers import read_header

SC, PET, DOSE, SEG, ENHANCED = (
    f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("7", "128", "88.67", "66.4", "2.1")
)


def stored(number: int) -> NDArray[np.uint16]:
    return pattern(number).astype(np.uint16) * 10


def study(folder: Path) -> list[str]:
    """Four axial slices with labels by folder."""
    for number in range(4):
        slice_ = dicom(
            stored(number), f"1.9.{number}", [0, 0, number], StudyInstanceUID="1.4", Modality="CT"
        )
        write_dicom(folder / str(number % 2) / f"{number}.dcm", slice_)
    return [f"1.9.{number}" for number in range(4)]


OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("localizer", {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}),
    ("localizer", {"ImageType": ["DERIVED", "SECONDARY", "SCOUT"]}),
    ("screen save", {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}),
    ("Secondary Capture Image", {"SOPClassUID": SC}),
    ("Positron Emission Tomography Image", {"SOPClassUID": PET, "Modality": "PT"}),
    ("X-Ray Radiation Dose SR", {"SOPClassUID": DOSE, "Modality": "SR", "PixelData": None}),
    ("Segmentation", {"SOPClassUID": SEG, "Modality": "SEG", "NumberOfFrames": 1}),
    ("Enhanced CT Image", {"SOPClassUID": ENHANCED, "NumberOfFrames": 1}),
    ("modality MR", {"Modality": "MR"}),
    ("modality OT", {"SOPClassUID": "1.2.3.4", "Modality": "OT"}),
    ("without pixels", {"Rows": None, "Columns": None, "PixelData": None}),
    ("of several frames", {"NumberOfFrames": 4}),
    ("in colour", {"SamplesPerPixel": 3}),
    ("in MGML, not in Hounsfield units", {"RescaleType": "MGML"}),
    ("sagittal", {"orientation": [0, 1, 0, 0, 0, -1]}),
    ("coronal", {"orientation": [1, 0, 0, 0, 0, -1]}),
    ("oblique", {"orientation": [0.71, -0.71, 0, 0.41, 0.41, -0.82]}),
]


@pytest.mark.parametrize(("reason", "tags"), OTHERS)
def test_what_is_no_axial_ct_image_is_left_out(
    tmp_path: Path, reason: str, tags: dict[str, Any]
) -> None:
    ids = study(tmp_path)
    other = dicom(stored(9), "1.8.9", series="8", **tags)
    other.file_meta.MediaStorageSOPClassUID = other.SOPClassUID
    path = write_dicom(tmp_path / "0" / "other.dcm", other)
    assert read_header(path).unfit == reason
    notes: list[str] = []
    assert sorted(read_scans(tmp_path, size=8, note=notes.append).id.tolist()) == ids
    said = f"left out 1 of 5 DICOM files of {tmp_path}, which are no axial CT images: {reason} (1)"
    assert notes[0] == said


def test_one_note_counts_them_by_reason(tmp_path: Path) -> None:
    study(tmp_path)
    for number, (_, tags) in enumerate([*OTHERS[:6], OTHERS[4], OTHERS[4], OTHERS[0]]):
        write_dicom(tmp_path / f"x{number}.dcm", dicom(stored(9), f"1.8.{number}", **tags))
    notes: list[str] = []
    read_scans(tmp_path, size=8, note=notes.append)
    assert notes[0].startswith("left out 9 of 13 DICOM files of ")
    assert "localizer (3), Positron Emission Tomography Image (3), screen save (1)" in notes[0]


def test_a_single_image_without_a_place_is_none_of_the_study(tmp_path: Path) -> None:
    ids = study(tmp_path)
    placeless: dict[str, Any] = {"ImagePositionPatient": None, "ImageOrientationPatient": None}
    lone = dicom(stored(9), "1.8.9", series="8", StudyInstanceUID="1.4", **placeless)
    write_dicom(tmp_path / "0" / "lone.dcm", lone)
    notes: list[str] = []
    assert sorted(read_scans(tmp_path, size=8, note=notes.append).id.tolist()) == ids
    assert notes[0].endswith("single image without a place (1)")
    # A study without any place is another matter: that is how it was written.
    alone = dicom(stored(8), "1.7.9", series="7", StudyInstanceUID="1.5", **placeless)
    write_dicom(tmp_path / "1" / "alone.dcm", alone)
    assert sorted(read_scans(tmp_path, size=8).id.tolist()) == ["1.7.9", *ids]


def test_a_row_of_a_manifest_that_names_none_is_left_out_too(tmp_path: Path) -> None:
    study(tmp_path)
    scout = dicom(stored(9), "1.8.9", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write_dicom(tmp_path / "scout.dcm", scout)
    rows = [(f"{n % 2}/{n}.dcm", n % 2) for n in range(4)]
    write_csv(tmp_path / "manifest.csv", "file,label", *rows, ("scout.dcm", 1))
    notes: list[str] = []
    slices = read_scans(tmp_path, size=8, note=notes.append)
    assert slices.id.tolist() == [f"1.9.{number}" for number in range(4)]
    assert notes[0].endswith("which are no axial CT images: localizer (1)")


def test_nothing_but_others_is_refused_with_the_reasons(tmp_path: Path) -> None:
    for number in range(3):
        slice_ = dicom(stored(number), f"1.8.{number}", Modality="MR" if number else "PT")
        write_dicom(tmp_path / f"{number}.dcm", slice_)
    with pytest.raises(
        ValueError, match="holds no axial CT image: modality MR .2., modality PT .1.$"
    ):
        read_scans(tmp_path, size=8)


def test_what_is_not_said_is_no_reason(tmp_path: Path) -> None:
    bare = dicom(stored(0), "1.9.9", SOPClassUID=None, ImageOrientationPatient=None)
    bare.file_meta.MediaStorageSOPClassUID = UID("1.2.3.4")  # a vendor's own
    assert read_header(write_dicom(tmp_path / "a.dcm", bare)).unfit == ""
