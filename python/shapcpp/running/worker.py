"""What a worker does: some walks of a problem that it is sent once, wherever it runs."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core
from shapcpp.machine import memory
from shapcpp.results.tally import Sums

__all__ = ["Answer", "Inputs", "OtherVersionError", "Task", "drop", "walk", "widened"]


class OtherVersionError(RuntimeError):
    """The worker has another version of the package than the process that sent the task."""


class DroppedError(Exception):
    """Nobody waits for the task any more."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """A problem on its way to a worker.

    Attributes
    ----------
    key : str
        Names the problem: the same key, the same arguments.
    arguments : dict
        Of `_core.Problem`.
    """

    key: str
    arguments: dict[str, Any] = field(repr=False)

    def bytes_needed(self, threads: int) -> int:
        """Memory that the walks allocate on so many threads, beyond the inputs."""
        a = self.arguments
        return _core.footprint(
            n_samples=len(a["X"]),
            n_test=len(a["X_test"]),
            n_features=a["X"].shape[1],
            n_players=int(a["players"].max()) + 1,
            n_classes=len(a["empty_counts"]),
            threads=threads,
        )


@dataclass(frozen=True)
class Task:
    """The walks ``[first, end)`` of the problem of that key."""

    key: str
    run: str  # of one call of `value`
    first: int
    end: int
    seed: int
    halving: bool
    threads: int
    version: str = _core.__version__


@dataclass(frozen=True, eq=False)
class Answer:
    """What came of a task.

    Attributes
    ----------
    process : str
        Names the process that answers.
    thread : int
        Which of its threads.
    had_inputs : bool
        Whether they were there before the task came.
    sums : Sums or None
        None: it lacks the inputs, and has done nothing.
    full_counts : ndarray of int64 or None
        Of the coalition of all samples.
    seconds : float
        That the walks took.
    failed : str
        Why the walks ended before the last, if they did: a fit missed its tolerance.
    """

    process: str
    thread: int
    had_inputs: bool
    sums: Sums | None = None
    full_counts: NDArray[np.int64] | None = None
    seconds: float = 0.0
    failed: str = ""


class Held:
    """The problem that this process holds. One only: the next takes its place."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self._lock = threading.Lock()  # other threads wait while one of them makes the problem
        self._key = ""
        self._problem: tuple[_core.Problem, _core.Score] | None = None
        self._halving: tuple[tuple[str, int], _core.Halving] | None = None

    def find(
        self, key: str, inputs: Inputs | None, threads: int
    ) -> tuple[bool, tuple[_core.Problem, _core.Score] | None]:
        """Whether the problem was there, and the problem: made if there are inputs for it."""
        with self._lock:
            was_there = self._key == key
            if not was_there and inputs is not None:
                self._key, self._problem, self._halving = "", None, None  # room for the next
                memory.check_fits(inputs.bytes_needed, threads)
                problem = _core.Problem(**inputs.arguments)
                self._problem = (problem, _core.everyone(problem))
                self._key = key
            return was_there, self._problem if self._key == key else None

    def halving(
        self, task: Task, problem: _core.Problem, report: Callable[[int], object]
    ) -> _core.Halving:
        """What halving needs, made once for the problem and the seed."""
        with self._lock:
            if self._halving is None or self._halving[0] != (task.key, task.seed):
                self._halving = ((task.key, task.seed), _core.Halving(problem, task.seed, report))
            return self._halving[1]

    def after_fork(self) -> None:
        """The child is a process of its own, and no thread in it holds the lock."""
        self.process = uuid.uuid4().hex
        self._lock = threading.Lock()


held = Held()
os.register_at_fork(after_in_child=held.after_fork)
dropped: set[str] = set()


def drop(run: str) -> None:
    """Ends the tasks of that run that are under way in this process."""
    dropped.add(run)


def walk(task: Task, inputs: Inputs | None) -> Answer:
    """Does the task if the problem is here or comes along; else says that it is not."""
    if task.version != _core.__version__:
        raise OtherVersionError(
            f"a worker has shapcpp {_core.__version__}, this process {task.version}"
        )
    was_there, found = held.find(task.key, inputs, task.threads)
    answer = Answer(held.process, threading.get_ident(), was_there)
    if found is None:
        return answer
    problem, everyone = found
    tally = _core.Tally(problem.n_players, len(everyone.correct))
    failed = ""

    def stop_if_dropped(_done: int) -> None:
        if task.run in dropped:
            raise DroppedError

    start = time.perf_counter()
    try:
        halving = held.halving(task, problem, stop_if_dropped) if task.halving else None
        start = time.perf_counter()
        _core.run(
            problem,
            everyone,
            tally,
            seed=task.seed,
            first=task.first,
            count=task.end - task.first,
            threads=task.threads,
            progress=stop_if_dropped,
            halving=halving,
        )
    except _core.ConvergenceError as error:
        failed = str(error)
    return replace(
        answer,
        sums=_narrowed(Sums.of(tally)),
        full_counts=everyone.correct,
        seconds=time.perf_counter() - start,
        failed=failed,
    )


def widened(sums: Sums) -> Sums:
    """Sums as they were before they were sent."""
    return replace(sums, gains=sums.gains.astype(np.int64), products=sums.products.astype(np.int64))


def _narrowed(sums: Sums) -> Sums:
    """The same sums in the smallest integers that hold them: up to eight times less to send."""
    return replace(sums, gains=_smallest(sums.gains), products=_smallest(sums.products))


def _smallest(array: NDArray[np.int64]) -> NDArray[Any]:
    for kind in (np.int8, np.int16, np.int32):
        limits = np.iinfo(kind)
        if limits.min <= array.min() and array.max() <= limits.max:
            return array.astype(kind)
    return array
