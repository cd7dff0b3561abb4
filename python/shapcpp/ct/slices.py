"""Labelled CT slices, ready for the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.storage import files
from shapcpp.storage.features import SPLITS

__all__ = ["TWO", "Slices", "of_label"]

TWO = (0, 1)  # the classes of labels that are negative or positive

Array = NDArray[Any]


def _printable(column: NDArray[np.str_]) -> NDArray[np.str_]:
    if all(text.isprintable() for text in column.ravel().tolist()):
        return column
    return np.array([files.shown(text) for text in column.ravel().tolist()]).reshape(column.shape)


def of_label(count: int, label: object) -> str:
    """The slices of a label in words: "12 normal", but "12 labelled 1"."""
    return f"{count} {label}" if str(label)[:1].isalpha() else f"{count} labelled {label}"


@dataclass(frozen=True, eq=False)
class Slices:
    """Labelled CT slices, ready for the network.

    Attributes
    ----------
    images : ndarray of float32, shape (n, size, size)
        Pixels, each slice standardised by its own mean and deviation, unless they were read
        ``raw``; a memory map if there are many.
    label : ndarray of int64 or str, shape (n,)
        1 for positive (a lesion), 0 for negative; with more than two classes, one of `classes`.
    split : ndarray of str, shape (n,)
        "train", "val", "test", or "" for slices in none of them.
    id : ndarray of str, shape (n,)
        Unique identifiers. Unprintable characters, here and in `patient`, become escapes, since
        results and tables refuse them.
    patient : ndarray of str, shape (n,), or None
        The patient of each slice, where known.
    extra : mapping of str to ndarray of shape (n,)
        Further columns of the manifest, carried along to the features file.
    hounsfield : ndarray of bool, shape (n,), or None
        Of slices that were read ``raw``: True for Hounsfield units, False for grey levels from 0
        to 1. None if slices are standardised.
    classes : tuple of int or of str, default (0, 1)
        The sorted labels that there can be.

    Raises
    ------
    TypeError, ValueError
        If dtypes or lengths disagree, a label is none of `classes`, a split is unknown, or an id
        occurs twice.
    """

    images: NDArray[np.float32]
    label: Array
    split: NDArray[np.str_]
    id: NDArray[np.str_]
    patient: NDArray[np.str_] | None = None
    extra: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))
    hounsfield: NDArray[np.bool_] | None = None
    classes: tuple[Any, ...] = TWO

    def __post_init__(self) -> None:
        for name in ("id", "patient"):
            column = getattr(self, name)
            if column is not None and column.dtype.kind == "U":
                object.__setattr__(self, name, _printable(column))
        shape = self.images.shape
        if self.images.ndim != 3 or shape[1] != shape[2] or self.images.dtype != np.float32:
            raise TypeError(
                "images must be float32 of shape (n, size, size), got "
                f"{self.images.dtype} of shape {shape}"
            )
        for name, column in self._columns().items():
            if column.shape != (len(self),):
                raise ValueError(f"{name} has shape {column.shape}, images {shape}")
        named = isinstance(self.classes[0], str)
        kinds = {
            "label": "U" if named else "iu",
            "split": "U",
            "id": "U",
            "patient": "U",
            "hounsfield": "b",
        }
        for name, column in self._columns().items():
            if column.dtype.kind not in kinds.get(name, column.dtype.kind):
                nouns = {"label": "text" if named else "integers", "hounsfield": "booleans"}
                noun = nouns.get(name, "text")
                raise TypeError(f"{name} must hold {noun}, got dtype {column.dtype}")
        for name, allowed in (("label", self.classes), ("split", SPLITS)):
            column = self._columns()[name]
            strange = ~np.isin(column, allowed)
            if strange.any():
                row = int(np.argmax(strange))
                raise ValueError(
                    f"{name} is {column[row].item()!r} at row {row}; it must be one of "
                    f"{', '.join(map(repr, allowed))}"
                )
        first: dict[str, int] = {}
        for row, name in enumerate(self.id.tolist()):
            if first.setdefault(name, row) != row:
                raise ValueError(f"id {name!r} is at row {first[name]} and at row {row}")

    def _columns(self) -> dict[str, Array]:
        patient = {} if self.patient is None else {"patient": self.patient}
        units = {} if self.hounsfield is None else {"hounsfield": self.hounsfield}
        own = {"label": self.label, "split": self.split, "id": self.id}
        return {**self.extra, **own, **patient, **units}

    def __repr__(self) -> str:
        known = [name for name in SPLITS if (self.split == name).any()]
        parts = [f"{name or 'in no split'}: {self.counted(name)}" for name in known]
        return f"Slices({len(self)} of {self.size} pixels; {'; '.join(parts)})"

    def __len__(self) -> int:
        return len(self.images)

    @property
    def of_class(self) -> NDArray[np.int64]:
        """The number of each slice's label in `classes`."""
        return np.searchsorted(np.array(self.classes), self.label).astype(np.int64)

    def counted(self, split: str) -> str:
        """The slices of a split by class, in words."""
        counts = np.bincount(self.of_class[self.split == split], minlength=len(self.classes))
        if self.classes == TWO:
            return f"{counts[1]} positive, {counts[0]} negative"
        return ", ".join(map(of_label, counts.tolist(), self.classes))

    @property
    def size(self) -> int:
        """Pixels along each side of a slice."""
        return int(self.images.shape[1])

    def where(self, mask: Array) -> Slices:
        """Selects slices by a mask, or by row numbers in their order.

        Parameters
        ----------
        mask : ndarray of bool, shape (n,), or of int
            The slices to keep.
        """
        return Slices(
            images=self.images[mask],
            label=self.label[mask],
            split=self.split[mask],
            id=self.id[mask],
            patient=None if self.patient is None else self.patient[mask],
            extra={name: column[mask] for name, column in self.extra.items()},
            hounsfield=None if self.hounsfield is None else self.hounsfield[mask],
            classes=self.classes,
        )
