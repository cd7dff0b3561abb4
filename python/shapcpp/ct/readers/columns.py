"""The last stage of reading: text becomes columns, and ids and columns become anonymous."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.readers.kinds import DICOM
from shapcpp.ct.readers.slice_index import SERIES, SliceRef
from shapcpp.ct.slices import Slices
from shapcpp.storage.sources import coincidences_among

__all__ = ["ANONYMOUS", "anonymised", "anonymous_ids", "extra_columns"]

Array = NDArray[Any]

# Fields of the features file that other columns must not take.
TAKEN = ("features", "label", "split", "id", "group", "patient", "file", "mask")
# Columns that describe slices and cannot reveal whose they are.
IMPERSONAL = ("slice", "true_label")
ANONYMOUS = "anonymous"
DIGITS = 16  # digits of a hash: hardly any two of a million slices share one
SAMPLE = 1 << 16  # bytes of a file's beginning, and of its middle, that go into a hash
# Numbers as programs write them. "007", "11_11" and "1e5" may be codes, which numbers would spoil.
INTEGER = re.compile(r"0|-?[1-9][0-9]*")
FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-][0-9]+)?|nan")
LONGEST = 25  # characters of a number of 64 bits


def extra_columns(slices: Sequence[SliceRef], note: Callable[[str], None]) -> dict[str, Array]:
    """Makes the further columns: integers or floats if all entries are plain numbers, else text."""
    names = dict.fromkeys(name for ref in slices for name in ref.extra)
    taken = [name for name in names if name in TAKEN or not name]
    if taken:
        note(
            f"the column{'s' * (len(taken) > 1)} {', '.join(map(repr, taken))} cannot be carried "
            "along under this name and is left out"
        )
    return {
        name: _typed([ref.extra.get(name, "") for ref in slices])
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


def anonymised(
    slices: Slices,
    refs: Sequence[SliceRef],
    note: Callable[[str], None],
    readers: Sequence[str] = (),
) -> Slices:
    """Removes from slices, read from `refs`, all that could reveal whose they are.

    Patients become numbers, and ids of files become hashes. Columns that could reveal whose a
    slice is are dropped, and a column `ANONYMOUS` of ones is added. Columns of readers are
    numbered. `note` is told if a dropped column of sources tells the labels apart, without a name.
    """
    numbered = {name: f"reader_{number + 1}" for number, name in enumerate(readers)}
    if numbered:
        note(f"anonymous: the columns of the readers are {' and '.join(numbered.values())}")
    extra = {numbered.get(name, name): column for name, column in slices.extra.items()}
    kept = _impersonal(extra, len(slices), {*numbered.values()}, note)
    # Nobody can see this any more once the columns are gone.
    dropped = {name: extra[name] for name in extra if name not in kept or name == "true_label"}
    for told in coincidences_among(dropped, slices.label, slices.split, named=False):
        note(f"anonymous: {told}: a classifier may learn the source, not the disease")
    return replace(
        slices,
        id=anonymous_ids(refs),
        patient=None if slices.patient is None else _numbered(slices.patient),
        extra=MappingProxyType(kept),
    )


def _numbered(patients: Array) -> NDArray[np.str_]:
    """Numbers patients "1", "2", ... in the order in which they first appear."""
    numbers: dict[str, int] = {}
    return np.array([str(numbers.setdefault(one, len(numbers) + 1)) for one in patients.tolist()])


def anonymous_ids(slices: Sequence[SliceRef]) -> NDArray[np.str_]:
    """Makes ids without file names, which may name patients: "slice-0a1b2c3d4e5f".

    An id is a hash of file and slice number, so that a slice keeps it when other slices come
    or go, and of part of the file's content, since a hash of the name alone could be reversed by
    trying names. A DICOM slice keeps its SOPInstanceUID.
    """
    samples: dict[Path, bytes] = {}
    for ref in slices:
        if ref.kind != DICOM and ref.file not in samples:
            samples[ref.file] = _sample(ref.file)
    return np.array(
        [ref.id if ref.kind == DICOM else _hashed(ref, samples[ref.file]) for ref in slices]
    )


def _sample(file: Path) -> bytes:
    """Hashes a file's beginning and its middle, where volumes have more than background."""
    try:
        with open(file, "rb") as content:
            begin = content.read(SAMPLE)
            content.seek(os.fstat(content.fileno()).st_size // 2)
            return hashlib.sha256(begin + content.read(SAMPLE)).digest()
    except OSError:  # a file that cannot be read needs no id
        return b""


def _hashed(ref: SliceRef, sample: bytes) -> str:
    return f"slice-{hashlib.sha256(ref.id.encode() + sample).hexdigest()[:DIGITS]}"


def _is_yes_or_no(column: Array) -> bool:
    """True if a column holds zeros, ones and gaps, and not gaps alone."""
    known = column[~np.isnan(column)]
    return bool(known.size) and bool(np.isin(known, (0, 1)).all())


def _impersonal(
    columns: Mapping[str, Array], n: int, readers: Set[str], note: Callable[[str], None]
) -> dict[str, Array]:
    """Keeps the slice number, labels and columns of zeros and ones.

    The column `ANONYMOUS` of `n` ones tells later readers that nothing else was kept.
    """
    kept = {
        name: column
        for name, column in columns.items()
        if name in IMPERSONAL
        or name in readers
        or (name != SERIES and column.dtype.kind in "if" and _is_yes_or_no(column))
    }
    dropped = [name for name in columns if name not in kept]
    if dropped:
        note(f"anonymous: left out {', '.join(dropped)}")
    return kept | {ANONYMOUS: np.ones(n, np.int64)}
