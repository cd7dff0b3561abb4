"""Progress of long work: a bar on a terminal, elsewhere a line for what is worth one."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from shapcpp.machine.threads import can_start

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Progress", "Unseen", "nothing", "progress_bar", "silent"]


BETWEEN_LINES = 0.2  # seconds


def nothing(done: int, total: int) -> None:
    """Reports to nobody."""


def silent(sentence: str) -> None:
    """Says nothing."""


class Progress(Protocol):
    """The receiver of the progress of long work."""

    def __call__(self, done: int, total: int) -> None:
        """Reports that `done` of `total` are done."""

    def tell(self, sentence: str) -> None:
        """Reports a result on the way, such as the losses of an epoch."""


class Unseen:
    """Reports to nobody."""

    def __call__(self, done: int, total: int) -> None:
        """Is not shown."""

    def tell(self, sentence: str) -> None:
        """Is not shown."""


class _Lines(Unseen):
    """Prints a line on stderr for each message: for log files and batch queues."""

    def __init__(self, what: str) -> None:
        self._what = what

    def tell(self, sentence: str) -> None:
        print(f"{self._what} {sentence}".lstrip(), file=sys.stderr, flush=True)


class _Rewritten(Unseen):
    """Rewrites one line on stderr: for notebooks that cannot draw a bar."""

    def __init__(self, what: str) -> None:
        self._what, self._began, self._last = what, time.monotonic(), -math.inf
        self._shown = 0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now < self._last + BETWEEN_LINES:
            return
        self._last = now
        seconds = now - self._began
        rate = f", {done / seconds:,.1f}/s" if done and seconds > 0 else ""
        self._write(f"{self._what} {done:,} of {total:,}{rate}".lstrip())

    def tell(self, sentence: str) -> None:
        self._write(f"{self._what} {sentence}".lstrip())

    def _write(self, line: str) -> None:
        print(f"\r{line.ljust(self._shown)}", end="", file=sys.stderr, flush=True)
        self._shown = len(line)

    def close(self) -> None:
        """Ends the line."""
        if self._shown:
            print(file=sys.stderr, flush=True)


class _Screen:
    """The standard error stream; a terminal that is gone must not end the work."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def progress_bar(what: str = "permutations") -> Iterator[Progress]:
    """Yields a function that moves a bar on stderr, with rate and time left.

    `what` stands before the bar, and what is told below it; without a bar they make a line.
    With another total it begins anew.
    """
    from rich import progress as rich
    from rich.console import Console
    from rich.text import Text

    class RateColumn(rich.ProgressColumn):
        def render(self, task: rich.Task) -> Text:
            return Text("" if not task.speed else f"{task.speed:,.1f}/s")

    class Bar(rich.Progress):
        told = ""

        def get_renderables(self) -> Iterable[RenderableType]:
            yield from super().get_renderables()
            if self.told:
                yield Text(self.told, style="dim")

        def __call__(self, done: int, total: int) -> None:
            if total != self.tasks[task].total:  # something else is counted now
                self.reset(task, total=total)
                self.told = ""
            self.update(task, completed=done, refresh=not self.live.auto_refresh)

        def tell(self, sentence: str) -> None:
            self.told = sentence

    console = Console(file=cast("IO[str]", _Screen()))
    if not (console.is_terminal or console.is_jupyter):
        yield _Lines(what)
        return
    if console.is_jupyter and find_spec("ipywidgets") is None:  # which rich draws bars with
        line = _Rewritten(what)
        try:
            yield line
        finally:
            line.close()
        return
    columns = (
        rich.TextColumn(what),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        RateColumn(),
        rich.TimeRemainingColumn(),
        rich.TextColumn("left"),
    )
    with Bar(*columns, console=console, auto_refresh=can_start(1) > 0) as bar:
        task = bar.add_task("", total=None)
        yield bar
