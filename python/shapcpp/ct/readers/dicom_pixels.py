"""DICOM pixels: decoded, in Hounsfield units, oriented as radiologists view them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library
from shapcpp.ct.readers.dicom_files import numbers_of, read_dataset, text_of
from shapcpp.ct.readers.hounsfield import AIR, clipped
from shapcpp.extras import installs
from shapcpp.storage import files

__all__ = ["pixel_digest", "read_pixels", "stored_shape"]

PIXELS = [
    "Rows",
    "Columns",
    "NumberOfFrames",
    "ImageOrientationPatient",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "PixelData",
]


def read_pixels(path: Path) -> NDArray[np.float32]:
    """Reads a slice in Hounsfield units, shape (rows, columns), oriented as radiologists view it.

    Padding that the file declares becomes air, values are clipped to the 12 bits of CT, and
    rows and columns are turned so that anterior is up and the patient's right is on the left.

    Raises
    ------
    ImportError
        If the compression needs a decoder that is not installed.
    """
    dataset = read_dataset(path, specific_tags=PIXELS)
    samples = (numbers_of(dataset, "SamplesPerPixel", 1) or (1,))[0]
    if samples != 1:
        raise ValueError(f"it holds {samples:g} values per pixel, and grey values are needed")
    if "PixelData" not in dataset:
        raise ValueError("it holds no pixels")
    _check_transfer_syntax(path, dataset)
    slope = _rescale(dataset, "RescaleSlope", 1.0)
    intercept = _rescale(dataset, "RescaleIntercept", 0.0)
    if slope == 0:
        raise ValueError("its RescaleSlope is 0, which leaves nothing of its pixels")
    stored: NDArray[Any] = dataset.pixel_array
    if stored.ndim != 2:
        raise ValueError(f"its pixels have shape {stored.shape}, and (rows, columns) is needed")
    padding = _is_padding(stored, dataset)
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1" and "RescaleSlope" not in dataset:
        stored = _inverted(stored, dataset)
    units = clipped(stored * slope + intercept)
    units[padding] = AIR
    return _turned(units, numbers_of(dataset, "ImageOrientationPatient", 6))


def stored_shape(path: Path) -> tuple[int, int]:
    """Reads rows and columns, as stored."""
    dataset = read_dataset(path, stop_before_pixels=True, specific_tags=["Rows", "Columns"])
    return int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)


def pixel_digest(path: Path) -> bytes:
    """Hashes the stored pixels, the position and the number of a slice."""
    place = ["ImagePositionPatient", "InstanceNumber"]
    dataset = read_dataset(path, specific_tags=[*place, "PixelData"])
    text = " ".join(text_of(dataset, name) for name in place)
    return hashlib.sha256(text.encode() + bytes(dataset.get("PixelData") or b"")).digest()


def _rescale(dataset: Any, name: str, default: float) -> float:
    """Returns the one number of RescaleSlope or RescaleIntercept; equal ones count as one."""
    value = dataset.get(name)
    if value is None or value == "":
        return default
    several = isinstance(value, Sequence) and not isinstance(value, str)
    shown = files.shown("\\".join(map(str, value)) if several else str(value))
    try:
        numbers = set(map(float, value if several else [value]))
    except (TypeError, ValueError):
        raise ValueError(f"its {name} is '{shown}', which is no number") from None
    if len(numbers) != 1:
        raise ValueError(f"its {name} is '{shown}', and one number is needed")
    (number,) = numbers
    if not math.isfinite(number):
        raise ValueError(f"its {name} is '{shown}', and a finite number is needed")
    return number


def _inverted(stored: NDArray[Any], dataset: Any) -> NDArray[Any]:
    """Inverts pixels that have no units and are white at their least value.

    A rescale slope gives pixels a unit, which MONOCHROME1 does not change.
    """
    bits = int((numbers_of(dataset, "BitsStored", 1) or (8 * stored.itemsize,))[0])
    total = -1 if stored.dtype.kind == "i" else 2**bits - 1
    inverted: NDArray[Any] = total - stored.astype(np.int64)
    return inverted


def _is_padding(stored: NDArray[Any], dataset: Any) -> NDArray[np.bool_]:
    """Marks the pixels of PixelPaddingValue, or from it to PixelPaddingRangeLimit.

    Writers confuse signed and unsigned values, so the padding is converted to the type of the
    pixels. It may use bits above BitsStored, which decoded pixels lack.
    """
    ends = [
        int(numbers[0])
        for name in ("PixelPaddingValue", "PixelPaddingRangeLimit")
        if (numbers := numbers_of(dataset, name, 1)) is not None
    ]
    if not ends or "PixelPaddingValue" not in dataset or stored.dtype.kind not in "iu":
        return np.zeros(stored.shape, dtype=bool)
    low, high = sorted(int(np.array(end).astype(stored.dtype)) for end in (ends[0], ends[-1]))
    marked: NDArray[np.bool_] = (stored >= low) & (stored <= high)
    raw = np.frombuffer(dataset.PixelData, np.uint8)
    if dataset.file_meta.TransferSyntaxUID.is_compressed or len(raw) < stored.nbytes:
        return marked
    order: Literal["<", ">"] = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
    whole = raw[: stored.nbytes].view(stored.dtype.newbyteorder(order)).reshape(stored.shape)
    marked |= (whole >= low) & (whole <= high)
    return marked


def _turned(
    pixels: NDArray[np.float32], orientation: tuple[float, ...] | None
) -> NDArray[np.float32]:
    """Turns an axial slice so that columns run to the patient's left and rows to the back."""
    if orientation is None:
        return pixels
    across, down = np.reshape(orientation, (2, 3))[:, :2]
    if abs(across[0]) < abs(across[1]):
        pixels, across, down = pixels.T, down, across
    return np.ascontiguousarray(pixels[:: -1 if down[1] < 0 else 1, :: -1 if across[0] < 0 else 1])


def _check_transfer_syntax(path: Path, dataset: Any) -> None:
    """Completes the transfer syntax of uncompressed pixels; requires a decoder for others."""
    uid = library("pydicom.uid", f"reading {path.name}")
    if not getattr(dataset, "file_meta", None):
        dataset.file_meta = library("pydicom.dataset", f"reading {path.name}").FileMetaDataset()
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if not syntax:
        if dataset["PixelData"].is_undefined_length:
            raise ValueError("its pixels are compressed, and no TransferSyntaxUID says how")
        is_implicit, is_little = dataset.original_encoding
        syntax = (
            uid.ImplicitVRLittleEndian
            if is_implicit
            else uid.ExplicitVRLittleEndian
            if is_little
            else uid.ExplicitVRBigEndian
        )
        dataset.file_meta.TransferSyntaxUID = syntax
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
