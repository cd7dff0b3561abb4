"""Sizes and sums that might not fit."""

from __future__ import annotations

import numpy as np
import pytest

import shapcpp
from shapcpp import _core, checks
from shapcpp._core import testing

LARGEST = 2**63 - 1
ORDER = np.array([0])

no_sanitizer = pytest.mark.skipif(
    bool(_core.build()["sanitized"]), reason="sanitizers abort at such sizes"
)


def path(change: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array([[0], [change]])


def test_a_tally_takes_what_fits_and_refuses_the_rest() -> None:
    change = 2**31
    tally = _core.Tally(1, 1)
    testing.add(tally, 0, ORDER, path(change))
    testing.add(tally, 1, ORDER, path(-change + 1))
    with pytest.raises(OverflowError, match="permutation 2 with changes of up to 2147483648 could"):
        testing.add(tally, 2, ORDER, path(-change))
    assert tally.gains.tolist() == [[1]]
    assert tally.moments.tolist() == [[[change**2 + (change - 1) ** 2]]]
    assert tally.ranges.tolist() == [[0, 2]]


@pytest.mark.parametrize("change", [2**32, LARGEST, -LARGEST - 1])
def test_a_change_too_large_to_square(change: int) -> None:
    tally = _core.Tally(1, 1)
    with pytest.raises(OverflowError, match="could overflow the 64-bit sums"):
        testing.add(tally, 0, ORDER, path(change))
    with pytest.raises(OverflowError, match="could overflow the 64-bit sums"):
        testing.add(tally, 0, ORDER, np.array([[LARGEST], [-LARGEST]]))
    assert tally.ranges.tolist() == []


@pytest.mark.parametrize("kind", ["ties", "uncertified"])
def test_open_signs_are_counted_up_to_64_bits(kind: str) -> None:
    tally = _core.Tally(1, 1)
    testing.add(tally, 0, ORDER, path(1), **{kind: LARGEST})
    with pytest.raises(OverflowError, match="open signs"):
        testing.add(tally, 1, ORDER, path(1), **{kind: 1})
    assert getattr(tally, kind) == LARGEST


def test_permutations_are_numbered_up_to_2_to_the_63() -> None:
    tally = _core.Tally(1, 1)
    testing.add(tally, LARGEST - 1, ORDER, path(1))
    assert tally.ranges.tolist() == [[LARGEST - 1, LARGEST]]
    for index in (LARGEST, 2**63, 2**64 - 1):
        with pytest.raises(ValueError, match=f"permutation {index} is beyond 2\\^63"):
            testing.add(tally, index, ORDER, path(1))


@pytest.mark.parametrize(
    ("first", "count"), [(2**63, 1), (1, LARGEST), (LARGEST, 1), (2**64 - 1, 1)]
)
def test_runs_end_below_2_to_the_63(first: int, count: int) -> None:
    problem = _core.Problem(
        X=np.eye(2),
        classes=np.array([0, 1]),
        X_test=np.eye(2),
        classes_test=np.array([0, 1]),
        C=1.0,
        class_weights=np.ones(2),
        players=np.arange(2),
        empty_counts=np.zeros(2, dtype=np.int64),
        single_class="constant",
    )
    game = _core.game(problem)
    tally = _core.Tally(2, 2)
    with pytest.raises(ValueError, match=r"first \+ count is beyond 2\^63"):
        _core.run(
            game, _core.permutation_sampler(), _core.grand_coalition(game), tally,
            seed=0, first=first, count=count, threads=1,
        )  # fmt: skip


@no_sanitizer
@pytest.mark.parametrize(
    "shape", [(2**62, 2), (2**32, 2**32), (2**64 - 1, 2**64 - 1), (2**30, 2**30)]
)
def test_a_tally_larger_than_any_memory(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="a tally of .* is larger than any memory"):
        _core.Tally(*shape)


@no_sanitizer
@pytest.mark.parametrize("n", [2**48, 2**60, 2**62, 2**63 - 1])
def test_a_permutation_larger_than_any_memory(n: int) -> None:
    with pytest.raises((MemoryError, ValueError)):
        shapcpp.permutation(n)


@pytest.mark.parametrize(
    ("largest", "most"),
    [(0, LARGEST // 2), (1, LARGEST // 2), (2147, 1_000_450_584_513), (2148, 999_519_283_111),
     (10_000, 46_116_860_184)],
)  # fmt: skip
def test_how_many_permutations_fit(largest: int, most: int) -> None:
    assert checks.most_permutations(np.array([0, largest])) == most


def test_the_standard_error_holds_at_the_bound() -> None:
    """The worst case: changes of T and -T in turn, as many permutations as are let through."""
    T = 10_000
    P = checks.most_permutations(np.array([T, T]))
    v = shapcpp.value(
        [[0.0], [1.0], [2.0]], [0, 1, 1], [[0.0], [1.0]], [0, 1], permutations=2, threads=1
    )
    gains = np.array([[T * (P % 2), 0], [P * T, -P * T], [0, 0]])
    products = np.zeros((3, 2, 2), dtype=np.int64)
    products[0, 0, 0] = P * T**2
    products[1] = [[P * T**2, -P * T**2], [-P * T**2, P * T**2]]
    worst = type(v)(**vars(v) | {
        "gains": gains, "moments": products, "ranges": np.array([[0, P]]),
        "test_counts": np.array([T, T]), "settings": v.settings | {"permutations": P},
    })  # fmt: skip
    error = worst.stderr(shapcpp.Metric("first", [1, 0]))
    exact = (P * T**2 - (T * (P % 2)) ** 2 / P) / (P - 1) / P
    np.testing.assert_allclose(error, [np.sqrt(exact), 0, 0], rtol=1e-12)
