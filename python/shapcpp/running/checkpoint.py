"""Checkpoints: the file of a run, or its part of the file of a run in folds."""

from __future__ import annotations

import os
from typing import Protocol

from shapcpp.results.valuation import Valuation, load
from shapcpp.storage import files

__all__ = ["Checkpoint", "RunFile"]


class Checkpoint(Protocol):
    """Keeps the result of what is done."""

    @property
    def name(self) -> str:
        """The file, for sentences."""

    def read(self) -> Valuation | None:
        """The result that an earlier run kept, if any."""

    def write(self, v: Valuation) -> None:
        """Keeps this; OSError if it cannot be written."""


class RunFile:
    """A result file of one run."""

    def __init__(self, path: files.PathLike) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The path."""
        return os.fspath(self._path)

    def read(self) -> Valuation | None:
        """The result in the file, if it is there."""
        return load(self._path) if os.path.exists(self._path) else None

    def write(self, v: Valuation) -> None:
        """Writes the result in its place."""
        v.save(self._path)
