"""The engine's two paths: the certified one that users call, and its dense twin.

The dense twin solves the same problem on the same vector loops, but refits over all members at
every join.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

import sampling
import shapcpp
from data import Data, Shape, make_data
from sampling import Samples
from shapcpp import _core
from shapcpp._core import testing

JOINS = (16, 64, 256)  # in a row, timed at a sampled size: more until the clock sees them
CLOCK = 0.05  # seconds


def problem(data: Data, players: NDArray[np.int64] | None = None) -> _core.Problem:
    """The problem that `shapcpp.value` makes of the same data."""
    X, y, X_test, y_test = data
    return _core.Problem(
        X=X,
        classes=np.asarray(y, dtype=np.int64),
        X_test=X_test,
        classes_test=np.asarray(y_test, dtype=np.int64),
        C=1.0,
        class_weights=np.ones(2),
        players=np.arange(len(y)) if players is None else players,
        empty_counts=np.array([np.sum(y_test == 0), 0]),
        single_class="constant",
    )


def run(data: Data, count: int, threads: int, dense: bool) -> _core.Tally:
    """The tally of the first permutations of seed 0."""
    game = _game(problem(data), dense)
    tally = _core.Tally(game.n_players, 2)
    sampler, grand_coalition = _core.permutation_sampler(), _core.grand_coalition(game)
    _core.run(game, sampler, grand_coalition, tally, seed=0, first=0, count=count, threads=threads)
    return tally


def _game(problem: _core.Problem, dense: bool) -> _core.Game:
    return testing.dense_game(problem) if dense else _core.game(problem)


def value(shape: Shape, count: int, threads: int = 1, seed: int = 0) -> float:
    """Times the call that a user makes, in seconds."""
    data = make_data(shape)
    start = time.perf_counter()
    shapcpp.value(*data, count, seed, threads=threads, sampler="permutations")
    return time.perf_counter() - start


def joins(data: Data, size: int, count: int, dense: bool) -> tuple[float, NDArray[np.int64]]:
    """Seconds of a walk whose first player is a block of `size` samples, and its path.

    One by one, the next `count` samples of the first permutation join it; the last is free, since
    a walk is told the score of all.
    """
    X, y, X_test, y_test = data
    order = shapcpp.permutation(len(y), 0, 0)[: size + count]
    players = np.maximum(np.arange(len(order)) - size + 1, 0)
    game = _game(problem((X[order], y[order], X_test, y_test), players), dense)
    grand_coalition = _core.grand_coalition(game)
    start = time.perf_counter()
    path, _ = testing.walk(game, grand_coalition, np.arange(count + 1))
    return time.perf_counter() - start, path


def probe(shape: Shape, cores: int, first: int, budget: float, dense: bool) -> Samples:
    """Costs of joins at sampled sizes of the first permutation, with all these cores busy."""
    data = make_data(shape)
    n = len(data[1])

    def cost(size: int) -> float:
        for count in JOINS:
            block = max(2, min(size - count // 2, n - count - 2))
            spent = joins(data, block, count + 2, dense)[0] - joins(data, block, 2, dense)[0]
            if spent > CLOCK:
                break
        return spent / count

    with ThreadPoolExecutor(cores) as workers:
        probes = [
            workers.submit(sampling.probe, n, first + worker, cores, budget, cost)
            for worker in range(cores)
        ]
        return [sample for done in probes for sample in done.result()]
