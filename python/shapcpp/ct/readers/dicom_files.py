"""DICOM files and their elements, as text and numbers that can be trusted."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shapcpp.ct.libraries import library
from shapcpp.storage import files

__all__ = ["SUFFIXES", "looks_like_dicom", "numbers_of", "read_dataset", "text_of"]

SUFFIXES = (".dcm", ".ima", ".dicom")
# The beginning of a file without a preamble: the group of its first element, then a value
# representation or, without one, the upper half of a short length.
FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")


def looks_like_dicom(path: str | os.PathLike[str]) -> bool:
    """True if a file begins as DICOM files do, with or without a preamble."""
    with open(path, "rb") as file:
        begin = file.read(132)
    if begin[128:] == b"DICM":
        return True
    is_short = begin[6:8] == b"\0\0" or begin[4:6] in (b"UL", b"CS", b"UI", b"SH", b"LO", b"DA")
    return len(begin) == 132 and begin[:2] in FIRST_GROUPS and begin[3] == 0 and is_short


def read_dataset(path: Path, **options: Any) -> Any:
    """Reads a data set, even without preamble or file meta information."""
    pydicom = library("pydicom", f"reading {path.name}")
    with open(path, "rb") as file:
        has_preamble = file.read(132)[128:] == b"DICM"
    dataset = pydicom.dcmread(path, force=not has_preamble, **options)
    if not has_preamble and not len(dataset):
        raise ValueError("it does not begin as a DICOM file")
    return dataset


def text_of(dataset: Any, name: str) -> str:
    """Returns an element as text that can be printed; several values joined as DICOM does."""
    value = dataset.get(name)
    if value is None:
        return ""
    several = isinstance(value, Sequence) and not isinstance(value, str)
    text = "\\".join(map(str, value)) if several else str(value)
    return files.shown(text.strip(" \0"))


def numbers_of(dataset: Any, name: str, count: int) -> tuple[float, ...] | None:
    """Returns `count` finite numbers, or None if there are not that many."""
    value = dataset.get(name)
    several = isinstance(value, Sequence) and not isinstance(value, str)
    try:
        numbers = tuple(map(float, value if several else [value]))
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None
