"""Certainty: half-widths of intervals, and the ranks that intervals settle.

All is about means of independent units: a unit is a permutation, and its contribution is what a
player changes in it. docs/statistics.md has the theorems, and how often the intervals were right.
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
    """Standard errors to either side that miss the mean with a probability of `error`.

    For one fixed number of units. Exact for normal contributions (Student), asymptotic for others.
    """
    return student_quantile(error / 2, units - 1)


def anytime_multiple(units: int, error: float) -> float:
    """Standard errors to either side that ever miss, at any number of units, with that probability.

    Exact for normal contributions (Lai 1976, Wang and Ramdas 2025); for others asymptotic, when
    it becomes Robbins' mixture with estimated variance (Waudby-Smith et al. 2024). Infinite for the
    first few units.
    """
    # The likelihood ratio of means drawn from N(0, deviation^2 / prior) against zero, the deviation
    # integrated out, is a martingale: it ever reaches 1/error with probability `error` at most.
    # The ratio does so where (mean / standard error)^2 reaches the square of what is returned.
    log_error = math.log(error)
    prior = TIGHTEST / (1 - 2 * log_error + math.log(1 - 2 * log_error))
    both = units + prior
    share = -math.expm1((2 * log_error + math.log(prior / both)) / units)
    room = units - share * both
    return math.sqrt(share * both * (units - 1) / room) if room > 0 else math.inf


def largest_likely(variance: Floats, units: int, largest: float) -> float:
    """Size of contributions for whose skewness intervals far out allow.

    Contributions are large where few players have joined before. If all variance came from the
    permutations in which a player is the first, one in `n_players`, they would be as large as
    that; never larger than the score's range.
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
        Of standard errors.
    skewed_by : float
        Bound on the third moment of contributions over their variance: in units of the mean. 0
        allows for no skewness.

    Returns
    -------
    ndarray of float64
        ``multiple`` standard errors, and by how much skewness can shift the quantile of a
        studentised mean to second order (Hall 1987).
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
        Probability that an interval misses, for each.
    largest : float
        No contribution is larger in size.

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
    """Samples that are among the lowest wherever values lie in their intervals.

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
        1 where a sample is among them for all values in the intervals, -1 where it is for
        none, 0 otherwise.
    """
    n = len(players)
    samples = np.arange(n)
    # Ends of intervals as integers in the order of (end, sample).
    ends = np.unique(np.concatenate([low, high]), return_inverse=True)[1].reshape(2, -1)
    lows, highs = ends[:, players] * n + samples
    before = np.searchsorted(np.sort(highs), lows, side="left")
    after = n - np.searchsorted(np.sort(lows), highs, side="right")
    # Samples of the same player share a value, known or not: their own order counts.
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
