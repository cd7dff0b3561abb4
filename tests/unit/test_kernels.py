"""The vector loops on every instruction set of this processor, each in a process of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from problems import KINDS, make
from shapcpp import _core

LEVELS = ("generic", "avx2", "avx512")
SUPPORTED = LEVELS[: LEVELS.index(_core.instruction_set()) + 1]


def in_subprocess(code: str, level: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"SHAPCPP_ISA": level, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


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


@pytest.mark.parametrize("level", SUPPORTED)
def test_every_level_gives_the_same_integers(level: str) -> None:
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
import hashlib, shapcpp
from problems import KINDS, make
digest = hashlib.sha256()
for kind in KINDS:
    X, y, X_test, y_test, options = make(kind, 2)
    v = shapcpp.value(X, y, X_test, y_test, 10, **options)
    digest.update(v.gains.tobytes() + v.products.tobytes())
assert shapcpp._core.instruction_set() == {level!r}
print(digest.hexdigest())
"""
    done = in_subprocess(code, level)
    assert done.returncode == 0, done.stderr
    digest = hashlib.sha256()
    for kind in KINDS:
        X, y, X_test, y_test, options = make(kind, 2)
        v = shapcpp.value(X, y, X_test, y_test, 10, **options)
        digest.update(v.gains.tobytes() + v.products.tobytes())
    assert done.stdout.strip() == digest.hexdigest()


@pytest.mark.parametrize("level", ["sse9", "AVX2 "])
def test_an_unknown_level_is_refused_in_one_sentence(level: str) -> None:
    done = in_subprocess(
        "import shapcpp\n"
        "try: shapcpp.value([[0.], [1.]], [0, 1], [[0.]], [0], 1)\n"
        "except ValueError as e: print(e)",
        level,
    )
    assert done.stdout.startswith(f"SHAPCPP_ISA='{level}' is unknown; it can be one of: ")
