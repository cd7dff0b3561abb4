"""Quantiles against printed tables and against extended precision."""

from __future__ import annotations

import mpmath
import pytest

from shapcpp.results.student_t import student_quantile


@pytest.mark.parametrize(
    ("tail", "freedom", "printed"),
    [
        (0.25, 1, 1.000),
        (0.1, 1, 3.078),
        (0.025, 1, 12.706),
        (0.025, 2, 4.303),
        (0.05, 5, 2.015),
        (0.005, 10, 3.169),
        (0.0005, 20, 3.850),
        (0.025, 30, 2.042),
        (0.0005, 120, 3.373),
        (0.025, 10**9, 1.960),
    ],
)
def test_tables(tail: float, freedom: int, printed: float) -> None:
    assert student_quantile(tail, freedom) == pytest.approx(printed, abs=0.0006)


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 30, 99, 500, 999, 1000, 1999, 10**5, 10**9])
@pytest.mark.parametrize("tail", [0.4, 0.0501, 0.05, 0.0499, 1e-3, 2.5e-7, 1e-10, 1e-15, 1e-22])
def test_extended_precision(tail: float, freedom: int) -> None:
    t = student_quantile(tail, freedom)
    with mpmath.workdps(40):
        a, x = mpmath.mpf(freedom) / 2, mpmath.mpf(t)
        true_tail = mpmath.betainc(a, 0.5, 0, 2 * a / (2 * a + x**2), regularized=True) / 2
        density = mpmath.gammaprod([a + 0.5], [a]) / mpmath.sqrt(2 * a * mpmath.pi)
        density *= (1 + x**2 / (2 * a)) ** -(a + 0.5)
        error = abs(true_tail - tail) / (density * x)
    assert error < 1e-8


def test_the_median_is_zero() -> None:
    for freedom in (1, 10, 10_000):
        assert student_quantile(0.5, freedom) == pytest.approx(0, abs=1e-12)
