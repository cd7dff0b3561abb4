"""Uncertified signs of margins, and how many of them a result may contain."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapcpp.results.tally import Tally

__all__ = ["UncertifiedError", "check", "share_of", "signs_of"]

MOST = 1e-3  # share of all signs that may be uncertified
MOST_SO_FAR = 1e-2  # the same while a run is under way: its first coalitions are not typical


class UncertifiedError(ValueError):
    """Double precision cannot tell the signs of too many margins: their values would be guesses.

    Attributes
    ----------
    partial : Valuation
        The permutations completed. Uncertified signs count as the smallest label in it.
    """

    partial: Any = None


def share_of(tally: Tally, n_test: int) -> float:
    """The share of all signs that is uncertified."""
    if tally.uncertified == 0:
        return 0.0
    return min(tally.uncertified / max(signs_of(tally, n_test), 1), 1.0)


def signs_of(tally: Tally, n_test: int) -> int:
    """Number of signs that the run evaluated."""
    # The grand coalition is scored once but counts in every permutation.
    return (tally.stats.get("coalitions", 0) + tally.n_permutations) * n_test


def check(tally: Tally, n_test: int, fault: Callable[[], str], under_way: bool = False) -> None:
    """Raises UncertifiedError, which names the fault, if too many signs are uncertified."""
    for share, of_all in ((share_of(tally, n_test), "margins"), (_share_of_votes(tally), "votes")):
        if share > (MOST_SO_FAR if under_way else MOST):
            raise UncertifiedError(
                f"the signs of {share:.2%} of all {of_all} are below what double precision can "
                f"tell, more than {MOST:.1%}: {fault()}"
            )


def _share_of_votes(tally: Tally) -> float:
    uncertified = tally.stats.get("vote_uncertified", 0)
    if uncertified == 0 or tally.vote_counts is None:
        return 0.0
    return uncertified / max(int(tally.vote_counts.sum()), 1)
