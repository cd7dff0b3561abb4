"""Slices that cannot be read: refused, or left out with a note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shapcpp.errors import reason
from shapcpp.progress import silent
from shapcpp.storage import files

__all__ = ["GRAVE", "BadSlices", "silent"]

GRAVE = (ImportError,)  # not the fault of a slice, while too little memory for it may be


@dataclass(frozen=True)
class BadSlices:
    """Refuses slices that cannot be read, or leaves them out with a note.

    Attributes
    ----------
    skip : bool
        Whether to leave them out and continue.
    note : callable
        Called with one sentence for each slice that is left out.
    """

    skip: bool
    note: Callable[[str], None]

    @contextmanager
    def guard(self, where: str) -> Iterator[None]:
        """Turns an error in reading `where` into one sentence, raised or noted."""
        try:
            yield
        except GRAVE:
            raise
        except Exception as error:  # decoders raise anything on damaged files
            self.unreadable(where, error)

    def unreadable(self, where: str, error: Exception) -> None:
        """Raises or notes the reason why a slice, volume or file cannot be read."""
        self.leave_out(f"{where} cannot be read: {reason(error).rstrip('.')}")

    def leave_out(self, sentence: str) -> None:
        """Raises a sentence about a fault of slices, or notes it and continues."""
        sentence = files.shown(sentence)
        if not self.skip:
            raise ValueError(f"{sentence} (skip_bad goes on without it)") from None
        self.note(f"{sentence}; left out")
