"""The arguments of an experiment, checked before any long work."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shapcpp import checks
from shapcpp.ct.readers.split_drawing import Counts
from shapcpp.storage import files

__all__ = ["PHANTOM", "Settings", "name_of"]

PHANTOM = "phantom"
TRACE = 50  # the running values are kept at this many numbers of permutations
SMALLEST = {PHANTOM: 16}  # pixels
SMALLEST_SCAN = 8


@dataclass(frozen=True)
class Settings:
    """The arguments of `reproduce`, which documents them."""

    data: files.PathLike
    size: int
    epochs: int
    patience: int
    permutations: int
    noise: tuple[float, ...]
    split: str | None
    counts: Counts | None
    labels: files.PathLike | None
    label_column: str
    file_column: str | None
    positive: tuple[str, ...]
    masks: files.PathLike | None
    min_lesion: int
    lesion_values: str | None
    anonymous: bool
    skip_bad: bool
    routing: int
    C: float
    scale: str | None
    seed: int
    device: str
    sources: str = "one"
    groups: str | None = None

    def __post_init__(self) -> None:
        smallest = SMALLEST.get(str(self.data), SMALLEST_SCAN)
        if checks.positive("size", self.size) < smallest:
            raise ValueError(f"size must be at least {smallest}, got {self.size}")
        for name in ("epochs", "patience", "permutations", "min_lesion", "routing"):
            checks.positive(name, getattr(self, name))
        if self.permutations < 2:
            raise ValueError(f"permutations must be at least 2, got {self.permutations}")
        if not self.noise:
            raise ValueError("noise must name at least one rate")
        for rate in self.noise:
            if not 0 <= checks.real("noise", rate) < 1:
                raise ValueError(f"noise must be rates from 0 to below 1, got {rate}")
        names = [name_of(rate) for rate in self.noise]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"noise names {twice[0]}% twice")
        checks.choice("split", self.split, "file", "patient", "random", None)
        checks.positive_real("C", self.C)
        checks.choice("sources", self.sources, "one", "two")
        checks.choice("scale", self.scale, "standard", None)
        checks.seed(self.seed)
        if self.groups is not None and not isinstance(self.groups, str):
            raise TypeError(f"groups must be the name of a column, got {self.groups!r}")
        if not self.is_phantom and not os.path.exists(self.data):
            raise FileNotFoundError(2, "no such file or folder", os.fspath(self.data))
        if self.is_phantom:
            for name in ("labels", "masks"):
                if getattr(self, name) is not None:
                    raise ValueError(f"the phantom has its own {name}: leave out {name}")
        elif self.sources != "one":
            raise ValueError("sources says how the phantom is made: leave it out for other scans")

    @property
    def is_phantom(self) -> bool:
        """True if the data are made here."""
        return str(self.data) == PHANTOM

    @property
    def reading(self) -> dict[str, Any]:
        """The arguments that slices depend on, in types that JSON can hold."""
        names = (
            "size", "split", "label_column", "file_column", "positive", "min_lesion",
            "lesion_values", "anonymous", "skip_bad", "seed",
        )  # fmt: skip
        counts = None if self.counts is None else {k: _kept(v) for k, v in self.counts.items()}
        return {name: getattr(self, name) for name in names} | {"counts": counts}

    @property
    def training(self) -> dict[str, Any]:
        """The arguments that a network depends on, apart from its slices and labels."""
        return {name: getattr(self, name) for name in ("epochs", "patience", "routing", "seed")}

    @property
    def valuing(self) -> dict[str, Any]:
        """The arguments that values depend on, apart from the features."""
        names = ("permutations", "C", "scale", "seed")
        return {name: getattr(self, name) for name in names} | {"trace": TRACE}


def _kept(numbers: Any) -> Any:
    """Counts of a split in types that JSON can hold: a list, or numbers by the names of classes."""
    if isinstance(numbers, Mapping):
        return {str(name): int(n) for name, n in numbers.items()}
    return list(numbers)


def name_of(rate: float) -> str:
    """Writes a rate in percent, for names of files: "10", "12.5"."""
    return f"{100 * rate:.6g}"
