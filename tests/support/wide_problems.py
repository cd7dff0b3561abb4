"""Problems of more features than members, nasty ones too, of two classes or more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems import Arrays

Floats = NDArray[np.float64]
Change = Callable[[Any, Floats, Floats], tuple[Floats, Floats, dict[str, Any]]]


def draw(kind: str, seed: int, n: int, d: int, m: int, K: int = 2) -> tuple[Arrays, dict[str, Any]]:
    rng = np.random.default_rng([seed, n, d, *kind.encode()])
    y, y_test = rng.integers(0, K, n), rng.integers(0, K, m)
    y[:K] = np.arange(K)
    X, X_test = (rng.normal(size=(len(k), d)) for k in (y, y_test))
    X[:, 0] += 2 * y
    X_test[:, 0] += 2 * y_test
    if kind == "duplicates with opposite labels":
        X, y = np.repeat(X[: n // 2], 2, axis=0), np.arange(n // 2 * 2) % K
    if kind == "one test class":
        y_test[:] = 1
    if kind == "separable":
        X[:, 0] += 30 * y
    X, X_test, options = KINDS[kind](rng, X, X_test)
    return (X, y, X_test, y_test), options


KINDS: dict[str, Change] = {
    "plain": lambda g, a, b: (a, b, {}),
    "unit length": lambda g, a, b: (a / len(a.T) ** 0.5, b / len(a.T) ** 0.5, {}),
    "strong penalty": lambda g, a, b: (a, b, {"C": 1e-4}),
    "weak penalty": lambda g, a, b: (a, b, {"C": 1e3}),
    "weights over decades": lambda g, a, b: (a, b, {"class_weights": np.array([1e-2, 30.0])}),
    "separable": lambda g, a, b: (a, b, {"C": 10.0}),
    "constant columns": lambda g, a, b: (np.where(np.arange(len(a.T)) % 3, a, 0.1), b, {}),
    "collinear columns": lambda g, a, b: (np.c_[a, a[:, :3] * 2], np.c_[b, b[:, :3] * 2], {}),
    "features of a few values": lambda g, a, b: (
        g.integers(0, 2, a.shape) * 1.0, g.integers(0, 2, b.shape) * 1.0, {}
    ),
    "tiny": lambda g, a, b: (a * 1e-3, b * 1e-3, {}),
    "huge": lambda g, a, b: (a * 30, b * 30, {}),
    "one large column": lambda g, a, b: (
        a * (s := np.where(np.arange(len(a.T)) == 1, 1e5, 1)), b * s, {}
    ),
    "far from the origin": lambda g, a, b: (a + 1e4, b + 1e4, {}),
    "tests at the plane": lambda g, a, b: (a, b * 10.0 ** g.uniform(-13, -1, len(b))[:, None], {}),
    "groups": lambda g, a, b: (
        a, b, {"players": np.unique(g.integers(0, len(a) // 4, len(a)), return_inverse=True)[1]}
    ),
    "duplicates with opposite labels": lambda g, a, b: (a, np.r_[b, a[:6]][6:], {}),
    "one test class": lambda g, a, b: (a, b, {}),
    "tests beyond single precision": lambda g, a, b: (a, b * 1.5e37, {}),
    "hardly any penalty": lambda g, a, b: (a, b, {"C": 1e6}),
}  # fmt: skip
