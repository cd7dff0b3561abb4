"""The kinds of files that hold slices, told apart by their names and first bytes."""

from __future__ import annotations

from pathlib import Path

from shapcpp.ct.readers import dicom, images, nifti

__all__ = ["DICOM", "IMAGE", "KINDS", "NIFTI", "check_kind", "kind_of"]

KINDS = ("NIfTI volume", "DICOM file", "image file")
NIFTI, DICOM, IMAGE = KINDS
SUFFIXES = {NIFTI: nifti.SUFFIXES, DICOM: dicom.SUFFIXES, IMAGE: images.SUFFIXES}


def kind_of(path: Path) -> str | None:
    """Returns one of `KINDS`, or None for a file that holds no slices."""
    name = path.name.lower()
    for kind, suffixes in SUFFIXES.items():
        if name.endswith(suffixes):
            return kind
    return DICOM if path.is_file() and dicom.looks_like_dicom(path) else None


def check_kind(path: Path) -> str:
    """Returns one of `KINDS`; raises OSError or ValueError for a file that holds no slices."""
    if not path.is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    kind = kind_of(path)
    if kind is None:
        raise ValueError("it is neither NIfTI, nor DICOM, nor an image")
    return kind
