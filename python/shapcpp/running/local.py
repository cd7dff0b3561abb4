"""Who does the walks of a run: the threads of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shapcpp import _core
from shapcpp.problem.request import Request
from shapcpp.results.tally import Sums, SumsOverflowError

__all__ = ["Threads"]


class Threads:
    """The engine's own threads."""

    def __init__(self, request: Request, problem: _core.Problem, everyone: _core.Score) -> None:
        self._request = request
        self._problem = problem
        self._everyone = everyone
        self._halving: _core.Halving | None = None
        self.least = request.workers

    def do(self, first: int, end: int, report: Callable[[int], object]) -> Iterator[Sums]:
        """As `course.Walker` has it."""
        tally = _core.Tally(self._problem.n_players, len(self._request.classes))
        try:
            if self._halving is None:
                self._halving = self._request.halving_of(self._problem, report)
            _core.run(
                self._problem,
                self._everyone,
                tally,
                seed=self._request.seed,
                first=first,
                count=end - first,
                threads=self._request.threads,
                progress=report,
                halving=self._halving,
            )
        except OverflowError as error:
            raise SumsOverflowError(str(error)) from error
        finally:
            done = Sums.of(tally)
            del tally  # large where players are many
            yield done
