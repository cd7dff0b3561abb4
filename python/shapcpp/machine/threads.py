"""Threads that the system may refuse: limits on processes, on address space, of control groups."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

__all__ = ["aside", "can_start", "is_one_aside", "pool", "spare_libraries"]

Result = TypeVar("Result")
MOST = 64  # threads tried
TICK = 0.1  # seconds after which Ctrl-C is heard
SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def can_start(count: int) -> int:
    """Counts how many of this many threads can be started beside this one."""
    end, started = threading.Event(), []
    try:
        for _ in range(count):
            thread = threading.Thread(target=end.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:
        pass
    end.set()
    for thread in started:
        thread.join()
    return len(started)


class Here(Executor):
    """An executor that runs each task at once, on the calling thread."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Runs the task and returns a finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def pool(count: int) -> Executor:
    """Makes an executor of this many threads, or of those that can be started."""
    made = can_start(count)
    return ThreadPoolExecutor(made) if made else Here()


def aside(call: Callable[[], Result]) -> Result:
    """Calls a function of a library on a thread of its own, so that Ctrl-C is heard meanwhile.

    After Ctrl-C the call goes on in the background, and its result is dropped. The end of the
    process waits for it, unless it is `os._exit`: libraries of linear algebra end their threads
    there, and would wait for ever for one that they are called from.
    """
    done: Future[Result] = Future()

    def work() -> None:
        try:
            done.set_result(call())
        except BaseException as error:
            done.set_exception(error)

    thread = threading.Thread(target=work, daemon=True)
    _aside[:] = [*filter(threading.Thread.is_alive, _aside), thread]  # Ctrl-C may come from now on
    try:
        thread.start()
    except RuntimeError:  # no thread is to be had
        return call()
    while not done.done():
        wait([done], timeout=TICK)
    return done.result()


def is_one_aside() -> bool:
    """True while a call of `aside` goes on in the background."""
    return any(thread.is_alive() for thread in _aside)


_aside: list[threading.Thread] = []


@atexit.register
def _await_those_aside() -> None:
    for thread in filter(threading.Thread.is_alive, _aside):
        thread.join()


def spare_libraries() -> None:
    """Limits the threads of libraries to the number that can be started.

    OpenBLAS, which numpy brings, sends its process SIGINT when a thread is refused, and OpenMP,
    which torch uses, ends it. Both look at these variables when they are loaded.
    """
    if "numpy" in sys.modules:
        return
    wanted = min(os.cpu_count() or 1, MOST) - 1
    made = can_start(wanted)
    if made < wanted:
        for name in SETTINGS:
            os.environ.setdefault(name, str(1 + made))
