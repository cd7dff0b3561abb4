"""The loops by themselves: as accurate as the bounds of the engine reckon (docs/engine.md)."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from shapcpp._core import testing

DOUBLE = 2.0**-53
SINGLE = 2.0**-24


def test_loss_derivatives_are_accurate_to_the_last_digits() -> None:
    margins = np.concatenate(
        [np.linspace(-40, 40, 801), np.geomspace(1e-18, 690, 300), -np.geomspace(1e-18, 690, 300)]
    )
    margins = margins[: len(margins) // 8 * 8 + 3]  # not a whole number of registers
    for sign in (-1.0, 1.0):
        residuals, curvatures = testing.logistic(margins, np.full_like(margins, sign))
        with mpmath.workdps(40):
            odds = [mpmath.exp(mpmath.mpf(float(z))) for z in margins]
            exact = [-sign / (1 + q**sign) for q in odds]
            # What the rounding floor of a fit reckons with.
            assert relative_error(residuals, exact) < 8 * DOUBLE
            exact = [1 / ((1 + q) * (1 + 1 / q)) for q in odds]
            assert relative_error(curvatures, exact) < 8 * DOUBLE


def relative_error(values: NDArray[np.float64], exact: list[Any]) -> float:
    return float(max(abs(float(v) / e - 1) for v, e in zip(values, exact, strict=True)))


def test_margins_far_out_stay_finite() -> None:
    margins = np.array([-1e308, -1e5, -701.0, 701.0, 1e5, 1e308, 0.0])
    residuals, curvatures = testing.logistic(margins, np.ones_like(margins))
    assert np.isfinite(residuals).all()
    assert (curvatures > 0).all()
    np.testing.assert_allclose(residuals[:3], -1)
    assert (np.abs(residuals[3:6]) < 1e-300).all()


def test_expansion_rounds_probabilities_and_derivatives_once() -> None:
    rng = np.random.default_rng(0)
    margins = np.concatenate([rng.normal(size=270) * 8, [0.0, 40.0, -40.0]])
    signs = rng.choice([-1.0, 1.0], size=len(margins))
    weights = rng.choice([0.25, 1.0, 7.0], size=len(margins))
    p = 1 / (1 + np.exp(-margins))
    c = weights * p / (1 + np.exp(margins))
    residuals = -signs * weights / (1 + np.exp(signs * margins))
    probabilities, curvatures, thirds = testing.expand(residuals, c, signs, weights)
    np.testing.assert_allclose(probabilities, p, rtol=SINGLE, atol=2 * DOUBLE)
    np.testing.assert_array_equal(curvatures, single(c))
    np.testing.assert_allclose(thirds, c * (1 - 2 * p), rtol=SINGLE, atol=8 * DOUBLE)


def test_members_without_weight_have_a_probability_all_the_same() -> None:
    zero = np.zeros(2)
    probabilities, curvatures, thirds = testing.expand(zero, zero, np.array([-1.0, 1.0]), zero)
    np.testing.assert_array_equal(probabilities, [0, 1])
    assert not curvatures.any()
    assert not thirds.any()


def single(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounded to single precision, so that the kernel takes them as they are."""
    return values.astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("widened", [False, True])
@pytest.mark.parametrize("p", [0, 1e-30, 1e-7, 0.01, 0.3, 0.5, 0.9, 1 - 2.0**-24, 1])
def test_a_remainder_is_exact_to_second_order(p: float, widened: bool) -> None:
    tiny = np.geomspace(1e-6, 2, 80)
    t = single(np.concatenate([np.linspace(-2, 2, 96), tiny, -tiny]))
    n = len(t)
    p = float(np.float32(p))
    c = single(np.random.default_rng(0).uniform(0.01, 1, size=n))
    # A sample of its own direction each: no sum rounds.
    f, largest, *_ = testing.remainder(np.eye(n), t, np.zeros(n), np.full(n, p), c, widened)
    assert largest == 2
    with mpmath.workdps(40):
        r = [mpmath.expm1(mpmath.mpf(float(value))) for value in t]
        exact = [a * (b / (1 + p * b) - d) for a, b, d in zip(c, r, t, strict=True)]
        error = np.array([float(value - e) for value, e in zip(f, exact, strict=True)])
    assert (np.abs(error) <= 16 * SINGLE * c * t**2 * np.exp(2 * np.abs(t))).all()


