"""The course of a run: which walks are missing, in which pieces they are done, and when it stops.

Pieces end where something is to be looked at: for a stopping rule, for the trace, when a checkpoint
falls due. What they add up to does not depend on how the run was cut.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from shapcpp.errors import reason
from shapcpp.results import index_ranges
from shapcpp.results.index_ranges import Ranges
from shapcpp.results.stopping import Rule
from shapcpp.results.tally import Sums
from shapcpp.results.trace import Trace
from shapcpp.results.valuation import Valuation
from shapcpp.storage import files

__all__ = ["CheckpointWarning", "Course", "Report", "Walker"]

Report = Callable[[int, int], object]  # (done, total)

CLOSE_ENOUGH = 0.9  # of the interval between checkpoints


class CheckpointWarning(RuntimeWarning):
    """A checkpoint could not be written; the run goes on, and tries again."""


class Walker(Protocol):
    """Whoever does the walks."""

    least: int  # walks in a piece that keeps it busy

    def do(self, first: int, end: int, report: Callable[[int], object]) -> Iterator[Sums]:
        """Does the walks ``[first, end)``; yields what they add up to, in any order.

        Calls ``report(done)`` several times a second; an exception it raises ends the walks,
        and those completed are still yielded before it is raised again.
        """


class TimeIsUpError(Exception):
    """Raised by the report of a run whose time is over."""


@dataclass
class Course:
    """One run: its sums so far, and how it goes on.

    Attributes
    ----------
    asked : Ranges
        The walks asked for.
    sums : Sums
        What the walks done add up to.
    result : callable
        Makes a Valuation of sums, and of the walks asked for.
    rule : Rule, optional
        Ends the run before all walks asked for are done.
    trace : Trace, optional
        Keeps the gains on the way.
    max_time : float, optional
        The same, after so many seconds.
    checkpoint : path-like, optional
        Where the result is kept on the way.
    every : float
        Seconds between checkpoints.
    """

    asked: Ranges
    sums: Sums
    result: Callable[[Sums, Ranges], Valuation]
    rule: Rule | None = None
    trace: Trace | None = None
    max_time: float | None = None
    checkpoint: files.PathLike | None = None
    every: float = 60.0
    stopped: bool = field(default=False, init=False)  # by the rule
    _began: float = field(default_factory=time.monotonic, init=False)
    _written: float = field(default_factory=time.monotonic, init=False)
    _kept: Sums | None = field(default=None, init=False)
    _rate: float = field(default=0.0, init=False)  # walks per second
    _rule_progress: float = field(default=0.0, init=False)

    def run(self, walker: Walker, report: Report) -> None:
        """Does what is missing; whatever ends it, `sums` holds what is done."""
        self._write()  # a full disk is told at once
        try:
            while not self._is_over():
                self._do(walker, *self._next_piece(walker.least), report)
        except TimeIsUpError:
            pass
        finally:
            self._write()

    def valuation(self) -> Valuation:
        """The result so far. A run that its rule has ended asked for no more than was done."""
        v = self.result(self.sums, self.sums.ranges if self.stopped else self.asked)
        if self.trace is None:
            return v
        counts, gains = self.trace.until(self.sums)
        return replace(v, trace_counts=counts, trace_gains=gains)

    def _is_over(self) -> bool:
        done = self.sums.n_walks
        if done == index_ranges.size(self.asked):
            return True
        if self.rule is not None and done > 0 and self.rule.next_look(done - 1) == done:
            v = self.valuation()
            self.stopped = self.rule.is_met(v)
            self._rule_progress = self.rule.progress(v)
        return self.stopped

    def _expected(self) -> int:
        """Of the walks asked for, how many it will take as far as the rule can tell."""
        most = index_ranges.size(self.asked)
        done = self.sums.n_walks
        return (
            most
            if self._rule_progress * most <= done
            else max(int(done / self._rule_progress), done + 1)
        )

    def _next_piece(self, least: int) -> tuple[int, int]:
        missing = index_ranges.without(self.asked, self.sums.ranges)
        first, end = (int(edge) for edge in missing[0])
        done = self.sums.n_walks
        if self.rule is not None:
            end = min(end, first + self.rule.next_look(done) - done)
        if self.trace is not None:
            end = min(end, first + self.trace.next_look(done) - done)
        if self.checkpoint is not None:
            left = max(self._written + self.every - time.monotonic(), self.every / 10)
            count = max(int(self._rate * left) // least, 1) * least
            end = min(end, first + count)
        return first, end

    def _do(self, walker: Walker, first: int, end: int, report: Report) -> None:
        before, start, expected = self.sums.n_walks, time.monotonic(), self._expected()

        def of_the_piece(done: int) -> None:
            report(before + done, max(before + done, expected))
            if self.max_time is not None and time.monotonic() > self._began + self.max_time:
                raise TimeIsUpError

        for part in walker.do(first, end, of_the_piece):
            self.sums += part
            if self.checkpoint is not None and self._is_due():
                self._write()
        if self.trace is not None:
            self.trace.note(self.sums)
        seconds = time.monotonic() - start
        self._rate = (end - first) / max(seconds, 1e-6)

    def _is_due(self) -> bool:
        return time.monotonic() - self._written > CLOSE_ENOUGH * self.every

    def _write(self) -> None:
        if self.checkpoint is None or self._kept is self.sums:
            return
        self._written = time.monotonic()
        try:
            self.valuation().save(self.checkpoint)
            self._kept = self.sums
        except OSError as error:
            warnings.warn(
                f"checkpoint {self.checkpoint}: {reason(error)}; the "
                f"results stay in memory, and writing is tried again every {self.every:g} s",
                CheckpointWarning,
                stacklevel=2,
            )
