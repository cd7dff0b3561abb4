"""Strata of players by the label of their samples, since values and errors differ by label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["player_labels", "variance_within"]

Ints = NDArray[np.int64]


def player_labels(players: Ints, labels: NDArray[Any]) -> Ints:
    """The label of each player's samples, numbered from 0; -1 if they have several.

    Parameters
    ----------
    players, labels : ndarray, shape (n,)
        The player and the given label of each sample.
    """
    of_samples = np.unique(labels, return_inverse=True)[1]
    n_players = int(players.max()) + 1
    first, last = (np.full(n_players, fill) for fill in (len(labels), -1))
    np.minimum.at(first, players, of_samples)
    np.maximum.at(last, players, of_samples)
    return np.where(first == last, first, -1)


def variance_within(values: NDArray[np.float64], strata: Ints) -> float:
    """The variance of values around the mean of their stratum, pooled over strata."""
    _, stratum, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    means = np.bincount(stratum, values) / sizes
    freedom = len(values) - len(sizes)
    return float(np.sum((values - means[stratum]) ** 2)) / freedom if freedom else 0.0