@pytest.mark.parametrize("widened", [False, True])
@pytest.mark.parametrize(
    ("n", "columns"), [(1, 1), (16, 3), (250, 17), (1000, 16), (1030, 65), (300, 513)]
)
def test_sums_of_remainders_are_within_their_bound(n: int, columns: int, widened: bool) -> None:
    rng = np.random.default_rng(n)
    x = single(rng.normal(size=(n, columns)))
    u = rng.normal(size=columns) * 0.3 / np.sqrt(columns)
    u = u if widened else single(u)
    offsets = single(np.where(rng.random(n) < 0.05, rng.normal(size=n) * 0.5, 0))
    p = single(rng.random(n))
    c = single(p * (1 - p))
    t = x @ u - offsets
    sums, largest, fourth, eighth, remainders = testing.remainder(x, u, offsets, p, c, widened)

    of_shift = 2 if widened else min(columns, 32) + -(-columns // 32) + 3
    of_sum = 2 if widened else 35
    shift_error = of_shift * SINGLE * (np.abs(x) @ np.abs(u) + np.abs(offsets))
    most = np.abs(t).max() + shift_error.max()
    assert most < 2
    assert abs(largest - np.abs(t).max()) <= shift_error.max()
    for moment, power in ((fourth, 4), (eighth, 8)):
        exact = np.sum(c * np.abs(t) ** power)
        higher = np.sum(c * (np.abs(t) + shift_error) ** power)
        assert abs(moment - exact) <= 2 * (higher - exact) + 35 * SINGLE * higher

    r = np.expm1(t)
    f = c * (r / (1 + p * r) - t)
    error = c * np.expm1(most) * shift_error + 16 * SINGLE * c * t**2 * np.exp(2 * most)
    bound = (error + of_sum * SINGLE * np.abs(f)) @ np.abs(x)
    assert (np.abs(sums - f @ x) <= bound).all()
    assert abs(remainders - np.abs(f).sum()) <= error.sum() + 1e-5 * np.abs(f).sum()


@pytest.mark.parametrize("t", [2.5, -2.5, 1e4, -1e30])
def test_shifts_beyond_the_polynomial_are_reported(t: float) -> None:
    x = np.zeros((300, 2))
    x[270, 1] = single(np.array([t]))[0]
    half = np.full(300, 0.5)
    for widened in (False, True):
        _, largest, *_ = testing.remainder(x, np.ones(2), np.zeros(300), half, half, widened)
        assert largest == abs(x[270, 1])


@pytest.mark.parametrize("n_classes", [2, 3, 4, 7, 10, 101])
@pytest.mark.parametrize(("n", "columns"), [(1, 1), (15, 3), (17, 2), (100, 5), (256, 17)])
def test_a_class_leads_where_its_margin_is_above_all_others(
    n_classes: int, n: int, columns: int
) -> None:
    rng = np.random.default_rng(n)
    x = rng.integers(-8, 9, size=(n, columns)).astype(float)  # margins are exact, and often equal
    weights = rng.integers(-4, 5, size=(columns, n_classes)).astype(float)
    reaches = rng.integers(0, 5, n_classes) / 2.0
    norms = rng.integers(0, 3, n).astype(float)
    margins, errors = x @ weights, np.outer(norms, reaches)
    for own in {0, n_classes // 2, n_classes - 1}:
        others = np.arange(n_classes) != own
        least, most = (margins + sign * errors for sign in (-1, 1))
        leads = least[:, own] > most[:, others].max(axis=1)
        trails = most[:, own] < least[:, others].max(axis=1)
        led, open_ = testing.lead(x, weights, own, reaches, norms)
        assert led == leads.sum()
        np.testing.assert_array_equal(open_, np.flatnonzero(~leads & ~trails))


@pytest.mark.parametrize("n", [1, 7, 8, 9, 17, 24, 33, 65, 200])
def test_absolute_products_add_up(n: int) -> None:
    a, b = np.random.default_rng(n).integers(-9, 10, size=(2, n)).astype(float)
    assert testing.absolute_dot(a, b) == np.abs(a * b).sum()


def positive_definite(columns: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """With columns of all scales, one of them almost a copy of another."""
    samples = rng.normal(size=(2 * columns + 8, columns))
    if columns > 1:
        samples[:, 0] = samples[:, -1] + 0.01 * samples[:, 0]
    samples *= 10.0 ** rng.uniform(-6, 6, size=columns)
    product: NDArray[np.float64] = samples.T @ samples
    return product


def test_inverses_of_all_sizes_are_within_their_bound() -> None:
    rng = np.random.default_rng(0)
    for columns in range(1, 201):
        h = positive_definite(columns, rng)
        inverse = testing.invert(h)
        assert inverse is not None
        # x'Gy against x'H^-1 y for all x, y of length 1 in the norm of H^-1: with H = LL', the norm
        # of L'GL - I.
        root = cholesky(h.astype(np.longdouble))
        drift = root.T @ inverse.astype(np.longdouble) @ root - np.eye(columns)
        condition = float(np.diag(h) @ np.diag(inverse))
        bound = (columns**3 + 20 * columns) * DOUBLE * condition
        assert bound < 0.01
        assert np.linalg.norm(drift.astype(np.float64)) <= bound, columns


@pytest.mark.parametrize("penalty", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("columns", [63, 64, 65, 66, 100, 130])
def test_inverses_of_nearly_singular_matrices_are_within_their_bound(
    columns: int, penalty: float
) -> None:
    """Few samples, and a penalty that hardly holds the other directions."""
    rng = np.random.default_rng(columns)
    samples = rng.normal(size=(columns // 4, columns))
    h = samples.T @ samples + penalty * np.eye(columns)
    inverse = testing.invert(h)
    assert inverse is not None
    root = cholesky(h.astype(np.longdouble))
    drift = root.T @ inverse.astype(np.longdouble) @ root - np.eye(columns)
    bound = (columns**3 + 20 * columns) * DOUBLE * float(np.diag(h) @ np.diag(inverse))
    assert np.linalg.norm(drift.astype(np.float64)) <= bound


def cholesky(matrix: NDArray[np.longdouble]) -> NDArray[np.longdouble]:
    rest = matrix.copy()
    root = np.zeros_like(matrix)
    for j in range(len(matrix)):
        root[j:, j] = rest[j:, j] / np.sqrt(rest[j, j])
        rest[j:, j:] -= np.outer(root[j:, j], root[j:, j])
    return root


@pytest.mark.parametrize("columns", [2, 16, 17, 64, 65, 96, 100, 200])
def test_a_pivot_that_is_not_positive_is_refused(columns: int) -> None:
    definite = positive_definite(columns, np.random.default_rng(columns))
    for place in {0, columns // 2, columns - 2, columns - 1}:
        for value in (0.0, -1.0, np.nan):
            h = definite.copy()
            h[place, place] = value
            assert testing.invert(h) is None, (place, value)
    h = np.eye(columns)  # every entry of the diagonal is positive
    h[0, -1] = h[-1, 0] = 2
    assert testing.invert(h) is None


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (100, 5), (500, 16), (530, 17), (300, 37)])
def test_third_derivatives_are_those_of_a_plain_sum(n: int, columns: int) -> None:
    rng = np.random.default_rng(n)
    x = single(rng.normal(size=(n, columns)))
    weights = single(rng.uniform(-0.1, 0.1, size=n))
    joining, joining_weights = rng.normal(size=(3, columns)), rng.uniform(-0.1, 0.1, size=3)
    a, b = rng.normal(size=(2, columns))

    product = testing.third_derivative(x, weights, joining, joining_weights, a, b)
    x, weights = np.vstack([x, joining]), np.concatenate([weights, joining_weights])
    exact = np.einsum("i,ij,il,im,j,l->m", weights, x, x, x, a, b, optimize=True)
    size = np.einsum("i,ij,il,im,j,l->m", *map(np.abs, (weights, x, x, x, a, b)), optimize=True)
    assert (np.abs(product - exact) <= 40 * SINGLE * size).all()
    unmoved = testing.third_derivative(x, weights, joining[:0], joining_weights[:0], a, 0 * b)
    assert not unmoved.any()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 100])
def test_triangles_stand_for_symmetric_matrices(n: int) -> None:
    """Whatever the caller's matrix holds above the diagonal."""
    rng = np.random.default_rng(n)
    matrix, vector = rng.normal(size=(n, n)), rng.normal(size=n)
    symmetric = np.longdouble(np.tril(matrix) + np.tril(matrix, -1).T)
    symmetric += 0.25 * np.outer(np.longdouble(vector), vector)
    product = testing.lower_product(matrix, vector, 0.25)
    room = (n + 8) * DOUBLE * (np.abs(symmetric) @ np.abs(vector) + np.abs(vector).max() ** 3)
    assert (np.abs(product - symmetric @ vector) <= room).all()


@pytest.mark.parametrize("columns", [1, 16, 17, 200])
def test_rows_in_single_precision_add_up_in_double(columns: int) -> None:
    rng = np.random.default_rng(columns)
    rows, factors = rng.normal(size=(37, columns)), rng.normal(size=37)
    exact = np.longdouble(factors) @ np.longdouble(np.float32(rows))
    room = 40 * DOUBLE * (np.abs(factors) @ np.abs(rows))
    assert (np.abs(testing.row_sum(rows, factors) - exact) <= room).all()


@pytest.mark.parametrize("n", [1, 3, 7, 8, 9, 16, 50])
def test_directions_of_newton_steps(n: int) -> None:
    rng = np.random.default_rng(n)
    left, residuals = rng.normal(size=(2, n))
    diagonal, curvatures = rng.uniform(0.1, 4, size=(2, n))
    kept, length = 0.3, 0.7
    found = testing.step_direction(left, diagonal, curvatures, residuals, kept, length)
    along = np.sum(left * diagonal)
    moved = -left * diagonal - along
    shifted = -(left + moved) * diagonal
    coefficients, margins = moved + kept, shifted + kept
    rest = left + length * (coefficients + curvatures * margins)
    sums = [
        along,
        -left @ shifted,
        coefficients @ (margins - along) + curvatures @ margins**2,
        np.sum((left + residuals) ** 2 / curvatures),
        np.sum(rest),
        length * curvatures @ margins,
        np.sum(rest**2 / curvatures),
    ]
    for array, wanted in zip(
        found[:3], (length * coefficients, length * margins, rest), strict=True
    ):
        np.testing.assert_allclose(array, wanted, rtol=1e-9, atol=1e-9 * n**2)
    np.testing.assert_allclose(found[3], left + residuals)
    np.testing.assert_allclose(found[4], sums, rtol=1e-9, atol=1e-9 * n**2)
