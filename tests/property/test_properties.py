"""Properties over random problems: the twin's integers, the axioms, files that come back the same."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import baseline
import shapcpp

numbers = st.one_of(
    st.integers(-3, 3).map(float),  # ties, duplicates, zero margins
    st.floats(-10, 10, allow_subnormal=False),
)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    n, m, d = draw(st.integers(2, 9)), draw(st.integers(1, 6)), draw(st.integers(1, 3))
    y = draw(arrays(np.int64, n, elements=st.integers(0, 1)).filter(lambda a: 0 < a.sum() < len(a)))
    scale = 10.0 ** draw(st.integers(-3, 3))
    return (
        scale * draw(arrays(float, (n, d), elements=numbers)),
        y,
        scale * draw(arrays(float, (m, d), elements=numbers)),
        draw(arrays(np.int64, m, elements=st.integers(0, 1))),
    )


options = st.fixed_dictionaries(
    {
        "C": st.sampled_from([1e-3, 1.0, 1e3]),
        "empty": st.sampled_from(["majority", "none", 0, 1]),
        "single_class": st.sampled_from(["constant", "carry"]),
        "class_weight": st.sampled_from([None, "balanced", {0: 0.2, 1: 5.0}]),
    }
)


def valued(*arguments: Any, **chosen: Any) -> shapcpp.Valuation:
    """The run, unless its features are too small to tell signs: that is an error, and right."""
    try:
        v = shapcpp.value(*arguments, **chosen)
    except shapcpp.UncertifiedError:
        reject()
    assert isinstance(v, shapcpp.Valuation)
    return v


slow = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@slow
@given(problems(), options, st.integers(0, 2**64 - 1))
def test_the_twins_agree_and_each_permutation_is_efficient(
    problem: tuple[Any, Any, Any, Any], chosen: dict[str, Any], seed: int
) -> None:
    v = valued(*problem, 3, seed, sampler="permutations", **chosen)
    twin = baseline.value(*problem, 3, seed, **chosen)
    assume(
        v.ties + v.uncertified == twin.doubtful
    )  # the twin's doubt reaches further than the engine's
    np.testing.assert_array_equal(v.gains, twin.gains)
    np.testing.assert_array_equal(v.products, twin.products)
    np.testing.assert_array_equal(v.gains.sum(axis=0), 3 * (v.full_counts - v.empty_counts))


@slow
@given(problems(), st.integers(1, 30))
def test_files_come_back_the_same(problem: tuple[Any, Any, Any, Any], permutations: int) -> None:
    v = valued(*problem, permutations)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.npz"
        v.save(path)
        w = shapcpp.load(path, shapcpp.Valuation)
    np.testing.assert_array_equal(v.gains, w.gains)
    np.testing.assert_array_equal(v.stderr("acc"), w.stderr("acc"))
    assert v.fingerprint == w.fingerprint


@slow
@given(st.integers(1, 60), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_permutations_are_permutations_and_written_again_alike(
    n: int, seed: int, index: int
) -> None:
    order = shapcpp.permutation(n, seed, index)
    assert sorted(order.tolist()) == list(range(n))
    assert order.tolist() == baseline.permutation(n, seed, index)


@slow
@given(arrays(np.int64, st.integers(2, 40), elements=st.integers(0, 1)), st.floats(0, 1))
def test_noise_flips_the_same_share_of_each_class(y: Any, rate: float) -> None:
    if len(np.unique(y)) < 2:
        return
    _, flipped = shapcpp.flip_labels(y, rate)
    for k in (0, 1):
        assert flipped[y == k].sum() == int(rate * (y == k).sum() + 0.5)
