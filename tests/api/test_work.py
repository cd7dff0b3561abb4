"""What a join takes: passes over the members, bases and fits. Wrong choices cost time, no integer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp

Arrays = tuple[NDArray[np.float64], NDArray[np.int64]]


class Work(NamedTuple):
    """At most, for each of 100 joins; a sixth more than was counted."""

    passes: float
    bases: float
    fits: float


class Case(NamedTuple):
    train: int
    classes: int
    features: int
    wrong: float  # share of labels
    options: dict[str, Any]


def draw(rng: np.random.Generator, case: Case, n: int, centres: NDArray[np.float64]) -> Arrays:
    y = np.arange(n) % case.classes
    return rng.normal(size=(n, case.features)) + centres[y], y


@pytest.mark.parametrize(
    ("case", "most"),
    [
        (Case(500, 2, 16, 0.1, {}), Work(165, 12.5, 1.2)),
        (Case(2000, 2, 5, 0.1, {}), Work(45, 4, 0.5)),
        (Case(400, 2, 64, 0.2, {}), Work(375, 10, 0.6)),
        (Case(600, 2, 128, 0.2, {}), Work(465, 15.5, 1.4)),
        (Case(500, 2, 256, 0.2, {}), Work(570, 6.5, 0.6)),
        (Case(300, 3, 64, 0.1, {}), Work(1190, 44, 1.4)),
        (Case(500, 10, 16, 0.1, {}), Work(1500, 98, 4.6)),
        (Case(300, 3, 16, 0.1, {"model": "multinomial"}), Work(375, 13, 1.7)),
        (Case(300, 10, 16, 0.1, {"model": "multinomial"}), Work(680, 20, 1.7)),
    ],
    ids=str,
)
def test_joins_take_little_work(case: Case, most: Work) -> None:
    rng = np.random.default_rng(case.features)
    centres = 2 * rng.normal(size=(case.classes, case.features)) / np.sqrt(case.features)
    X, y = draw(rng, case, case.train, centres)
    given = np.where(rng.random(case.train) < case.wrong, (y + 1) % case.classes, y)
    Xt, yt = draw(rng, case, 300, centres)
    options = {"sampler": "permutations", "votes": False, **case.options}
    stats = shapcpp.value(X, given, Xt, yt, 1, **options).stats
    joins = stats["joins"] / 100
    work = Work(*(stats[what] / joins for what in ("passes", "hessian_builds", "fits")))
    assert all(found <= limit for found, limit in zip(work, most, strict=True)), work
