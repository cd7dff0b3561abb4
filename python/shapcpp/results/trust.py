"""Whose standard error can be believed: not that of a value whose variance was hardly seen.

A standard error knows the orders that were drawn, and what moves a value most may not have happened
in them. docs/statistics.md derives the rule, and shows how often the intervals of those that it
trusts were right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.results.strata import player_labels

if TYPE_CHECKING:
    from shapcpp.results.estimates import Estimates

__all__ = ["enough_orders", "message", "rare_joins", "trusted"]

Ints = NDArray[np.int64]

# Chosen by simulation (bench/trust.py).
ENOUGH = 3.0  # rare joins of a player, from which on its own variance says all
ENOUGH_HALVED = 10.0  # rare joins, with halving, which leaves little variance beside theirs
ENOUGH_CONTROLLED = 0.75  # rare joins, where a control takes most of what they change
FEWEST = 5.0  # rare joins of all players together, below which nobody's variance was seen
LEAST_SHARE = 0.3  # of the pooled variance, for a player that had next to no rare joins
WELL_MET = 0.05  # share of players in the rarest class, from which on the control knows it
FEWER = ", and far fewer with halving (sampler='halving')"
WORTH_A_WORD = 0.1  # share of samples, above which a run warns


def rare_joins(orders: int, gain_unit: int, n_players: int, rarest: int) -> float:
    """Expected number of times that a player is the second to join, after one of a rare class.

    Parameters
    ----------
    orders : int
        Random orders drawn.
    gain_unit : int
        Each is walked from the empty coalition in this many blocks: 1 unless halved.
    n_players, rarest : int
        Number of players, and of those with a sample of the rarest class.
    """
    # The first of a block is of that class with the probability rarest / n_players, and the
    # second is this player with the probability gain_unit / n_players.
    return orders * rarest * gain_unit / n_players**2


def enough_orders(gain_unit: int, players: Ints, labels: Ints, *, halved: bool) -> int:
    """The number of orders after which the variances of all players can be believed.

    Parameters
    ----------
    gain_unit : int
        As for `rare_joins`.
    players, labels, halved
        As for `trusted`.
    """
    n_players, rarest = int(players.max()) + 1, _rarest(players, labels)
    return math.ceil(
        _enough(gain_unit, players, labels, rarest, halved)
        / rare_joins(1, gain_unit, n_players, rarest)
    )


def trusted(
    variance: NDArray[np.float64],
    orders: int,
    gain_unit: int,
    players: Ints,
    labels: NDArray[Any],
    *,
    halved: bool,
) -> NDArray[np.bool_]:
    """True for each player whose estimated variance can be believed.

    Parameters
    ----------
    variance : ndarray of float64, shape (n_players,)
        Estimated variance of the values.
    orders, gain_unit : int
        As for `rare_joins`; two orders at least.
    players, labels : ndarray of int64, shape (n,)
        The player and the given label of each sample.
    halved : bool
        Whether orders were halved: with the composition control where players are samples.

    Returns
    -------
    ndarray of bool, shape (n_players,)
        All, where a player was expected to have enough rare joins. None, where all players
        together were expected to have next to none. Between the two, those whose variance is not
        zero and not far below the mean over the players of the same label, which holds the rare
        joins of them all.
    """
    n_players = len(variance)
    rarest = _rarest(players, labels)
    joins = rare_joins(orders, gain_unit, n_players, rarest)
    missing = 1 - joins / _enough(gain_unit, players, labels, rarest, halved)
    if missing <= 0:
        return np.ones(n_players, dtype=bool)
    if joins * n_players < FEWEST:
        return np.zeros(n_players, dtype=bool)
    _, pool, sizes = np.unique(
        player_labels(players, labels), return_inverse=True, return_counts=True
    )
    pooled = np.bincount(pool, variance) / sizes
    seen: NDArray[np.bool_] = variance >= LEAST_SHARE * missing * pooled[pool]
    return seen & (variance > 0)


def _rarest(players: Ints, labels: Ints) -> int:
    """Number of players with a sample of the rarest class."""
    return min(len(np.unique(players[labels == label])) for label in np.unique(labels))


def _enough(gain_unit: int, players: Ints, labels: Ints, rarest: int, halved: bool) -> float:
    """The rare joins of a player that are enough for its variance to be believed."""
    if not halved:
        return ENOUGH
    n_players = int(players.max()) + 1
    is_controlled = n_players == len(players) and gain_unit > 1
    # Measured for two classes: of more, the control knows less of each.
    knows = len(np.unique(labels)) == 2 and rarest >= WELL_MET * n_players
    return ENOUGH_CONTROLLED if is_controlled and knows else ENOUGH_HALVED


def message(v: Estimates, shown: Iterable[str] | None = None) -> str | None:
    """A sentence where many errors by one of the metrics shown (all) cannot be believed."""
    if v.n_permutations < 2:
        return None
    marked = {metric: 1 - float(np.mean(v.trusted(metric))) for metric in shown or v.metrics}
    worst = max(marked, key=marked.__getitem__)
    if marked[worst] <= WORTH_A_WORD:
        return None
    halved = v.settings["sampler"] == "halving"
    done = f"{v.n_permutations} {'halved orders' if halved else 'permutations'}"
    cure = f"permutations={v.enough_orders()} would be enough"
    return (
        f"{100 * marked[worst]:.0f}% of the standard errors by {worst} cannot be believed, and "
        "intervals show as ?: what moves these values most has hardly happened in "
        f"{done}; {cure if halved else cure + FEWER}"
    )
