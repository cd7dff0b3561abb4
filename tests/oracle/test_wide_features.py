"""One coefficient per member against the dense twin: equal integers, whatever the features are like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from problems import Arrays, core_problem
from shapcpp import _core
from shapcpp._core import testing

Floats = NDArray[np.float64]
Change = Callable[[Any, Floats, Floats], tuple[Floats, Floats, dict[str, Any]]]


def draw(kind: str, seed: int, n: int, d: int, m: int) -> tuple[Arrays, dict[str, Any]]:
    rng = np.random.default_rng([seed, n, d, *kind.encode()])
    y, y_test = rng.integers(0, 2, n), rng.integers(0, 2, m)
    y[:2] = [0, 1]
    X, X_test = (rng.normal(size=(len(k), d)) for k in (y, y_test))
    X[:, 0] += 2 * y
    X_test[:, 0] += 2 * y_test
    if kind == "duplicates with opposite labels":
        X, y = np.repeat(X[: n // 2], 2, axis=0), np.arange(n // 2 * 2) % 2
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

SAMPLERS = {
    "permutations": lambda game: _core.permutation_sampler(),
    "halving": lambda game: _core.halving_sampler(game, 0),
}


def run(game: _core.Game, sampler: str, count: int = 1, threads: int = 1) -> _core.Tally:
    classes = game.predicted[1]
    sizes, ballots = (
        _core.permutation_votes(game.n_players)
        if sampler == "permutations"
        else _core.halving_votes(game.n_players)
    )
    votes = (game.predicted[0], len(sizes), classes) if ballots else None
    tally = _core.Tally(game.n_players, 2, votes=votes)
    _core.run(
        game, SAMPLERS[sampler](game), _core.grand_coalition(game), tally,
        seed=0, first=0, count=count, threads=threads,
    )  # fmt: skip
    return tally


def assert_same(a: _core.Tally, b: _core.Tally) -> None:
    np.testing.assert_array_equal(a.gains, b.gains)
    np.testing.assert_array_equal(a.moments, b.moments)
    np.testing.assert_array_equal(a.votes, b.votes)
    assert (a.ties, a.uncertified) == (b.ties, b.uncertified)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("n", "d"), [(24, 90), (50, 52), (70, 50)])
@pytest.mark.parametrize("kind", KINDS)
def test_same_integers_as_the_dense_twin(kind: str, n: int, d: int, sampler: str) -> None:
    """Fewer samples than features, about as many, and more: then the path changes on the way."""
    arrays, options = draw(kind, 0, n, d, 30)
    problem = core_problem(arrays, **options)
    wide, dense = (run(make(problem), sampler) for make in (_core.game, testing.dense_game))
    assert_same(wide, dense)


@pytest.mark.parametrize("seed", range(4))
def test_hessians_beyond_what_blocks_invert_give_the_twins_integers(seed: int) -> None:
    """Inverses by blocks lose digits twice: here they would lose all."""
    arrays, options = draw("hardly any penalty", seed, 96, 65, 60)
    problem = core_problem(arrays, **options)
    wide, dense = (run(make(problem), "permutations") for make in (_core.game, testing.dense_game))
    assert_same(wide, dense)


@pytest.mark.parametrize("kind", ["plain", "features of a few values", "groups"])
def test_products_made_as_needed_and_threads_change_no_integer(kind: str) -> None:
    arrays, options = draw(kind, 1, 70, 55, 300)
    problem = core_problem(arrays, **options)
    stored = run(testing.wide_game(problem, True), "permutations", 3)
    assert_same(run(testing.wide_game(problem, False), "permutations", 3), stored)
    assert_same(run(testing.wide_game(problem, True), "permutations", 3, threads=3), stored)


def test_ordinary_samples_need_no_fit() -> None:
    """Else equality with the twin would say nothing about the certificate."""
    arrays, options = draw("unit length", 2, 60, 90, 200)
    tally = run(_core.game(core_problem(arrays, **options)), "permutations", 2)
    assert tally.statistics["coalitions"] > 100
    assert tally.statistics["fits"] == 0


def test_few_columns_stay_with_one_weight_per_column() -> None:
    arrays, options = draw("plain", 3, 60, 32, 20)
    problem = core_problem(arrays, **options)
    with pytest.raises(ValueError, match="too few columns"):
        testing.wide_game(problem, True)
