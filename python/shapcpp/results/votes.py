"""Votes: the classes that coalitions predict for the samples outside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core
from shapcpp.machine import memory

__all__ = ["Voted", "check", "kept_sizes", "plan_of"]

MOST_BYTES = 1 << 30  # beyond, votes are summed over sizes


def plan_of(sampler: str, n_players: int) -> tuple[NDArray[np.int64], int]:
    """The sizes of the coalitions that vote, and how many vote in each order."""
    plan = _core.halving_votes if sampler == "halving" else _core.permutation_votes
    return plan(n_players)


def kept_sizes(n_samples: int, n_sizes: int, n_classes: int) -> int:
    """The number of sizes whose votes are kept apart: all, or 1, the sum over them."""
    return n_sizes if 8 * n_samples * n_sizes * n_classes <= MOST_BYTES else 1


class Voted:
    """The votes of one run; `Valuation` documents the attributes."""

    vote_counts: NDArray[np.int64] | None
    players: NDArray[np.int64]
    classes: NDArray[Any]
    labels: NDArray[Any]
    settings: dict[str, Any]

    @property
    def votes(self) -> NDArray[np.int64] | None:
        """Numbers of coalitions without a sample that predict each class for it, by their size.

        ``votes[i, s, k]`` counts, over orders, the coalitions of ``vote_sizes[s]`` players that do
        not hold sample i and whose model predicts ``classes[k]`` for it. Shape
        (n, n_sizes, n_classes), int64; None for a run with ``votes=False``. Predictions are
        certified like those of test samples: ``stats["vote_ties"]`` counts margins of zero, which
        go to the smallest label. A coalition of one class predicts that class if `single_class`
        is "constant", and nothing if it is "carry".

        Raises
        ------
        ValueError
            If the votes at each size would take more than 1 GiB: only their sums over sizes are
            kept, in `vote_counts`.
        """
        counts = self.vote_counts
        if counts is None or counts.shape[1] == len(self._sizes):
            return counts
        room = memory.readable(counts.nbytes * len(self._sizes))
        raise ValueError(
            f"the votes at each of {len(self._sizes)} sizes would take {room}: only their sums "
            "over sizes are kept, in v.vote_counts"
        )

    @property
    def vote_sizes(self) -> NDArray[np.int64] | None:
        """The sizes of the coalitions that vote, in players, shape (n_sizes,); None without votes.

        With ``sampler="permutations"``: 16, 32, 64, ... players, and all but one. With "halving":
        the sizes of blocks, a half, a quarter, ... of the players, down to 16; where a half is
        uneven, the larger block counts with the others of its level.
        """
        return None if self.vote_counts is None else self._sizes

    def agreement(self) -> NDArray[np.float64]:
        """The share of all votes on each sample that are for its label as given.

        Votes of all sizes have equal weight. A low share says that models trained without the
        sample contradict its label: it casts doubt on the label, and is no value of the sample.
        After P orders the standard error of a share a is at most about ``sqrt(a (1 - a) / P)``.

        Returns
        -------
        ndarray of float64, shape (n,)
            From 0 to 1; nan for a sample without votes.

        Examples
        --------
        >>> v = shapcpp.value(X, y, X_test, y_test)
        >>> np.argsort(v.agreement())[:20]       # the labels to doubt first
        """
        if self.vote_counts is None:
            return np.full(len(self.labels), np.nan)
        of_class = self.vote_counts.sum(axis=1)
        given = np.searchsorted(self.classes, self.labels)[:, None]
        own, all_ = np.take_along_axis(of_class, given, axis=1)[:, 0], of_class.sum(axis=1)
        shares = np.full(len(own), np.nan)
        np.divide(own, all_, out=shares, where=all_ > 0)
        return shares

    @property
    def _sizes(self) -> NDArray[np.int64]:
        return plan_of(self.settings["sampler"], int(self.players.max()) + 1)[0]


def check(arrays: Mapping[str, NDArray[Any]], settings: Mapping[str, Any], done: int) -> None:
    """Raises ValueError or TypeError for votes that cannot come from a run of this many orders."""
    if not isinstance(settings["votes"], bool):
        raise TypeError(f"votes must be True or False, got {settings['votes']!r}")
    if settings["votes"] != ("vote_counts" in arrays):
        raise ValueError("its settings and its arrays disagree about votes")
    if not settings["votes"]:
        return
    votes, n, n_classes = arrays["vote_counts"], len(arrays["players"]), len(arrays["classes"])
    sizes, ballots = plan_of(settings["sampler"], int(arrays["players"].max()) + 1)
    if votes.dtype != np.int64 or votes.shape not in {
        (n, n_sizes, n_classes) for n_sizes in (len(sizes), min(len(sizes), 1))
    }:
        raise ValueError(f"vote_counts has dtype {votes.dtype} and shape {votes.shape}")
    if (votes < 0).any() or (votes > done * ballots).any():
        raise ValueError("there are more votes than coalitions that voted")
    if (votes.sum(axis=(1, 2)) > done * ballots).any():
        raise ValueError("there are more votes than coalitions that voted")
