"""The random orders of the players: which are drawn, how each is used, and the cap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core, checks
from shapcpp.problem.problem import Problem
from shapcpp.results import index_ranges, votes
from shapcpp.results.index_ranges import Ranges
from shapcpp.results.tally import Tally, VoteShape
from shapcpp.results.trace import trace_points

__all__ = ["LAST", "SAMPLERS", "Sampler", "Sampling"]

Sampler = Literal["halving", "permutations"]
SAMPLERS = ("halving", "permutations")
LAST = 2**63 - 1  # index of an order
MAX_TRACE = 10_000  # points of a trace
# A run whose length its results decide takes at most this many orders, and no more joins than
# this many plain permutations.
MAX_ORDERS = 2_000
MAX_PERMUTATIONS = 20_000


@dataclass(frozen=True)
class Sampling:
    """Options of `value` that say what is drawn; `Sampling.of` checks them.

    Attributes
    ----------
    sampler, permutations, seed, first, trace, votes
        The arguments of `value`.
    """

    sampler: Sampler
    permutations: int | None
    seed: int
    first: int
    trace: int | None
    votes: bool

    @classmethod
    def of(
        cls,
        *,
        permutations: int | None = None,
        seed: int = 0,
        first: int = 0,
        sampler: Sampler = "halving",
        trace: int | None = None,
        votes: bool = True,
    ) -> Sampling:
        """Checks the arguments of `value` that say what is drawn."""
        if permutations is not None:
            permutations = checks.positive("permutations", permutations)
        seed = checks.seed(seed)
        first = checks.whole("first", first)
        last = LAST - (permutations or 0)
        if not 0 <= first <= last:
            raise ValueError(f"first must lie between 0 and {last}, got {first}")
        if first and permutations is None:
            raise ValueError(f"first is {first}, which needs permutations=P, the number from there")
        checks.choice("sampler", sampler, *SAMPLERS)
        if trace is not None:
            trace = checks.positive("trace", trace, MAX_TRACE)
        if not isinstance(votes, bool):
            raise TypeError(f"votes must be True or False, got {votes!r}")
        return cls(sampler, permutations, seed, first, trace, votes)

    def gain_unit(self, problem: Problem) -> int:
        """The integer that stands for a change of one test sample: 2^J with J halvings."""
        if self.sampler == "permutations":
            return 1
        return _core.halving_unit(problem.n_players, len(problem.y))

    def max_orders(self, problem: Problem) -> int:
        """The number of orders asked for, or the cap where the results decide."""
        if self.permutations is not None:
            return self.permutations
        joins = self.gain_unit(problem).bit_length()  # of each player: J + 1 levels
        return min(MAX_ORDERS, MAX_PERMUTATIONS // joins)

    def asked(self, problem: Problem, done: Ranges | None = None) -> Ranges:
        """The orders asked for, when `done` are there already.

        Where the results decide the length, these count, and the first of the missing orders
        follow.
        """
        if self.permutations is not None:
            return index_ranges.of([(self.first, self.first + self.permutations)])
        done = index_ranges.none() if done is None else done
        return index_ranges.filled(done, self.max_orders(problem))

    def trace_points(self, problem: Problem) -> NDArray[np.int64]:
        """Numbers of orders at which the trace keeps the gains."""
        if self.trace is None:
            return np.empty(0, dtype=np.int64)
        return trace_points(self.max_orders(problem), self.trace)

    def trace_bytes(self, problem: Problem) -> int:
        """Memory of the trace, and of the trace of the run that this one goes on from."""
        return 2 * len(self.trace_points(problem)) * problem.n_players * len(problem.classes) * 8

    def bytes_needed(self, problem: Problem, threads: int) -> int:
        """Memory that a run on this many threads allocates, beyond its arguments and trace."""
        room = self.vote_room(problem.n_players, len(problem.y), len(problem.classes))
        return problem.bytes_needed(threads, **room)

    def settings(self, problem: Problem) -> dict[str, Any]:
        """The options that a result keeps; the orders asked for may change on the way."""
        return {
            "seed": self.seed,
            "sampler": self.sampler,
            "gain_unit": self.gain_unit(problem),
            "votes": self.votes,
        }

    def vote_shape(self, n_players: int, n_samples: int, n_classes: int) -> VoteShape | None:
        """Samples, sizes and classes of the votes that are counted, if any are."""
        if not self.votes:
            return None
        sizes = votes.plan_of(self.sampler, n_players)[0]
        return n_samples, votes.kept_sizes(n_samples, len(sizes), n_classes), n_classes

    def vote_room(self, n_players: int, n_samples: int, n_classes: int) -> dict[str, int]:
        """What `_core.footprint` is to know of votes."""
        shape = self.vote_shape(n_players, n_samples, n_classes)
        if shape is None:
            return {"vote_sizes": 0, "n_ballots": 0}
        return {"vote_sizes": shape[1], "n_ballots": votes.plan_of(self.sampler, n_players)[1]}

    def empty_tally(self, problem: Problem) -> Tally:
        """The sums of no orders."""
        n, n_classes = problem.n_players, len(problem.classes)
        shape = self.vote_shape(n, len(problem.y), n_classes)
        return Tally.empty(n, n_classes, problem.weights_kept, shape)

    def new_tally(self, game: _core.Game, weights: NDArray[np.int64] | None) -> _core.Tally:
        """The engine's sums of no orders of a game; `weights` as `Problem.weights_kept`."""
        shape = self.vote_shape(game.n_players, *game.predicted)
        return _core.Tally(game.n_players, game.width, weights, shape)

    def prepare(
        self, game: _core.Game, report: Callable[[int], object] | None = None
    ) -> _core.Sampler:
        """The engine's sampler, the same for every order; calls ``report(0)`` while it is made."""
        if self.sampler == "halving":
            return _core.halving_sampler(game, self.seed, report)
        return _core.permutation_sampler()

    def draw(
        self,
        game: _core.Game,
        sampler: _core.Sampler,
        grand_coalition: _core.Score,
        tally: _core.Tally,
        *,
        first: int,
        count: int,
        threads: int,
        report: Callable[[int], object] | None = None,
    ) -> None:
        """Adds the orders from `first` on to the tally."""
        _core.run(
            game,
            sampler,
            grand_coalition,
            tally,
            seed=self.seed,
            first=first,
            count=count,
            threads=threads,
            progress=report,
        )
