"""Lemma 27: products of a kernel's features are its entries."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from shapcpp import _core

Floats = NDArray[np.float64]
UNIT = 2.0**-53


def exact(X: Floats, n: int, gamma: float) -> NDArray[Any]:
    """The entries of all rows with the first n, in the longest floats."""
    long = X.astype(np.longdouble)
    squares = ((long[:, None, :] - long[None, :n, :]) ** 2).sum(axis=-1)
    return np.asarray(np.exp(-np.longdouble(gamma) * squares))


def assert_products(features: Floats, entries: NDArray[Any], d: int, lengths: Floats) -> None:
    """The diagonal is raised as far as the lemma says, at most; all else errs by rounding of sums.

    `lengths` are the roots of the samples' products with themselves.
    """
    n = features.shape[1]
    products = features.astype(np.longdouble) @ features[:n].T.astype(np.longdouble)
    room = (n + d / 2 + 8) * UNIT * lengths[:, None] * lengths[:n]
    away = np.asarray(products - entries, dtype=float)
    raised = away.diagonal()
    assert (raised >= -room.diagonal()).all()
    assert (raised <= room.diagonal() + 5 * (n + d / 2 + 5) * UNIT * lengths[:n] ** 2).all()
    away[np.arange(n), np.arange(n)] = 0
    assert (np.abs(away) <= room).all()


def rows(kind: str, n: int, d: int) -> Floats:
    rng = np.random.default_rng([n, d])
    X = rng.normal(size=(n, d))
    if kind == "near duplicates":
        X[1::2] = X[::2] + 1e-8 * rng.normal(size=X[::2].shape)
    if kind == "a line":
        X = np.linspace(0, 1, n)[:, None] * np.ones(d)
    if kind == "clusters":
        X = np.round(X) + 1e-4 * X
    return X


@pytest.mark.parametrize("kind", ["plain", "near duplicates", "a line", "clusters"])
@pytest.mark.parametrize("gamma", [1e-9, 1e-4, 0.1, 3.0])
@pytest.mark.parametrize(("n", "d"), [(4, 1), (60, 3), (150, 2), (70, 90)])
def test_products_of_gaussian_features(kind: str, gamma: float, n: int, d: int) -> None:
    X = rows(kind, n + 40, d)
    features = _core.gaussian_features(samples=X, n_training=n, gamma=gamma)
    assert_products(features, exact(X, n, gamma), d, np.ones(len(X)))


@pytest.mark.parametrize("rank", [1, 3, 70, 200])
@pytest.mark.parametrize("spread", [0, 5])
def test_products_of_features_of_a_matrix(rank: int, spread: int) -> None:
    rng = np.random.default_rng(rank)
    factors = rng.normal(size=(140, rank)) * 10.0 ** rng.uniform(-spread, spread, (140, 1))
    n = 100
    entries = factors @ factors[:n].T
    entries[:n] = (entries[:n] + entries[:n].T) / 2
    features, bad, _ = _core.matrix_features(entries=entries)
    assert bad == -1
    lengths = np.linalg.norm(factors, axis=1)
    assert_products(features, entries.astype(np.longdouble), 0, lengths)


def test_the_exponential_is_right_to_three_roundings() -> None:
    rng = np.random.default_rng(0)
    powers = np.r_[0.0, 10.0 ** rng.uniform(-20, 2.84, 3000), np.linspace(0.3, 0.4, 200)]
    for power in powers.tolist():
        X = np.array([[0.0], [1.0]])
        found = _core.gaussian_features(samples=X, n_training=1, gamma=power)[1, 0]
        with mpmath.workdps(30):
            right = mpmath.exp(-mpmath.mpf(power))
            assert abs(found - right) <= 3 * UNIT * right
    far = np.array([[0.0], [1e160]])
    assert _core.gaussian_features(samples=far, n_training=1, gamma=1.0)[1, 0] == 0


def test_a_matrix_of_a_negative_square_is_told() -> None:
    _, row, square = _core.matrix_features(entries=np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert row == 1
    assert square == -3.0
