"""The loops over samples of several classes: as accurate as the bounds of the engine reckon."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from shapcpp._core import testing
from softmax import covariances, helmert, probabilities

DOUBLE = 2.0**-53


@pytest.mark.parametrize("K", [2, 3, 5, 12])
def test_residuals_of_several_classes_are_accurate_to_the_last_digits(K: int) -> None:
    """Also those of a class that is nearly certain."""
    rng = np.random.default_rng(K)
    # Multiples of a quarter, so that their differences are exact.
    logits = np.round(rng.normal(size=(61, K)) * rng.choice([1.0, 10.0, 100.0], (61, 1)) * 4) / 4
    own = rng.integers(0, K, 61)
    p, residuals = testing.class_residuals(logits, own.astype(float))
    with mpmath.workdps(60):
        for i in range(61):
            exact = probabilities([mpmath.mpf(z) for z in logits[i]])
            others = mpmath.fsum(exact[k] for k in range(K) if k != own[i])
            for k in range(K):
                expected = -others if k == own[i] else exact[k]
                assert abs(p[i, k] / exact[k] - 1) < (K + 8) * DOUBLE
                assert abs(residuals[i, k] / expected - 1) < (2 * K + 12) * DOUBLE


@pytest.mark.parametrize("K", [2, 3, 5, 12])
def test_covariances_of_contrasts_are_accurate_against_the_variances(K: int) -> None:
    """Where one class is nearly certain all of them are tiny."""
    rng = np.random.default_rng(K)
    with mpmath.workdps(60):
        Q = helmert(K)
        for spread in (0.5, 5.0, 20.0, 80.0):
            for _ in range(5):
                odds = np.exp(rng.normal(size=K) * spread)
                p = odds / odds.sum()
                total = mpmath.fsum(mpmath.mpf(float(x)) for x in p)
                exact = covariances([mpmath.mpf(float(x)) / total for x in p], Q)
                found = testing.contrast_covariances(p)
                for j in range(K - 1):
                    for k in range(K - 1):
                        size = mpmath.sqrt(exact[j][j] * exact[k][k])
                        assert abs(found[j, k] - exact[j][k]) <= (8 * K + 32) * DOUBLE * size
