"""The engine against its pure-Python twin: equal to the last integer, on nasty problems."""

from __future__ import annotations

import numpy as np
import pytest

import baseline
import shapcpp
from problems import KINDS, make

PERMUTATIONS = 6


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_same_integers_as_the_twin(kind: str, seed: int) -> None:
    X, y, X_test, y_test, options = make(kind, seed)
    v = shapcpp.value(X, y, X_test, y_test, PERMUTATIONS, seed, sampler="permutations", **options)
    twin = baseline.value(X, y, X_test, y_test, PERMUTATIONS, seed, **options)
    np.testing.assert_array_equal(v.gains, twin.gains)
    np.testing.assert_array_equal(v.products, twin.products)
    np.testing.assert_array_equal(v.empty_counts, twin.empty_counts)
    np.testing.assert_array_equal(v.full_counts, twin.full_counts)


def test_same_integers_at_the_papers_noise_and_width() -> None:
    rng = np.random.default_rng(7)
    y = (np.arange(150) % 5 == 0).astype(int)
    y_test = rng.integers(0, 2, 300)
    shift = rng.normal(size=16) / 3
    X = rng.normal(size=(150, 16)) + np.outer(y, shift)
    X_test = rng.normal(size=(300, 16)) + np.outer(y_test, shift)
    noisy, _ = shapcpp.flip_labels(y, 0.2)
    v = shapcpp.value(X, noisy, X_test, y_test, 2, sampler="permutations")
    twin = baseline.value(X, noisy, X_test, y_test, 2)
    np.testing.assert_array_equal(v.gains, twin.gains)
    np.testing.assert_array_equal(v.products, twin.products)
    assert v.uncertified == 0


def test_the_twin_raises_where_it_does_not_converge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "ACCEPTED", -1.0)
    X, y, X_test, y_test, _ = make("plain", 0)
    with pytest.raises(RuntimeError, match="did not converge"):
        baseline.value(X, y, X_test, y_test, 1)
