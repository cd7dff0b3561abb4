"""A progress bar with rate and time left, on a terminal or in a notebook; silence elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["nothing", "progress_bar"]


def nothing(done: int, total: int) -> None:
    """Reports to nobody."""


@contextmanager
def progress_bar(what: str = "permutations") -> Iterator[Callable[[int, int], None]]:
    """Yields a callable ``(done, total)`` that moves a bar on stderr, if that would be seen.

    `what` stands before it. With another total it begins anew.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if not task.speed else f"{task.speed:,.1f}/s")

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        yield nothing
        return
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=None)

        def move(done: int, total: int) -> None:
            if total != progress.tasks[task].total:  # something else is counted now
                progress.reset(task, total=total)
            progress.update(task, completed=done)

        yield move
