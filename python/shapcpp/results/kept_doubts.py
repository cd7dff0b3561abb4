"""The doubts that a run keeps about its rows: as arrays of its file, checked on reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.doubts import doubts_file
from shapcpp.doubts.result import Doubts

__all__ = ["pack", "unpack"]

PREFIX = "doubts."


def pack(doubts: Doubts | None) -> dict[str, NDArray[Any]]:
    """The arrays of the doubts under names of their own; empty if there are no doubts."""
    if doubts is None:
        return {}
    return {PREFIX + name: array for name, array in doubts_file.pack(vars(doubts)).items()}


def unpack(arrays: Mapping[str, NDArray[Any]]) -> Doubts | None:
    """The doubts among the arrays of a run; they must be about the run's samples.

    Raises TypeError or ValueError if they are damaged.
    """
    own = {k.removeprefix(PREFIX): a for k, a in arrays.items() if k.startswith(PREFIX)}
    if not own:
        return None
    if "about" not in own:
        raise ValueError(f"it lacks {PREFIX}about")
    doubts = Doubts(**doubts_file.unpack(own))
    for name in ("ids", "labels"):
        mine, theirs = getattr(doubts, name).astype(str), arrays[name].astype(str)
        if not np.array_equal(mine, theirs):
            raise ValueError(f"the {name} of its doubts are not those of its samples")
    return doubts
