"""The features whose scale keeps double precision from telling the signs of margins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fault_of"]

LARGE = 1e4  # half the range of a feature, in units of 1 / sqrt(C): its weight is hardly penalised
SMALL = 1e-4  # the same of all features: the penalty leaves margins of the size of rounding
NAMED = 5


def fault_of(X: NDArray[np.float64], C: float) -> str:
    """Names the features at fault, and what to do about them, in a clause."""
    with np.errstate(all="ignore"):
        size = (X.max(axis=0) / 2 - X.min(axis=0) / 2) * np.sqrt(C)
    order = np.argsort(-size, kind="stable")
    large = order[size[order] > LARGE]
    if 0 < size.max() < SMALL:
        return (
            f"the columns of X vary so little that the penalty with C={C:g} leaves nothing of "
            'their weights; standardise the features (scale="standard", --scale standard), rescale '
            "them, or raise C"
        )
    if not len(large):
        return (
            "features are nearly combinations of others and the penalty is too weak to hold their "
            f"weights; drop such features or lower C={C:g}"
        )
    names = ", ".join(str(j) for j in large[:NAMED])
    if len(large) > NAMED:
        names += f" and {len(large) - NAMED} more"
    columns = f"columns {names} of X vary" if len(large) > 1 else f"column {names} of X varies"
    return (
        f"{columns} so much that the penalty with C={C:g} does not hold the weights; standardise "
        'the features (scale="standard", --scale standard), or drop or rescale them'
    )
