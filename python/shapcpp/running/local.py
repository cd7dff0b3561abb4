"""The backend of this process: the engine's own threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampling
from shapcpp.results.tally import Tally, TallyOverflowError

__all__ = ["LocalBackend"]


class LocalBackend:
    """Draws permutations on the engine's threads; see `runner.Backend`.

    Parameters
    ----------
    problem, sampling
        The problem, and the permutations to draw.
    threads : int
        Number of threads.
    set_full_counts : callable
        Called with the counts of the grand coalition.
    """

    def __init__(
        self,
        problem: Problem,
        sampling: Sampling,
        threads: int,
        set_full_counts: Callable[[NDArray[np.int64]], object],
    ) -> None:
        self._problem = problem
        self._sampling = sampling
        self._threads = threads
        self._set_full_counts = set_full_counts
        self._ready: tuple[_core.Game, _core.Score, _core.Sampler] | None = None
        self._engine_tally: _core.Tally | None = None  # of the piece under way
        self._done: Tally | None = None  # the tally of a piece that the engine has left
        self.min_chunk = min(threads, sampling.max_orders(problem))

    def do(self, first: int, end: int, report: Callable[[int], object]) -> Iterator[Tally]:
        """See `runner.Backend.do`."""
        self._done = None
        if self._ready is None:
            self._ready = self._made_ready(report)
        game, grand_coalition, sampler = self._ready
        self._engine_tally = tally = self._sampling.new_tally(game, self._problem.weights_kept)
        try:
            self._sampling.draw(
                game,
                sampler,
                grand_coalition,
                tally,
                first=first,
                count=end - first,
                threads=self._threads,
                report=report,
            )
        except OverflowError as error:
            raise TallyOverflowError(str(error)) from error
        finally:
            self._done = Tally.of(tally)
            del tally  # large where players are many
            self._engine_tally = None
            yield self._done

    def _made_ready(
        self, report: Callable[[int], object]
    ) -> tuple[_core.Game, _core.Score, _core.Sampler]:
        """Sets up the game; with many features that takes longer than one is willing to wait."""
        report(0)
        game = self._problem.game()
        grand_coalition = _core.grand_coalition(game, report)
        self._set_full_counts(grand_coalition.values)
        return game, grand_coalition, self._sampling.prepare(game, report)

    def last(self) -> Tally | None:
        """See `runner.Backend.last`."""
        return self._done if self._engine_tally is None else Tally.of(self._engine_tally)
