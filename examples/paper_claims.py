"""Checks the paper's claims on networks of several seeds: what scale, rule and permutations change.

    python examples/paper_claims.py FOLDER

FOLDER was written by `paper_seeds.py`. The features of each of its seeds, without and with
standardising and under both rules for coalitions of one class, are valued with 2,000 permutations:
which flipped labels are among as many lowest values? Then come two runs of 750 permutations that
share none: do they agree, and to which label do the highest values belong? claims.csv and
halves.csv in FOLDER keep the answers of each seed: a seed that stands in both is done, and its
folder may be deleted. Numbers are means over seeds and their standard deviations.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np

import shapcpp
from convergence import rank_correlation, within
from paper_seeds import METRICS, NETWORKS, PLACES, Row, add, features_of, find_flipped, read, spread
from shapcpp.report.experiments import FRACTIONS

RULES: tuple[Literal["constant", "carry"], ...] = ("constant", "carry")
SCALES: dict[str, Literal["standard"] | None] = {"none": None, "standard": "standard"}
HALF = 750  # permutations
LOWEST = 0.3
CLAIMS = ("seed", "noise", "scale", "rule", *PLACES)
AGREEMENT = ("rank correlation", "same in the lowest 30%", "error over spread", "highest 10%: of 1")
HALVES = ("seed", "noise", "rule", "metric", *AGREEMENT)


def work_out(folder: Path, seed: str) -> None:
    """Notes a seed's answers in both tables; halves.csv comes last."""
    if any(row["seed"] == seed for row in read(folder / "halves.csv", HALVES)):
        return
    claims, halves = [], []
    for noise in FRACTIONS:
        features = features_of(folder / f"seed-{seed}", noise)
        for (name, scale), rule in product(SCALES.items(), RULES):
            shares = find_flipped(features, noise, int(seed), scale=scale, single_class=rule)
            at_noise = next(found for fraction, *found in shares if fraction == noise)
            claims.append([seed, noise, name, rule, *at_noise])
        for rule in RULES:
            halves += [[seed, noise, rule, *row] for row in agreement(features, rule)]
    if not any(row["seed"] == seed for row in read(folder / "claims.csv", CLAIMS)):
        add(folder / "claims.csv", claims)
    add(folder / "halves.csv", halves)


def agreement(features: Path, rule: Literal["constant", "carry"]) -> list[list[str | float]]:
    """Compares two runs that share no permutation; returns the numbers of each metric."""
    train, test = shapcpp.read_features(features).sides()
    a, b = (
        shapcpp.value(
            train.X, train.y, test.X, test.y, HALF, first=first, single_class=rule,
            sampler="permutations", doubt=False, votes=False,
        )
        for first in (0, HALF)
    )  # fmt: skip
    both = a.merge(b)
    rows: list[list[str | float]] = []
    for m in METRICS:
        numbers = (
            rank_correlation(a[m], b[m], train.y),
            np.isin(a.lowest(m, LOWEST), b.lowest(m, LOWEST)).mean(),
            both.stderr(m).mean() / within(both[m], train.y).std(),
            train.y[np.argsort(-both[m])[: len(train.y) // 10]].mean(),
        )
        rows.append([m, *(round(float(number), 4) for number in numbers)])
    return rows


def print_means(rows: Sequence[Row], by: Sequence[str], columns: Sequence[str]) -> None:
    """Prints the columns over the rows that are alike in `by`, whose first is the noise."""
    heads = [name.replace("_", " ") for name in columns]
    print(f"| {' | '.join(by)} | seeds | {' | '.join(heads)} |")
    print("|---" * (len(by) + 1 + len(columns)) + "|")
    for key in dict.fromkeys(tuple(row[name] for name in by) for row in rows):
        alike = [row for row in rows if tuple(row[name] for name in by) == key]
        cells = [spread([float(row[name]) for row in alike]) for name in columns]
        print(
            f"| {float(key[0]):.0%} | {' | '.join(key[1:])} | {len(alike)} | {' | '.join(cells)} |"
        )


def main() -> None:
    """Works out the seeds, and prints both tables."""
    folder = Path(sys.argv[1])
    for seed in sorted({row["seed"] for row in read(folder / "networks.csv", NETWORKS)}):
        if features_of(folder / f"seed-{seed}", max(FRACTIONS)).exists():
            work_out(folder, seed)
    print_means(read(folder / "claims.csv", CLAIMS), ("noise", "scale", "rule"), PLACES)
    print()
    print_means(read(folder / "halves.csv", HALVES), ("noise", "rule", "metric"), AGREEMENT)


if __name__ == "__main__":
    main()
