"""The certified path of many features, of whose matrices updates wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from problems import core_problem
from shapcpp import _core
from shapcpp._core import testing

Floats = NDArray[np.float64]


def tilted(g: Any, X: Floats) -> Floats:
    """Variances fall off as those of embeddings do."""
    spread: Floats = X / np.sqrt(np.arange(1, X.shape[1] + 1))
    return spread


def repeated(g: Any, X: Floats) -> Floats:
    """Each row twice, in an order that tells a member's copy from the member late."""
    rows = g.permutation(np.arange(len(X)) // 2)
    copies: Floats = X[rows]
    return copies


# Features, of all samples, and C.
KINDS: dict[str, tuple[Callable[[Any, Floats], Floats], float]] = {
    "embeddings of unit length": (
        lambda g, X: (Z := tilted(g, X)) / np.linalg.norm(Z, axis=1, keepdims=True), 1.0
    ),
    "embeddings, weak penalty": (tilted, 100.0),
    "embeddings, strong penalty": (tilted, 0.01),
    "standardised": (lambda g, X: X, 1.0),
    "standardised, weak penalty": (lambda g, X: X, 1e4),
    "collinear": (lambda g, X: np.c_[X[:, :50], X[:, :50] + 1e-6 * X[:, -50:]], 1.0),
    "constant columns": (lambda g, X: np.c_[X[:, :-5], np.full((len(X), 5), 3.3)], 1.0),
    "lattice": (lambda g, X: np.round(X), 1.0),
    "duplicated rows": (repeated, 1.0),
    "mixed scales": (lambda g, X: X * 10.0 ** g.integers(-3, 4, X.shape[1]), 1.0),
    "huge": (lambda g, X: X * 1e6, 1.0),
    "tiny": (lambda g, X: X * 1e-6, 1.0),
    "heavy tails": (lambda g, X: g.standard_cauchy(X.shape), 1.0),
}  # fmt: skip


def problem_of(kind: str, d: int, separable: bool, seed: int) -> _core.Problem:
    rng = np.random.default_rng([seed, d, *kind.encode()])
    n, m = 2 * d, 60
    make, C = KINDS[kind]
    X = make(rng, rng.normal(size=(n + m, d)))
    z = X @ rng.normal(size=X.shape[1])
    y = (z + (0 if separable else z.std() * rng.normal(size=n + m)) > np.median(z)).astype(int)
    y[:2] = [0, 1]
    return core_problem((X[:n], y[:n], X[n:], y[n:]), C=C)


def run(game: _core.Game, sampler: _core.Sampler, seed: int, threads: int = 1) -> _core.Tally:
    tally = _core.Tally(game.n_players, 2)
    _core.run(
        game, sampler, _core.grand_coalition(game), tally,
        seed=seed, first=0, count=1, threads=threads,
    )  # fmt: skip
    return tally


@pytest.mark.parametrize("separable", [False, True], ids=["overlapping", "separable"])
@pytest.mark.parametrize("d", [64, 101])
@pytest.mark.parametrize("kind", KINDS)
def test_same_integers_as_the_dense_twin(kind: str, d: int, separable: bool) -> None:
    problem = problem_of(kind, d, separable, seed=1)
    certified, dense = (
        run(make(problem), _core.permutation_sampler(), 3)
        for make in (_core.game, testing.dense_game)
    )
    np.testing.assert_array_equal(certified.gains, dense.gains)
    assert (certified.ties, certified.uncertified) == (dense.ties, dense.uncertified)
