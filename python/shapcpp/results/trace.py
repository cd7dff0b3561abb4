"""The trace of a run: its gains at numbers of permutations in geometric progression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shapcpp.results.tally import Tally

__all__ = ["Arrays", "Trace", "trace_points"]

Arrays = tuple[NDArray[np.int64], NDArray[np.int64]]  # counts and gains


def trace_points(permutations: int, most: int) -> NDArray[np.int64]:
    """Numbers of permutations at which to keep the gains, evenly spaced on a logarithmic scale.

    Parameters
    ----------
    permutations : int
        The last of them.
    most : int
        The largest number of points; points that coincide are kept once.

    Returns
    -------
    ndarray of int64, shape (k,)
        Strictly increasing.
    """
    spaced = np.rint(np.geomspace(1, permutations, min(most, permutations)))
    counts = np.minimum(spaced.astype(np.int64), permutations)
    counts[-1] = permutations  # geomspace of one number is where it starts
    distinct: NDArray[np.int64] = np.unique(counts)
    return distinct


class Trace:
    """Gains at some numbers of permutations, kept as the run goes on.

    Parameters
    ----------
    points : ndarray of int64, shape (k,)
        Numbers of permutations at which to keep the gains.
    done : Tally
        The tally with which the run begins; points before it are past.
    earlier : Arrays, optional
        Counts and gains of the trace of the earlier run that this one continues.
    """

    def __init__(
        self,
        points: NDArray[np.int64],
        done: Tally,
        earlier: Arrays | None = None,
    ) -> None:
        counts, gains = (np.empty(0, np.int64), done.gains[:0]) if earlier is None else earlier
        ahead = points[(points >= done.n_permutations) & ~np.isin(points, counts)]
        self._points = ahead
        self._counts: list[int] = counts.tolist()
        # Room for all there will be: the end of a run that stops early takes that of a point.
        self._gains = np.empty((len(counts) + len(ahead), *done.gains.shape), dtype=np.int64)
        self._gains[: len(counts)] = gains.reshape(len(counts), *done.gains.shape)

    def next_look(self, done: int) -> int:
        """The first point after `done`, or `done` if no point is left."""
        after = int(np.searchsorted(self._points, done, side="right"))
        return int(self._points[after]) if after < len(self._points) else done

    def note(self, tally: Tally) -> None:
        """Keeps the gains if the tally stands at a point."""
        if tally.n_permutations in self._points:
            self._counts = self._ended(tally)

    def until(self, tally: Tally) -> Arrays:
        """Counts and gains of the trace, ended by this tally whether or not it is a point.

        If the run goes on, the end is overwritten.
        """
        counts = self._ended(tally)
        return np.array(counts, dtype=np.int64), self._gains[: len(counts)]

    def _ended(self, tally: Tally) -> list[int]:
        counts, done = self._counts, tally.n_permutations
        if done == (counts[-1] if counts else 0):
            return counts
        self._gains[len(counts)] = tally.gains
        return [*counts, done]
