"""The trace of a run: its gains at numbers of walks that grow by a factor, to see it settle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shapcpp.results.tally import Sums

__all__ = ["Arrays", "Trace", "looks"]

Arrays = tuple[NDArray[np.int64], NDArray[np.int64]]  # counts and gains


def looks(walks: int, most: int) -> NDArray[np.int64]:
    """Numbers of walks at which to look, evenly spaced by their logarithm.

    Parameters
    ----------
    walks : int
        The last of them.
    most : int
        So many at most: at the beginning, several would be the same number.

    Returns
    -------
    ndarray of int64, shape (k,)
        Strictly increasing.
    """
    spaced = np.rint(np.geomspace(1, walks, min(most, walks)))
    counts = np.minimum(spaced.astype(np.int64), walks)
    counts[-1] = walks  # geomspace of one number is where it starts
    distinct: NDArray[np.int64] = np.unique(counts)
    return distinct


class Trace:
    """Gains at some numbers of walks, kept as the run goes on.

    Parameters
    ----------
    looks : ndarray of int64, shape (k,)
        When to look.
    done : Sums
        Where the run begins: looks before that are past.
    earlier : Arrays, optional
        Counts and gains of the trace of the run that it goes on from.
    """

    def __init__(
        self,
        looks: NDArray[np.int64],
        done: Sums,
        earlier: Arrays | None = None,
    ) -> None:
        counts, gains = (np.empty(0, np.int64), done.gains[:0]) if earlier is None else earlier
        ahead = looks[(looks >= done.n_walks) & ~np.isin(looks, counts)]
        self._looks = ahead
        self._counts: list[int] = counts.tolist()
        # Room for all there will be: of a run that ends early, its end takes that of a look.
        self._gains = np.empty((len(counts) + len(ahead), *done.gains.shape), dtype=np.int64)
        self._gains[: len(counts)] = gains.reshape(len(counts), *done.gains.shape)

    def next_look(self, done: int) -> int:
        """The first look after so many walks; these where there is none."""
        after = int(np.searchsorted(self._looks, done, side="right"))
        return int(self._looks[after]) if after < len(self._looks) else done

    def note(self, sums: Sums) -> None:
        """Keeps the gains if it is time to look."""
        if sums.n_walks in self._looks:
            self._counts = self._ended(sums)

    def until(self, sums: Sums) -> Arrays:
        """Counts and gains of a run that stands at these sums: the last are its own, look or not.

        Where the run goes on, these are overwritten.
        """
        counts = self._ended(sums)
        return np.array(counts, dtype=np.int64), self._gains[: len(counts)]

    def _ended(self, sums: Sums) -> list[int]:
        counts, done = self._counts, sums.n_walks
        if done == (counts[-1] if counts else 0):
            return counts
        self._gains[len(counts)] = sums.gains
        return [*counts, done]
