"""Coverage of intervals and verdicts, looked at again and again: python bench/coverage.py.

Each problem has a population of permutations whose contributions are all known, so that the values
that infinitely many permutations would give are known too: all n! of them, or some thousands that
the engine walked. A repetition draws from it with replacement, looks when a stopping rule would,
and notes what was wrong. Writes results/coverage.csv, which bench/interval_figures.py draws, and
prints the table of verdicts in docs/statistics.md.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

import interval_figures
from shapcpp import _core
from shapcpp._core import testing
from shapcpp.results.estimates import Method
from shapcpp.results.stopping import parse_rule
from shapcpp.results.sums import Sums

Ints = NDArray[np.int64]

LEVELS = (0.9, 0.95)
END = 6000  # permutations at the last look
WALKS = 20_000  # permutations of a population that is not all of them


@dataclass(frozen=True)
class Problem:
    """Overlapping classes, a tenth of the labels flipped."""

    n: int
    single_class: str
    positive: float  # share of the training samples
    metric: str

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.n}, {100 * self.positive:g}% positive, {self.single_class}, {self.metric}"

    def arrays(self) -> tuple[NDArray[np.float64], Ints, NDArray[np.float64], Ints]:
        """Training and test samples with their labels."""
        rng = np.random.default_rng(0)
        y, y_test = (np.arange(k) < share * k for k, share in ((self.n, self.positive), (100, 0.4)))
        X, X_test = (rng.normal(size=(len(c), 3)) + c[:, None] for c in (y, y_test))
        flipped = np.arange(self.n) % 10 == 0
        y = y ^ (flipped & (self.positive > 0.2))
        return X, y.astype(np.int64), X_test, y_test.astype(np.int64)

    def population(self) -> tuple[NDArray[np.int32], Ints]:
        """Contributions (permutations, n, 2), and the number of test samples of each class."""
        X, y, X_test, y_test = self.arrays()
        majority = int(y.mean() > 0.5)
        counts = np.bincount(y_test, minlength=2)
        problem = _core.Problem(
            X=X,
            classes=y,
            X_test=X_test,
            classes_test=y_test,
            C=1.0,
            class_weights=np.ones(2),
            players=np.arange(self.n),
            empty_counts=np.where(np.arange(2) == majority, counts, 0),
            single_class=self.single_class,
        )
        game = _core.game(problem)
        grand_coalition = _core.grand_coalition(game)
        orders = list(self._orders())
        changes = np.empty((len(orders), self.n, 2), dtype=np.int32)
        for t, order in enumerate(orders):
            changes[t, order] = np.diff(testing.walk(game, grand_coalition, order)[0], axis=0)
        return changes, counts

    def _orders(self) -> Iterator[Ints]:
        if math.factorial(self.n) <= 2 * WALKS + 1000:
            yield from (np.array(order) for order in permutations(range(self.n)))
        else:
            yield from (_core.permutation(self.n, 0, t) for t in range(WALKS))


class Drawn(Sums):
    """Sums over permutations drawn so far."""

    def __init__(self, sums: Ints, done: int, test_counts: Ints) -> None:
        self.gains = sums[:, :2]
        self.moments = sums[:, [2, 3, 3, 4]].reshape(-1, 2, 2)
        self.test_counts = test_counts
        self.classes = np.arange(len(test_counts))
        self.players = np.arange(len(sums))
        self.settings = {"sampler": "permutations", "gain_unit": 1}
        self.ranges = np.array([[0, done]])


PROBLEMS = [
    Problem(8, "constant", 0.5, "acc"),
    Problem(8, "carry", 0.5, "acc"),
    Problem(100, "constant", 0.5, "acc"),
    Problem(100, "carry", 0.5, "rec"),
    Problem(200, "constant", 0.08, "acc"),
    Problem(200, "carry", 0.08, "rec"),
]
INTERVALS: dict[str, tuple[bool, Method]] = {
    "each by itself": (False, "student"),
    "simultaneous": (True, "student"),
    "anytime": (True, "anytime"),
    "Bernstein": (True, "bernstein"),
}
QUESTIONS: dict[str, dict[str, float]] = {"lowest": {"lowest": 0.1}, "below 0": {"below": 0.0}}


def looks() -> list[int]:
    """Numbers of permutations at which a rule asks."""
    rule, done = parse_rule("stderr <= 1"), [0]
    while (following := rule.next_look(done[-1])) <= END:
        done.append(following)
    return done[1:]


def repetitions(problem: Problem, count: int) -> dict[str, NDArray[np.float64]]:
    """Shares of errors, (repetition, look, level), for each kind of interval and question.

    Shares of samples whose interval missed or whose verdict was wrong; and, of verdicts, the share
    of samples decided.
    """
    changes, test_counts = problem.population()
    c0, c1 = changes[..., 0], changes[..., 1]
    table = np.stack([c0, c1, c0 * c0, c0 * c1, c1 * c1], axis=-1)
    all_of_it = Drawn(table.sum(axis=0, dtype=np.int64), len(table), test_counts)
    truth = all_of_it[problem.metric]
    is_lowest = np.isin(np.arange(problem.n), all_of_it.lowest(problem.metric, 0.1))
    right = {"lowest": np.where(is_lowest, 1, -1), "below 0": np.where(truth < 0, 1, -1)}
    names = [*INTERVALS, *QUESTIONS, *(f"{question} decided" for question in QUESTIONS)]
    found = {name: np.zeros((count, len(looks()), len(LEVELS))) for name in names}
    rng = np.random.default_rng(1)
    for repetition in range(count):
        sums, done = np.zeros((problem.n, 5), dtype=np.int64), 0
        for look, until in enumerate(looks()):
            sums += table[rng.integers(0, len(table), until - done)].sum(axis=0, dtype=np.int64)
            done = until
            v = Drawn(sums, done, test_counts)
            for k, level in enumerate(LEVELS):
                at = repetition, look, k
                for name, (simultaneous, method) in INTERVALS.items():
                    low, high = v.interval(problem.metric, level, simultaneous, method=method)
                    found[name][at] = np.mean((truth < low) | (truth > high))
                for name, question in QUESTIONS.items():
                    verdict = v.decided(problem.metric, level=level, **question)
                    found[name][at] = np.mean((verdict != 0) & (verdict != right[name]))
                    found[f"{name} decided"][at] = np.mean(verdict != 0)
    return found


def main() -> None:
    """Writes the numbers of intervals and prints those of verdicts; fails if one errs too often."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=500)
    count = parser.parse_args().repetitions
    first, last = looks()[0], looks()[-1]
    rows: list[tuple[str, float, str, float]] = []
    verdicts = [
        f"Repetitions: {count}; looks: {len(looks())}, from {first} to {last} permutations\n",
        "| samples, classes, convention, metric | level | lowest 10%: wrong at any look "
        f"| decided at 2,000, at {last} | below 0: wrong at any look | decided |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    too_often = []
    middle = int(np.searchsorted(looks(), 2000))
    for problem in PROBLEMS:
        start = time.perf_counter()
        found = repetitions(problem, count)
        missed = {name: share > 0 for name, share in found.items()}
        for k, level in enumerate(LEVELS):
            ever = {name: float(miss[:, :, k].any(axis=1).mean()) for name, miss in missed.items()}
            at_last = {name: float(miss[:, -1, k].mean()) for name, miss in missed.items()}
            of_one = float(found["each by itself"][:, -1, k].mean())
            rows += [
                (problem.name, level, "each by itself", of_one),
                (problem.name, level, "simultaneous", at_last["simultaneous"]),
                (problem.name, level, "simultaneous, looked at", ever["simultaneous"]),
                (problem.name, level, "anytime, looked at", ever["anytime"]),
                (problem.name, level, "Bernstein", at_last["Bernstein"]),
            ]
            cells = [
                f"{ever[q]:.3f} | {found[f'{q} decided'][:, middle, k].mean():.2f}, "
                f"{found[f'{q} decided'][:, -1, k].mean():.2f}"
                for q in QUESTIONS
            ]
            verdicts.append(f"| {problem.name} | {level} | {' | '.join(cells)} |")
            allowed = 1 - level + 3 * math.sqrt(level * (1 - level) / count)
            too_often += [
                f"{name}, {problem.name}, {level}"
                for name in ("anytime", *QUESTIONS)
                if ever[name] > allowed
            ]
        print(f"{problem.name}: {time.perf_counter() - start:.0f} s", flush=True)
    interval_figures.write("coverage.csv", ("problem", "level", "interval", "missed"), rows)
    print("\n".join(verdicts))
    if too_often:
        raise SystemExit("wrong too often: " + "; ".join(too_often))


if __name__ == "__main__":
    main()
