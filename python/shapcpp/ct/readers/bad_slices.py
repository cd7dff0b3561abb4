"""What happens to a slice that cannot be read: refused, or left out and said so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shapcpp.errors import reason
from shapcpp.progress import silent
from shapcpp.storage import files

__all__ = ["GRAVE", "BadSlices", "silent"]

GRAVE = (ImportError,)  # not the fault of a slice, as too little memory for it may be


@dataclass(frozen=True)
class BadSlices:
    """Refuses slices that cannot be read, or leaves them out with a note.

    Attributes
    ----------
    skip : bool
        Whether to go on without them.
    note : callable
        Told in one sentence of each that is left out.
    """

    skip: bool
    note: Callable[[str], None]

    @contextmanager
    def told(self, where: str) -> Iterator[None]:
        """Whatever reading `where` raises becomes one sentence, raised or noted."""
        try:
            yield
        except GRAVE:
            raise
        except Exception as error:  # decoders raise anything on damaged files
            self.bad(where, error)

    def bad(self, where: str, error: Exception) -> None:
        """One slice, volume or file that could not be read, and why."""
        self.left_out(f"{where} cannot be read: {reason(error).rstrip('.')}")

    def left_out(self, sentence: str) -> None:
        """What is wrong with slices, in a sentence: raised, or noted as the reason to go on."""
        sentence = files.shown(sentence)
        if not self.skip:
            raise ValueError(f"{sentence} (skip_bad goes on without it)") from None
        self.note(f"{sentence}; left out")
