"""Groups of samples: a sample that names none is one of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_GROUP", "numbered", "without_group"]

NO_GROUP = -1  # of a row that has none, where groups are integers; "" where they are text


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


def without_group(groups: NDArray[Any] | None, mask: NDArray[np.bool_]) -> NDArray[Any] | None:
    """Integer groups in which each of these rows that has no group gets an id of its own.

    Nothing changes if other rows use the same number, which then is a group like any other.
    """
    if groups is None or groups.dtype.kind != "i":
        return groups
    is_filler = mask & (groups == NO_GROUP)
    if not is_filler.any() or (groups[~mask] == NO_GROUP).any():
        return groups
    own = groups.astype(np.int64)
    own[is_filler] = own.min() - 1 - np.arange(is_filler.sum())
    return own
