"""What would make a long run shorter: fewer directions than features, and other ways."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from shapcpp.machine.threads import aside
from shapcpp.problem.problem import Problem
from shapcpp.problem.reduction import Reduction, principal_directions
from shapcpp.problem.sampling import Sampling
from shapcpp.running.cost import duration, measured_cost

__all__ = ["BY_HALVING", "FEW", "LONG", "Fewer", "fewer_directions", "in_words"]

LONG = 60.0  # seconds of a run that is told how to be shorter
FEW = (16, 32, 64)  # directions that are tried where features are more
BY_HALVING = "sampler='halving' reaches the same errors in a half to a twelfth of the time"
BUDGET = 1.0  # seconds of measuring for each of them, roughly
MOST_ROWS = 5_000  # rows to which directions are fitted here: what they keep is said to a percent


@dataclass(frozen=True)
class Fewer:
    """A number of principal directions, what a run along them costs, and what they keep.

    Attributes
    ----------
    components : int
        Number of directions.
    seconds : float
        Time of the run along them.
    share : float
        Share of the variance of the training rows that they keep.
    """

    components: int
    seconds: float
    share: float


def fewer_directions(
    problem: Problem, sampling: Sampling, threads: int, under_way: bool = False
) -> tuple[Fewer, ...]:
    """Measures the run along 16, 32 and 64 directions, for some seconds.

    Empty where features are no more than that, are reduced already or a kernel's, where Python
    refits the model, and where too few rows span directions. `under_way` says that the run has
    begun, so that its threads are busy.
    """
    has_all = problem.has_all_features and problem.model.estimator is None
    if not has_all or problem.n_columns <= max(FEW):
        return ()
    rows = np.linspace(0, len(problem.y) - 1, min(len(problem.y), MOST_ROWS)).astype(np.int64)
    some = problem.scaled(problem.X[rows])
    if (some == some[0]).all():
        return ()
    fitted = aside(lambda: principal_directions(some, max(FEW)))
    found = []
    with suppress(MemoryError, RuntimeError, ValueError):  # a remark ends no run
        for count in (count for count in FEW if count <= len(fitted.directions)):
            kept = fitted.first(count)
            narrow = replace(problem, reduction=Reduction(count, kept))
            cost = measured_cost(narrow, sampling, threads, budget=BUDGET, alone=under_way)
            found.append(Fewer(count, cost.seconds, kept.share))
    return tuple(found)


def in_words(ways: tuple[Fewer, ...]) -> str:
    """The costs in a clause."""
    counts, shares = (_listed([each(way) for way in ways]) for each in (_count, _share))
    times = _listed([duration(way.seconds) for way in ways])
    return (
        f"with components={counts} it would take about {times}, on features that keep {shares} "
        "of the variance: another model"
    )


def _count(way: Fewer) -> str:
    return str(way.components)


def _share(way: Fewer) -> str:
    return f"{way.share:.0%}"


def _listed(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
