"""The loops for classes that move along one vector, by themselves: exact on small numbers."""

from __future__ import annotations

import numpy as np
import pytest

from shapcpp._core import testing


@pytest.mark.parametrize("rivals", [0, 1, 2, 9, 32])
@pytest.mark.parametrize("n", [1, 15, 17, 33, 64, 80, 100, 112, 128, 129, 233, 256])
def test_leads_advance_by_one_product_for_all_rivals(rivals: int, n: int) -> None:
    rng = np.random.default_rng(n)
    samples = rng.integers(-9, 10, size=(n, 7)).astype(float)  # sums are exact
    vector, steps = (rng.integers(-9, 10, size).astype(float) for size in (7, rivals))
    leads, known = rng.integers(-9, 10, size=(rivals, n)).astype(float), rng.integers(0, 40, n) / 4
    moved = leads + np.outer(steps, samples @ vector) / 4
    least = moved.min(axis=0, initial=1e38)
    for chunk in (1, 3, 4, 9):
        got, led, open_ = testing.advance(samples, vector, chunk, 0.25, steps, 12, known, leads)
        np.testing.assert_array_equal(got, moved)
        assert led == (least > 12 - known).sum()
        np.testing.assert_array_equal(open_, np.flatnonzero(np.abs(least) <= 12 - known))


@pytest.mark.parametrize("columns", [1, 7, 8, 9, 17, 65])
def test_rows_move_along_a_vector(columns: int) -> None:
    rng = np.random.default_rng(columns)
    for n in range(24):
        rows = rng.integers(-9, 10, size=(n, columns)).astype(float)  # sums are exact
        vector, scales = rng.integers(-9, 10, size=(2, columns)).astype(float)
        lengths = rng.integers(-9, 10, n).astype(float)
        moved, products, squares, sums = testing.move_rows(rows, vector, lengths, scales)
        np.testing.assert_array_equal(moved, rows + np.outer(lengths, vector))
        np.testing.assert_array_equal(products, moved @ vector)
        np.testing.assert_array_equal(squares, (moved**2).sum(axis=1))
        np.testing.assert_array_equal(sums, np.abs(moved * scales).sum(axis=1))


def test_leads_advance_by_the_largest_whole_numbers() -> None:
    samples = np.full((16, 3), 32767.0)
    samples[::2] *= -1
    vector = np.array([32767.0, 32766.0, 0.0])  # the sum of both products is just below 2^31
    still = np.zeros(16)
    got, _, _ = testing.advance(samples, vector, 2, 2.0**-31, np.ones(1), 0, still, still[None])
    np.testing.assert_allclose(got[0], samples[:, 0] * (32767 + 32766) / 2**31, rtol=1e-7)
