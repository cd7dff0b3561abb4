"""Integer sums over permutations, which runs add up, workers send and result files keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core
from shapcpp.results import index_ranges
from shapcpp.results.index_ranges import Ranges

__all__ = ["Tally", "TallyOverflowError", "VoteShape"]

Weights = NDArray[np.int64] | None
VoteShape = tuple[int, int, int]  # samples, sizes, classes


class TallyOverflowError(OverflowError):
    """Integer sums would no longer fit in 64 bits.

    Attributes
    ----------
    partial : Valuation
        The permutations completed.
    """

    partial: Any = None


@dataclass(frozen=True, eq=False)
class Tally:
    """The sums over a set of permutations: the same integers whoever drew them, in any order.

    Attributes
    ----------
    gains, moments, ties, uncertified, ranges, stats, vote_counts
        As in `Valuation`.
    """

    gains: NDArray[np.int64]
    moments: NDArray[np.int64]
    ties: int
    uncertified: int
    ranges: Ranges
    stats: dict[str, int]
    vote_counts: NDArray[np.int64] | None = None

    @classmethod
    def empty(
        cls,
        n_players: int,
        n_classes: int,
        weights: Weights = None,
        vote_shape: VoteShape | None = None,
    ) -> Tally:
        """The tally of no permutations; `weights` as `moments.weights_kept` gives them."""
        gains = np.zeros((n_players, n_classes), dtype=np.int64)
        each = (n_classes, n_classes) if weights is None else (n_classes + len(weights),)
        moments = np.zeros((n_players, *each), dtype=np.int64)
        votes = None if vote_shape is None else np.zeros(vote_shape, dtype=np.int64)
        return cls(gains, moments, 0, 0, index_ranges.none(), {}, votes)

    @classmethod
    def of(cls, tally: _core.Tally) -> Tally:
        """A copy of the engine's tally."""
        return cls(
            gains=tally.gains,
            moments=tally.moments,
            ties=tally.ties,
            uncertified=tally.uncertified,
            ranges=tally.ranges,
            stats=tally.statistics,
            vote_counts=tally.votes,
        )

    @property
    def n_permutations(self) -> int:
        """Number of permutations done."""
        return index_ranges.size(self.ranges)

    @property
    def _squares(self) -> NDArray[np.int64]:
        return self.moments if self.moments.ndim == 2 else self.moments.diagonal(0, 1, 2)

    def __add__(self, other: Tally) -> Tally:
        if self.n_permutations == 0:
            return other
        twice = index_ranges.overlap(self.ranges, other.ranges)
        if len(twice):
            raise ValueError(f"permutations {index_ranges.shown(twice)} would be counted twice")
        # The sums of squares bound all other sums.
        squares, others = self._squares, other._squares
        if (squares > np.iinfo(np.int64).max - others).any():
            both = self.n_permutations + other.n_permutations
            raise TallyOverflowError(f"the 64-bit sums of {both} permutations do not fit")
        return Tally(
            gains=self.gains + other.gains,
            moments=self.moments + other.moments,
            ties=self.ties + other.ties,
            uncertified=self.uncertified + other.uncertified,
            ranges=index_ranges.union(self.ranges, other.ranges),
            stats={
                name: self.stats.get(name, 0) + other.stats.get(name, 0)
                for name in {**self.stats, **other.stats}
            },
            vote_counts=None
            if self.vote_counts is None or other.vote_counts is None
            else self.vote_counts + other.vote_counts,
        )
