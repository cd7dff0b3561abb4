"""DICOM: order by position, Hounsfield units, and what of a header goes no further."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLosslessSV1, RLELossless

from scans import dicom, pattern, standard, write_csv, write_dicom
from shapcpp.ct import Slices, read_scans
from shapcpp.ct.libraries import quiet
from shapcpp.ct.readers.dicom_pixels import read_pixels
from shapcpp.ct.readers.thumbnails import thumbnails


def stored(number: int) -> NDArray[np.uint16]:
    return pattern(number).astype(np.uint16) * 10


def series(folder: Path, tilt: float = 0.0, wander: float = 0.0) -> list[str]:
    """Six slices of one series, named and written in another order than they lie.

    Their orientations differ by some `wander`, as scanners' roundings do.
    """
    c, s = np.cos(tilt), np.sin(tilt)
    normal = np.array([0, -s, c])
    for name, number in zip("fbdaec", range(6), strict=True):
        place = (np.array([-100.0, 30, 7]) + normal * (2.5 * number)).round(6)
        slice_ = dicom(
            stored(number),
            f"1.9.{number}",
            place.tolist(),
            orientation=[1, 0, -number * wander, 0, c, s],
        )
        write_dicom(folder / f"{name}.dcm", slice_)
    return [f"1.9.{number}" for number in range(6)]


@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_a_series_is_ordered_by_position(tmp_path: Path, tilt: float) -> None:
    ids = series(tmp_path / "scans", tilt)
    table = write_csv(
        tmp_path / "labels.csv", "file,label", *((f"{name}.dcm", name in "fbd") for name in "fbdaec")
    )  # fmt: skip
    table.write_text(table.read_text().replace("True", "1").replace("False", "0"))
    slices = read_scans(tmp_path / "scans", size=8, labels=table)
    assert slices.id.tolist() == ids
    assert slices.extra["slice"].tolist() == list(range(6))
    assert slices.label.tolist() == [1, 1, 1, 0, 0, 0]
    for number in range(6):
        np.testing.assert_allclose(slices.images[number], standard(stored(number)), atol=1e-6)


@pytest.mark.parametrize("scout", ["0", "z9"])
def test_a_slice_across_the_others_is_none_of_them_whatever_it_is_called(
    tmp_path: Path, scout: str
) -> None:
    scans = tmp_path / "scans"
    ids = series(scans, 0.1, wander=1e-6)
    write_dicom(scans / f"{scout}.dcm", dicom(stored(0), "1.9.9", orientation=[0, 1, 0, 0, 0, -1]))
    rows = [(f"{name}.dcm", number % 2) for number, name in enumerate("fbdaec")]
    table = write_csv(tmp_path / "labels.csv", "file,label", *rows)
    notes: list[str] = []
    slices = read_scans(scans, size=8, labels=table, note=notes.append)
    assert slices.id.tolist() == ids
    assert slices.extra["slice"].tolist() == list(range(6))
    assert (
        f"left out 1 of 7 DICOM files of {scans}, which are no axial CT images: sagittal (1)"
        in notes
    )


def test_slices_looked_at_from_the_other_side_stay_in_order(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    ids = series(scans)
    turned = dicom(stored(3), ids[3], [-100.0, 30, 7 + 2.5 * 3], orientation=[1, 0, 0, 0, -1, 0])
    write_dicom(scans / "a.dcm", turned)
    rows = [(f"{name}.dcm", number % 2) for number, name in enumerate("fbdaec")]
    table = write_csv(tmp_path / "labels.csv", "file,label", *rows)
    assert read_scans(scans, size=8, labels=table).id.tolist() == ids


def test_a_slope_of_zero_is_refused(tmp_path: Path) -> None:
    write_dicom(tmp_path / "a.dcm", dicom(stored(0), "1.9.0", RescaleSlope=0))
    with pytest.raises(ValueError, match="its RescaleSlope is 0"):
        read_pixels(tmp_path / "a.dcm")


def test_a_series_without_positions_cannot_be_ordered(tmp_path: Path) -> None:
    series(tmp_path)
    write_dicom(tmp_path / "x.dcm", dicom(stored(0), "1.9.9", ImagePositionPatient=None))
    with pytest.raises(
        ValueError, match="^x.dcm has no ImagePositionPatient and no InstanceNumber"
    ):
        read_scans(tmp_path)


def test_slices_without_a_place_or_there_twice_are_left_out(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    ids = series(scans)
    write_dicom(scans / "a" / "a.dcm", dicom(stored(0), "1.9.9", ImagePositionPatient=None))
    (scans / "x.dcm").write_bytes((scans / "e.dcm").read_bytes())
    rows = [(f"{name}.dcm", number % 2) for number, name in enumerate("fbdaec")]
    table = write_csv(tmp_path / "labels.csv", "file,label", *rows)
    table.write_text(table.read_text().replace("a.dcm", "scans/a.dcm"))
    notes: list[str] = []
    slices = read_scans(scans, size=8, labels=table, skip_bad=True, note=notes.append)
    assert slices.id.tolist() == ids
    assert slices.extra["slice"].tolist() == list(range(6))
    assert sorted(note for note in notes if note.endswith("; left out")) == [
        "a/a.dcm has no ImagePositionPatient and no InstanceNumber, which give its place; left out",
        "x.dcm is the same slice as e.dcm, 1.9.4; left out",
    ]


def test_a_column_series_of_the_manifest_stays(tmp_path: Path) -> None:
    for number in range(2):
        write_dicom(tmp_path / f"{number}.dcm", dicom(stored(number), f"1.9.{number}"))
    rows = [(f"{number}.dcm", number, f"arterial {number}") for number in range(2)]
    write_csv(tmp_path / "manifest.csv", "file,label,series", *rows)
    assert read_scans(tmp_path, size=8).extra["series"].tolist() == ["arterial 0", "arterial 1"]


def test_stored_values_become_hounsfield_units(tmp_path: Path) -> None:
    values = np.array([[0, 24, 1024], [1524, 4000, 5000]], dtype=np.uint16)
    plain = dicom(values, "1.1", RescaleSlope="1", RescaleIntercept="-1024")
    units = read_pixels(write_dicom(tmp_path / "a.dcm", plain))
    assert units.tolist() == [[-1024, -1000, 0], [500, 2976, 3071]]
    padded = dicom(np.array([[-2000, 3]], dtype=np.int16), "1.2", RescaleSlope="0.5")
    assert read_pixels(write_dicom(tmp_path / "b.dcm", padded)).tolist() == [[-1000, 1.5]]
    bare = dicom(np.array([[-2000, 3]], dtype=np.int16), "1.3")
    assert read_pixels(write_dicom(tmp_path / "c.dcm", bare)).tolist() == [[-1024, 3]]


def test_compressed_slices_are_the_same(tmp_path: Path) -> None:
    packed = dicom(stored(3), "1.1")
    packed.compress(RLELossless)
    assert read_pixels(write_dicom(tmp_path / "a.dcm", packed)).tolist() == stored(3).tolist()


def test_a_missing_decoder_is_named(tmp_path: Path) -> None:
    for number, name in enumerate(("positive", "negative")):
        packed = dicom(stored(0), f"1.{number}", PixelData=encapsulate([b"\xff\xd8\xff\xd9"]))
        packed.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        packed["PixelData"].VR = "OB"
        write_dicom(tmp_path / name / "a.dcm", packed)
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('libjpeg', 'pylibjpeg', 'gdcm')))\n"
        f"from shapcpp.ct import read_scans; read_scans({str(tmp_path)!r}, skip_bad=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert "a.dcm is compressed as JPEG Lossless" in last
    assert "pylibjpeg" in last
    assert last.endswith("pip install '.[ct]' in a checkout of shapcpp")


def test_without_a_patient_the_series_is_one(tmp_path: Path) -> None:
    for number in range(6):
        slice_ = dicom(
            stored(number), f"1.9.{number}", [0, 0, number], patient="", series=f"2.{number // 2}"
        )
        write_dicom(tmp_path / str(number % 2) / f"{number}.dcm", slice_)
    slices = read_scans(tmp_path, size=8)
    assert slices.patient is not None
    assert slices.patient.tolist() == ["2.0", "2.0", "2.1", "2.1", "2.2", "2.2"]


def test_odd_headers_are_no_matter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number, folder in enumerate(("positive", "negative")):
        with quiet():
            slice_ = dicom(stored(number), f"1.abc.{number}", patient="Z" * 80)
            write_dicom(tmp_path / folder / "without_suffix", slice_)
    slices = read_scans(tmp_path, size=8)
    assert sorted(slices.id.tolist()) == ["1.abc.0", "1.abc.1"]
    assert slices.patient is not None
    assert slices.patient.tolist() == ["Z" * 80] * 2
    assert caplog.text == ""


PLANTED: dict[str, Any] = {
    "PatientName": "Secret^Name",
    "PatientBirthDate": "19510203",
    "PatientSex": "O",
    "PatientAge": "066Y",
    "PatientAddress": "Secret Street 4",
    "OtherPatientIDs": "SecretOtherId",
    "InstitutionName": "Secret Hospital",
    "InstitutionAddress": "Secret Square 1",
    "ReferringPhysicianName": "Secret^Physician",
    "OperatorsName": "Secret^Operator",
    "StationName": "SECRETSTATION",
    "AccessionNumber": "SECRET4711",
    "StudyID": "SECRETSTUDY",
    "StudyDescription": "Secret study",
    "StudyInstanceUID": "1.2.840.7777777",
    "FrameOfReferenceUID": "1.2.840.8888888",
    "StudyDate": "20190504",
    "AcquisitionTime": "112233",
    "DeviceSerialNumber": "SECRETSERIAL",
    "ProtocolName": "Secret protocol",
    "ImageComments": "Secret comment",
    "Manufacturer": "SecretMaker",
    "RequestAttributesSequence": [],
}


def everything(slices: Slices, notes: list[str], tables: dict[str, NDArray[np.uint8]]) -> str:
    """All text in it, and all numbers but the pixels."""
    columns = {
        "label": slices.label,
        "split": slices.split,
        "id": slices.id,
        "patient": slices.patient,
    }
    text = [f"{name} {np.asarray(c).tolist()}" for name, c in {**columns, **slices.extra}.items()]
    return "\n".join([*text, *notes, *tables])


@pytest.mark.parametrize("anonymous", [False, True])
def test_nothing_else_of_a_header_goes_further(tmp_path: Path, anonymous: bool) -> None:
    for number in range(8):
        slice_ = dicom(
            stored(number), f"1.9.{number}", [0, 0, number], patient=f"Id{number // 2}", **PLANTED
        )
        slice_.file_meta.ImplementationVersionName = "SECRETVERSION"
        slice_.file_meta.SourceApplicationEntityTitle = "SECRETTITLE"
        block = slice_.private_block(0x0019, "SECRETMAKER", create=True)
        block.add_new(0x01, "LO", "Secret private")
        write_dicom(tmp_path / str(number % 2) / f"{number}.dcm", slice_)
    notes: list[str] = []
    slices = read_scans(tmp_path, size=8, anonymous=anonymous, note=notes.append)
    pictures = thumbnails(tmp_path, slices.id, 16)
    text = everything(slices, notes, pictures)
    assert set(slices.extra) == {"slice", "anonymous" if anonymous else "series"}
    assert slices.id.tolist() == [f"1.9.{number}" for number in range(8)]
    assert slices.patient is not None
    expected = (
        [1, 1, 2, 2, 3, 3, 4, 4]
        if anonymous
        else ["Id0", "Id0", "Id1", "Id1", "Id2", "Id2", "Id3", "Id3"]
    )
    assert slices.patient.tolist() == [str(one) for one in expected]
    for keyword, value in PLANTED.items():
        assert value == "O" or not value or str(value) not in text, keyword
    assert "secret" not in text.lower()
    assert ("Id" in text) is not anonymous


def test_the_same_slice_twice_is_refused(tmp_path: Path) -> None:
    for folder, name in (("0", "a"), ("1", "b")):
        write_dicom(tmp_path / folder / f"{name}.dcm", dicom(stored(0), "1.9.1"))
    with pytest.raises(ValueError, match=r"^1/b.dcm is the same slice as 0/a.dcm, 1.9.1"):
        read_scans(tmp_path)
