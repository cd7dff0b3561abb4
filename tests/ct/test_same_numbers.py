"""The same anatomy gives the same numbers, whatever it is stored as."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from scans import dicom, encoded, nifti, pattern, write_csv, write_dicom, write_nifti
from shapcpp.ct import read_scans
from shapcpp.ct.readers.dicom_pixels import read_pixels
from shapcpp.ct.readers.images import read_image
from shapcpp.ct.readers.nifti import Volume
from shapcpp.ct.readers.preparation import prepared


def body() -> NDArray[np.int16]:
    """Hounsfield units of a slice with padding around it, which lies at -1024."""
    units = np.full((12, 12), -1024, dtype=np.int16)
    units[2:10, 2:10] = pattern(1).astype(np.int16) * 8 - 900
    return units


INSIDE = body() > -1024


def padded(value: int, dtype: str = "i2", offset: int = 0) -> NDArray[Any]:
    stored = body().astype(np.int64) + offset
    return np.where(INSIDE, stored, value).astype(dtype)


@pytest.mark.parametrize(
    ("pixels", "tags"),
    [
        (padded(-3024), {}),
        (padded(-2000), {"PixelPaddingValue": -2000}),
        (padded(0, offset=1024), {"RescaleSlope": 1, "RescaleIntercept": -1024}),
        (padded(-2000, offset=1024), {"RescaleIntercept": -1024, "PixelPaddingValue": -2000}),
        (padded(63536, "u2", 1024), {"RescaleIntercept": -1024, "PixelPaddingValue": 63536}),
        (padded(4095, "u2", 1024), {"RescaleIntercept": -1024, "PixelPaddingValue": 4095}),
        (padded(3000), {"PixelPaddingValue": 2990, "PixelPaddingRangeLimit": 3071}),
        (padded(-2000), {"PixelPaddingRangeLimit": -2100, "PixelPaddingValue": -1900}),
        (
            padded(63536, "u2", 1024),
            {"RescaleIntercept": -1024, "PixelPaddingValue": 63536, "BitsStored": 12, "HighBit": 11},
        ),
        (np.where(INSIDE, 2 * body(), -4000).astype("i2"), {"RescaleSlope": 0.5}),
        (np.where(INSIDE, -body(), 4000).astype("i2"), {"RescaleSlope": -1}),
        (padded(-1024), {"PhotometricInterpretation": "MONOCHROME1", "RescaleSlope": 1}),
        (padded(-1024), {"RescaleSlope": ["1", "1"], "RescaleIntercept": ["0", "0"]}),
    ],
)  # fmt: skip
def test_padding_slopes_and_signs_of_dicom(
    tmp_path: Path, pixels: NDArray[Any], tags: dict[str, Any]
) -> None:
    path = write_dicom(tmp_path / "a.dcm", dicom(pixels, "1.1", **tags))
    assert read_pixels(path).tolist() == body().tolist()


def test_a_padding_value_may_be_written_as_the_other_sign(tmp_path: Path) -> None:
    slice_ = dicom(padded(-2000), "1.1")
    slice_.add_new("PixelPaddingValue", "US", 63536)
    assert read_pixels(write_dicom(tmp_path / "a.dcm", slice_)).tolist() == body().tolist()


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, ImplicitVRLittleEndian])
def test_byte_order_and_implicit_representations(tmp_path: Path, syntax: Any) -> None:
    little = syntax != ExplicitVRBigEndian
    slice_ = encoded(dicom(padded(-2000), "1.1", PixelPaddingValue=-2000), syntax)
    slice_.PixelData = padded(-2000).astype("<i2" if little else ">i2").tobytes()
    slice_.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert read_pixels(tmp_path / "a.dcm").tolist() == body().tolist()


def test_pixels_without_units_that_are_white_at_zero_are_inverted(tmp_path: Path) -> None:
    stored = pattern(1).astype(np.uint16) * 16
    white = dicom(
        4095 - stored, "1.1", PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11
    )
    black = dicom(stored, "1.2", BitsStored=12, HighBit=11)
    first, second = (
        read_pixels(write_dicom(tmp_path / f"{n}.dcm", one)) for n, one in enumerate((white, black))
    )
    np.testing.assert_allclose(prepared(first, 8), prepared(second, 8), atol=1e-5)


@pytest.mark.parametrize("outside", [-3024.0, -32768.0, np.nan, -np.inf, -1024.0])
@pytest.mark.parametrize("order", ["<", ">"])
def test_padding_of_nifti_is_that_of_dicom(tmp_path: Path, outside: float, order: Any) -> None:
    voxels = np.where(INSIDE, body(), outside)[::-1, ::-1].T[..., None]
    dtype = np.dtype("f4" if not np.isfinite(outside) else "i2").newbyteorder(order)
    path = write_nifti(tmp_path / "a.nii", voxels.astype(dtype))
    assert [p.tolist() for p in Volume(path).hounsfield([0])] == [body().tolist()]


def test_a_scaled_nifti_is_clipped_after_its_slope(tmp_path: Path) -> None:
    voxels = np.where(INSIDE, body() + 1024, -2000)[::-1, ::-1].T[..., None].astype(np.int16)
    image = nifti(voxels)
    image.header.set_slope_inter(1, -1024)
    image.to_filename(tmp_path / "a.nii")
    assert [p.tolist() for p in Volume(tmp_path / "a.nii").hounsfield([0])] == [body().tolist()]


def test_the_contrast_of_a_slice_is_the_same_from_both(tmp_path: Path) -> None:
    write_dicom(
        tmp_path / "a.dcm",
        dicom(
            padded(63536, "u2", 1024), "1.1", RescaleIntercept=-1024, PixelPaddingValue=63536
        ),
    )  # fmt: skip
    write_nifti(tmp_path / "b.nii", padded(-3024)[::-1, ::-1].T[..., None])
    write_csv(tmp_path / "manifest.csv", "file,label,patient", ("a.dcm", 1, 1), ("b.nii", 0, 1))
    first, second = read_scans(tmp_path, size=12).images
    np.testing.assert_allclose(first, second, atol=1e-6)
    np.testing.assert_allclose(first, prepared(body(), 12), atol=1e-6)


@pytest.mark.parametrize(("signs", "swap"), list(product(product((1, -1), repeat=2), (0, 1))))
def test_however_a_slice_is_turned_it_is_seen_from_the_feet(
    tmp_path: Path, signs: tuple[int, int], swap: int
) -> None:
    """Prone patients, and those who lie feet first, are shown as supine ones are."""
    axes = np.array([[signs[0], 0, 0], [0, signs[1], 0]])
    stored = body()[: 10 + swap][:: signs[1], :: signs[0]]  # no square
    if swap:
        stored, axes = stored.T, axes[::-1]
    slice_ = dicom(np.ascontiguousarray(stored), "1.1", orientation=axes.reshape(-1).tolist())
    pixels = read_pixels(write_dicom(tmp_path / "a.dcm", slice_))
    assert pixels.tolist() == body()[: 10 + swap].tolist()


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_a_tiff_that_is_white_at_zero_is_inverted(tmp_path: Path, dtype: str) -> None:
    pixels = pattern(2).astype(dtype)
    # The library inverts 8-bit pixels as it writes them, and the others not.
    Image.fromarray(pixels).save(tmp_path / "a.tif", tiffinfo={262: 0})
    seen = read_image(tmp_path / "a.tif").astype(np.float64)
    expected = pixels if dtype == "u1" else -pixels.astype(np.float64)
    np.testing.assert_allclose(seen - seen.mean(), expected - expected.mean(), atol=1e-4)
