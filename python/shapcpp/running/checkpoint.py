"""Checkpoints: the file of a run, or its part of the file of a run in folds."""

from __future__ import annotations

import os
from typing import Protocol

from shapcpp.results.valuation import Valuation, load
from shapcpp.storage import files

__all__ = ["Checkpoint", "RunFile"]


class Checkpoint(Protocol):
    """A place that keeps the result of the permutations done so far."""

    @property
    def name(self) -> str:
        """The name of the file, for messages."""

    def read(self) -> Valuation | None:
        """The result that an earlier run kept, if any."""

    def write(self, v: Valuation) -> None:
        """Keeps this result; raises OSError if it cannot be written."""


class RunFile:
    """The result file of one run."""

    def __init__(self, path: files.PathLike) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The path."""
        return os.fspath(self._path)

    def read(self) -> Valuation | None:
        """The result in the file, if the file exists."""
        return load(self._path) if os.path.exists(self._path) else None

    def write(self, v: Valuation) -> None:
        """Replaces the file with this result."""
        v.save(self._path)
