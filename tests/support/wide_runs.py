"""Runs of games with many features, and the demand that two of them agree in every integer."""

from __future__ import annotations

import numpy as np

from shapcpp import _core

SAMPLERS = {
    "permutations": lambda game: _core.permutation_sampler(),
    "halving": lambda game: _core.halving_sampler(game, 0),
}


def run(
    game: _core.Game, sampler: str = "permutations", count: int = 1, threads: int = 1
) -> _core.Tally:
    n, classes = game.predicted
    plan = _core.permutation_votes if sampler == "permutations" else _core.halving_votes
    sizes, ballots = plan(game.n_players)
    votes = (n, len(sizes), classes) if ballots else None
    tally = _core.Tally(game.n_players, classes, votes=votes)
    _core.run(
        game, SAMPLERS[sampler](game), _core.grand_coalition(game), tally,
        seed=0, first=0, count=count, threads=threads,
    )  # fmt: skip
    return tally


def assert_same(a: _core.Tally, b: _core.Tally) -> None:
    np.testing.assert_array_equal(a.gains, b.gains)
    np.testing.assert_array_equal(a.moments, b.moments)
    np.testing.assert_array_equal(a.votes, b.votes)
    assert (a.ties, a.uncertified) == (b.ties, b.uncertified)
