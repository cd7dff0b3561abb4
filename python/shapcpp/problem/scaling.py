"""Features by the means and deviations of the training rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scale", "scaled", "scaling_of", "standard_scaling"]

Scale = Literal["standard"] | None


def scaling_of(X: NDArray[np.float64], scale: Scale) -> NDArray[np.float64] | None:
    """What the argument `scale` of `value` means for these training rows."""
    return standard_scaling(X) if scale == "standard" else None


def standard_scaling(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means and deviations of columns, shape (2, d); 1 where a column is constant."""
    low, high = X.min(axis=0), X.max(axis=0)
    spread = np.where(high > low, high - low, 1.0)  # squares of tiny or huge numbers do not fit
    mean = np.where(high > low, X.mean(axis=0), low)
    deviation = np.sqrt(np.mean(((X - mean) / spread) ** 2, axis=0)) * spread
    rounding = 10 * np.finfo(float).eps * np.abs(mean)  # a column constant but for its last digits
    return np.stack([mean, np.where(deviation > rounding, deviation, 1.0)])


def scaled(X: NDArray[np.float64], scaling: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Features of any rows less the means of `scaling`, over its deviations."""
    if scaling is None:
        return X
    found: NDArray[np.float64] = X - scaling[0]
    found /= scaling[1]
    return found
