"""The kinds of files that hold slices, told apart by their names and first bytes."""

from __future__ import annotations

from pathlib import Path

from shapcpp.ct.readers import dicom_files, images, nifti_files

__all__ = ["DICOM", "IMAGE", "KINDS", "NIFTI", "check_kind", "kind_of"]

KINDS = ("NIfTI volume", "DICOM file", "image file")
NIFTI, DICOM, IMAGE = KINDS
SUFFIXES = {NIFTI: nifti_files.SUFFIXES, DICOM: dicom_files.SUFFIXES, IMAGE: images.SUFFIXES}


def kind_of(path: Path) -> str | None:
    """Returns one of `KINDS`, or None for a file that holds no slices."""
    name = path.name.lower()
    for kind, suffixes in SUFFIXES.items():
        if name.endswith(suffixes) and (kind != NIFTI or nifti_files.has_voxels(path)):
            return kind
    return DICOM if path.is_file() and dicom_files.looks_like_dicom(path) else None


def check_kind(path: Path) -> str:
    """Returns one of `KINDS`; raises OSError or ValueError for a file that holds no slices."""
    if not path.is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    # A folder lists the header of a pair; a manifest may name either file of it.
    is_voxels = path.name.lower().endswith((".img", ".img.gz")) and nifti_files.has_voxels(path)
    kind = NIFTI if is_voxels else kind_of(path)
    if kind is None:
        raise ValueError("it is neither NIfTI, nor DICOM, nor an image")
    return kind
