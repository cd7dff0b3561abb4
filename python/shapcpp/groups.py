"""Groups of samples: a sample that names none is one of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["numbered", "with_unknown"]


def numbered(groups: NDArray[Any]) -> NDArray[np.int64]:
    """The number of each sample's group, from 0, in sorted order of their ids.

    Samples whose group is blank come first, in the order of the rows, each a group of its own.
    """
    ids: NDArray[np.int64] = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    if groups.dtype.kind != "U":
        return ids
    rows = np.arange(len(groups))
    own = np.where(np.char.strip(groups) == "", rows, len(groups) + ids)
    return np.unique(own, return_inverse=True)[1].astype(np.int64)


def with_unknown(groups: NDArray[Any], n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """These groups, and those of n further samples of which none is known.

    They are blank, or each a number of its own: negative, except beside unsigned ones of 64 bits.
    """
    if groups.dtype.kind == "U":
        return groups, np.full(n, "")
    if not np.can_cast(groups.dtype, np.int64):
        free = np.setdiff1d(np.arange(len(groups) + n, dtype=np.uint64), groups)
        return groups, free[:n]
    groups = groups.astype(np.int64)
    return groups, min(0, groups.min()) - np.arange(1, n + 1)
