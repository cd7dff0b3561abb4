"""Principal directions of the training rows, and the features along them: what a result keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ARRAYS", "Components", "pack", "unpack"]

Floats = NDArray[np.float64]

BLOCK = 1 << 22  # numbers moved at a time, so that Ctrl-C is heard
# Libraries of linear algebra differ in last digits. Features along a direction are rounded to this
# share of their deviation (2^-20: a millionth), which takes these digits off.
DIGITS = 20
ARRAYS = ("component_mean", "component_directions", "component_deviations")


@dataclass(frozen=True, eq=False)
class Components:
    """The principal directions that stand for all features in a run.

    Attributes
    ----------
    mean : ndarray of float64, shape (d,)
        The mean of the training rows, after `scale` where the run has one.
    directions : ndarray of float64, shape (r, d)
        The directions, the one of the largest variance first; of each, the entry of the largest
        size is positive. Entries are multiples of 2^-16.
    deviations : ndarray of float64, shape (r,)
        The standard deviation of the training rows along each direction.
    rest : float
        The root of the variance that the training rows have beside these directions.
    """

    mean: Floats
    directions: Floats
    deviations: Floats
    rest: float

    @property
    def shares(self) -> Floats:
        """The share of the variance of the training rows along each direction, shape (r,)."""
        size = max(float(self.deviations[0]), self.rest)
        squares = (np.append(self.deviations, self.rest) / size) ** 2
        return np.asarray(squares[:-1] / squares.sum())

    @property
    def share(self) -> float:
        """The share of the variance of the training rows that the directions keep."""
        return float(self.shares.sum())

    def first(self, count: int) -> Components:
        """The first of the directions alone."""
        left_out = self.deviations[count:]
        rest = float(np.hypot.reduce(left_out, initial=self.rest))
        return Components(self.mean, self.directions[:count], self.deviations[:count], rest)

    def apply(self, X: Floats) -> Floats:
        """Features along the directions.

        Parameters
        ----------
        X : ndarray of float64, shape (n, d)
            Features of any samples, scaled as those of the run where it has a `scale`.

        Returns
        -------
        ndarray of float64, shape (n, r)

        Raises
        ------
        ValueError
            If the samples have another number of features than the run.
        """
        width = len(self.mean)
        if X.ndim != 2 or X.shape[1] != width:
            raise ValueError(
                f"X must have shape (n, {width}), since the run has {width} features, got shape "
                f"{X.shape}"
            )
        n, d = X.shape
        # Powers of two, by which division is exact.
        steps = np.ldexp(1.0, np.frexp(self.deviations)[1] - DIGITS)
        found = np.empty((n, len(self.directions)))
        rows = max(BLOCK // d, 1)
        for first in range(0, n, rows):
            some = slice(first, first + rows)
            found[some] = (X[some] - self.mean) @ self.directions.T
        found /= steps
        np.round(found, out=found)
        found *= steps
        return found


def pack(c: Components | None) -> dict[str, NDArray[Any]]:
    """The arrays of a result file; empty where a run has all features."""
    if c is None:
        return {}
    return dict(zip(ARRAYS, (c.mean, c.directions, np.append(c.deviations, c.rest)), strict=True))


def unpack(arrays: Mapping[str, NDArray[Any]], asked: object) -> Components | None:
    """The directions among the arrays of a result whose settings ask for this many, or None.

    Raises ValueError if they are damaged.
    """
    found = [name for name in ARRAYS if name in arrays]
    if asked is None and not found:
        return None
    if isinstance(asked, bool) or not isinstance(asked, int) or asked < 1:
        raise ValueError(f"components is {asked!r}, and the file holds {found or 'no directions'}")
    if len(found) < len(ARRAYS):
        raise ValueError(f"it lacks {', '.join(sorted({*ARRAYS} - {*found}))}")
    mean, directions, deviations = (arrays[name] for name in ARRAYS)
    for name in ARRAYS:
        if arrays[name].dtype != np.float64 or not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} has dtype {arrays[name].dtype} or is not finite")
    r = len(directions)
    shapes = (mean.shape, directions.shape, deviations.shape)
    if not 1 <= r <= asked or shapes != ((mean.size,), (r, mean.size), (r + 1,)):
        raise ValueError(f"components have shapes {', '.join(map(str, shapes))}, of {asked} asked")
    if not ((deviations[:-1] > 0).all() and deviations[-1] >= 0):
        raise ValueError("component_deviations are not positive")
    return Components(mean, directions, deviations[:-1], float(deviations[-1]))
