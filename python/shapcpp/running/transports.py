"""Transports: the ways in which tasks and inputs reach the workers of an executor."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

from shapcpp.extras import installs
from shapcpp.running import worker
from shapcpp.running.worker import Inputs, Task, TaskResult

__all__ = ["Transport", "WorkerError", "WorkerWarning", "check", "dask", "transport_of"]

ASKED_AGAIN = 2.0  # seconds between questions to Dask for the number of its workers
WAITS_FOR_SCHEDULER = 10.0  # seconds
SCHEMES = ("tcp", "tls", "ucx", "ws", "wss")


class WorkerError(RuntimeError):
    """The workers of an executor cannot go on.

    Attributes
    ----------
    partial : Valuation
        The permutations completed.
    """

    partial: Any = None


class WorkerWarning(RuntimeWarning):
    """A run is waiting for the workers of an executor; repeated for as long as it waits."""


class Transport(Protocol):
    """Sends tasks to workers."""

    def open(self, waits: Callable[[str], object]) -> None:
        """Gets ready; calls `waits` several times a second with the reason for waiting."""

    def nobody(self, in_flight: Collection[Future[TaskResult]], /) -> str:
        """The reason why no worker does any of these tasks; empty if one may be doing so."""

    def workers(self, seen: int, /) -> int:
        """The number of tasks done at a time, given that `seen` workers have answered so far."""

    def send(self, task: Task, with_inputs: bool, /) -> Future[TaskResult]:
        """Sends a task, attaching the inputs if `with_inputs`."""

    def check(self) -> None:
        """Raises WorkerError if no more results will come back."""


def check(executor: Any) -> Executor:
    """Raises TypeError if the argument is not an Executor."""
    if isinstance(executor, Executor):
        return executor
    how = ", as client.get_executor() is" if hasattr(executor, "get_executor") else ""
    raise TypeError(f"executor must be a concurrent.futures.Executor{how}, got {executor!r}")


def transport_of(executor: Executor, inputs: Inputs) -> Transport:
    """Returns the transport that suits an executor."""
    if type(executor).__module__.split(".")[0] == "distributed":
        return _Dask(executor, inputs)
    return _Pool(executor, inputs)


class _Pool:
    """Serves any Executor, of which nothing is known but that it takes tasks in turn.

    Its workers cannot be chosen, or sent anything but tasks. When a worker reports that it lacks
    the inputs, they are attached to a task.
    """

    def __init__(self, executor: Executor, inputs: Inputs) -> None:
        self._executor = executor
        self._inputs = inputs

    def open(self, waits: Callable[[str], object]) -> None:
        pass

    def nobody(self, in_flight: Collection[Future[TaskResult]]) -> str:
        began = any(future.running() or future.done() for future in in_flight)
        return "" if began or not in_flight else "the executor has begun no task"

    def workers(self, seen: int) -> int:
        for name in ("_max_workers", "max_workers", "num_workers"):
            count = getattr(self._executor, name, None)
            if isinstance(count, int) and count > 0:
                return count
        return seen + 1  # tasks beyond those of the known workers discover another, if it exists

    def send(self, task: Task, with_inputs: bool) -> Future[TaskResult]:
        return self._executor.submit(worker.carry_out, task, self._inputs if with_inputs else None)

    def check(self) -> None:
        pass


class _Dask:
    """Serves a Dask cluster: its scheduler holds the inputs and passes them on.

    Workers that join later get the inputs with their first task; workers may leave.
    """

    def __init__(self, executor: Any, inputs: Inputs) -> None:
        self._executor = executor
        self._client = executor._client
        self._inputs = inputs
        self._scattered: Any = None
        self._count = 0
        self._asked = 0.0

    def open(self, waits: Callable[[str], object]) -> None:
        first = self._client.submit(int, pure=False)  # adaptive clusters start workers for a task
        while not self._client.nthreads():
            self.check()
            waits(self.nobody(()))
            time.sleep(0.1)
        first.release()

    def workers(self, _seen: int) -> int:
        if time.monotonic() > self._asked + ASKED_AGAIN:
            self._count = sum(self._client.nthreads().values())
            self._asked = time.monotonic()
        return max(self._count, 1)

    def nobody(self, _in_flight: Collection[Future[TaskResult]]) -> str:
        address = self._client.scheduler.address
        return "" if self._count else f"the Dask scheduler at {address} has none"

    def send(self, task: Task, _with_inputs: bool) -> Future[TaskResult]:
        if self._scattered is None or self._scattered.status != "finished":  # lost with a worker
            self._scattered = self._client.scatter(self._inputs, broadcast=True, hash=False)
        options = {**self._executor._kwargs, "pure": False}
        theirs = self._client.submit(worker.carry_out, task, self._scattered, **options)
        ours: Future[TaskResult] = Future()
        ours.add_done_callback(lambda _: theirs.cancel() if ours.cancelled() else None)
        theirs.add_done_callback(lambda _: _copy(theirs, ours))
        return ours

    def check(self) -> None:
        if self._client.status not in ("running", "connecting"):
            raise WorkerError("the connection to the Dask scheduler is lost")


def _copy(theirs: Any, ours: Future[TaskResult]) -> None:
    """Copies the result of Dask's future, or its error, into ours."""
    if ours.cancelled():
        return
    try:
        answer = theirs.result()
    except BaseException as error:
        ours.set_exception(error)
    else:
        ours.set_result(answer)
    theirs.release()


@contextmanager
def dask(address: str) -> Iterator[Executor]:
    """Returns an executor of the Dask cluster whose scheduler has this address.

    Raises
    ------
    ValueError
        If Dask is not installed or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ValueError(f"Dask is not installed; {installs('distributed')} brings it") from None
    if not _is_address(address):  # Dask would wait for an answer from there
        raise ValueError(f"the address of a scheduler is like tcp://host:8786, got {address!r}")
    try:
        client = Client(address, timeout=WAITS_FOR_SCHEDULER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        yield client.get_executor()


def _is_address(address: str) -> bool:
    place = urlsplit(address if "://" in address else f"tcp://{address}")
    try:
        return place.scheme in SCHEMES and bool(place.hostname) and place.port is not None
    except ValueError:  # a port that is no number
        return False
