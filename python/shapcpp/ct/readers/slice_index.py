"""The table of slices that passes through the stages of reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.readers.manifest import Manifest
from shapcpp.ct.slices import TWO
from shapcpp.storage import files

__all__ = ["SERIES", "SliceIndex", "SliceRef", "first_and_more"]

SERIES = "series"  # the column of a DICOM slice's series; anonymous slices have none


@dataclass(frozen=True)
class SliceRef:
    """One slice that can be read; unknown attributes are None.

    Attributes
    ----------
    id : str
        SOPInstanceUID of a DICOM slice; file and slice number in a volume ("a.nii:12");
        file of an image, relative to the scans.
    file : path
        The file of its pixels.
    kind : str
        One of `shapcpp.ct.readers.kinds.KINDS`.
    where : str
        Its name in error messages.
    slice : int or None
        Number in the volume or series.
    label : int or None
        Number of its class: 0 negative and 1 positive, if there are two.
    split, patient : str or None
        Split and patient. If no patient is named, the slices of one volume or series still belong
        to one patient, who is named after the file or the SeriesInstanceUID.
    mask : path or None
        Its lesion mask.
    extra : mapping of str to str
        Further columns.
    """

    id: str
    file: Path
    kind: str
    where: str
    slice: int | None
    label: int | None
    split: str | None
    patient: str | None
    mask: Path | None
    extra: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.id.isprintable():  # as in `Slices`, so that it is found again
            object.__setattr__(self, "id", files.shown(self.id))


@dataclass(frozen=True)
class SliceIndex:
    """The slices of a folder or manifest, in order.

    Attributes
    ----------
    root : path
        The folder that relative paths start from.
    source : str
        The name of the whole in error messages.
    slices : tuple of SliceRef
        The slices.
    manifest : Manifest or None
        The manifest or label file that labels them, if there is one.
    masks_in : str
        The places where masks were looked for.
    """

    root: Path
    source: str
    slices: tuple[SliceRef, ...]
    manifest: Manifest | None = None
    masks_in: str = ""

    def __len__(self) -> int:
        return len(self.slices)

    def holding(self, slices: Iterable[SliceRef]) -> SliceIndex:
        """Returns a copy of the index with these slices."""
        return replace(self, slices=tuple(slices))

    @property
    def classes(self) -> tuple[Any, ...]:
        """The sorted labels, whose numbers the slices have."""
        return TWO if self.manifest is None else self.manifest.classes

    @property
    def ids(self) -> NDArray[np.str_]:
        """The id of each slice."""
        return np.array([one.id for one in self.slices])

    @property
    def labels(self) -> NDArray[np.int64]:
        """The number of the class of each slice, all of which must have one."""
        return np.array([one.label for one in self.slices], dtype=np.int64)

    @property
    def splits(self) -> NDArray[np.str_]:
        """The split of each slice, "" if it has none."""
        return np.array([one.split or "" for one in self.slices], dtype="U5")

    @property
    def patients(self) -> NDArray[np.str_] | None:
        """The patient of each slice, or None if no slice names one.

        Raises
        ------
        ValueError
            If some slices name a patient and others do not.
        """
        known = [one.patient for one in self.slices]
        if not any(known):
            return None
        for one in self.slices:
            if not one.patient:
                raise ValueError(f"{one.where} has no patient, and other slices have one")
        return np.array(known, dtype=np.str_)

    def check_classes(self, one_class: bool, why: str = "") -> None:
        """Raises ValueError if there is no slice, or (without `one_class`) only one label."""
        if not len(self):
            raise ValueError(f"{self.source} holds no slice that can be read")
        if one_class:
            return
        if self.classes != TWO and len({one.label for one in self.slices}) < 2:
            only = self.classes[self.labels[0]]
            raise ValueError(f"all {len(self)} slices of {self.source} are labelled {only}{why}")
        for missing, noun in ((1, "positive"), (0, "negative")):
            if self.classes == TWO and not (self.labels == missing).any():
                raise ValueError(f"none of the {len(self)} slices of {self.source} is {noun}{why}")


def first_and_more(slices: Sequence[SliceRef]) -> str:
    """The name of some slices of one file in error messages."""
    more = f" and {len(slices) - 1} more of its slices" if len(slices) > 1 else ""
    return f"{slices[0].where}{more}"
