"""The slow twin of votes: each coalition that votes is refitted, and predicts all outside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import baseline

FEWEST = 16  # players of a coalition that votes
BLOCKS = 4  # of a level of halving that vote, at most


def plain_coalitions(n: int) -> list[list[slice]]:
    """For each size, the places in the order of the coalitions that vote."""
    sizes = [2**k for k in range(4, n.bit_length()) if 2**k < n]
    sizes = sorted({*sizes, n - 1} - {0})
    return [[slice(0, size)] for size in sizes]


def halved_coalitions(n: int) -> list[list[slice]]:
    """For each level of halving, the blocks that vote: all of two or four, then four in a row."""
    levels: list[list[slice]] = []
    blocks = [slice(0, n)]
    while n // 2 ** (len(levels) + 1) >= FEWEST:
        halves = []
        for block in blocks:
            middle = block.start + (block.stop - block.start) // 2
            halves += [slice(block.start, middle), slice(middle, block.stop)]
        blocks = halves
        levels.append(blocks[:: max(len(blocks) // BLOCKS, 1)])
    return levels


COALITIONS = {"permutations": plain_coalitions, "halving": halved_coalitions}


def votes(
    sampler: str, X: Any, y: Any, X_test: Any, y_test: Any, orders: range, seed: int, **options: Any
) -> NDArray[np.int64]:
    """The integers of `Valuation.votes` for the same arguments."""
    game = baseline.Game(X, y, X_test, y_test, **options)
    n, rows = len(game.members), np.arange(len(game.y))
    levels = COALITIONS[sampler](n)
    counts = np.zeros((len(rows), len(levels), 2), dtype=np.int64)
    for t in orders:
        order = baseline.permutation(n, seed, t)
        for level, coalitions in enumerate(levels):
            for places in coalitions:
                inside = np.concatenate([game.members[player] for player in order[places]])
                outside = np.setdiff1d(rows, inside)
                predicted = predictions(game, inside, outside)
                if predicted is not None:
                    counts[outside, level, predicted] += 1
    return counts


def predictions(
    game: baseline.Game, inside: NDArray[np.int64], outside: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """What these samples predict for others, if anything."""
    y = game.y[inside]
    if len(np.unique(y)) == 1:
        constant = game.single_class == "constant"
        return np.full(len(outside), y[0]) if constant else None
    model = baseline.fit(game.X[inside], y.astype(float), game.weights[inside], game.C)
    return baseline.predict(*model, game.X[outside])[0].astype(np.int64)
