"""Files that the field's own readers read, and the words for those that nothing reads."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian

from scans import dicom, encoded, nifti, pattern, write_csv, write_dicom, write_nifti, write_png
from shapcpp.ct import read_scans
from shapcpp.ct.readers.dicom_files import looks_like_dicom
from shapcpp.ct.readers.dicom_headers import read_header
from shapcpp.ct.readers.dicom_pixels import read_pixels
from shapcpp.ct.readers.images import read_image
from shapcpp.ct.readers.nifti import Volume


def stored(number: int) -> NDArray[np.uint16]:
    return pattern(number).astype(np.uint16) * 10


def series(folder: Path, **tags: Any) -> None:
    """Six slices, numbered from the head although files are named from the feet."""
    for number in range(6):
        slice_ = dicom(
            stored(number), f"1.9.{number}", [0, 0, number], InstanceNumber=6 - number, **tags
        )
        write_dicom(folder / str(number % 2) / f"{number}.dcm", slice_)


@pytest.mark.parametrize("name", ["a.dcm", "a"])
@pytest.mark.parametrize("cut", ["preamble", "preamble and file meta"])
def test_dicom_without_a_preamble(tmp_path: Path, name: str, cut: str) -> None:
    whole = write_dicom(tmp_path / "whole", dicom(stored(0), "1.1")).read_bytes()
    at = 132 if cut == "preamble" else whole.index(b"\x08\0\x16\0UI")
    (tmp_path / name).write_bytes(whole[at:])
    assert looks_like_dicom(tmp_path / name)
    assert read_header(tmp_path / name).instance == "1.1"
    assert read_pixels(tmp_path / name).tolist() == stored(0).tolist()


def test_implicit_dicom_without_a_preamble(tmp_path: Path) -> None:
    slice_ = encoded(dicom(stored(0), "1.1"), ImplicitVRLittleEndian)
    slice_.save_as(tmp_path / "whole", enforce_file_format=True)
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "a").write_bytes(whole[whole.index(b"\x08\0\x16\0") :])
    assert looks_like_dicom(tmp_path / "a")
    assert read_pixels(tmp_path / "a").tolist() == stored(0).tolist()


def test_text_and_pictures_do_not_look_like_dicom(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x08\0 is how this text begins, and it goes on for long" * 4)
    write_png(tmp_path / "b.png", pattern(0, 64))
    assert not looks_like_dicom(tmp_path / "a")
    assert not looks_like_dicom(tmp_path / "b.png")


def test_dicom_without_a_transfer_syntax(tmp_path: Path) -> None:
    slice_ = dicom(stored(0), "1.1")
    del slice_.file_meta.TransferSyntaxUID
    slice_.save_as(
        tmp_path / "a.dcm", implicit_vr=False, little_endian=True, enforce_file_format=False
    )
    assert read_pixels(tmp_path / "a.dcm").tolist() == stored(0).tolist()


def test_the_file_meta_information_may_name_the_instance(tmp_path: Path) -> None:
    slice_ = dicom(stored(0), "1.1", SOPInstanceUID=None)
    assert read_header(write_dicom(tmp_path / "a.dcm", slice_)).instance == "1.1"


@pytest.mark.parametrize("instance", ["1.7.7", ""])
@pytest.mark.parametrize("manifest", [False, True])
def test_slices_of_one_instance_or_none_are_told_apart(
    tmp_path: Path, instance: str, manifest: bool
) -> None:
    for number in range(4):
        slice_ = dicom(stored(number), instance or "1.1", [0, 0, number], SOPInstanceUID=instance)
        if not instance:
            del slice_.file_meta.MediaStorageSOPInstanceUID
        slice_.save_as(tmp_path / f"{number}.dcm", enforce_file_format=False)
    rows = [(f"{number}.dcm", number % 2) for number in range(4)]
    table = write_csv(tmp_path / "l.csv", "file,label", *rows)
    arguments: dict[str, Any] = {"path": table} if manifest else {"path": tmp_path, "labels": table}
    slices = read_scans(**arguments, size=8)
    assert slices.label.tolist() == [0, 1, 0, 1]
    ids = slices.id.tolist()
    assert len(set(ids)) == 4
    assert all(name.startswith(instance or "slice-") for name in ids)
    assert read_scans(**arguments, size=8).id.tolist() == ids
    # A copy is no slice of its own.
    (tmp_path / "copy.dcm").write_bytes((tmp_path / "2.dcm").read_bytes())
    rows.append(("copy.dcm", 1))
    write_csv(tmp_path / "l.csv", "file,label", *rows)
    with pytest.raises(ValueError, match="copy.dcm .*is the same slice as 2.dcm"):
        read_scans(**arguments, size=8)


def test_without_positions_slices_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    series(tmp_path, ImagePositionPatient=None)
    notes: list[str] = []
    slices = read_scans(tmp_path, size=8, note=notes.append)
    assert slices.id.tolist() == [f"1.9.{number}" for number in range(5, -1, -1)]
    assert slices.extra["slice"].tolist() == list(range(6))
    assert notes[0] == "6 slices have no ImagePositionPatient; its InstanceNumber gives the place"


def test_the_positions_that_are_known_say_which_way_numbers_run(tmp_path: Path) -> None:
    series(tmp_path)
    slice_ = dicom(stored(3), "1.9.3", InstanceNumber=3, ImagePositionPatient=None)
    write_dicom(tmp_path / "1" / "3.dcm", slice_)
    notes: list[str] = []
    slices = read_scans(tmp_path, size=8, note=notes.append)
    assert slices.id.tolist() == [f"1.9.{number}" for number in range(6)]
    assert notes[0].startswith("1 slice has no ImagePositionPatient")


def test_a_number_that_is_there_twice_gives_no_place(tmp_path: Path) -> None:
    series(tmp_path)
    for number in (3, 4):
        slice_ = dicom(stored(3), f"1.9.{number}", InstanceNumber=1, ImagePositionPatient=None)
        write_dicom(tmp_path / str(number % 2) / f"{number}.dcm", slice_)
    with pytest.raises(
        ValueError, match="4.dcm has no ImagePositionPatient, and its series is not"
    ):
        read_scans(tmp_path, size=8)
    slices = read_scans(tmp_path, size=8, skip_bad=True)
    assert slices.id.tolist() == [f"1.9.{number}" for number in (0, 1, 2, 5)]


@pytest.mark.parametrize(
    ("patient", "called"), [("a\\b", "a\\b"), ("a\x07b", "a\\x07b"), ("a\nb ", "a\\nb")]
)
def test_a_patient_of_odd_characters_has_a_name_that_can_be_printed(
    tmp_path: Path, patient: str, called: str
) -> None:
    for number in range(2):
        slice_ = dicom(stored(number), f"1.9.{number}", [0, 0, number], patient=patient)
        write_dicom(tmp_path / str(number) / "a.dcm", slice_)
    slices = read_scans(tmp_path, size=8)
    assert slices.patient is not None
    assert slices.patient.tolist() == [called] * 2


@pytest.mark.parametrize(
    ("tag", "value", "sentence"),
    [
        ("RescaleSlope", ["1", "2"], r"its RescaleSlope is '1\\2', and one number is needed"),
        ("RescaleIntercept", "-1024 HU", "its RescaleIntercept is '-1024 HU', which is no number"),
        ("RescaleSlope", "1,0", "its RescaleSlope is '1,0', which is no number"),
        ("RescaleSlope", 0, "its RescaleSlope is 0"),
    ],
)
def test_a_tag_that_cannot_be_used_is_named_with_its_value(
    tmp_path: Path, tag: str, value: Any, sentence: str
) -> None:
    number, text = isinstance(value, int | list), "0" if isinstance(value, str) else value
    tags: dict[str, Any] = {tag: text if number else None}
    slice_ = dicom(stored(0), "1.1", **tags)
    if not number:
        slice_.add_new(tag, "LO", value)
    path = write_dicom(tmp_path / "a.dcm", slice_)
    if not number:  # as a writer of no scruples
        path.write_bytes(path.read_bytes().replace(b"LO", b"DS"))
        assert dcmread(path)
    with pytest.raises(ValueError, match=sentence) as error:
        read_pixels(path)
    assert "MultiValue" not in str(error.value)


def test_content_says_whether_a_volume_is_packed(tmp_path: Path) -> None:
    voxels = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    plain = write_nifti(tmp_path / "a.nii", voxels).read_bytes()
    (tmp_path / "packed.nii").write_bytes(gzip.compress(plain))
    (tmp_path / "plain.nii.gz").write_bytes(plain)
    expected = [p.tolist() for p in Volume(tmp_path / "a.nii").slices(range(5))]
    for name in ("packed.nii", "plain.nii.gz"):
        assert [p.tolist() for p in Volume(tmp_path / name).slices(range(5))] == expected
    nibabel.nifti2.Nifti2Image(voxels, np.eye(4)).to_filename(tmp_path / "b.nii")  # type: ignore[no-untyped-call]
    (tmp_path / "second.nii").write_bytes(gzip.compress((tmp_path / "b.nii").read_bytes()))
    assert [p.tolist() for p in Volume(tmp_path / "second.nii").slices(range(5))] == expected


def test_what_is_no_volume_is_told_in_our_words(tmp_path: Path) -> None:
    for content in (b"", b"no volume", bytes(400)):
        (tmp_path / "a.nii").write_bytes(content)
        with pytest.raises(ValueError, match="its header is not that of a NIfTI volume"):
            Volume(tmp_path / "a.nii").n_slices  # noqa: B018


@pytest.mark.parametrize("end", [".hdr", ".img"])
def test_a_pair_of_header_and_voxels_is_one_volume(tmp_path: Path, end: str) -> None:
    voxels = np.stack([pattern(k) for k in range(4)], axis=2).astype(np.int16)
    pair = nibabel.nifti1.Nifti1Pair(voxels, np.eye(4))  # type: ignore[no-untyped-call]
    pair.to_filename(tmp_path / "a.hdr")
    mask = np.zeros((8, 8, 4), np.uint8)
    mask[..., 1] = 1
    write_nifti(tmp_path / "a_mask.nii", mask)
    slices = read_scans(tmp_path, size=8)
    assert slices.id.tolist() == [f"a.hdr:{number}" for number in range(4)]
    assert slices.label.tolist() == [0, 1, 0, 0]
    assert slices.patient is not None
    assert set(slices.patient.tolist()) == {"a"}
    write_csv(tmp_path / "manifest.csv", "file,mask", (f"a{end}", "a_mask.nii"))
    named = read_scans(tmp_path, size=8)
    assert (named.images == slices.images).all()


def test_a_header_without_its_voxels_is_no_scan(tmp_path: Path) -> None:
    for number in range(2):
        write_png(tmp_path / str(number) / "a.png", pattern(number))
    (tmp_path / "rows.hdr").write_bytes(b"another program's")
    assert len(read_scans(tmp_path, size=8)) == 2


def test_one_voxel_that_is_no_number_does_not_matter(tmp_path: Path) -> None:
    voxels = np.stack([pattern(k) for k in range(4)], axis=2).astype(np.float32)
    voxels[0, 0, 1] = np.nan
    write_nifti(tmp_path / "a.nii", voxels)
    mask = np.zeros((8, 8, 4), np.uint8)
    mask[3, 3, 2] = 1
    write_nifti(tmp_path / "a_mask.nii", mask)
    assert len(read_scans(tmp_path, size=8)) == 4


def test_a_two_dimensional_file_is_one_slice(tmp_path: Path) -> None:
    for number in range(2):
        nifti(pattern(number)).to_filename(tmp_path / f"{number}.nii")
    write_csv(tmp_path / "manifest.csv", "file,label", ("0.nii", 0), ("1.nii", 1))
    assert read_scans(tmp_path, size=8).id.tolist() == ["0.nii:0", "1.nii:0"]


def test_a_phone_s_jpeg_is_its_first_picture(tmp_path: Path) -> None:
    first, second = (Image.fromarray(pattern(k, 16)) for k in range(2))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    first.save(tmp_path / "b.jpg", "JPEG")
    assert read_image(tmp_path / "a.jpg").tolist() == read_image(tmp_path / "b.jpg").tolist()


@pytest.mark.parametrize("thumbnail_first", [False, True])
@pytest.mark.parametrize("flagged", [False, True])
def test_the_thumbnail_of_a_tiff_is_passed_over(
    tmp_path: Path, thumbnail_first: bool, flagged: bool
) -> None:
    whole = Image.fromarray(pattern(0, 16).astype(np.uint16) * 200)
    small = Image.fromarray(pattern(1, 16 if flagged else 4).astype(np.uint16))
    pages = [small, whole] if thumbnail_first else [whole, small]
    content = io.BytesIO()
    pages[0].save(content, "TIFF", save_all=True, append_images=pages[1:], tiffinfo={254: 0})
    entry = b"\xfe\0\x04\0\1\0\0\0"  # tag 254, one number
    parts = content.getvalue().split(entry)
    if flagged:
        at = 1 if thumbnail_first else 2
        parts[at] = b"\1" + parts[at][1:]
    (tmp_path / "a.tif").write_bytes(entry.join(parts))
    assert read_image(tmp_path / "a.tif").tolist() == (pattern(0, 16).astype(int) * 200).tolist()
