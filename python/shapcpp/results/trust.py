"""Standard errors that can be believed: those of values whose variance was actually observed.

A standard error reflects only the orders that were drawn, and the joins that move a value most may
not have occurred in them. docs/statistics.md derives the rule, and shows how often the intervals
that it trusts were right.
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
ENOUGH = 3.0  # rare joins after which a player's own variance can be believed
ENOUGH_HALVED = 10.0  # the same with halving, where rare joins cause nearly all the variance
ENOUGH_CONTROLLED = 0.75  # the same where a control variate removes most of their effect
FEWEST = 5.0  # with fewer rare joins of all players together, no variance can be believed
LEAST_SHARE = 0.3  # of the pooled variance, needed by a player that had next to no rare joins
WELL_MET = 0.05  # share of players in the rarest class above which the control variate fits it
FEWER = ", and far fewer with halving"
WORTH_A_WORD = 0.1  # a run warns if more than this share of samples is not trusted


def rare_joins(orders: int, gain_unit: int, n_players: int, rarest: int) -> float:
    """Expected number of times that a player joins second, after a player of the rarest class.

    Parameters
    ----------
    orders : int
        Random orders drawn.
    gain_unit : int
        Number of blocks in which each order is walked from the empty coalition: 1 unless halved.
    n_players, rarest : int
        Number of players, and number of those with a sample of the rarest class.
    """
    # The first player of a block is of that class with probability rarest / n_players, and the
    # second player of one of the blocks is this one with probability gain_unit / n_players.
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
        All players, if each was expected to have enough rare joins; none, if all players
        together were expected to have next to none. In between, those whose variance is not
        zero and not far below the mean over the players of the same label, which reflects the
        rare joins of all these players.
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
    # Measured for two classes; with more, the control variate fits each class less well.
    knows = len(np.unique(labels)) == 2 and rarest >= WELL_MET * n_players
    return ENOUGH_CONTROLLED if is_controlled and knows else ENOUGH_HALVED


def message(v: Estimates, shown: Iterable[str] | None = None, plain: bool = False) -> str | None:
    """A sentence if many errors by a metric shown (default: all) cannot be believed.

    `plain` leaves out how Python spells the arguments, for a page that the shell may have made.
    """
    if v.n_permutations < 2:
        return None
    marked = {metric: 1 - float(np.mean(v.trusted(metric))) for metric in shown or v.metrics}
    worst = max(marked, key=marked.__getitem__)
    if marked[worst] <= WORTH_A_WORD:
        return None
    halved = v.settings["sampler"] == "halving"
    done = f"{v.n_permutations:,} {'halved orders' if halved else 'permutations'}"
    enough = v.enough_orders()
    cure = f"{f'{enough:,} permutations' if plain else f'permutations={enough}'} would be enough"
    if not halved:
        cure += FEWER if plain else f"{FEWER} (sampler='halving')"
    return (
        f"{100 * marked[worst]:.0f}% of the standard errors by {worst} cannot be believed, and "
        "intervals show as ?: what moves these values most has hardly happened in "
        f"{done}; {cure}"
    )
