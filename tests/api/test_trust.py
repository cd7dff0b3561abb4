"""Standard errors that can be believed, and the intervals of those, which hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from shapcpp.results import trust

Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def overlapping(n: int, positive: int, m: int = 60, d: int = 2) -> Arrays:
    rng = np.random.default_rng(0)
    y, y_test = (np.arange(n) < positive).astype(int), (np.arange(m) < 0.4 * m).astype(int)
    X, X_test = (rng.normal(size=(len(c), d)) + c[:, None] for c in (y, y_test))
    return X, y, X_test, y_test


def run(n: int, positive: int, orders: int, **options: Any) -> shapcpp.Valuation:
    options = {"sampler": "permutations"} | options
    return shapcpp.value(*overlapping(n, positive), permutations=orders, **options)


def marks(variance: list[float], orders: int, labels: list[int], **options: Any) -> list[bool]:
    """`trust.trusted` of players that are samples, but for options."""
    arguments: dict[str, Any] = {"gain_unit": 1, "players": np.arange(len(labels)), "halved": False}
    found = trust.trusted(
        np.array(variance), orders, labels=np.array(labels), **arguments | options
    )
    return [bool(x) for x in found]


def test_a_player_seldom_joins_right_after_the_first_of_a_rare_class() -> None:
    assert trust.rare_joins(2000, 1, 500, 250) == 2
    assert trust.rare_joins(2000, 1, 8000, 800) == 0.025
    assert trust.rare_joins(100, 32, 500, 2) == pytest.approx(0.0256)  # from 32 blocks each
    # Of all orders of n players, the share that begins with one of a class and then this player.
    rng = np.random.default_rng(0)
    orders = np.array([rng.permutation(6) for _ in range(20_000)])
    happened = np.sum(np.isin(orders[:, 0], [0, 1]) & (orders[:, 1] == 5))
    assert happened == pytest.approx(trust.rare_joins(20_000, 1, 6, 2) * 6 / 5, rel=0.1)


def test_nobody_is_trusted_before_the_pool_has_seen_anything_and_all_are_after_enough() -> None:
    labels, variance = [0] * 8 + [1] * 2, [1.0, 0.0] * 5
    assert not any(marks(variance, 24, labels))  # 4.8 rare joins of all ten together
    assert any(marks(variance, 26, labels))
    assert all(marks(variance, 150, labels))  # 3 rare joins of each
    assert not all(marks(variance, 149, labels))
    assert not all(marks(variance, 150, labels, halved=True))


def test_between_the_two_a_variance_is_held_against_that_of_the_same_label() -> None:
    labels = [0] * 6 + [1] * 6
    variance = [1.0, 1.0, 1.0, 1.0, 1.9, 0.1, 100.0, 100.0, 100.0, 100.0, 180.0, 20.0]
    expected = [True, True, True, True, True, False] * 2
    assert marks(variance, 12, labels) == expected
    assert marks([*variance[:5], 0.0, *variance[6:]], 12, labels)[5] is False
    assert not any(marks([0.0] * 12, 12, labels))
    # Where a player has had half of the rare joins that are enough, half as much will do.
    assert trust.rare_joins(36, 1, 12, 6) == trust.ENOUGH / 2
    assert all(marks([*variance[:5], 0.16, *variance[6:]], 36, labels))
    assert not marks([*variance[:5], 0.14, *variance[6:]], 36, labels)[5]


def test_groups_of_both_classes_are_a_pool_of_their_own() -> None:
    labels, players = [0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1], np.array([*range(8), 8, 8, 9, 9])
    variance = [100.0] * 4 + [1.0] * 4 + [1.0, 0.1]
    assert marks(variance, 12, labels, players=players) == [True] * 9 + [False]


@pytest.mark.parametrize("options", [{}, {"sampler": "halving"}, {"groups": np.arange(60) // 2}])
def test_after_enough_orders_all_are_trusted(options: dict[str, Any]) -> None:
    v = run(60, 20, 2, **options)
    enough, halved = v.enough_orders(), v.settings["sampler"] == "halving"
    options = {"gain_unit": v.settings["gain_unit"], "players": v.players, "halved": halved}
    variance = [0.0, *[1.0] * (len(v.gains) - 1)]  # nothing has happened to the first
    assert all(marks(variance, enough, v.labels.tolist(), **options))
    assert not marks(variance, enough - 1, v.labels.tolist(), **options)[0]


def test_with_folds_the_part_that_needs_most_orders_counts() -> None:
    X, y, _, _ = overlapping(45, 9)
    v = shapcpp.value(X, y, folds=3, permutations=2)
    assert v.enough_orders() == max(part.enough_orders() for part in v.parts)


@pytest.mark.statistical
def test_500_balanced_samples_are_trusted_after_2000_permutations() -> None:
    v = run(500, 250, 2000)
    for metric in v.metrics:
        assert np.mean(~v.trusted(metric)) <= 0.02


def test_a_rare_class_and_few_permutations_are_marked_and_warned_of() -> None:
    with pytest.warns(shapcpp.ValuationWarning, match="spc cannot be believed, .*'halving'"):
        v = run(300, 15, 150)
    assert "permutations=" in str(trust.message(v))
    plain = str(trust.message(v, plain=True))  # on a page, which the shell may have made
    assert plain.endswith(" permutations would be enough, and far fewer with halving")
    assert "=" not in plain
    trusted = v.trusted("spc")
    assert trusted.dtype == bool
    assert 0.3 < np.mean(~trusted) < 1
    assert not trusted[v.stderr("spc") == 0].any()
    assert not v.trusted("acc")[v.stderr("acc") == 0].any()


def test_a_class_of_two_is_marked_with_halving_too() -> None:
    v = run(200, 2, 24, sampler="halving")
    assert not v.trusted("acc").any()
    v = run(200, 100, 24, sampler="halving")
    assert v.trusted("acc").all()


@pytest.mark.parametrize(
    ("sampler", "positive", "orders", "all_below"),
    [("permutations", 5, 150, 0.7), ("halving", 2, 48, 0.88)],
)
def test_intervals_that_are_trusted_hold_where_all_of_them_do_not(
    sampler: str, positive: int, orders: int, all_below: float
) -> None:
    # Errors far smaller than those of the runs that are held against it.
    truth = run(120, positive, 1500, sampler="halving", seed=99)["spc"]
    holds, trusted = [], []
    for seed in range(4):
        v = run(120, positive, orders, sampler=sampler, seed=seed)
        low, high = v.interval("spc")
        holds.append((low <= truth) & (truth <= high))
        trusted.append(v.trusted("spc"))
    everyone, among = np.mean(holds), np.mean(np.array(holds)[np.array(trusted)])
    assert everyone < all_below
    assert among >= 0.9
    assert np.mean(trusted) > 0.1


def test_one_permutation_has_no_error_to_trust() -> None:
    assert not run(20, 10, 1).trusted("acc").any()
    assert run(20, 10, 2000).trusted("acc").all()


def test_each_sample_shows_whether_its_group_is_trusted() -> None:
    v = run(120, 12, 60, groups=np.arange(120) // 2)
    trusted = v.trusted("spc")
    np.testing.assert_array_equal(trusted[::2], trusted[1::2])
    assert 0 < trusted.mean() < 1


def test_frame_queue_and_notebook_show_who_is_not_trusted() -> None:
    v = run(300, 15, 150)
    np.testing.assert_array_equal(v.columns()["spc_trusted"], v.trusted("spc"))
    assert list(v.columns(["spc"]))[-2:] == ["spc_high", "spc_trusted"]
    queue = shapcpp.review_queue(v, 1.0, ["spc"])
    np.testing.assert_array_equal(queue.trusted, v.trusted("spc")[queue["sample"]])
    assert "± ?" in v._repr_html_()
    assert "?" not in run(20, 10, 2000)._repr_html_()
