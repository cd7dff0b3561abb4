"""A run: its missing permutations, the pieces in which they are done, and when it stops.

A piece ends where the run must pause: to evaluate a stopping rule, to keep a point of the trace, to
write a checkpoint. The sums do not depend on how the run was cut into pieces.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shapcpp.doubts.result import Doubts
from shapcpp.errors import reason
from shapcpp.problem.limits import Limits
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampling
from shapcpp.results import index_ranges, signs
from shapcpp.results.tally import Tally
from shapcpp.results.trace import Arrays, Trace
from shapcpp.results.valuation import Valuation
from shapcpp.running.checkpoint import Checkpoint, RunFile

__all__ = ["WORD_WITHIN", "Backend", "CheckpointWarning", "Forecast", "Report", "Runner"]

Report = Callable[[int, int], object]  # (done, total)
# (seconds, permutations, whether it is cut short, seconds so far)
Forecast = Callable[[float, int, bool, float], object]

CLOSE_ENOUGH = 0.9  # share of the interval after which a checkpoint is due
FORECAST_FROM = 8  # permutations that must be done before a forecast
FORECAST_WITHIN = 60.0  # seconds: longer runs are forecast; after this time, at most once
WORD_WITHIN = 20.0  # seconds after which a run that has not got two permutations is told to be long


class CheckpointWarning(RuntimeWarning):
    """A checkpoint could not be written; the run goes on and tries again."""


class Backend(Protocol):
    """Draws permutations: the threads of this process, or the workers of an executor."""

    min_chunk: int  # permutations in a piece that keeps it busy

    def do(self, first: int, end: int, report: Callable[[int], object]) -> Iterator[Tally]:
        """Does the permutations ``[first, end)``; yields parts of their tally, in any order.

        Calls ``report(done)`` several times a second; an exception it raises ends the work,
        and the permutations completed are still yielded before it is raised again.
        """

    def last(self) -> Tally | None:
        """The part last completed, even if Ctrl-C came before it was yielded."""


class TimeIsUpError(Exception):
    """Raised by the report of a run whose time limit has passed."""


class Runner:
    """One run: its tally so far, and how it continues.

    Parameters
    ----------
    problem, sampling, limits
        The request.
    extend : Valuation, optional
        An earlier run to continue; if the checkpoint holds one too, the larger is continued.
    forecast : callable, optional
        Called after the first permutations with the expected duration of a long run, and before if
        they take long: then with an infinite one.

    Attributes
    ----------
    problem : Problem
        The problem that is valued.
    tally : Tally
        The sums of the permutations done.
    doubts : Doubts or None
        The doubts that the result keeps; those of an earlier run, if it has any.

    Raises
    ------
    TypeError, ValueError
        If an earlier run has another problem, naming the difference, or holds permutations
        beyond those asked for.
    """

    def __init__(
        self,
        problem: Problem,
        sampling: Sampling,
        limits: Limits,
        extend: Valuation | None = None,
        forecast: Forecast | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        if checkpoint is None and limits.checkpoint is not None:
            checkpoint = RunFile(limits.checkpoint)
        self._checkpoint = checkpoint
        self.tally = sampling.empty_tally(problem)
        self.problem = problem
        self._limits = limits
        self._settings = problem.settings | sampling.settings(problem)
        self._asked = sampling.asked(problem)
        self._full_counts = np.full(len(problem.classes), -1, dtype=np.int64)
        self._trace: Trace | None = None
        self._max_time = limits.max_time
        self._forecast = forecast
        self._foretold = self._awaited = False
        self._stopped = False  # whether the rule ended the run
        self._rule_progress = 0.0
        self.doubts: Doubts | None = None
        earlier = self._earlier(extend)
        if earlier is not None:
            self.tally, self._full_counts = earlier.tally, earlier.full_counts
            self._asked = sampling.asked(problem, self.tally.ranges)
            self._check_asked(extend, earlier)
        if sampling.trace is not None:
            points = sampling.trace_points(problem)
            self._trace = Trace(points, self.tally, _trace_of(earlier, points))
        self._done_before = self.tally.n_permutations
        self._began = self._written = time.monotonic()
        self._saved: Tally | None = None
        self._rate = 0.0  # permutations per second

    def set_full_counts(self, full_counts: NDArray[np.int64]) -> None:
        """Sets the counts of the grand coalition."""
        self._full_counts = full_counts

    def run(self, backend: Backend, report: Report) -> None:
        """Does the missing permutations; if stopped, `tally` holds those done."""
        self._write()  # a full disk is told at once
        try:
            while not self._is_over():
                self._check_signs(under_way=True)
                self._do(backend, *self._next_piece(backend.min_chunk), report)
        except TimeIsUpError:
            if self._limits.patience is not None:
                self._fill_gaps(backend, report)
        except KeyboardInterrupt:
            last = backend.last()
            if last is not None and not len(index_ranges.overlap(self.tally.ranges, last.ranges)):
                self.tally += last
            raise
        finally:
            self._write()
        self._check_signs(under_way=False)

    def valuation(self) -> Valuation:
        """The result so far; a run ended by its rule counts as having asked for those done."""
        problem, limits = self.problem, self._limits
        asked = self.tally.ranges if self._stopped else self._asked
        counts, gains = (None, None) if self._trace is None else self._trace.until(self.tally)
        return Valuation(
            **vars(self.tally),
            empty_counts=problem.empty_counts,
            full_counts=self._full_counts,
            test_counts=problem.test_counts,
            classes=problem.classes,
            players=problem.players,
            ids=np.arange(len(problem.y)) if problem.ids is None else problem.ids,
            labels=problem.y,
            groups=problem.groups,
            true_labels=problem.true_labels,
            settings={
                **self._settings,
                "permutations": index_ranges.size(asked),
                "asked": asked.tolist(),
                "until": None if limits.rule is None else limits.rule.text,
            },
            scaling=problem.scaling,
            components=problem.components,
            fingerprint=problem.fingerprint,
            trace_counts=counts,
            trace_gains=gains,
            doubts=self.doubts,
        )

    def _earlier(self, extend: Valuation | None) -> Valuation | None:
        if extend is not None and not isinstance(extend, Valuation):
            raise TypeError(f"extend must be a Valuation, got {extend!r}")
        found = {"extend": extend}
        if self._checkpoint is not None:
            found[f"checkpoint {self._checkpoint.name}"] = self._checkpoint.read()
        own, largest = self.valuation(), None
        for name, v in found.items():
            if v is None:
                continue
            differs = v.differs_from(own)
            if differs is not None:
                raise ValueError(f"{name} is of another run: its {differs}")
            self.doubts = self.doubts or v.doubts
            if v.n_permutations > (0 if largest is None else largest.n_permutations):
                largest = v
        return largest

    def _check_asked(self, extend: Valuation | None, earlier: Valuation) -> None:
        beyond = index_ranges.without(earlier.ranges, self._asked)
        if len(beyond):
            kept = "" if self._checkpoint is None else self._checkpoint.name
            name = "extend" if earlier is extend else f"checkpoint {kept}"
            raise ValueError(
                f"{name} holds permutations {index_ranges.shown(beyond)}, beyond those asked for "
                f"({index_ranges.shown(self._asked)})"
            )

    def _is_over(self) -> bool:
        rule, done = self._limits.rule, self.tally.n_permutations
        if rule is not None and done > 0 and rule.next_look(done - 1) == done:
            v = self.valuation()
            self._stopped = rule.is_met(v)
            self._rule_progress = rule.progress(v)
            if not self._stopped:
                self._foresee(done, look=True)
        return self._stopped or done == index_ranges.size(self._asked)

    def _expected(self) -> int:
        """The number of permutations that the run will take, as far as its rule can predict."""
        most = index_ranges.size(self._asked)
        done = self.tally.n_permutations
        if self._rule_progress * most <= done:
            return most
        return max(int(done / self._rule_progress), done + 1)

    def _foresee(self, done: int, look: bool) -> None:
        """Forecasts the duration of a long run and, if patience is limited, cuts it short.

        With a rule, only its looks show how many permutations are needed; a run that is slow to
        reach its first look needs at least as many as that. Before two are done, which every error
        needs, its time is unknown: infinite.
        """
        fresh, elapsed = done - self._done_before, time.monotonic() - self._began
        within = min(FORECAST_WITHIN, self._limits.patience or FORECAST_WITHIN)
        has_rule, is_late = self._limits.rule is not None, elapsed > within
        is_awaited = fresh < 2 and elapsed > min(WORD_WITHIN, within)
        if is_awaited and not self._awaited and self._forecast is not None:
            self._awaited = True
            ends = self._limits.patience is not None and self._max_time is None
            least = FORECAST_FROM if has_rule else self._expected() - self._done_before
            self._forecast(math.inf, 2 if ends else least, ends, elapsed)
        is_slow = is_late and 2 <= fresh < FORECAST_FROM and not look
        known = is_slow or (fresh >= FORECAST_FROM and look == has_rule)
        if self._forecast is None or not known or (is_late and self._foretold):
            return
        expected, patience = self._expected(), self._limits.patience
        if is_slow and has_rule:
            expected = self._done_before + FORECAST_FROM
        seconds = elapsed * (expected - self._done_before) / fresh
        cut = patience is not None and self._max_time is None and seconds > patience
        if cut:
            self._max_time = patience
        if cut or (seconds > FORECAST_WITHIN and not self._foretold):
            self._foretold = True
            self._forecast(seconds, expected, cut, elapsed)

    def _next_piece(self, min_chunk: int) -> tuple[int, int]:
        missing = index_ranges.without(self._asked, self.tally.ranges)
        first, end = (int(edge) for edge in missing[0])
        done = self.tally.n_permutations
        if done == 0:  # a short first piece: signs are checked before hours are spent
            end = min(end, first + min_chunk)
        if self._limits.rule is not None:
            end = min(end, first + self._limits.rule.next_look(done) - done)
        if self._trace is not None:
            end = min(end, first + self._trace.next_look(done) - done)
        if self._checkpoint is not None:
            every = self._limits.checkpoint_every
            left = max(self._written + every - time.monotonic(), every / 10)
            count = max(int(self._rate * left) // min_chunk, 1) * min_chunk
            end = min(end, first + count)
        return first, end

    def _do(self, backend: Backend, first: int, end: int, report: Report) -> None:
        before, start = self.tally.n_permutations, time.monotonic()
        expected = self._expected()

        def of_the_piece(done: int) -> None:
            report(before + done, max(before + done, expected))
            self._foresee(before + done, look=False)
            if self._max_time is not None and time.monotonic() > self._began + self._max_time:
                raise TimeIsUpError

        for part in backend.do(first, end, of_the_piece):
            self.tally += part
            self._check_signs(under_way=True)
            if self._checkpoint is not None and self._is_due():
                self._write()
        if self._trace is not None:
            self._trace.note(self.tally)
        self._rate = (end - first) / max(time.monotonic() - start, 1e-6)

    def _fill_gaps(self, backend: Backend, report: Report) -> None:
        """Does the missing permutations below the last one done, which other threads had begun.

        A run that was cut short then holds exactly the first permutations, as if that number had
        been asked for.
        """
        self._max_time = None
        if not self.tally.n_permutations:
            return
        last = int(self.tally.ranges[-1, 1])
        within = index_ranges.overlap(self._asked, index_ranges.of([(0, last)]))
        for first, end in index_ranges.without(within, self.tally.ranges).tolist():
            self._do(backend, first, end, report)

    def _check_signs(self, under_way: bool) -> None:
        signs.check(self.tally, len(self.problem.y_test), self.problem.features_at_fault, under_way)

    def _is_due(self) -> bool:
        return time.monotonic() - self._written > CLOSE_ENOUGH * self._limits.checkpoint_every

    def _write(self) -> None:
        checkpoint, every = self._checkpoint, self._limits.checkpoint_every
        if checkpoint is None or self._saved is self.tally:
            return
        self._written = time.monotonic()
        try:
            checkpoint.write(self.valuation())
            self._saved = self.tally
        except OSError as error:
            warnings.warn(
                f"checkpoint {checkpoint.name}: {reason(error)}; the "
                f"results stay in memory, and writing is tried again every {every:g} s",
                CheckpointWarning,
                stacklevel=2,
            )


def _trace_of(v: Valuation | None, points: NDArray[np.int64]) -> Arrays | None:
    """The trace with which a run that has these points continues."""
    if v is None or v.trace_counts is None or v.trace_gains is None:
        return None
    # A run may stop anywhere: its end is kept only if it is a point of the trace and all
    # permutations before it are done.
    is_point = len(v.ranges) == 1 and v.n_permutations in points
    keep = len(v.trace_counts) - (not is_point)
    return v.trace_counts[:keep], v.trace_gains[:keep]
