"""The backend of an executor: workers on this machine or on many."""

from __future__ import annotations

import queue
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core
from shapcpp.machine.memory import InsufficientMemoryError
from shapcpp.problem.models import ModelError
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import LAST, Sampling
from shapcpp.results.tally import Tally
from shapcpp.running import worker
from shapcpp.running.transports import WorkerError, WorkerWarning, transport_of
from shapcpp.running.worker import Inputs, OtherVersionError, Task, TaskResult, widened

__all__ = ["ExecutorBackend"]

TICK = 0.1  # seconds between reports
TASK = 1.0  # seconds that a task should take
SHORTEST = 0.05  # seconds that a task takes near the end, so that all workers end together
SHARE_OF_ADDING = 0.25  # largest share of this process's time spent on adding tallies
FORGETS = 0.2  # weight of the last task in the running means
IN_FLIGHT = 2  # tasks per worker: one under way, one waiting
ATTEMPTS = 4  # at one task
SAID_AFTER, SAID_AGAIN = 3.0, 4.0  # seconds before the first warning, and their growth factor


@dataclass(frozen=True)
class _Piece:
    """A range of permutations to draw, and the attempts at it so far."""

    first: int
    end: int
    failures: int = 0
    with_inputs: bool = False


class _Patience:
    """Warns about what a run is waiting for: soon, then at ever longer intervals."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._next = 0.0

    def wait(self, why: str) -> None:
        """Takes the reason `why` several times a second; empty while the run does not wait."""
        now = time.monotonic()
        if not why:
            self._since = None
            return
        if self._since is None:
            self._since, self._next = now, SAID_AFTER
        waited = now - self._since
        if waited >= self._next:
            self._next *= SAID_AGAIN
            warnings.warn(
                f"waiting for workers since {waited:.0f} s: {why}", WorkerWarning, stacklevel=2
            )


class ExecutorBackend:
    """Has the workers of an executor draw permutations; see `runner.Backend`.

    Each worker is sent the inputs once, and then one small task after another: a range of
    permutations that takes about a second. This process adds up the tallies that come back. A
    task whose worker is lost is sent again.

    Parameters
    ----------
    problem, sampling
        The problem, and the permutations to draw.
    threads : int
        Number of threads on which a worker does a task.
    set_full_counts : callable
        Called with the counts of the grand coalition.
    executor : Executor
        The executor whose workers draw the permutations.
    """

    min_chunk = LAST  # pieces need no end for its sake: it yields tallies all the time

    def __init__(
        self,
        problem: Problem,
        sampling: Sampling,
        threads: int,
        set_full_counts: Callable[[NDArray[np.int64]], object],
        executor: Executor,
    ) -> None:
        self._set_full_counts = set_full_counts
        self._task = Task(
            key=problem.key,
            run=uuid.uuid4().hex,
            first=0,
            end=0,
            sampling=sampling,
            threads=threads,
            weights_kept=problem.weights_kept,
        )
        inputs = Inputs(problem.key, problem.recipe())
        self._transport = transport_of(executor, inputs)
        self._patience = _Patience()
        self._is_open = False
        self._seconds = 0.0  # seconds that a worker takes for a permutation, once known
        self._adding = 0.0  # seconds that this process takes to add a tally to the others
        self._seen: set[tuple[str, int]] = set()  # workers
        self._lacking: set[str] = set()  # processes that lack the inputs
        self._in_flight: dict[Future[TaskResult], _Piece] = {}
        self._back: list[_Piece] = []  # pieces that came back undone
        self._full_counts: NDArray[np.int64] | None = None
        self._done: queue.SimpleQueue[Future[TaskResult]] = queue.SimpleQueue()

    def __enter__(self) -> ExecutorBackend:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    def do(self, first: int, end: int, report: Callable[[int], object]) -> Iterator[Tally]:
        """See `runner.Backend.do`."""
        done, not_sent = 0, first

        def waits(why: str) -> None:
            self._patience.wait(why)
            report(0)

        try:
            if not self._is_open:
                self._transport.open(waits)
                self._is_open = True
            while done < end - first:
                not_sent = self._send(not_sent, end)
                for tally in self._results():
                    done += tally.n_permutations
                    start = time.perf_counter()
                    yield tally
                    self._adding += FORGETS * (time.perf_counter() - start - self._adding)
                self._patience.wait(self._transport.nobody(self._in_flight))
                report(done)
        except GeneratorExit:
            raise
        except BaseException:
            self._drop()
            yield from self._finished()
            raise

    def last(self) -> None:
        """A task whose result was not yielded is done again, like any that was under way."""

    def _send(self, not_sent: int, end: int) -> int:
        """Sends as many tasks as should be under way; returns the first permutation not sent."""
        workers = self._transport.workers(len(self._seen))
        on_their_way = sum(piece.with_inputs for piece in self._in_flight.values())
        while len(self._in_flight) < IN_FLIGHT * workers:
            if self._back:
                piece = self._back.pop()
            elif not_sent < end:
                piece = _Piece(not_sent, not_sent + self._size(end - not_sent, workers))
                not_sent = piece.end
            else:
                break
            piece = replace(piece, with_inputs=on_their_way < len(self._lacking))
            on_their_way += piece.with_inputs
            task = replace(self._task, first=piece.first, end=piece.end)
            try:
                future = self._transport.send(task, piece.with_inputs)
            except Exception as error:
                raise WorkerError(f"the executor takes no more tasks: {_told(error)}") from error
            self._in_flight[future] = piece
            future.add_done_callback(self._done.put)
        return not_sent

    def _size(self, left: int, workers: int) -> int:
        """The number of permutations in the next task: a second's worth, or a share of the rest.

        The number is larger if adding up the tallies of many players and many workers would
        otherwise take all of this process's time.
        """
        if not self._seconds:
            return min(left, self._task.threads)
        seconds = max(TASK, self._adding * workers / SHARE_OF_ADDING)
        fair = left / (IN_FLIGHT * workers)
        count = max(min(seconds / self._seconds, fair), SHORTEST / self._seconds, 1)
        return min(left, int(count))

    def _results(self) -> Iterator[Tally]:
        """Yields the tallies that have arrived, after waiting a moment for the first."""
        try:
            future = self._done.get(timeout=TICK)
            while True:
                result = self._read(future)
                if result is not None and result.tally is not None:
                    yield widened(result.tally)
                    if result.failed:
                        raise _core.ConvergenceError(result.failed)
                future = self._done.get_nowait()
        except queue.Empty:
            self._transport.check()

    def _read(self, future: Future[TaskResult]) -> TaskResult | None:
        """Returns the result that a future holds; None if it holds none."""
        piece = self._in_flight.pop(future)
        error = CancelledError() if future.cancelled() else future.exception()
        if error is not None:
            self._take_back(piece, error)
            return None
        result = future.result()
        self._seen.add((result.process, result.thread))
        if result.tally is None:
            self._lacking.add(result.process)
            self._back.append(piece)
            return result
        self._lacking.discard(result.process)
        if piece.with_inputs and result.had_inputs:
            self._lacking.clear()  # a worker that still lacks them says so again
        self._compare(result)
        measured = result.seconds / (piece.end - piece.first)
        before = self._seconds or measured
        self._seconds = before + FORGETS * (measured - before)
        return result

    def _take_back(self, piece: _Piece, error: BaseException) -> None:
        """Queues a failed task again, unless another attempt is pointless."""
        if isinstance(error, InsufficientMemoryError):
            raise InsufficientMemoryError(f"on a worker, {error}") from error
        if isinstance(error, (_core.ConvergenceError, ModelError)):
            raise error
        if isinstance(error, BrokenExecutor):
            raise WorkerError(f"the executor is broken: {_told(error)}") from error
        if isinstance(error, OtherVersionError) or piece.failures + 1 == ATTEMPTS:
            which = f"permutations {piece.first} to {piece.end - 1}"
            times = f"{piece.failures + 1} time{'s' * (piece.failures > 0)}"
            raise WorkerError(f"{which} failed {times}, last by {_told(error)}") from error
        self._back.append(replace(piece, failures=piece.failures + 1))

    def _compare(self, result: TaskResult) -> None:
        """Checks that all workers agree on the score of the grand coalition."""
        assert result.full_counts is not None
        if self._full_counts is None:
            self._full_counts = result.full_counts
            self._set_full_counts(result.full_counts)
        elif not np.array_equal(self._full_counts, result.full_counts):
            raise WorkerError(
                f"workers count {self._full_counts.tolist()} and {result.full_counts.tolist()} "
                "correct predictions for the same coalition; one of the workers is broken"
            )

    def _drop(self) -> None:
        """Stops waiting for the tasks under way."""
        if self._in_flight:
            worker.drop(self._task.run)
        for future in list(self._in_flight):
            future.cancel()

    def _finished(self) -> Iterator[Tally]:
        """Yields the tallies that had arrived when the rest was dropped."""
        while not self._done.empty():
            future = self._done.get()
            self._in_flight.pop(future, None)
            if future.cancelled() or future.exception() is not None:
                continue
            tally = future.result().tally
            if tally is not None:
                yield widened(tally)


def _told(error: BaseException) -> str:
    """Formats an error as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
