"""Both samplers give the integers that they gave before they were chosen by name."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from shapcpp import Valuation


def golden(rows: NDArray[np.int64], n_features: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Overlapping classes without a generator of random numbers, which may change."""
    y = (rows * 0.6180339887498949 % 1 < 0.4).astype(int)
    roots = np.sqrt([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37])[:n_features]
    return (rows[:, None] + 1) * roots % 1 + 0.4 * y[:, None], y


def digest(v: Valuation) -> str:
    """A digest of every integer that 40 orders add up to."""
    content = hashlib.sha256()
    for array in (v.gains, v.products, v.empty_counts, v.full_counts, v.ranges):
        content.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    return content.hexdigest()[:16]


@pytest.mark.parametrize(
    ("n", "m", "d", "by", "single_class", "permutations", "halving", "first_gains"),
    [
        (60, 50, 3, 1, "constant", "c787cc6e15521a5a", "f255b6f188e6b1dd", [-194, 310]),
        (130, 40, 5, 1, "carry", "a5646d99bc59c905", "50c4a5618c0c22d4", [-169, 254]),
        (48, 30, 12, 1, "constant", "25b076d98f4855ee", "f1798de1598ca371", [-137, 147]),
        (60, 30, 3, 3, "constant", "da72bfd4d8d1efcb", "70c3091b8ef07b02", [-1506, 3917]),
        (20, 25, 12, 1, "constant", "943bd75d56487310", "1eaa8aa001dc8ea4", [-93, 224]),
    ],
)
def test_the_integers_of_both_samplers_are_those_of_before(
    n: int, m: int, d: int, by: int, single_class: Any, permutations: str, halving: str,
    first_gains: list[int],
) -> None:  # fmt: skip
    sides = (*golden(np.arange(n), d), *golden(np.arange(n, n + m), d))
    groups = np.arange(n) // by if by > 1 else None
    plain, halved = (
        shapcpp.value(*sides, 40, 3, first=5, single_class=single_class, groups=groups, sampler=h)
        for h in ("permutations", "halving")
    )
    assert halved.gains[0].tolist() == first_gains
    assert (digest(plain), digest(halved)) == (permutations, halving)
