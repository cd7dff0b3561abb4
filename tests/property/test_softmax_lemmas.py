"""The multinomial path: at every step, whatever is done with it, its bounds hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from class_problems import ClassProblem
from shapcpp import _core
from softmax_lemmas import Watched

Samples = tuple[NDArray[Any], NDArray[Any]]

KINDS: dict[str, Any] = {
    "plain": lambda g, X, y: (X, y),
    "separable": lambda g, X, y: (X + 20 * g.normal(size=(4, X.shape[1]))[y], y),
    "sorted by label": lambda g, X, y: (X, np.sort(y)),
    "duplicates of every label": lambda g, X, y: (
        np.repeat(X[: (len(y) + 2) // 3], 3, axis=0)[: len(y)], np.arange(len(y)) % 3
    ),
    "more features than samples": lambda g, X, y: (g.normal(size=(len(y), len(y) + 2)), y),
    "scales": lambda g, X, y: (X * 10.0 ** g.integers(-4, 5), y),
    "mixed scales": lambda g, X, y: (X * 10.0 ** g.integers(-3, 4, X.shape[1]), y),
    "far from the origin": lambda g, X, y: (X + 1e4, y),
    "heavy tails": lambda g, X, y: (g.standard_cauchy(X.shape), y),
    "giants last": lambda g, X, y: (
        np.r_[X[:-2], X[-2:] * 10.0 ** g.integers(1, 7)], y
    ),
    "one point": lambda g, X, y: (np.r_[np.repeat(X[:1], len(X) - 1, axis=0), X[:1] + 1], y),
    "rare labels last": lambda g, X, y: (
        np.r_[np.repeat(X[:1], len(X) - 1, axis=0), X[:1] + 1],
        np.r_[0, 1, 2, np.zeros(len(y) - 7, dtype=int), 2, 1, 1, 2],
    ),
}  # fmt: skip

ACTIONS = ("join", "estimate", "estimate", "estimate", "refine", "settle", "decide", "fit")


def walk(
    kind: str, seed: int, K: int, d: int, C: int, decades: float, actions: Sequence[str]
) -> Watched:
    """All samples join, with those actions in turn."""
    rng = np.random.default_rng(seed)
    n = 9 if kind == "more features than samples" else int(rng.integers(12, 20))
    y = np.r_[np.arange(K), rng.integers(0, K, n - K)]
    X, y = KINDS[kind](rng, rng.normal(size=(n, d)) + rng.normal(size=(4, d))[y], y)
    weights = 10.0 ** rng.uniform(-decades, decades, 4)
    problem = ClassProblem(X, y, X[:1], y[:1], 4, 10.0**C, weights)
    watched = Watched(problem.core(), y, weights)
    with mpmath.workdps(40):
        for i in range(len(y)):
            watched.join(i)
            try:
                act(watched, actions[i % len(actions)])
            except _core.ConvergenceError:
                break
    return watched


def act(watched: Watched, action: str) -> None:
    """Moves that a walk may make with a path."""
    if len(watched.classes) < 2 or action == "join":
        return
    if action == "fit" or not watched.path.has_base:
        watched.fit()
    if watched.path.has_base:
        watched.estimate()
    for _ in range({"refine": 1, "settle": 5, "decide": 4}.get(action, 0)):
        if not watched.path.refine():
            watched.fit()
        if watched.path.has_base:
            watched.estimate()
    if action == "decide":  # that radius was enough, and none before it
        watched.path.settle(decided=True)


def test_every_bound_of_the_multinomial_path_holds_at_every_step() -> None:
    watched: list[Watched] = []

    @settings(
        deadline=None, derandomize=True, database=None, max_examples=60,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @given(
        kind=st.sampled_from(sorted(KINDS)),
        seed=st.integers(0, 2**32 - 1),
        K=st.integers(2, 4),
        d=st.integers(1, 2),
        C=st.integers(-3, 3),
        decades=st.sampled_from([0.0, 2.0]),
        actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=8),
    )
    def check(
        kind: str, seed: int, K: int, d: int, C: int, decades: float, actions: list[str]
    ) -> None:
        watched.append(walk(kind, seed, K, d, C, decades, actions))

    check()
    chain = ["refine", "estimate", "estimate"]
    watched += [walk("rare labels last", seed, 3, 1, 0, 2.0, chain) for seed in range(4)]
    watched += [
        walk(kind, seed, 3 + seed % 2, 2, seed % 3, 0.0, ["decide"])
        for kind in ("plain", "separable", "mixed scales") for seed in range(4)
    ]  # fmt: skip
    seen: Counter[str] = Counter()
    tightest: dict[str, float] = {}
    for one in watched:
        seen.update(one.seen)
        for what, share in one.tightest.items():
            tightest[what] = max(share, tightest.get(what, 0.0))
    for what in (
        "a step", "no step", "stretched step", "2 classes", "3 classes", "4 classes",
        "rough pass", "after a rough pass", "left out",
    ):  # fmt: skip
        assert seen[what] > 10, what
    for what in ("gradient at the estimate", "distance to the optimum",
                 "distance without a stretch", "largest stretch", "least stretch", "growth of curvatures",
                 "decline of curvatures", "largest shift", "fourth powers of shifts", "length of the step", "leverage",
                 "root of the inverse"):  # fmt: skip
        assert tightest[what] > 0.5, what
