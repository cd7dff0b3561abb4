"""A run without a test set: the run of each fold, one after another."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np

from shapcpp.doubts.result import Doubts
from shapcpp.problem.folds import FoldedProblem
from shapcpp.problem.limits import Limits
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampling
from shapcpp.results.folded import FoldedValuation, load_run
from shapcpp.results.valuation import Valuation
from shapcpp.running.runner import Backend, Forecast, Report, Runner

__all__ = ["BackendFor", "FoldedRunner"]

BackendFor = Callable[[Problem, Runner], AbstractContextManager[Backend]]
LEAST_TIME = 1e-3  # seconds for a part whose turn comes after the time is over


class FoldedRunner:
    """The runs of all folds, and their progress.

    Parameters
    ----------
    problem, sampling, limits
        The request. Each part takes the full number of permutations and an equal share of the time.
    extend : FoldedValuation, optional
        An earlier run to continue, part by part.
    forecast : callable, optional
        Called once, after the first permutations of the first part, with the expected duration of
        all parts.

    Attributes
    ----------
    doubts : Doubts or None
        The doubts that the result keeps; those of an earlier run, if it has any.

    Raises
    ------
    TypeError, ValueError
        If an earlier run has another problem or other folds; the message names the difference.
    """

    def __init__(
        self,
        problem: FoldedProblem,
        sampling: Sampling,
        limits: Limits,
        extend: FoldedValuation | Valuation | None = None,
        forecast: Forecast | None = None,
    ) -> None:
        self._problem, self._sampling, self._limits = problem, sampling, limits
        self._forecast = forecast
        self._extend = self._of_these_folds("extend", extend)
        self._kept: FoldedValuation | None = None
        path = limits.checkpoint
        if path is not None and os.path.exists(path):
            name = f"checkpoint {os.fspath(path)}"
            self._kept = self._of_these_folds(name, load_run(path))
        earlier = (v.doubts for v in (self._extend, self._kept) if v is not None)
        self.doubts: Doubts | None = next((d for d in earlier if d is not None), None)
        self._parts: list[Valuation] = []
        for fold in range(problem.n_folds):
            self._parts.append(self._runner(fold, problem.part(fold), limits).valuation())

    def run(self, backend_for: BackendFor, report: Report) -> None:
        """Does the missing permutations part by part; if stopped, `valuation` has those done."""
        limits, n_folds = self._limits, self._problem.n_folds
        end = None if limits.max_time is None else time.monotonic() + limits.max_time
        for fold in range(n_folds):
            problem, left = self._problem.part(fold), n_folds - fold
            share = None if end is None else max((end - time.monotonic()) / left, LEAST_TIME)
            runner = self._runner(fold, problem, replace(limits, max_time=share))
            before = sum(part.n_permutations for part in self._parts[:fold])

            def of_all(done: int, total: int, before: int = before, left: int = left) -> None:
                report(before + done, before + left * total)

            try:
                with backend_for(problem, runner) as backend:
                    runner.run(backend, of_all)
            finally:
                self._parts[fold] = runner.valuation()

    def valuation(self) -> FoldedValuation:
        """The result so far."""
        problem = self._problem
        return FoldedValuation(
            parts=tuple(self._parts),
            folds=problem.folds,
            ids=problem.ids,
            labels=problem.whole.y,
            groups=problem.whole.groups,
            true_labels=problem.whole.true_labels,
            doubts=self.doubts,
        )

    def keep(self, fold: int, v: Valuation) -> None:
        """Writes all parts to the checkpoint file, with this part as it is now."""
        self._parts[fold] = v
        if self._limits.checkpoint is not None:
            self.valuation().save(self._limits.checkpoint)

    def _runner(self, fold: int, problem: Problem, limits: Limits) -> Runner:
        n_folds, patience = self._problem.n_folds, limits.patience
        limits = replace(limits, patience=None if patience is None else patience / n_folds)
        extend = None if self._extend is None else self._extend.parts[fold]
        checkpoint = None
        if limits.checkpoint is not None:
            kept = None if self._kept is None else self._kept.parts[fold]
            checkpoint = PartOfFile(self, fold, os.fspath(limits.checkpoint), kept)

        def of_all(seconds: float, permutations: int, cut: bool, elapsed: float) -> None:
            if self._forecast is not None and fold == 0:
                self._forecast(n_folds * seconds, n_folds * permutations, cut, n_folds * elapsed)

        return Runner(problem, self._sampling, limits, extend, of_all, checkpoint)

    def _of_these_folds(
        self, name: str, v: FoldedValuation | Valuation | None
    ) -> FoldedValuation | None:
        if v is None:
            return None
        if not isinstance(v, FoldedValuation):
            raise TypeError(
                f"{name} must be the result of a run in folds, as this is one, got that of a run "
                "with a test set"
            )
        if not np.array_equal(v.folds, self._problem.folds):
            raise ValueError(f"{name} is of another run: its folds are others")
        return v


class PartOfFile:
    """The checkpoint of one part: its place in the result file of a run in folds."""

    def __init__(self, run: FoldedRunner, fold: int, name: str, kept: Valuation | None) -> None:
        self._run, self._fold, self._kept = run, fold, kept
        self.name = name

    def read(self) -> Valuation | None:
        """The result of this part in the file that existed before the run."""
        return self._kept

    def write(self, v: Valuation) -> None:
        """Writes the file with this part as it is now."""
        self._run.keep(self._fold, v)
