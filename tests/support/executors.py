"""Executors as the tests use them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from shapcpp.running import worker


class Threads(ThreadPoolExecutor):
    """Two threads that note what they are sent, and may fail."""

    def __init__(self, fails: Callable[[int], bool] = lambda number: False) -> None:
        super().__init__(2)
        self.sent: list[tuple[worker.Task, bool]] = []
        self.fails = fails

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        number = len(self.sent)
        self.sent.append((args[0], args[1] is not None))
        if self.fails(number):
            return super().submit(_die, number)
        return super().submit(fn, *args)


def _die(number: int) -> None:
    raise OSError(f"worker {number} is gone")
