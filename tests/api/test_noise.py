from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.2, 0.25, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("sizes", [(400, 100), (1, 1), (7, 3)])
def test_the_same_share_of_each_class(rate: float, sizes: tuple[int, int]) -> None:
    y = np.repeat([4, 9], sizes)
    noisy, flipped = shapcpp.flip_labels(y, rate, seed=1)
    np.testing.assert_array_equal(flipped, noisy != y)
    np.testing.assert_array_equal(noisy[flipped], 13 - y[flipped])
    for label, size in zip((4, 9), sizes, strict=True):
        assert flipped[y == label].sum() == math.floor(rate * size + 0.5)


def test_the_documented_draw() -> None:
    y = np.array([1, 0, 0, 1, 0, 0])
    _, flipped = shapcpp.flip_labels(y, 0.5, seed=6)
    zeros, ones = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    expected = {*zeros[shapcpp.permutation(4, 6, 0)[:2]], *ones[shapcpp.permutation(2, 6, 1)[:1]]}
    assert set(np.flatnonzero(flipped)) == expected


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint16, np.int64])
def test_the_type_of_labels_is_kept(kind: type) -> None:
    y: NDArray[Any] = np.array([0, 1, 1, 0], dtype=kind)
    noisy, _ = shapcpp.flip_labels(y, 0.5)
    assert noisy.dtype == y.dtype


def test_seeds_differ() -> None:
    y = np.arange(100) % 2
    assert (shapcpp.flip_labels(y, 0.3, 0)[1] != shapcpp.flip_labels(y, 0.3, 1)[1]).any()


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="rate must lie between 0 and 1, got 1.5"):
        shapcpp.flip_labels([0, 1], 1.5)
    with pytest.raises(ValueError, match="rate must lie between 0 and 1, got nan"):
        shapcpp.flip_labels([0, 1], float("nan"))
    with pytest.raises(TypeError, match="rate must be a number, got '0.2'"):
        shapcpp.flip_labels([0, 1], "0.2")  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match="y has 0.5 at row 1; labels that are floats must be whole"
    ):
        shapcpp.flip_labels([0.0, 0.5], 0.2)
    with pytest.raises(ValueError, match="y holds one class only"):
        shapcpp.flip_labels([1, 1], 0.2)
