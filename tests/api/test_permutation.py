from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import chisquare

import baseline
import shapcpp


@pytest.mark.parametrize("n", [1, 2, 3, 10, 257])
@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("index", [0, 1, 2**64 - 1])
def test_anyone_can_write_it_again(n: int, seed: int, index: int) -> None:
    assert shapcpp.permutation(n, seed, index).tolist() == baseline.permutation(n, seed, index)


def test_known_values_never_change() -> None:
    assert shapcpp.permutation(10, seed=3, index=7).tolist() == [2, 4, 6, 9, 0, 3, 8, 5, 7, 1]


@pytest.mark.parametrize("over", ["seed", "index"])
def test_uniform_over_all_orders(over: str) -> None:
    draws = (shapcpp.permutation(4, **{over: i}) for i in range(24_000))
    counts = Counter(tuple(order.tolist()) for order in draws)
    assert len(counts) == 24
    assert chisquare([counts[order] for order in permutations(range(4))]).pvalue > 1e-4


def test_every_player_at_every_position() -> None:
    orders = np.array([shapcpp.permutation(7, 11, t) for t in range(7_000)])
    for position in range(7):
        assert chisquare(np.bincount(orders[:, position], minlength=7)).pvalue > 1e-5


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ((0,), ValueError, "n must be at least 1, got 0"),
        ((3.0,), TypeError, "n must be an integer, got 3.0"),
        ((3, -1), ValueError, "seed must lie between 0 and 2^64 - 1, got -1"),
        ((3, 2**64), ValueError, "seed must lie between 0 and 2^64 - 1, got 18446744073709551616"),
        ((3, 0, -1), ValueError, "index must lie between 0 and 2^64 - 1, got -1"),
        ((3, 0, "1"), TypeError, "index must be an integer, got '1'"),
    ],
)
def test_bad_arguments(arguments: tuple[int, ...], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as raised:
        shapcpp.permutation(*arguments)
    assert str(raised.value) == sentence
