"""From the text of a manifest to columns of the features file, and ids that name nobody."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.readers.listing import DICOM, SERIES, Scan

__all__ = ["ANONYMOUS", "anonymous_ids", "extra_columns", "impersonal", "numbered"]

Array = NDArray[Any]

# Fields of the features file that other columns must not take.
TAKEN = ("features", "label", "split", "id", "group", "patient", "file", "mask")
# What is known to describe slices, and not whose they are.
IMPERSONAL = ("slice", "true_label")
ANONYMOUS = "anonymous"
DIGITS = 16  # of a hash: no two of a million slices share one
SAMPLE = 1 << 16  # bytes of a file that go into one
# Numbers as programs write them. "007", "11_11" and "1e5" may be codes, which a number would lose.
INTEGER = re.compile(r"0|-?[1-9][0-9]*")
FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-][0-9]+)?|nan")
LONGEST = 25  # characters of a number of 64 bits


def extra_columns(scans: Sequence[Scan], note: Callable[[str], None]) -> dict[str, Array]:
    """Further columns: integers or floats where all entries are plain ones, else text."""
    names = dict.fromkeys(name for scan in scans for name in scan.extra)
    taken = [name for name in names if name in TAKEN or not name]
    if taken:
        note(
            f"the column{'s' * (len(taken) > 1)} {', '.join(map(repr, taken))} cannot be carried "
            "along under this name and is left out"
        )
    return {
        name: _typed([scan.extra.get(name, "") for scan in scans])
        for name in names
        if name not in taken
    }


def _typed(entries: list[str]) -> Array:
    if any(len(entry) > LONGEST for entry in entries):
        return np.array(entries, dtype=np.str_)
    integers = [int(entry) for entry in entries if INTEGER.fullmatch(entry)]
    if len(integers) == len(entries) and all(-(2**63) <= one < 2**63 for one in integers):
        return np.array(integers, dtype=np.int64)
    # As floats, long integers would lose digits.
    exact = all(abs(one) <= 2**53 for one in integers)
    if exact and all(not entry or FLOAT.fullmatch(entry) for entry in entries):
        return np.array([float(entry) if entry else np.nan for entry in entries])
    return np.array(entries, dtype=np.str_)


def numbered(patients: Array) -> NDArray[np.str_]:
    """Patients as "1", "2", ... in the order in which they first appear."""
    numbers: dict[str, int] = {}
    return np.array([str(numbers.setdefault(one, len(numbers) + 1)) for one in patients.tolist()])


def anonymous_ids(scans: Sequence[Scan]) -> NDArray[np.str_]:
    """Ids without file names, in which patients' names and ids occur: "slice-0a1b2c3d4e5f".

    They are hashes of file and slice number, so that a slice keeps its own where others come
    or go, and of some of the file's content: names alone could be found out by trying all.
    A DICOM slice keeps its SOPInstanceUID.
    """
    samples: dict[Path, bytes] = {}
    for scan in scans:
        if scan.kind != DICOM and scan.file not in samples:
            samples[scan.file] = _sample(scan.file)
    return np.array(
        [scan.id if scan.kind == DICOM else _hashed(scan, samples[scan.file]) for scan in scans]
    )


def _sample(file: Path) -> bytes:
    """Digest of a file's beginning and middle, where volumes have more than background."""
    try:
        with open(file, "rb") as content:
            begin = content.read(SAMPLE)
            content.seek(os.fstat(content.fileno()).st_size // 2)
            return hashlib.sha256(begin + content.read(SAMPLE)).digest()
    except OSError:  # and so it gets no id: it cannot be read
        return b""


def _hashed(scan: Scan, sample: bytes) -> str:
    return f"slice-{hashlib.sha256(scan.id.encode() + sample).hexdigest()[:DIGITS]}"


def impersonal(columns: dict[str, Array], n: int, note: Callable[[str], None]) -> dict[str, Array]:
    """The columns that cannot tell whose a slice is: its number, true label, zeros and ones.

    With them a column of `n` ones, `ANONYMOUS`, so that it is known later on.
    """
    kept = {
        name: column
        for name, column in columns.items()
        if name in IMPERSONAL
        or (name != SERIES and column.dtype.kind in "if" and np.isin(column, (0, 1)).all())
    }
    dropped = [name for name in columns if name not in kept]
    if dropped:
        note(f"anonymous: left out {', '.join(dropped)}")
    return kept | {ANONYMOUS: np.ones(n, np.int64)}
