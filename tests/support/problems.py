"""Small problems of every nasty kind: arguments of `shapcpp.value` and of its twin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core

Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]
Problem = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]


class Draw:
    """A random problem of two overlapping classes, from which the kinds are made."""

    def __init__(self, seed: int, n: int | None = None) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.n, self.m, self.d = (int(rng.integers(*r)) for r in ((4, 26), (1, 40), (1, 8)))
        self.n = self.n if n is None else n
        self.y = rng.integers(0, 2, self.n)
        self.y[:2] = [0, 1]
        self.y_test = rng.integers(0, 2, self.m)
        self.X = rng.normal(size=(self.n, self.d)) + 0.7 * self.y[:, None]
        self.X_test = rng.normal(size=(self.m, self.d)) + 0.7 * self.y_test[:, None]

    def with_(self, **changes: Any) -> Problem:
        options = {k: v for k, v in changes.items() if not hasattr(self, k)}
        arrays = [changes.get(k, getattr(self, k)) for k in ("X", "y", "X_test", "y_test")]
        return (arrays[0], arrays[1], arrays[2], arrays[3], options)

    def both(self, change: Callable[[NDArray[Any]], NDArray[Any]], **options: Any) -> Problem:
        return self.with_(X=change(self.X), X_test=change(self.X_test), **options)


def _mixed_scales(p: Draw) -> Problem:
    scales = 10.0 ** p.rng.integers(-3, 4, p.d)
    return p.both(lambda X: X * scales)


def _more_features(p: Draw) -> Problem:
    d = p.n + 5
    return p.with_(X=p.rng.normal(size=(p.n, d)), X_test=p.rng.normal(size=(p.m, d)))


def _opposite_duplicates(p: Draw) -> Problem:
    half = p.X[: p.n // 2]
    labels = np.tile([0, 1], len(half))
    return p.with_(
        X=np.repeat(half, 2, axis=0),
        y=labels,
        X_test=np.concatenate([p.X_test, half]),
        y_test=np.concatenate([p.y_test, labels[: len(half)]]),
    )


def _separable(p: Draw, **options: Any) -> Problem:
    return p.with_(X=p.X + 50 * p.y[:, None], X_test=p.X_test + 50 * p.y_test[:, None], **options)


def _class_of_one(p: Draw) -> Problem:
    return p.with_(y=np.eye(p.n, dtype=int)[0])


def _lattice(p: Draw) -> Problem:
    return p.with_(X=p.rng.integers(0, 3, (p.n, p.d)), X_test=p.rng.integers(0, 3, (p.m, p.d)))


def _heavy_tails(p: Draw) -> Problem:
    X, X_test = (10 * p.rng.standard_cauchy((size, p.d)) for size in (p.n, p.m))
    return p.with_(X=X, X_test=X_test, C=100.0)


def _groups(p: Draw) -> Problem:
    groups = p.rng.integers(0, max(2, p.n // 3), p.n)
    return p.with_(groups=groups, class_weight="balanced")


KINDS: dict[str, Callable[[Draw], Problem]] = {
    "plain": lambda p: p.with_(),
    "carry, nothing right when empty": lambda p: p.with_(single_class="carry", empty="none"),
    "carry, majority when empty": lambda p: p.with_(single_class="carry"),
    "empty predicts the larger label": lambda p: p.with_(empty=1),
    "class weights": lambda p: p.with_(class_weight={0: 0.3, 1: 7.0}),
    "balanced groups": _groups,
    "more features than samples": _more_features,
    "duplicated rows": lambda p: p.with_(X=np.repeat(p.X, 2, axis=0), y=np.repeat(p.y, 2)),
    "duplicates with opposite labels": _opposite_duplicates,
    "collinear": lambda p: p.both(lambda X: np.column_stack([X, 2 * X[:, 0], X.sum(axis=1)])),
    "constant column": lambda p: p.both(lambda X: np.column_stack([X, np.full(len(X), 3.3)])),
    "constant in training only": lambda p: p.with_(
        X=np.column_stack([p.X, np.full(p.n, 3.3)]),
        X_test=np.column_stack([p.X_test, p.rng.normal(size=p.m)]),
    ),
    "separable": _separable,
    "separable, weak penalty": lambda p: _separable(p, C=1e4),
    "scale 1e-3": lambda p: p.both(lambda X: X * 1e-3),
    "scale 1e3": lambda p: p.both(lambda X: X * 1e3),
    "mixed scales": _mixed_scales,
    "far from the origin": lambda p: p.both(lambda X: X + 1e4),
    "one test sample": lambda p: p.with_(X_test=p.X_test[:1], y_test=p.y_test[:1]),
    "test set of one class": lambda p: p.with_(y_test=np.ones_like(p.y_test)),
    "two samples": lambda p: p.with_(X=p.X[:2], y=p.y[:2]),
    "class of one sample": _class_of_one,
    "one feature": lambda p: p.both(lambda X: X[:, :1]),
    "lattice": _lattice,
    "strong penalty": lambda p: p.with_(C=1e-4),
    "weak penalty": lambda p: p.with_(C=1e6),
    "heavy tails": _heavy_tails,
}


def make(kind: str, seed: int, n: int | None = None) -> Problem:
    """The problem of that kind and seed: X, y, X_test, y_test and options.

    Of about n samples, or of a random number of a few.
    """
    return KINDS[kind](Draw(seed, n))


def core_problem(arrays: Arrays, **options: Any) -> _core.Problem:
    """X, y, X_test, y_test as the engine takes them."""
    X, y, X_test, y_test = arrays
    settings: dict[str, Any] = {
        "C": 1.0, "class_weights": np.ones(2), "players": np.arange(len(y)),
        "empty_counts": np.array([0, 0]), "single_class": "constant",
    }  # fmt: skip
    return _core.Problem(
        X=np.ascontiguousarray(X, dtype=float), classes=y.astype(np.int64),
        X_test=np.ascontiguousarray(X_test, dtype=float), classes_test=y_test.astype(np.int64),
        **(settings | options),
    )  # fmt: skip
