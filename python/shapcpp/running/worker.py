"""The work of a worker process: permutations of a problem that is sent to it once."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core
from shapcpp.machine import memory
from shapcpp.problem.recipe import Recipe
from shapcpp.problem.sampling import Sampling
from shapcpp.results.tally import Tally

__all__ = ["Inputs", "OtherVersionError", "Task", "TaskResult", "carry_out", "drop", "widened"]


class OtherVersionError(RuntimeError):
    """The worker has another version of the package than the process that sent the task."""


class DroppedError(Exception):
    """Nobody is waiting for the task any more."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """A problem on its way to a worker.

    Attributes
    ----------
    key : str
        Identifies the problem: equal keys mean equal arguments.
    recipe : Recipe
        The arguments that make the game.
    """

    key: str
    recipe: Recipe


@dataclass(frozen=True)
class Task:
    """The permutations ``[first, end)`` of the problem with this key."""

    key: str
    run: str  # of one call of `value`
    first: int
    end: int
    sampling: Sampling
    threads: int
    weights_kept: NDArray[np.int64] | None = field(default=None, compare=False)
    version: str = _core.__version__


@dataclass(frozen=True, eq=False)
class TaskResult:
    """The tally of a task, and the worker that did it.

    Attributes
    ----------
    process : str
        Identifies the process that did the task.
    thread : int
        The thread that did the task.
    had_inputs : bool
        Whether the process had the inputs before the task came.
    tally : Tally or None
        None: the process lacks the inputs and has done nothing.
    full_counts : ndarray of int64 or None
        Counts of the grand coalition.
    seconds : float
        Time that the permutations took.
    failed : str
        The reason, if the task ended before its last permutation: a fit missed its tolerance.
    """

    process: str
    thread: int
    had_inputs: bool
    tally: Tally | None = None
    full_counts: NDArray[np.int64] | None = None
    seconds: float = 0.0
    failed: str = ""


class ProblemCache:
    """Keeps the last problem that this process was sent."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self._lock = threading.Lock()  # other threads wait while one of them makes the problem
        self._key = ""
        self._game: tuple[_core.Game, _core.Score] | None = None
        self._sampler: tuple[tuple[str, Sampling], _core.Sampler] | None = None

    def find(
        self, task: Task, inputs: Inputs | None
    ) -> tuple[bool, tuple[_core.Game, _core.Score] | None]:
        """Returns whether the problem was cached, and the problem, made from inputs if needed."""
        with self._lock:
            was_there = self._key == task.key
            if not was_there and inputs is not None:
                self._key, self._game, self._sampler = "", None, None  # room for the next
                recipe = inputs.recipe
                room = task.sampling.vote_room(*recipe.shape)
                memory.check_fits(partial(recipe.bytes_needed, **room), task.threads)
                game = recipe.game()
                self._game = (game, _core.grand_coalition(game))
                self._key = task.key
            return was_there, self._game if self._key == task.key else None

    def sampler(
        self, task: Task, game: _core.Game, report: Callable[[int], object]
    ) -> _core.Sampler:
        """The engine's sampler, made once for problem and sampling."""
        key = (task.key, task.sampling)
        with self._lock:
            if self._sampler is None or self._sampler[0] != key:
                self._sampler = (key, task.sampling.prepare(game, report))
            return self._sampler[1]

    def after_fork(self) -> None:
        """Resets identity and lock in a forked child, where no thread holds the lock."""
        self.process = uuid.uuid4().hex
        self._lock = threading.Lock()


cache = ProblemCache()
os.register_at_fork(after_in_child=cache.after_fork)
dropped: set[str] = set()


def drop(run: str) -> None:
    """Ends the tasks of a run that are under way in this process."""
    dropped.add(run)


def carry_out(task: Task, inputs: Inputs | None) -> TaskResult:
    """Does the task if the problem is cached or attached; otherwise reports that it is missing."""
    if task.version != _core.__version__:
        raise OtherVersionError(
            f"a worker has shapcpp {_core.__version__}, this process {task.version}"
        )
    was_there, found = cache.find(task, inputs)
    result = TaskResult(cache.process, threading.get_ident(), was_there)
    if found is None:
        return result
    game, grand_coalition = found
    tally = task.sampling.new_tally(game, task.weights_kept)
    failed = ""

    def stop_if_dropped(_done: int) -> None:
        if task.run in dropped:
            raise DroppedError

    start = time.perf_counter()
    try:
        sampler = cache.sampler(task, game, stop_if_dropped)
        start = time.perf_counter()
        task.sampling.draw(
            game,
            sampler,
            grand_coalition,
            tally,
            first=task.first,
            count=task.end - task.first,
            threads=task.threads,
            report=stop_if_dropped,
        )
    except _core.ConvergenceError as error:
        failed = str(error)
    return replace(
        result,
        tally=_narrowed(Tally.of(tally)),
        full_counts=grand_coalition.values,
        seconds=time.perf_counter() - start,
        failed=failed,
    )


def widened(t: Tally) -> Tally:
    """Returns the tally in the 64-bit integers that it had before sending."""
    return _each_array(t, lambda array: array.astype(np.int64))


def _narrowed(t: Tally) -> Tally:
    """Returns the tally in the smallest integers that hold it, up to eight times smaller."""
    return _each_array(t, _smallest)


def _each_array(t: Tally, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Tally:
    votes = None if t.vote_counts is None else change(t.vote_counts)
    return replace(t, gains=change(t.gains), moments=change(t.moments), vote_counts=votes)


def _smallest(array: NDArray[np.int64]) -> NDArray[Any]:
    for kind in (np.int8, np.int16, np.int32):
        limits = np.iinfo(kind)
        if limits.min <= array.min(initial=0) and array.max(initial=0) <= limits.max:
            return array.astype(kind)
    return array
