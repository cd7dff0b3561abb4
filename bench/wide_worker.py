"""A process that measures one build of the engine: `bench/wide.py` starts one for each.

Takes a line of JSON for each measurement and answers with one. The first argument is the folder
`bench` of the build, whose `engine.py` knows how its problems are made.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from typing import Any

sys.path.insert(0, sys.argv[1])

import numpy as np

import engine
import shapcpp
from shapcpp import _core
from shapcpp._core import testing
from wide_data import Case, make_wide

MOST_FROM_START = 1000  # members: larger coalitions begin as a block
JOINS_TO_A_BLOCK = 16
AROUND = 0.2  # a join near k is one between 0.8 k and 1.2 k
CLOCK = 0.5  # seconds of processor time that a measurement takes, where it is fast
FEWEST_TIMES, MOST_TIMES = 3, 30


class TooLongError(Exception):
    """A tree takes longer than it may."""


def near(case: Case, size: int) -> dict[str, Any]:
    """Microseconds of a join near this many members, set-up apart, and the counts along it.

    Up to a thousand members two walks from the empty coalition are compared, of which one is
    longer; beyond, two that begin with a block.
    """
    n = case.train
    if size <= MOST_FROM_START:
        few, many = round((1 - AROUND) * size), min(round((1 + AROUND) * size), n)
        walks = [prefix(case, few, 0), prefix(case, many, 0)]
    else:
        few, many = 2, JOINS_TO_A_BLOCK + 2
        block = min(size, n - many)
        walks = [prefix(case, block + few, block), prefix(case, block + many, block)]
    path: Any = None
    spent: list[list[float]] = []
    while len(spent) < FEWEST_TIMES or (sum(map(sum, spent)) < CLOCK and len(spent) < MOST_TIMES):
        spent.append([])
        for game, grand_coalition in walks:
            start = time.process_time()
            path, _ = testing.walk(game, grand_coalition, np.arange(game.n_players))
            spent[-1].append(time.process_time() - start)
    counts = np.asarray(path).tolist()
    if size > MOST_FROM_START:  # the block joins as one
        return {"micros": micros(spent, many - few), "first": block, "counts": counts[1 : many + 2]}
    return {"micros": micros(spent, many - few), "first": 0, "counts": counts[: many + 1]}


def micros(spent: list[list[float]], joins: int) -> float:
    """Of the fastest walks: what disturbs a walk is often longer than a few joins."""
    shorter, longer = np.min(spent, axis=0)
    return 1e6 * float(longer - shorter) / joins


def prefix(case: Case, size: int, block: int) -> tuple[_core.Game, _core.Score]:
    """The game of all samples in the order of the first permutation.

    The block that comes first is one player, and so are all samples beyond `size`: the last to
    join, whose join is free, since a walk is told the score of all. Features and their span are
    those of the whole run.
    """
    X, y, X_test, y_test = make_wide(case)
    order = shapcpp.permutation(case.train, 0, 0)
    place = np.minimum(np.arange(case.train), size)
    players = np.maximum(place - max(block, 1) + 1, 0)
    game = _core.game(engine.problem((X[order], y[order], X_test, y_test), players))
    return game, _core.grand_coalition(game)


def tree(case: Case, limit: float) -> dict[str, Any]:
    """Processor seconds of the first halved order, as users ask for it; none beyond the limit."""
    start = time.process_time()

    def watch(*_: int) -> None:
        if time.process_time() - start > limit:
            raise TooLongError

    try:
        v = shapcpp.value(*make_wide(case), permutations=1, threads=1, progress=watch)
    except TooLongError:
        return {"seconds": None, "sums": None}
    sums = hashlib.sha256(v.gains.tobytes()).hexdigest()
    return {"seconds": time.process_time() - start, "sums": sums}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        case = Case(*request.pop("case"))
        measure: Any = {"near": near, "tree": tree}[request.pop("what")]
        print(json.dumps(measure(case, **request)), flush=True)


if __name__ == "__main__":
    main()
