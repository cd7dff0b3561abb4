"""Values of lesion masks: which of them are lesions, and notes on the values found."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LesionValues", "MaskSurvey"]

NEAR = 1e-4  # a header's scaling moves values by less
MOST_NAMED = 12  # values that a note lists
MOST_KEPT = 64
BACKGROUND = 0.5  # share of pixels; more of them are hardly a lesion
BOUND = re.compile(r"\s*(>=|>|<=|<)\s*([-+]?[0-9.]+(?:e[-+]?[0-9]+)?)\s*", re.IGNORECASE)
COMPARE: dict[str, Callable[[NDArray[Any], float], NDArray[np.bool_]]] = {
    ">=": lambda pixels, bound: pixels >= bound - NEAR,
    ">": lambda pixels, bound: pixels > bound + NEAR,
    "<=": lambda pixels, bound: pixels <= bound + NEAR,
    "<": lambda pixels, bound: pixels < bound - NEAR,
}


@dataclass(frozen=True)
class LesionValues:
    """The values of masks that are lesions.

    Attributes
    ----------
    values : tuple of float
        Values that are lesions; without values and bound, all values but zero are.
    bound : tuple of (str, float), or None
        A comparison that lesions satisfy, such as (">=", 0.5).
    """

    values: tuple[float, ...] = ()
    bound: tuple[str, float] | None = None

    @classmethod
    def parsed(cls, asked: str | float | Sequence[float] | None) -> LesionValues:
        """Reads a caller's request: None, numbers, "1,2" or ">=0.5".

        Raises
        ------
        ValueError
            If the request is none of these.
        """
        if asked is None:
            return cls()
        if isinstance(asked, str) and (bound := BOUND.fullmatch(asked)):
            return cls(bound=(bound[1], float(bound[2])))
        entries = asked.split(",") if isinstance(asked, str) else asked
        try:
            values = np.array(entries, dtype=np.float64).reshape(-1).tolist()
        except (TypeError, ValueError):
            values = []
        if not values or not np.isfinite(values).all():
            raise ValueError(
                f"lesion_values is {asked!r}; it must be numbers such as 1,2 or a bound such as "
                "'>=0.5'"
            )
        return cls(tuple(values))

    @property
    def is_default(self) -> bool:
        """True if all values but zero are lesions because nobody asked for others."""
        return not self.values and self.bound is None

    def marked(self, pixels: NDArray[Any]) -> NDArray[np.bool_]:
        """Returns which pixels of a mask are lesions; nan pixels are not."""
        if self.bound is not None:
            return COMPARE[self.bound[0]](pixels, self.bound[1])
        if self.values:
            marked = np.zeros(pixels.shape, dtype=bool)
            for value in self.values:
                marked |= np.abs(pixels - np.float64(value)) <= NEAR
            return marked
        found: NDArray[np.bool_] = np.abs(pixels) > NEAR
        return found


@dataclass
class MaskSurvey:
    """Collects the values of masks for one note at the end; several threads may add to it.

    Attributes
    ----------
    rule : LesionValues
        The values that count as lesions.
    """

    rule: LesionValues
    _values: set[float] = field(default_factory=set)
    _marked: int = 0
    _pixels: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, pixels: NDArray[Any]) -> int:
        """Counts the lesion pixels of one slice of a mask, and remembers its values."""
        marked = int(np.count_nonzero(self.rule.marked(pixels)))
        values: set[float] = set()
        if len(self._values) < MOST_KEPT:
            present = np.unique(pixels[np.abs(pixels) > NEAR])
            values = {round(float(value), 4) for value in present}
        with self._lock:
            self._values |= values
            self._marked += marked
            self._pixels += pixels.size
        return marked

    def report(self, note: Callable[[str], None]) -> None:
        """Notes values that may be a wrong basis for the labels."""
        if not self._pixels:
            return
        values = sorted(self._values)
        if not self.rule.is_default:
            absent = [
                wanted
                for wanted in self.rule.values
                if wanted and all(abs(wanted - value) > NEAR for value in values)
            ]
            if absent and len(values) < MOST_KEPT:
                note(
                    f"lesion_values names {_listed(absent)}, which no mask holds: they hold "
                    f"{_listed(values) if values else 'nothing but 0'}"
                )
            return
        fractions = [value for value in values if value != round(value)]
        if fractions:
            note(
                f"the masks hold fractions from {values[0]:g} to {values[-1]:g}, as probabilities "
                "do, and every pixel above 0 counts as lesion: lesion_values '>=0.5' would count "
                "those from one half"
            )
        elif len(values) > 1:
            note(
                f"the masks hold the values {_listed(values)}, and all of them count as lesion: "
                f"lesion_values names those that are, such as {values[-1]:g}"
            )
        if self._marked > BACKGROUND * self._pixels:
            note(
                f"the masks mark {self._marked / self._pixels:.0%} of all pixels: if their "
                "background is white, lesion_values 0 counts what is black"
            )


def _listed(values: Sequence[float]) -> str:
    if len(values) > MOST_NAMED:
        return f"from {values[0]:g} to {values[-1]:g} ({len(values)} or more)"
    names = [f"{value:g}" for value in values]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
