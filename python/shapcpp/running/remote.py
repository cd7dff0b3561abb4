"""Who does the walks of a run: the workers of an executor, on this machine or on many."""

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
from shapcpp.problem.request import LAST, Request
from shapcpp.results.tally import Sums
from shapcpp.running import worker
from shapcpp.running.transports import WorkerError, WorkerWarning, office_of
from shapcpp.running.worker import Answer, Inputs, OtherVersionError, Task, widened

__all__ = ["Workers"]

TICK = 0.1  # seconds between reports
TASK = 1.0  # seconds that a task should take
SHORTEST = 0.05  # the same, near the end, where tasks are small so that all workers end together
SHARE_OF_ADDING = 0.25  # of this process's time, at most
FORGETS = 0.2  # weight of the last answer in what is known of answers
IN_FLIGHT = 2  # tasks per worker: one that it does, one that waits for it
ATTEMPTS = 4  # at one task
SAID_AFTER, SAID_AGAIN = 3.0, 4.0  # seconds of waiting, and so many times as many


@dataclass(frozen=True)
class _Walks:
    """Some walks that are to be done, and what became of them so far."""

    first: int
    end: int
    failures: int = 0
    with_inputs: bool = False


class _Patience:
    """Says for whom a run waits: soon, and then at ever longer intervals."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._next = 0.0

    def wait(self, why: str) -> None:
        """Is told `why` several times a second; nothing where it does not wait."""
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


class Workers:
    """The workers of an executor.

    Each is sent the inputs once, and then one small task after the other: a range of walks,
    as large as a second allows. What comes back is added up here. A task whose worker is
    lost is sent again.

    Parameters
    ----------
    request : Request
        What to do.
    executor : Executor
        Who does it.
    key : str
        Names the problem, for workers that have done some of it before.
    learn : callable
        Is told the counts of the coalition of all samples, by every worker.
    """

    least = LAST  # pieces need no end for its sake: it yields sums all the time

    def __init__(
        self,
        request: Request,
        executor: Executor,
        key: str,
        learn: Callable[[NDArray[np.int64]], object],
    ) -> None:
        self._learn = learn
        self._task = Task(
            key=key,
            run=uuid.uuid4().hex,
            first=0,
            end=0,
            seed=request.seed,
            halving=request.halving,
            threads=request.threads,
        )
        self._office = office_of(executor, Inputs(key, request.arguments()))
        self._patience = _Patience()
        self._is_open = False
        self._seconds = 0.0  # that a worker takes for a walk, once known
        self._adding = 0.0  # seconds that it takes here to add an answer to the others
        self._seen: set[tuple[str, int]] = set()  # workers
        self._lacking: set[str] = set()  # processes that lack the inputs
        self._in_flight: dict[Future[Answer], _Walks] = {}
        self._back: list[_Walks] = []  # came back undone
        self._full_counts: NDArray[np.int64] | None = None
        self._done: queue.SimpleQueue[Future[Answer]] = queue.SimpleQueue()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()

    def do(self, first: int, end: int, report: Callable[[int], object]) -> Iterator[Sums]:
        """As `course.Walker` has it."""
        done, not_sent = 0, first

        def waits(why: str) -> None:
            self._patience.wait(why)
            report(0)

        try:
            if not self._is_open:
                self._office.open(waits)
                self._is_open = True
            while done < end - first:
                not_sent = self._send(not_sent, end)
                for sums in self._answers():
                    done += sums.n_walks
                    start = time.perf_counter()
                    yield sums
                    self._adding += FORGETS * (time.perf_counter() - start - self._adding)
                self._patience.wait(self._office.nobody(self._in_flight))
                report(done)
        except GeneratorExit:
            raise
        except BaseException:
            self._drop()
            yield from self._finished()
            raise

    def _send(self, not_sent: int, end: int) -> int:
        """Sends as many tasks as should be under way; returns where the walks not sent begin."""
        workers = self._office.workers(len(self._seen))
        on_their_way = sum(walks.with_inputs for walks in self._in_flight.values())
        while len(self._in_flight) < IN_FLIGHT * workers:
            if self._back:
                walks = self._back.pop()
            elif not_sent < end:
                walks = _Walks(not_sent, not_sent + self._size(end - not_sent, workers))
                not_sent = walks.end
            else:
                break
            walks = replace(walks, with_inputs=on_their_way < len(self._lacking))
            on_their_way += walks.with_inputs
            task = replace(self._task, first=walks.first, end=walks.end)
            try:
                future = self._office.send(task, walks.with_inputs)
            except Exception as error:
                raise WorkerError(f"the executor takes no more tasks: {_told(error)}") from error
            self._in_flight[future] = walks
            future.add_done_callback(self._done.put)
        return not_sent

    def _size(self, left: int, workers: int) -> int:
        """Walks of the next task: a second's, or a fair share of what is left if that is less.

        Of more than a second where players and workers are so many that adding up what comes
        back would take this process all its time.
        """
        if not self._seconds:
            return min(left, self._task.threads)
        seconds = max(TASK, self._adding * workers / SHARE_OF_ADDING)
        fair = left / (IN_FLIGHT * workers)
        walks = max(min(seconds / self._seconds, fair), SHORTEST / self._seconds, 1)
        return min(left, int(walks))

    def _answers(self) -> Iterator[Sums]:
        """The sums of the answers that are there, after waiting a moment for the first."""
        try:
            future = self._done.get(timeout=TICK)
            while True:
                answer = self._read(future)
                if answer is not None and answer.sums is not None:
                    yield widened(answer.sums)
                    if answer.failed:
                        raise _core.ConvergenceError(answer.failed)
                future = self._done.get_nowait()
        except queue.Empty:
            self._office.check()

    def _read(self, future: Future[Answer]) -> Answer | None:
        """The answer that a future holds; None if it holds none."""
        walks = self._in_flight.pop(future)
        error = CancelledError() if future.cancelled() else future.exception()
        if error is not None:
            self._take_back(walks, error)
            return None
        answer = future.result()
        self._seen.add((answer.process, answer.thread))
        if answer.sums is None:
            self._lacking.add(answer.process)
            self._back.append(walks)
            return answer
        self._lacking.discard(answer.process)
        if walks.with_inputs and answer.had_inputs:
            self._lacking.clear()  # whoever still lacks them says so again
        self._compare(answer)
        measured = answer.seconds / (walks.end - walks.first)
        before = self._seconds or measured
        self._seconds = before + FORGETS * (measured - before)
        return answer

    def _take_back(self, walks: _Walks, error: BaseException) -> None:
        """What failed is done again, unless that is of no use."""
        if isinstance(error, InsufficientMemoryError):
            raise InsufficientMemoryError(f"on a worker, {error}") from error
        if isinstance(error, _core.ConvergenceError):
            raise error
        if isinstance(error, BrokenExecutor):
            raise WorkerError(f"the executor is broken: {_told(error)}") from error
        if isinstance(error, OtherVersionError) or walks.failures + 1 == ATTEMPTS:
            which = f"permutations {walks.first} to {walks.end - 1}"
            times = f"{walks.failures + 1} time{'s' * (walks.failures > 0)}"
            raise WorkerError(f"{which} failed {times}, last by {_told(error)}") from error
        self._back.append(replace(walks, failures=walks.failures + 1))

    def _compare(self, answer: Answer) -> None:
        """All workers must agree on the coalition of all samples."""
        assert answer.full_counts is not None
        if self._full_counts is None:
            self._full_counts = answer.full_counts
            self._learn(answer.full_counts)
        elif not np.array_equal(self._full_counts, answer.full_counts):
            raise WorkerError(
                f"workers count {self._full_counts.tolist()} and {answer.full_counts.tolist()} "
                "correct predictions for the same coalition; one of them is broken"
            )

    def _drop(self) -> None:
        """Nothing that is under way is waited for any more."""
        if self._in_flight:
            worker.drop(self._task.run)
        for future in list(self._in_flight):
            future.cancel()

    def _finished(self) -> Iterator[Sums]:
        """The sums that have come back when the rest was dropped."""
        while not self._done.empty():
            future = self._done.get()
            self._in_flight.pop(future, None)
            if future.cancelled() or future.exception() is not None:
                continue
            sums = future.result().sums
            if sums is not None:
                yield widened(sums)


def _told(error: BaseException) -> str:
    """An error in a line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
