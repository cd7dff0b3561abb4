"""At every step of a path, whatever is done with it, its bounds hold in extended precision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lemmas import Watched
from problems import core_problem
from shapcpp import _core

Labelled = tuple[NDArray[Any], NDArray[Any]]


def one_point(g: Any, X: NDArray[Any], y: NDArray[Any]) -> Labelled:
    """Shifts are the same for all, so that nothing is lost to norms: bounds are nearly tight."""
    X = np.repeat(X[:1], len(X), axis=0)
    X[-1] += 1
    return X, y


def largest_last(g: Any, X: NDArray[Any], y: NDArray[Any]) -> Labelled:
    """Those that join later shift more than all before them."""
    order = np.argsort(np.linalg.norm(X - X.mean(axis=0), axis=1))
    order = np.r_[order[y[order] == 0][:1], order[y[order] == 1][:1], order]
    order = order[np.sort(np.unique(order, return_index=True)[1])]
    return X[order], y[order]


def rare_class_last(g: Any, X: NDArray[Any], y: NDArray[Any]) -> Labelled:
    """Few of many: probabilities near 0, where curvatures grow as fast as they ever do."""
    y = np.zeros(len(y), dtype=int)
    y[0] = y[-8:] = 1
    return one_point(g, X, y)


def giants_last(g: Any, X: NDArray[Any], y: NDArray[Any]) -> Labelled:
    """Their rounding drowns that of all before them."""
    X[-3:] *= 10.0 ** g.integers(1, 7)
    return X, y


def feature_last(g: Any, X: NDArray[Any], y: NDArray[Any]) -> Labelled:
    """Absorbing it cancels digits of the inverse."""
    late = np.zeros(len(y))
    late[-5:] = 10.0 ** g.uniform(2, 9) * g.choice([-1, 1], 5)
    return np.c_[X, late], y


KINDS: dict[str, Callable[[Any, NDArray[Any], NDArray[Any]], Labelled]] = {
    "plain": lambda g, X, y: (X, y),
    "separable": lambda g, X, y: (X + 30 * y[:, None], y),
    "sorted by label": lambda g, X, y: (X, np.sort(y)),
    "collinear": lambda g, X, y: (
        np.c_[X, X[:, 0] * (1 + 10.0 ** g.integers(-10, -3) * g.normal(size=len(y)))], y
    ),
    "duplicates with opposite labels": lambda g, X, y: (
        np.repeat(X[: (len(y) + 1) // 2], 2, axis=0)[: len(y)], np.arange(len(y)) % 2
    ),
    "more features than samples": lambda g, X, y: (g.normal(size=(len(y), len(y) + 3)), y),
    "scales": lambda g, X, y: (X * 10.0 ** g.integers(-6, 7), y),
    "mixed scales": lambda g, X, y: (X * 10.0 ** g.integers(-3, 4, X.shape[1]), y),
    "far from the origin": lambda g, X, y: (X + 1e4, y),
    "heavy tails": lambda g, X, y: (g.standard_cauchy(X.shape), y),
    "largest last": largest_last,
    "giants last": giants_last,
    "a feature comes last": feature_last,
    "one point": one_point,
    "rare class last": rare_class_last,
}  # fmt: skip

ACTIONS = ("join", "estimate", "estimate", "estimate", "refine", "settle", "fit", "drop")

exact = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],
)


def act(watched: Watched, action: str) -> None:
    """Moves that a walk may make with a path, and others that it does not make."""
    if not watched.has_both_classes() or action == "join":
        return
    if action in ("fit", "drop") or not watched.path.has_anchor:
        watched.fit(action != "drop")
    if watched.path.has_anchor:
        watched.estimate()
    for _ in range({"refine": 1, "settle": 5}.get(action, 0)):
        if not watched.path.refine():
            watched.fit(True)
        if watched.path.has_anchor:
            watched.estimate()


def test_every_bound_holds_at_every_step() -> None:
    watched: list[Watched] = []

    @exact
    @given(
        kind=st.sampled_from(sorted(KINDS)),
        seed=st.integers(0, 2**32 - 1),
        d=st.integers(1, 3),
        C=st.integers(-4, 4),
        decades=st.sampled_from([0.0, 3.0]),
        actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=8),
    )
    def check(kind: str, seed: int, d: int, C: int, decades: float, actions: list[str]) -> None:
        watched.append(small(kind, seed, d, C, decades, actions))

    check()
    # Here bounds are nearly tight, so that a wrong one is found out.
    chain = ["refine", "estimate", "estimate"]
    watched += [small("rare class last", seed, 1, 0, 3.0, chain) for seed in range(4)]
    seen, tightest = summary(watched)
    for what in ("at the base", "away from the base", "with offsets", "without offsets",
                 "stretched step", "single precision", "widened precision",
                 "double precision"):  # fmt: skip
        assert seen[what] > 20, what
    for what in ("gradient at the estimate", "distance to the optimum", "growth of curvatures",
                 "largest stretch", "least stretch", "distance of the end of the step", "largest shift", "fourth powers of shifts", "eighth powers of shifts",
                 "length of the step", "leverage", "root of the inverse"):  # fmt: skip
        assert tightest[what] > 0.9, what


def test_bounds_from_the_third_derivative_hold() -> None:
    watched: list[Watched] = []

    @settings(exact, max_examples=12)
    @given(
        kind=st.sampled_from(
            ["plain", "duplicates with opposite labels", "largest last", "rare class last"]
        ),
        seed=st.integers(0, 2**32 - 1),
        C=st.integers(-4, 4),
        decades=st.sampled_from([0.0, 1.0]),
        actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=8),
    )
    def check(kind: str, seed: int, C: int, decades: float, actions: list[str]) -> None:
        watched.append(long(kind, seed, C, decades, actions))

    check()
    chain = ["refine", "estimate", "estimate"]
    watched += [long("rare class last", seed, 0, 1.0, chain) for seed in range(2)]
    seen, tightest = summary(watched)
    assert seen["third derivative"] > 20
    assert tightest["gradient at the estimate"] > 0.8


def small(kind: str, seed: int, d: int, C: int, decades: float, actions: Sequence[str]) -> Watched:
    rng = np.random.default_rng(seed)
    n = 10 if kind == "more features than samples" else int(rng.integers(12, 29))
    X, y = draw(rng, kind, n, d)
    return walk(X, y, 10.0**C, weights(rng, decades), actions)


def long(kind: str, seed: int, C: int, decades: float, actions: Sequence[str]) -> Watched:
    """Long enough for the third derivative to be worth building."""
    rng = np.random.default_rng(seed)
    X, y = draw(rng, kind, 190, 1)
    return walk(X, y, 10.0**C, weights(rng, decades), actions, quiet=180)


def draw(rng: Any, kind: str, n: int, d: int) -> Labelled:
    y = (rng.random(n) < rng.uniform(0.1, 0.9)).astype(int)
    y[:2] = [0, 1]
    return KINDS[kind](rng, rng.normal(size=(n, d)) + rng.uniform(0, 2) * y[:, None], y)


def weights(rng: Any, decades: float) -> NDArray[Any]:
    drawn: NDArray[Any] = 10.0 ** rng.uniform(-decades, decades, 2)
    return drawn


def walk(
    X: NDArray[Any],
    y: NDArray[Any],
    C: float,
    class_weights: NDArray[Any],
    actions: Sequence[str],
    quiet: int = 0,
) -> Watched:
    """All samples join, at first quietly, then with those actions in turn."""
    problem = core_problem((X, y, X[:1], y[:1]), C=C, class_weights=class_weights)
    watched = Watched(problem, y, class_weights)
    with mpmath.workdps(40):
        for i in range(len(y)):
            watched.join(i)
            try:
                act(watched, actions[i % len(actions)] if i >= quiet else "join")
            except _core.ConvergenceError:
                break
    return watched


def summary(watched: list[Watched]) -> tuple[Counter[str], dict[str, float]]:
    """Counts of branches seen, and how near each bound was to what it bounds."""
    seen: Counter[str] = Counter()
    tightest: dict[str, float] = {}
    for one in watched:
        seen.update(one.seen)
        for what, share in one.tightest.items():
            tightest[what] = max(share, tightest.get(what, 0.0))
    return seen, tightest
