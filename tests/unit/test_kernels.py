"""The vector loops by themselves: as accurate as the bounds of the engine reckon."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from shapcpp import _core


def test_loss_derivatives_are_accurate_to_the_last_digits() -> None:
    margins = np.concatenate(
        [np.linspace(-40, 40, 801), np.geomspace(1e-18, 690, 300), -np.geomspace(1e-18, 690, 300)]
    )
    margins = margins[: len(margins) // 8 * 8 + 3]  # not a whole number of registers
    for sign in (-1.0, 1.0):
        residuals, curvatures = _core.logistic(margins, np.full_like(margins, sign))
        with mpmath.workdps(40):
            odds = [mpmath.exp(mpmath.mpf(float(z))) for z in margins]
            exact = [-sign / (1 + q**sign) for q in odds]
            # What the rounding floor of a fit reckons with.
            assert relative_error(residuals, exact) < 8 * 2.0**-53
            exact = [1 / ((1 + q) * (1 + 1 / q)) for q in odds]
            assert relative_error(curvatures, exact) < 8 * 2.0**-53


def relative_error(values: NDArray[np.float64], exact: list[Any]) -> float:
    return float(max(abs(float(v) / e - 1) for v, e in zip(values, exact, strict=True)))


def test_margins_far_out_stay_finite() -> None:
    margins = np.array([-1e308, -1e5, -701.0, 701.0, 1e5, 1e308, 0.0])
    residuals, curvatures = _core.logistic(margins, np.ones_like(margins))
    assert np.isfinite(residuals).all()
    assert (curvatures > 0).all()
    np.testing.assert_allclose(residuals[:3], -1)
    assert (np.abs(residuals[3:6]) < 1e-300).all()
