"""One coefficient per member against the dense twin: equal integers, whatever the features are like."""

from __future__ import annotations

import pytest

from problems import core_problem
from shapcpp import _core
from shapcpp._core import testing
from wide_problems import KINDS, draw
from wide_runs import SAMPLERS, assert_same, run


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
