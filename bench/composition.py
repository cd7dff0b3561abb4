"""The class-composition game in Python: a coalition's score depends on its class sizes alone.

Twin of cpp/core/composition_control.cpp; docs/statistics.md says what it is for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core

Ints = NDArray[np.int64]

PILOT, FIRST_OF_PILOT = 100, 2**63  # permutations
SHRINKAGE = 3  # how many times more what a smaller coalition says counts
LEAF = 16  # members of the blocks that are not halved
UNIT = math.lcm(*range(1, LEAF + 1))


def cells(classes: Ints) -> tuple[Ints, Ints]:
    """Counts the members of each class as samples of these classes join."""
    positive = np.concatenate([[0], np.cumsum(classes)])
    return np.arange(len(classes) + 1) - positive, positive


def composition_game(
    path: Callable[[Ints], Ints], y: Ints, seed: int, empty: Ints, one_class: Ints, joins: int
) -> Ints:
    """The table u[a, b] of integer counts for coalitions of a and b members, from a pilot.

    `path` gives the counts along an order, `one_class[k]` is what coalitions of class k score.
    Cells seen rarely are drawn towards what the compositions one member smaller say.
    """
    size = joins + 1
    sums, seen = np.zeros((size, size, 2), dtype=np.int64), np.zeros((size, size), dtype=np.int64)
    for t in range(PILOT):
        order = _core.permutation(len(y), seed, FIRST_OF_PILOT + t)
        zeros, ones = (members[1:] for members in cells(y[order[:joins]]))
        sums[zeros, ones] += path(order)[1 : len(zeros) + 1]
        seen[zeros, ones] += 1
    everywhere = sums[1:, 1:].sum(axis=(0, 1)) // np.maximum(seen[1:, 1:].sum(), 1)
    u = np.zeros_like(sums)
    u[0, 0] = empty
    for k in range(1, size):
        u[k, 0], u[0, k] = one_class
        for a in range(1, k):
            b = k - a
            prior: Ints = everywhere
            weights = np.array([a * (a > 1), b * (b > 1)])
            if weights.any():
                prior = weights @ np.stack([u[a - 1, b], u[a, b - 1]]) // weights.sum()
            total = seen[a, b] + SHRINKAGE
            u[a, b] = (sums[a, b] + SHRINKAGE * prior + total // 2) // total
    return u


def shapley_by_class(u: Ints) -> Ints:
    """Returns UNIT times the value of a member of class 0 in the game on a and b members.

    An integer: n C(n-1, k) divides lcm(1 .. n) for all k.
    """
    value = np.zeros((LEAF + 1, LEAF + 1, 2), dtype=np.int64)
    for k in range(1, LEAF + 1):
        for a in range(1, k + 1):
            b = k - a
            last = UNIT * (u[a, b] - u[a - 1, b]) + (a - 1) * value[a - 1, b]
            value[a, b], rest = np.divmod(last + (b * value[a, b - 1] if b else 0), k)
            assert not rest.any()
    return value


def blocks(first: int, end: int, share: int, leaf: int = LEAF) -> Iterator[tuple[int, int, int]]:
    """The blocks of an order that are not halved, and the weight of a change in each."""
    if end - first <= leaf:
        yield first, end, share
    else:
        middle = first + (end - first) // 2
        yield from blocks(first, middle, share // 2, leaf)
        yield from blocks(middle, end, share // 2, leaf)


def whole_share(n: int, leaf: int = LEAF) -> int:
    """The weight of a change where all players join, in units of that in the smallest leaves."""
    share = 1
    while n > leaf:
        n, share = n - n // 2, 2 * share
    return share


def below(words: Iterator[int], bound: int) -> int:
    """Draws uniformly below `bound`, by Lemire's method."""
    while True:
        product = next(words) * bound
        if product % 2**64 >= 2**64 % bound:
            return product >> 64


def control(u: Ints, y: Ints, order: Ints, words: Iterator[int]) -> Ints:
    """The control to add to the gains of halving: integers of mean zero whose sum is zero."""
    value = shapley_by_class(u)
    added = np.zeros((len(y), 2), dtype=np.int64)
    for first, end, share in blocks(0, len(y), whole_share(len(y))):
        players = order[first:end]
        classes, joined = y[players], cells(y[players])
        a, b = int(joined[0][-1]), int(joined[1][-1])
        rounding = np.array([below(words, UNIT) for _ in range(2)])
        of_zero = (a * value[a, b] + rounding) // UNIT
        due = np.empty((len(players), 2), dtype=np.int64)
        for k, (members, sum_due) in enumerate(((a, of_zero), (b, u[a, b] - u[0, 0] - of_zero))):
            if members:
                each, rest = np.divmod(sum_due, members)
                due[classes == k] = each + (np.arange(members)[:, None] < rest)
        added[players] = share * (due - np.diff(u[joined], axis=0))
    assert not added.sum(axis=0).any()
    return added
