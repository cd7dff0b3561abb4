"""Too many signs that double precision cannot tell: an error that names the features, no values."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from shapcpp.problem import scales
from shapcpp.results import signs
from shapcpp.results.tally import Tally


def overflowing(permutations: int = 30, **options: Any) -> shapcpp.Valuation:
    """Margins are differences of numbers beyond the largest double."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    u = rng.normal(size=40)
    X = np.column_stack([u, u + 1e-6 * (2 * y - 1 + 0.1 * rng.normal(size=40))]) * 1e-153
    X_test = np.array([[1, 0.9], [0.9, 1], [-1, -0.9], [-0.9, -1]]) * 1e150
    return shapcpp.value(
        X, y, X_test, [0, 1, 0, 1], permutations, C=1.7e308, class_weight={0: 1e9, 1: 1e9},
        sampler="permutations",
        **options,
    )  # fmt: skip


def test_a_run_ends_after_its_first_look() -> None:
    with pytest.raises(ValueError, match="of all margins are below what double") as raised:
        overflowing(10**6, threads=1)
    assert isinstance(raised.value, shapcpp.UncertifiedError)
    partial = raised.value.partial
    assert partial.n_permutations == 1
    assert partial.uncertified_share > 0.01
    assert "column 1 of X is nearly a combination of others" in str(raised.value)


def test_with_an_executor_and_from_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with ThreadPoolExecutor(2) as pool, pytest.raises(shapcpp.UncertifiedError) as raised:
        overflowing(10**4, executor=pool, checkpoint=path)
    done = raised.value.partial.n_permutations
    assert 0 < done < 10**4
    kept = shapcpp.load(path, shapcpp.Valuation)
    assert kept.uncertified_share > 0.01
    with pytest.raises(shapcpp.UncertifiedError) as again:
        overflowing(10**4, checkpoint=path)
    assert again.value.partial.n_permutations == kept.n_permutations
    with pytest.raises(shapcpp.UncertifiedError):
        overflowing(10**4, extend=kept)


def test_merging_what_such_errors_left_is_one() -> None:
    parts = []
    for first in (0, 100):
        with pytest.raises(shapcpp.UncertifiedError) as raised:
            overflowing(100, first=first, threads=1)
        parts.append(raised.value.partial)
    with pytest.raises(shapcpp.UncertifiedError) as raised:
        parts[0].merge(parts[1])
    assert raised.value.partial.uncertified == parts[0].uncertified + parts[1].uncertified


def test_features_are_named_with_the_way_out() -> None:
    X = np.random.default_rng(0).normal(size=(20, 9))
    assert "is nearly a combination of others" in scales.fault_of(X, 1.0)
    X[:, 4] = X[:, 0] - 2 * X[:, 2] + 3
    X[:, 7] = X[:, 1] + 1e-7 * X[:, 7]
    assert scales.fault_of(X, 1.0).startswith("columns 4, 7 of X are nearly combinations of others")
    wide = np.random.default_rng(0).normal(size=(5, 20)) * 1e3
    assert scales.fault_of(wide, 1.0).startswith(
        "columns 4, 5, 6, 7, 8 and 11 more of X are nearly"
    )
    X = np.random.default_rng(0).normal(size=(20, 9))
    large = X * np.where(np.arange(9) == 3, 1e9, 1)
    assert scales.fault_of(large, 1.0).startswith("column 3 of X varies so much")
    assert 'scale="standard"' in scales.fault_of(large, 1.0)
    larger = X * 10.0 ** np.arange(4, 13)
    assert scales.fault_of(larger, 1.0).startswith("columns 8, 7, 6, 5, 4 and 4 more of X vary")
    assert "nearly" in scales.fault_of(np.full((3, 2), 1e308), 1.0)


def test_a_model_without_a_penalty_is_told_of_no_penalty() -> None:
    y, giants = np.repeat([0, 1], 8), np.tile([1e12, -1e12], 8)  # which cancel in every mean
    X, pairs = np.column_stack([np.zeros(16), giants]), np.arange(16) // 2
    told = (
        "column 1 of X has values so far from the others that rounding hides how far samples are "
        "from the means of labels; drop or rescale such features, or leave out the samples that "
        "are so far away"
    )
    with pytest.raises(shapcpp.UncertifiedError) as raised:
        shapcpp.value(X, y, [[0, 10], [0, -10]], [0, 1], 20, groups=pairs, model="centroid")
    assert str(raised.value).endswith(told)


@pytest.mark.parametrize(("uncertified", "under_way", "fails"), [
    (100, False, False), (102, False, True), (102, True, False), (1002, True, True),
])  # fmt: skip
def test_the_limits(uncertified: int, under_way: bool, fails: bool) -> None:
    tally = Tally(
        **vars(Tally.empty(1, 2))
        | {"ranges": np.array([[0, 10]]), "ties": 10**5, "uncertified": uncertified,
           "stats": {"coalitions": 990}}
    )  # fmt: skip
    assert signs.share_of(tally, 100) == uncertified / 1e5
    if fails:
        with pytest.raises(shapcpp.UncertifiedError, match=r"more than 0\.1%"):
            signs.check(tally, 100, lambda: "", under_way)
    else:
        signs.check(tally, 100, lambda: "", under_way)


def test_features_too_small_for_their_penalty_are_an_error_and_larger_ones_are_exact() -> None:
    rng = np.random.default_rng(0)
    y, y_test = np.arange(50) % 2, np.arange(60) % 2
    X, X_test = rng.normal(size=(50, 4)) + y[:, None], rng.normal(size=(60, 4)) + y_test[:, None]

    def gains(scale: float) -> Any:
        v = shapcpp.value(X * scale, y, X_test * scale, y_test, permutations=10)
        assert v.uncertified == 0
        return v.gains.tolist()

    assert gains(2.0**-15) == gains(2.0**-10)
    with pytest.raises(shapcpp.UncertifiedError, match="the columns of X vary so little"):
        gains(2.0**-26)
