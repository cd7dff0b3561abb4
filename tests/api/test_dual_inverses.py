"""Inverses of the dual path: built, with members that join, and with curvatures that change."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shapcpp._core import testing

DOUBLE = 2.0**-53
SINGLE = 2.0**-24

Array = NDArray[np.float64]


def scaled_matrix(products: Array, curvatures: Array) -> Array:
    roots = np.sqrt(curvatures)
    matrix: Array = np.eye(len(roots)) + np.outer(roots, roots) * products
    return matrix


@pytest.mark.parametrize("in_single", [False, True])
@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100])
def test_blocks_stand_for_symmetric_matrices(n: int, in_single: bool) -> None:
    """Whatever the caller's matrix holds above the diagonal, with many vectors added or none."""
    rng = np.random.default_rng(n)
    vector = rng.normal(size=n)
    for count in (0, 1, 3, 16, 17, 40):
        matrix, vectors, factors = (rng.normal(size=s) for s in ((n, n), (count, n), count))
        symmetric = np.tril(matrix) + np.tril(matrix, -1).T + (factors * vectors.T) @ vectors
        terms = (
            np.abs(matrix)
            + np.abs(matrix.T)
            + (np.abs(factors) * np.abs(vectors.T)) @ np.abs(vectors)
        )
        found = testing.block_product(matrix, vectors, factors, vector, in_single)
        room = (n + count + 8) * (SINGLE if in_single else DOUBLE) * terms @ np.abs(vector)
        assert (np.abs(found - symmetric @ vector) <= room).all()


@pytest.mark.parametrize("in_single", [False, True])
@pytest.mark.parametrize("n", [2, 7, 17, 33, 64, 65, 100, 300])
def test_inverses_of_members(n: int, in_single: bool) -> None:
    """Of products of rank n / 2, by curvatures over sixteen orders of magnitude."""
    rng = np.random.default_rng(n)
    features = rng.normal(size=(n, n // 2))
    products = features @ features.T
    for smallest in (1e-2, 1e-16):
        curvatures = 0.25 * smallest ** rng.uniform(size=n)
        vector = rng.normal(size=n) / np.sqrt(curvatures)
        found = testing.inverse_product(products, curvatures, n // 3, curvatures, vector, in_single)
        assert found is not None
        np.testing.assert_allclose(found[2], curvatures, rtol=1e-12)
        roots = np.sqrt(curvatures)
        scaled = scaled_matrix(products, curvatures)
        exact = roots * np.linalg.solve(scaled, roots * vector)
        rounding = SINGLE if in_single else DOUBLE
        room = 40 * rounding * np.linalg.cond(scaled) * np.linalg.norm(roots * vector)
        assert np.linalg.norm((found[0] - exact) / roots) <= room


@pytest.mark.parametrize("in_single", [False, True])
@pytest.mark.parametrize("n", [63, 64, 129, 300, 700])
def test_members_whose_curvatures_change_most_are_renewed(n: int, in_single: bool) -> None:
    """One of 64 members at a time, by how much it changes the Hessian."""
    rng = np.random.default_rng(n)
    features = rng.normal(size=(n, n // 2))
    products = features @ features.T / 4
    curvatures = 0.25 * 1e-2 ** rng.uniform(size=n)
    later = np.minimum(curvatures * np.exp(2 * rng.normal(size=n)), 0.25)
    vector = rng.normal(size=n)
    found = testing.inverse_product(products, curvatures, n // 3, later, vector, in_single)
    assert found is not None
    product, ones, current = found

    before = np.linalg.inv(products + np.diag(1 / curvatures))
    own_share = 1 - np.diag(before) / curvatures
    change = np.abs(np.log1p((later / curvatures - 1) * own_share))
    renewed = np.argsort(-change)[: n // 64]
    assert np.all(change[renewed] > np.log(1.4))
    wanted = curvatures.copy()
    wanted[renewed] = later[renewed]
    np.testing.assert_allclose(current, wanted, rtol=1e-12)

    after = np.linalg.inv(products + np.diag(1 / wanted))
    tolerance = (1e3 * SINGLE if in_single else 1e4 * DOUBLE) * np.abs(after).sum(axis=1).max()
    np.testing.assert_allclose(product, after @ vector, rtol=0, atol=tolerance)
    np.testing.assert_allclose(ones, after.sum(axis=1), rtol=0, atol=tolerance)


def test_curvatures_that_have_hardly_changed_stay() -> None:
    rng = np.random.default_rng(0)
    n = 200
    features = rng.normal(size=(n, n // 2))
    curvatures = np.full(n, 0.1)
    later = curvatures * rng.uniform(1 / 1.39, 1.39, size=n)
    found = testing.inverse_product(
        features @ features.T, curvatures, 0, later, np.ones(n), in_single=True
    )
    assert found is not None
    np.testing.assert_allclose(found[2], curvatures, rtol=1e-12)


def test_curvatures_beyond_what_the_scales_bear_stay() -> None:
    """One of a member that had counted much, and one of a member that had hardly counted."""
    rng = np.random.default_rng(0)
    n = 200
    features = rng.normal(size=(n, n // 2))
    curvatures = np.full(n, 0.1)
    curvatures[1] = 1e-6
    later = curvatures.copy()
    later[:3] = 1e-6, 0.1, 0.01
    for in_single in (False, True):
        found = testing.inverse_product(
            features @ features.T, curvatures, 0, later, np.ones(n), in_single
        )
        assert found is not None
        np.testing.assert_allclose(found[2][:3], [0.1, 1e-6, 0.01], rtol=1e-12)


def test_inverses_in_single_precision_are_built_in_double_where_blocks_lose_too_much() -> None:
    """Half of all directions are a hundred thousand times as long as the others."""
    rng = np.random.default_rng(0)
    n = 300
    turned = np.linalg.qr(rng.normal(size=(n, n)))[0]
    products = 4 * (turned * np.repeat([1e5, 1.0], n // 2)) @ turned.T
    curvatures, vector = np.full(n, 0.25), rng.normal(size=n)
    found = testing.inverse_product(products, curvatures, 0, curvatures, vector, in_single=True)
    exact = np.linalg.solve(products + np.diag(1 / curvatures), vector)
    assert found is not None
    assert np.linalg.norm(found[0] - exact) <= 1e-4 * np.linalg.norm(exact)
