"""Time and memory of a run, from a few seconds of measuring on its own data."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core
from shapcpp.machine import memory
from shapcpp.problem.problem import Problem
from shapcpp.problem.reduction import Reduction
from shapcpp.problem.sampling import Sampling

__all__ = ["RunCost", "check_fits", "duration", "measured_cost"]

BUDGET = 3.0  # seconds of measuring, roughly
WORTH_READING = 0.05  # seconds: a faster walk is repeated
FIRST_SIZE = 64
FEW = 64  # directions that a run which does not fit is told of
MANY_FEATURES, FIRST_SIZE_OF_MANY = 200, 8  # with this many features every fit is long
MOST_SIZES_FITTED = 4
LEAST_POWER, MOST_POWER = 0.9, 2.0  # early joins cost most where the test set is large
MOST_POWER_OF_MANY = 3.0  # where larger subsets also span more of the features
LEAST_FACTOR = 1.2  # factor by which a measured time may be wrong
DOUBT = 0.15  # amount by which the power may be wrong


@dataclass(frozen=True)
class RunCost:
    """Time and memory that a run will take, and the measurements behind them.

    Returned by `estimate_cost`; ``print`` shows it in a sentence or two.

    Attributes
    ----------
    seconds : float
        Wall-clock time of the whole run, not counting the reading of files.
    bytes : int
        The most memory that the run allocates, beyond its arguments as 64-bit arrays.
    permutations, threads, players : int
        Number of permutations (the largest possible if the results decide it), of threads that
        have work to do, and of players (samples or groups) that join in each permutation.
    measured : tuple of (int, float)
        Number of players that joined, and seconds that a permutation of them took while every
        thread worked on one; in order of size.
    power : float
        Beyond the largest size measured, the time of a permutation is assumed to grow with this
        power of the number of players.
    factor : float
        The time is expected to lie between `seconds` divided and multiplied by this factor, if
        the machine stays as busy as it was.
    ends_early : bool
        Whether a rule may end the run before all these permutations are done.
    shorter : tuple of str
        For a run of more than a minute: what would make it shorter, and by how much. With many
        features, what a few principal directions would cost, and the share of the variance that
        they keep.
    remark : str
        A sentence about what makes the run long, where the model has more weights than it is
        meant for; else empty.
    """

    seconds: float
    bytes: int
    permutations: int
    threads: int
    players: int
    measured: tuple[tuple[int, float], ...]
    power: float
    factor: float
    ends_early: bool = False
    shorter: tuple[str, ...] = ()
    remark: str = ""

    def __str__(self) -> str:
        size = self.measured[-1][0]
        basis = f"measured with all {size:,} joining"
        span = f"about {duration(self.seconds)}"
        if size < self.players:
            basis = f"extrapolated from {size:,} joining, of {self.players:,}"
            span = (
                f"{duration(self.seconds / self.factor)} to {duration(self.seconds * self.factor)}"
            )
        upto = "up to " if self.ends_early else ""
        work = f"{upto}{self.permutations:,} permutation{'s' * (self.permutations > 1)}"
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return (
            f"time: {span} for {work} on {threads}, {basis}\n"
            f"memory: about {memory.readable(self.bytes)} beyond the features"
            + "".join(f"\nshorter: {way}" for way in self.shorter)
            + (f"\nnote: {self.remark}" if self.remark else "")
        )


def measured_cost(
    problem: Problem,
    sampling: Sampling,
    threads: int,
    ends_early: bool = False,
    budget: float = math.nan,
    alone: bool = False,
) -> RunCost:
    """The cost of a run, from a few seconds of measuring; `estimate_cost` is the public call.

    `alone` measures on the calling thread, as is right while other threads are busy anyway.
    """
    permutations = sampling.max_orders(problem)
    threads = min(threads, permutations)
    budget = BUDGET if math.isnan(budget) else budget
    setup, measured = _measure(problem, sampling, 1 if alone else threads, budget)
    size, one = measured[-1]
    n = problem.n_players
    spans_more = sampling.sampler == "halving" and size < min(problem.n_columns, n)
    power = _power(measured, MOST_POWER_OF_MANY if spans_more else MOST_POWER)
    rounds = math.ceil(permutations / threads)
    return RunCost(
        seconds=setup + rounds * one * (n / size) ** power,
        bytes=sampling.bytes_needed(problem, threads) + sampling.trace_bytes(problem),
        permutations=permutations,
        threads=threads,
        players=n,
        measured=measured,
        power=power,
        factor=LEAST_FACTOR * (n / size) ** DOUBT,
        ends_early=ends_early,
        remark=problem.remark,
    )


def check_fits(problem: Problem, sampling: Sampling, threads: int, elsewhere: bool = False) -> None:
    """Raises MemoryError if the run, or the part of it in this process, cannot fit in memory."""
    trace = sampling.trace_bytes(problem)

    def needed(threads: int, problem: Problem = problem) -> int:
        return trace + (0 if elsewhere else sampling.bytes_needed(problem, threads))

    smaller = None
    if problem.has_all_features and problem.n_columns > FEW:
        narrow = replace(problem, reduction=Reduction(FEW))
        smaller = (
            f"components={FEW}, principal directions instead of all features",
            partial(needed, problem=narrow),
        )
    # A kernel has as many features as there are training samples, whatever was given.
    is_map = problem.kernel is not None and problem.kernel.is_map
    counted = "samples" if is_map else "samples or features"
    memory.check_fits(needed, min(threads, sampling.max_orders(problem)), trace, smaller, counted)


def _measure(
    problem: Problem, sampling: Sampling, threads: int, budget: float
) -> tuple[float, tuple[tuple[int, float], ...]]:
    """Measures the seconds of the set-up, and of a permutation at several sizes."""
    start = time.perf_counter()
    order, n, d = _order(problem), problem.n_players, problem.n_columns
    measured = []
    size = min(FIRST_SIZE_OF_MANY if d > MANY_FEATURES else FIRST_SIZE, n)
    while True:
        began = time.perf_counter()
        game = problem.game(order[:size])
        grand_coalition = _core.grand_coalition(game)
        setup = time.perf_counter() - began
        sampler = sampling.prepare(game)
        pilot = time.perf_counter() - began - setup
        one = _seconds_of_one(
            sampling, threads, game, sampler, grand_coalition, problem.weights_kept
        )
        measured.append((size, one))
        now = time.perf_counter()
        # Twice the size takes two to three times as long.
        if size == n or (now - start) + 2.5 * (now - began) > budget:
            break
        size = min(2 * size, n)
    whole, part = (k + len(problem.y_test) for k in (n, size))
    pilot *= (min(n, d) / min(size, d)) ** 2  # by how many features are spanned
    return setup * whole / part + pilot, tuple(measured)


def _order(problem: Problem) -> NDArray[np.int64]:
    """Orders players at random so that every prefix has the class shares of the whole.

    The first two players have different classes, however rare a class is. A group has the class
    of its first sample.
    """
    first = np.unique(problem.players, return_index=True)[1]
    of_class = problem.y[first]
    rng = np.random.default_rng(0)
    place = np.empty(len(first))
    for label in problem.classes:
        members = rng.permutation(np.flatnonzero(of_class == label))
        place[members] = np.arange(len(members)) / max(len(members), 1)
    return np.argsort(place, kind="stable")


def _seconds_of_one(
    sampling: Sampling,
    threads: int,
    game: _core.Game,
    sampler: _core.Sampler,
    grand_coalition: _core.Score,
    weights: NDArray[np.int64] | None,
) -> float:
    """Measures the seconds of a permutation while every thread works on one."""
    rounds = 1
    while True:
        tally = sampling.new_tally(game, weights)
        start = time.perf_counter()
        sampling.draw(
            game,
            sampler,
            grand_coalition,
            tally,
            first=0,
            count=rounds * threads,
            threads=threads,
        )
        seconds = time.perf_counter() - start
        if seconds > WORTH_READING:
            return seconds / rounds
        rounds *= 2


def duration(seconds: float) -> str:
    """A time to two digits: "0.42 s", "12 min", "3.5 h"."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= 2 * length or unit == "s":
            number = float(f"{seconds / length:.2g}")
            return f"{number:,.0f} {unit}" if number >= 10 else f"{number:g} {unit}"
    raise AssertionError


def _power(measured: tuple[tuple[int, float], ...], most: float = MOST_POWER) -> float:
    """The power of the size by which the time of a permutation grows, at the last sizes."""
    sizes, seconds = np.log(measured[-MOST_SIZES_FITTED:]).T
    if len(sizes) < 2:
        return LEAST_POWER
    return float(np.clip(np.polyfit(sizes, seconds, 1)[0], LEAST_POWER, most))
