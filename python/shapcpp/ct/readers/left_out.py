"""Files that are no axial CT images: left out, and counted by reason in one note."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

__all__ = ["LeftOut", "NoAxialImageError"]


class NoAxialImageError(Exception):
    """A DICOM file that is no axial CT image; its text is the reason."""


class LeftOut:
    """Counts the files left out, by reason."""

    def __init__(self) -> None:
        self._reasons: Counter[str] = Counter()

    def add(self, reason: str) -> None:
        """Counts a file."""
        self._reasons[reason] += 1

    def report(self, source: str, kept: int, note: Callable[[str], None]) -> None:
        """Notes how many files were left out, and why.

        Raises
        ------
        ValueError
            If nothing was kept.
        """
        total = self._reasons.total()
        if not total:
            return
        reasons = ", ".join(f"{reason} ({n})" for reason, n in self._reasons.most_common())
        if not kept:
            raise ValueError(f"{source} holds no axial CT image: {reasons}")
        note(
            f"left out {total} of {kept + total} DICOM files of {source}, which are no axial CT "
            f"images: {reasons}"
        )
