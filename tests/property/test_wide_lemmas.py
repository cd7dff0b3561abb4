"""The bounds of paths of many features, of whose matrices updates wait."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from lemmas import Watched
from problems import core_problem

FEATURES = 63  # and the intercept: the fewest columns whose updates wait


@pytest.mark.parametrize("scale", [0.3, 1.0], ids=["short", "long"])
def test_every_bound_holds_where_updates_wait(scale: float) -> None:
    rng = np.random.default_rng(7)
    X = scale * rng.normal(size=(FEATURES + 1, FEATURES)) / np.sqrt(np.arange(1, FEATURES + 1))
    y = (X[:, 0] + scale * rng.normal(size=len(X)) > 0).astype(int)
    watched = Watched(core_problem((X, y, X[:1], y[:1])), y, np.ones(2))
    first = 20
    with mpmath.workdps(40):
        for i in range(first):
            watched.join(i)
        watched.fit(True)
        # Of the updates, four are added at once and one waits.
        for i in range(first, first + 5):
            watched.join(i)
        for _ in range(3):
            watched.estimate()
            assert watched.path.refine()
    assert watched.seen["away from the base"] > 0


def test_every_bound_holds_where_the_hessian_is_multiplied_anew() -> None:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(80, FEATURES)) / np.sqrt(np.arange(1, FEATURES + 1))
    X[:, 1] = X[:, 0] + 0.01 * X[:, 1]  # the inverse drifts, and the linear part with it
    y = (X[:, 0] + rng.normal(size=len(X)) > 0).astype(int)
    watched = Watched(core_problem((X, y, X[:1], y[:1]), C=1e4), y, np.ones(2))
    path = watched.path
    for i in range(len(X)):
        watched.join(i)
        if i < len(X) // 4:
            continue
        if not path.has_anchor:
            path.fit(True)
        for _ in range(5):
            _, radius = path.estimate()
            if path.has_multiplied and np.isfinite(radius):
                with mpmath.workdps(40):
                    watched.estimate()
                assert watched.seen["multiplied"] == 1
                return
            if not path.has_anchor or not path.refine():
                path.fit(True)
                break
    pytest.fail("the Hessian was never multiplied anew")
