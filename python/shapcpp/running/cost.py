"""estimate(): time and memory of a run, from a few seconds of measuring on its own data."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import _core
from shapcpp.machine import memory
from shapcpp.problem.request import ClassWeight, Empty, Request, Scale, SingleClass, check

__all__ = ["Estimate", "estimate"]

BUDGET = 3.0  # seconds of measuring, roughly
WORTH_READING = 0.05  # seconds: what is faster is walked again
FIRST_SIZE = 64
MANY_FEATURES, FIRST_SIZE_OF_MANY = 200, 8  # where every fit is long
MOST_SIZES_FITTED = 4
LEAST_POWER, MOST_POWER = 0.9, 2.0  # early joins cost most where the test set is large
MOST_POWER_OF_MANY = 3.0  # where larger subsets also span more of the features
LEAST_FACTOR, DOUBT = 1.2, 0.15  # of a measured time, and of the power


@dataclass(frozen=True)
class Estimate:
    """What a run will take, and what that is based on.

    Returned by `estimate`; ``print`` shows it in a sentence or two.

    Attributes
    ----------
    seconds : float
        Wall-clock time of the whole run, not counting the reading of files.
    bytes : int
        Memory that the run allocates at most, beyond its arguments as 64-bit arrays.
    permutations, threads, players : int
        The run: permutations, threads that find work, and players (samples or groups)
        that join in each permutation.
    measured : tuple of (int, float)
        How many players were walked, and the seconds that a permutation of so many took
        while all threads were walking one. Sizes grow.
    power : float
        The time of a permutation was taken to grow with this power of the number of
        players beyond the largest size measured.
    factor : float
        The time is expected to lie within `seconds` divided and multiplied by this, on a
        machine that is as busy as it was.
    """

    seconds: float
    bytes: int
    permutations: int
    threads: int
    players: int
    measured: tuple[tuple[int, float], ...]
    power: float
    factor: float

    def __str__(self) -> str:
        size = self.measured[-1][0]
        basis = f"measured with all {size:,} joining"
        span = f"about {_duration(self.seconds)}"
        if size < self.players:
            basis = f"extrapolated from {size:,} joining, of {self.players:,}"
            span = (
                f"{_duration(self.seconds / self.factor)} to "
                f"{_duration(self.seconds * self.factor)}"
            )
        work = f"{self.permutations:,} permutation{'s' * (self.permutations > 1)}"
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return (
            f"time: {span} for {work} on {threads}, {basis}\n"
            f"memory: about {memory.readable(self.bytes)} beyond the features"
        )


def estimate(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    permutations: int = 2000,
    seed: int = 0,
    C: float = 1.0,
    class_weight: ClassWeight = None,
    scale: Scale = None,
    empty: Empty = "majority",
    single_class: SingleClass = "constant",
    groups: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    threads: int | None = None,
    *,
    by_group: bool = True,
    true_labels: ArrayLike | None = None,
    first: int = 0,
    halving: bool = False,
    trace: int | None = None,
) -> Estimate:
    """Time and memory of a run of `value`, without doing it.

    Permutations of random subsets of the training samples, twice as large each time, are
    walked for about three seconds, all of them if that suffices. Takes longer where a
    single fit does.

    Parameters
    ----------
    X, y, X_test, y_test, permutations, seed, C, class_weight, scale, empty, single_class, \
