"""Certainty: half-widths of intervals, and the ranks that intervals settle.

Everything here concerns means of independent units. A unit is a permutation; its contribution is
the change that a player makes in it. docs/statistics.md has the theorems, and how often the
intervals were right.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from shapcpp.results.student_t import student_quantile

__all__ = [
    "FEWEST",
    "METHODS",
    "anytime_multiple",
    "bernstein_reach",
    "certainly_lowest",
    "largest_likely",
    "reach",
    "student_multiple",
]

Floats = NDArray[np.float64]

METHODS = ("student", "anytime", "bernstein")
TIGHTEST = 2000  # units at which the anytime interval is tuned
FEWEST = 100  # units below which nothing is called certain


def student_multiple(units: int, error: float) -> float:
    """Half-width, in standard errors, of an interval that misses with probability `error`.

    Valid at one fixed number of units. Exact for normal contributions (Student), asymptotic for
    others.
    """
    return student_quantile(error / 2, units - 1)


def anytime_multiple(units: int, error: float) -> float:
    """Half-width, in standard errors, of an interval that holds at all numbers of units at once.

    The probability that it misses at any of them is at most `error`.

    Exact for normal contributions (Lai 1976, Wang and Ramdas 2025); asymptotic for others, where
    it becomes Robbins' mixture with estimated variance (Waudby-Smith et al. 2024). Infinite for the
    first few units.
    """
    # The likelihood ratio of means drawn from N(0, deviation^2 / prior) against zero, with the
    # deviation integrated out, is a martingale: the probability that it ever reaches 1/error is at
    # most `error`. It reaches 1/error where |mean| / standard error reaches the returned number.
    log_error = math.log(error)
    prior = TIGHTEST / (1 - 2 * log_error + math.log(1 - 2 * log_error))
    both = units + prior
    share = -math.expm1((2 * log_error + math.log(prior / both)) / units)
    room = units - share * both
    return math.sqrt(share * both * (units - 1) / room) if room > 0 else math.inf


def largest_likely(variance: Floats, units: int, largest: float) -> float:
    """Size of contributions that extreme intervals assume when they allow for skewness.

    Contributions are large where few players have joined before. The size returned is that of
    contributions whose variance comes only from the permutations in which the player is first, one
    in `n_players`; it is never larger than the score's range.
    """
    of_a_unit = float(np.mean(variance)) * units
    return min(largest, math.sqrt(len(variance) * of_a_unit))


def reach(variance: Floats, units: int, multiple: float, skewed_by: float) -> Floats:
    """Half-widths of intervals around means.

    Parameters
    ----------
    variance : ndarray of float64
        Estimated variance of each mean.
    units : int
        Independent units, at least 2.
    multiple : float
        Number of standard errors.
    skewed_by : float
        Bound on the third moment of contributions divided by their variance, in units of the mean;
        0 makes no allowance for skewness.

    Returns
    -------
    ndarray of float64
        ``multiple`` standard errors, plus the largest shift that skewness can cause, to second
        order, in the quantile of a studentised mean (Hall 1987).
    """
    if math.isinf(multiple):
        return np.full_like(variance, np.inf)
    shift = (2 * multiple**2 + 1) / 6 * skewed_by / units
    half: Floats = multiple * np.sqrt(variance) + shift
    return half


def bernstein_reach(variance: Floats, units: int, error: float, largest: float) -> Floats:
    """Half-widths of intervals at one fixed number of units, without an approximation.

    Parameters
    ----------
    variance, units
        As for `reach`.
    error : float
        Probability that a single interval misses.
    largest : float
        Bound on the absolute value of a contribution.

    Returns
    -------
    ndarray of float64
        The empirical Bernstein bound (Maurer and Pontil 2009, theorem 4), on both sides.
    """
    log = math.log(4 / error)
    half: Floats = np.sqrt(2 * log * variance) + 14 * largest * log / (3 * (units - 1))
    return half


def certainly_lowest(
    low: Floats, high: Floats, players: NDArray[np.int64], count: int
) -> NDArray[np.int8]:
    """Verdicts on which samples are among the lowest, wherever values lie in their intervals.

    Parameters
    ----------
    low, high : ndarray of float64, shape (n_players,)
        Intervals of the players' values; infinite where nothing is known.
    players : ndarray of int64, shape (n,)
        The player of each sample: samples of one player have the same value.
    count : int
        How many samples are the lowest; equal values are ordered by sample.

    Returns
    -------
    ndarray of int8, shape (n,)
        1 where a sample is among the lowest for all values in the intervals, -1 where it is for
        none, 0 otherwise.
    """
    n = len(players)
    samples = np.arange(n)
    # Interval ends become integers, ordered by end and then by sample.
    ends = np.unique(np.concatenate([low, high]), return_inverse=True)[1].reshape(2, -1)
    lows, highs = ends[:, players] * n + samples
    before = np.searchsorted(np.sort(highs), lows, side="left")
    after = n - np.searchsorted(np.sort(lows), highs, side="right")
    # Samples of one player share a value, known or not, so the order of samples decides.
    order = np.argsort(players, kind="stable")
    sizes = np.bincount(players)
    place = np.empty(n, dtype=np.int64)
    place[order] = samples - np.repeat(np.cumsum(sizes) - sizes, sizes)
    unknown = (low < high)[players]
    before += np.where(unknown, place, 0)
    after += np.where(unknown, sizes[players] - 1 - place, 0)
    answer: NDArray[np.int8] = (after >= n - count).astype(np.int8) - (before >= count).astype(
        np.int8
    )
    return answer
