"""The airport game, whose Shapley values are known: a test of the tally and the permutations."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

import shapcpp
from shapcpp import _core
from shapcpp._core import testing

SIZES = [8, 12, 6, 14, 8, 9, 13, 10, 10, 10]
COSTS = np.repeat(np.arange(1, 11), SIZES)


def walk(order: NDArray[np.int64], costs: NDArray[np.int64]) -> NDArray[np.int64]:
    """A coalition costs as much as its dearest member."""
    path = np.concatenate([[0], np.maximum.accumulate(costs[order])])
    return path[:, None].astype(np.int64)


def closed_form(costs: NDArray[np.int64]) -> NDArray[np.float64]:
    levels = np.arange(1, costs.max() + 1)
    shares = 1 / np.array([np.sum(costs >= level) for level in levels])
    return np.cumsum(shares)[costs - 1]


def test_closed_form_matches_the_published_values() -> None:
    published = [
        0.01, 0.020869565, 0.033369565, 0.046883079, 0.063549745,
        0.082780515, 0.106036329, 0.139369662, 0.189369662, 0.289369662,
    ]  # fmt: skip
    first_of_each = np.cumsum([0, *SIZES[:-1]])
    np.testing.assert_allclose(closed_form(COSTS)[first_of_each], published, atol=5e-10)


def test_sampled_values_agree_within_their_errors() -> None:
    count = 20_000
    tally = _core.Tally(100, 1)
    for index in range(count):
        order = shapcpp.permutation(100, seed=3, index=index)
        testing.add(tally, index, order, walk(order, COSTS))
    means = tally.gains[:, 0] / count
    variances = tally.moments[:, 0, 0] / count - means**2
    z = (means - closed_form(COSTS)) / np.sqrt(variances / count)
    assert np.abs(z).max() < 4.5
    assert 0.7 < np.mean(z**2) < 1.4
    assert tally.gains.sum() == 10 * count
    np.testing.assert_array_equal(tally.ranges, [[0, count]])


def test_all_permutations_give_the_closed_form() -> None:
    costs = np.array([1, 2, 2, 4, 5])
    tally = _core.Tally(5, 1)
    orders = list(permutations(range(5)))
    for index, order in enumerate(orders):
        joined = np.array(order, dtype=np.int64)
        testing.add(tally, index, joined, walk(joined, costs))
    np.testing.assert_allclose(tally.gains[:, 0] / len(orders), closed_form(costs), rtol=1e-14)


def test_ranges_coalesce_in_any_order() -> None:
    tally = _core.Tally(1, 1)
    order, path = np.array([0]), np.array([[0], [1]])
    for index in (5, 7, 6, 0, 1, 9):
        testing.add(tally, index, order, path)
    np.testing.assert_array_equal(tally.ranges, [[0, 2], [5, 8], [9, 10]])
