"""Scans as files, small enough to check by hand."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

Array = NDArray[Any]


def pattern(seed: int, side: int = 8) -> NDArray[np.uint8]:
    """A slice like no other."""
    return np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)


def standard(pixels: Array) -> NDArray[np.float64]:
    """Mean 0, deviation 1."""
    exact = pixels.astype(np.float64)
    scaled: NDArray[np.float64] = (exact - exact.mean()) / exact.std()
    return scaled


def write_png(path: Path, pixels: Array) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def write_csv(path: Path, header: str, *rows: Sequence[Any]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


def nifti(voxels: Array, affine: Array | None = None) -> Any:
    return nibabel.nifti1.Nifti1Image(voxels, np.eye(4) if affine is None else affine)  # type: ignore[no-untyped-call]


def write_nifti(path: Path, voxels: Array, affine: Array | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nifti(voxels, affine).to_filename(path)
    return path


def dicom(
    pixels: Array,
    instance: str,
    position: Sequence[float] = (0, 0, 0),
    *,
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    patient: str = "P7",
    series: str = "1.2.3",
    **tags: Any,
) -> FileDataset:
    """A CT slice, 16 bits, without anything that is not needed; more `tags` by keyword."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = UID(instance)
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    wanted = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": instance,
        "SeriesInstanceUID": series,
        "PatientID": patient,
        "ImagePositionPatient": list(position),
        "ImageOrientationPatient": list(orientation),
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PixelData": pixels.astype(f"<{pixels.dtype.kind}2").tobytes(),
        **tags,
    }
    for keyword, value in wanted.items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def encoded(slice_: FileDataset, syntax: UID) -> Dataset:
    """The slice, to be written in another transfer syntax; its pixels are as they were."""
    other = Dataset()
    other.update(slice_)
    other.file_meta = slice_.file_meta
    other.file_meta.TransferSyntaxUID = syntax
    return other


def write_dicom(path: Path, dataset: FileDataset) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path)
    return path


def write_image_folder(folder: Path, patients: int = 4, each: int = 4) -> Path:
    """PNG slices of some patients, half of each patient's positive, with a manifest."""
    rows = []
    for number in range(patients * each):
        name = f"images/{number // each}_{number % each}.png"
        write_png(folder / name, pattern(number))
        rows.append((name, f"P{number // each}", number % 2))
    write_csv(folder / "manifest.csv", "file,patient,label", *rows)
    return folder