groups, ids, threads, by_group, true_labels, first, halving, trace
        As for `value`.

    Returns
    -------
    Estimate

    Raises
    ------
    TypeError, ValueError, MemoryError
        As for `value`.
    ConvergenceError
        If a fit missed its tolerance: `value` would fail too.

    Examples
    --------
    >>> import numpy as np, shapcpp
    >>> X = np.array([[0.0], [0.2], [0.9], [1.1], [0.1]])
    >>> e = shapcpp.estimate(X, [0, 0, 1, 1, 1], [[0.0], [1.0]], [0, 1], permutations=100)
    >>> e.seconds < 1
    True
    """
    request = check(
        X,
        y,
        X_test,
        y_test,
        permutations=permutations,
        seed=seed,
        C=C,
        class_weight=class_weight,
        scale=scale,
        empty=empty,
        single_class=single_class,
        groups=groups,
        ids=ids,
        threads=threads,
        by_group=by_group,
        true_labels=true_labels,
        first=first,
        halving=halving,
        trace=trace,
    )
    request.check_fits()
    setup, measured = _measure(request)
    size, walk = measured[-1]
    spans_more = request.halving and size < min(request.X.shape[1], request.n_players)
    power = _power(measured, MOST_POWER_OF_MANY if spans_more else MOST_POWER)
    rounds = math.ceil(request.permutations / request.workers)
    return Estimate(
        seconds=setup + rounds * walk * (request.n_players / size) ** power,
        bytes=request.bytes_needed(),
        permutations=request.permutations,
        threads=request.workers,
        players=request.n_players,
        measured=measured,
        power=power,
        factor=LEAST_FACTOR * (request.n_players / size) ** DOUBT,
    )


def _measure(request: Request) -> tuple[float, tuple[tuple[int, float], ...]]:
    """Seconds to set up the whole run, and those of a permutation at each size measured."""
    start = time.perf_counter()
    order = _order(request)
    measured = []
    many = request.X.shape[1] > MANY_FEATURES
    size = min(FIRST_SIZE_OF_MANY if many else FIRST_SIZE, request.n_players)
    while True:
        began = time.perf_counter()
        problem = request.problem(order[:size])
        everyone = _core.everyone(problem)
        setup = time.perf_counter() - began
        halving = request.halving_of(problem)
        pilot = time.perf_counter() - began - setup
        measured.append((size, _seconds_of_a_walk(request, problem, everyone, halving)))
        now = time.perf_counter()
        # Twice the size takes two to three times as long.
        if size == request.n_players or (now - start) + 2.5 * (now - began) > BUDGET:
            break
        size = min(2 * size, request.n_players)
    whole, part = (n + len(request.y_test) for n in (request.n_players, size))
    spanned, of_the_part = (min(n, request.X.shape[1]) for n in (request.n_players, size))
    pilot *= (spanned / of_the_part) ** 2
    return setup * whole / part + pilot, tuple(measured)


def _order(request: Request) -> NDArray[np.int64]:
    """Players in random order, in whose every beginning classes are as frequent as in all.

    The first two are of different class, however rare one is. The class of a group is
    that of its first sample.
    """
    first = np.unique(request.players, return_index=True)[1]
    of_class = request.y[first]
    rng = np.random.default_rng(0)
    place = np.empty(len(first))
    for label in request.classes:
        members = rng.permutation(np.flatnonzero(of_class == label))
        place[members] = np.arange(len(members)) / max(len(members), 1)
    return np.argsort(place, kind="stable")


def _seconds_of_a_walk(
    request: Request,
    problem: _core.Problem,
    everyone: _core.Score,
    halving: _core.Halving | None,
) -> float:
    """Seconds of a permutation, walked or halved, while each worker is at one."""
    rounds = 1
    while True:
        tally = _core.Tally(problem.n_players, len(request.classes))
        start = time.perf_counter()
        _core.run(
            problem,
            everyone,
            tally,
            seed=request.seed,
            first=0,
            count=rounds * request.workers,
            threads=request.workers,
            halving=halving,
        )
        seconds = time.perf_counter() - start
        if seconds > WORTH_READING:
            return seconds / rounds
        rounds *= 2


def _duration(seconds: float) -> str:
    """A time to two digits: "0.42 s", "12 min", "3.5 h"."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= 2 * length or unit == "s":
            number = float(f"{seconds / length:.2g}")
            return f"{number:,.0f} {unit}" if number >= 10 else f"{number:g} {unit}"
    raise AssertionError


def _power(measured: tuple[tuple[int, float], ...], most: float = MOST_POWER) -> float:
    """By which power of the size the time of a permutation grows, at the last sizes."""
    sizes, seconds = np.log(measured[-MOST_SIZES_FITTED:]).T
    if len(sizes) < 2:
        return LEAST_POWER
    return float(np.clip(np.polyfit(sizes, seconds, 1)[0], LEAST_POWER, most))
