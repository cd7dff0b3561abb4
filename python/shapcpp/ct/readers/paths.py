"""Paths written on other machines, matched to the files that exist here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from unicodedata import normalize

__all__ = ["FileFinder", "as_meant", "parts_of"]

FOREIGN = re.compile(r"[A-Za-z]:[\\/]|\\\\|/")  # beginnings of absolute paths


def as_meant(name: str) -> str:
    """Returns a name in one Unicode normal form and without capitals, for comparison."""
    return normalize("NFC", name).casefold()


def parts_of(written: str) -> list[str]:
    """Splits a path at slashes and backslashes, without a drive or server."""
    bare = re.sub(r"^[A-Za-z]:", "", written.strip())
    return [part for part in re.split(r"[\\/]+", bare) if part not in ("", ".")]


class FileFinder:
    """Finds the files of a folder by paths that may have been written on another machine.

    Parameters
    ----------
    root : path
        The folder that relative paths start from.

    Attributes
    ----------
    by_their_end : int
        Number of files found only by the end of an absolute path from another machine.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names = cache(_names_of)
        self.by_their_end = 0

    def find(self, written: str) -> Path:
        """Returns the file that a path means, or the path as written if there is none."""
        literal = self._root / written
        if literal.exists():
            return literal
        parts = parts_of(written)
        for skipped, tail in enumerate(self._tails(written, parts)):
            found = self._walk(tail)
            if found is not None:
                self.by_their_end += bool(skipped)
                return found
        return literal

    @staticmethod
    def _tails(written: str, parts: list[str]) -> Iterator[list[str]]:
        yield parts
        if FOREIGN.match(written.strip()):
            for first in range(1, len(parts)):
                yield parts[first:]

    def _walk(self, parts: list[str]) -> Path | None:
        place = self._root
        for part in parts:
            if part == "..":
                place = place.parent
                continue
            name = part if (place / part).exists() else self._names(place).get(as_meant(part))
            if not name:
                return None
            place = place / name
        return place if parts else None


def _names_of(folder: Path) -> Mapping[str, str]:
    """Maps normalised names to those in a folder; names that normalise alike map to none."""
    names: dict[str, str] = {}
    if folder.is_dir():
        for name in sorted(os.listdir(folder)):
            names[as_meant(name)] = "" if as_meant(name) in names else name
    return names
