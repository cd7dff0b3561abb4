"""Microseconds per joined point of every contender on one shape.

A contender that can walk whole permutations within the budget is timed on them; another is
estimated from joins at sampled coalition sizes. Contenders take turns in rounds, so that a
machine whose speed drifts drifts for all; a figure is the median of its rounds.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from statistics import median

from contenders import Contender
from data import Shape
from equality import Reach, assert_equal_integers
from peer_process import NotAvailableError
from sampling import mean_cost

PATIENCE = {"shapcpp": 6.0}  # budgets that one whole permutation may take, else estimated
USUAL_PATIENCE = 1.5


@dataclass(frozen=True)
class Effort:
    """The time to spend: rounds, and seconds for each figure in each round."""

    rounds: int
    budget: float


@dataclass(frozen=True)
class Figure:
    """One cell of the table."""

    micros: float
    estimated: bool
    rounds: list[float]


@dataclass(frozen=True)
class Measured:
    """All figures of a shape by number of cores and contender, and what was asserted first."""

    shape: Shape
    figures: dict[int, dict[str, Figure]]
    equal_to: list[str]


def steady(contender: Contender, shape: Shape, cores: int, budget: float) -> float:
    """Seconds per joined point over as many whole permutations as fit the budget."""
    count = cores
    spent = contender.whole(shape, count, cores)
    if spent < budget / 2:
        count = cores * min(10_000, max(1, int(budget / spent)))
        spent = contender.whole(shape, count, cores)
    return spent / count / shape.train


def measure(
    contenders: list[Contender], shape: Shape, core_counts: list[int], effort: Effort
) -> Measured:
    """Runs a pilot, asserts equality, then measures; absent contenders have no figures."""
    quick: dict[str, bool] = {}
    for contender in contenders:
        with suppress(NotAvailableError):
            pilot = mean_cost(shape.train, contender.probe(shape, 1, 0, effort.budget / 4))
            patience = PATIENCE.get(contender.key, USUAL_PATIENCE)
            quick[contender.key] = pilot * shape.train <= patience * effort.budget
    equal_to = assert_equal_integers(shape, Reach(*(quick[k] for k in Reach._fields)))

    figures: dict[int, dict[str, Figure]] = {}
    for cores in core_counts:
        rounds: dict[str, list[float]] = {}
        for i in range(effort.rounds):
            for contender in (c for c in contenders if c.key in quick):
                with suppress(NotAvailableError):
                    if quick[contender.key]:
                        seconds = steady(contender, shape, cores, effort.budget)
                    else:
                        samples = contender.probe(shape, cores, 1000 * i, effort.budget)
                        seconds = mean_cost(shape.train, samples) / cores
                    rounds.setdefault(contender.key, []).append(1e6 * seconds)
        figures[cores] = {
            key: Figure(median(values), not quick[key], values) for key, values in rounds.items()
        }
    return Measured(shape, figures, equal_to)
