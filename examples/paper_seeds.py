"""The paper's Table 2 over several seeds, beside the paper's, for several C and both rules.

    python examples/paper_seeds.py FOLDER SEEDS [options of shapcpp reproduce]

Runs `shapcpp reproduce` with the seeds 0 to SEEDS - 1, each into a folder of FOLDER, then values
all features with 2,000 permutations. The first run may take hours: stopped, the same command goes
on where it was. With SEEDS 0 nothing is trained, and the tables are of what is there; cells.csv in
FOLDER has every cell of every seed.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import shapcpp
from shapcpp.report.experiments import FRACTIONS, PAPER

METRICS = ("acc", "rec", "spc")
DIRECTIONS = ("pos_as_neg", "neg_as_pos")
STRENGTHS = (10.0, 1.0, 0.3, 0.1)  # C, by default 1
# The rule for coalitions of one class; the last also lets the empty coalition predict 1.
RULES: dict[str, dict[str, Any]] = {
    "constant": {"single_class": "constant"},
    "carry": {"single_class": "carry"},
    "carry, empty 1": {"single_class": "carry", "empty": ("label", 1)},
}
NEAR = 0.15
COLUMNS = ("seed", "noise", "C", "rule", "fraction", "direction", "metric", "found")
Cells = dict[tuple[Any, ...], list[float]]


def train(folder: Path, seeds: int, options: list[str]) -> None:
    """Runs `shapcpp reproduce` for each seed; what is done is found done."""
    for seed in range(seeds):
        command = [sys.executable, "-m", "shapcpp", "reproduce", *options, "--seed", str(seed)]
        subprocess.run([*command, "-o", folder / f"seed-{seed}"], check=True)


def value_all(folder: Path) -> list[dict[str, str]]:
    """Values the features of all seeds that are there, those not yet in cells.csv."""
    table = folder / "cells.csv"
    if not table.exists():
        table.write_text(",".join(COLUMNS) + "\n")
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    done = {tuple(row[name] for name in COLUMNS[:4]) for row in rows}
    for path in sorted(folder.glob("seed-*/features-*.npy")):
        seed, noise = path.parent.name.split("-")[1], float(path.stem.split("-")[1]) / 100
        for C, rule in product(STRENGTHS, RULES):
            if noise not in FRACTIONS or (seed, str(noise), str(C), rule) in done:
                continue
            train, test = shapcpp.read_features(path).sides()
            assert train.true_labels is not None
            v = shapcpp.value(
                train.X, train.y, test.X, test.y, 2000, int(seed), C=C,
                sampler="permutations", doubt=False, votes=False, **RULES[rule],
            )  # fmt: skip
            found = shapcpp.detection_table(
                v, train.y, train.true_labels, FRACTIONS[noise], METRICS
            )
            new = [
                [seed, noise, C, rule, cell.fraction, cell.direction, cell.metric, cell.share]
                for cell in found
            ]
            with open(table, "a", newline="") as file:
                csv.writer(file).writerows(new)
            rows += [dict(zip(COLUMNS, map(str, one), strict=True)) for one in new]
    return rows


def print_table(rows: list[dict[str, str]], C: float, rule: str) -> None:
    """Prints mean and deviation over seeds of each cell, the paper's in brackets."""
    cells: Cells = {}
    for row in rows:
        if float(row["C"]) == C and row["rule"] == rule:
            of = float(row["noise"]), float(row["fraction"]), row["direction"], row["metric"]
            cells.setdefault(of, []).append(float(row["found"]))
    print(f"\n**C = {C:g}, `{rule}`**\n")
    print(
        "| flipped | lowest | seeds | pos as neg: acc | rec | spc | neg as pos: acc | rec | spc |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    near = right = known = pairs = 0
    for (noise, fraction), printed in PAPER.items():
        texts, means, seeds = [], {}, 0
        for direction, (i, metric) in product(DIRECTIONS, enumerate(METRICS)):
            found = cells.get((noise, fraction, direction, metric), [])
            seeds, paper = len(found), printed[direction][i]
            if not found:
                continue
            mean, spread = float(np.mean(found)), float(np.std(found, ddof=1)) if seeds > 1 else 0.0
            means[metric, direction] = mean
            near, known = near + (abs(mean - paper) <= NEAR), known + 1
            texts.append(f"{mean:.2f}{f' ± {spread:.2f}' if seeds > 1 else ''} ({paper:.2f})")
        if not seeds:
            continue
        first, second = DIRECTIONS
        for metric in METRICS:
            more = means[metric, first] > means[metric, second]
            right, pairs = right + (more == (metric != "spc")), pairs + 1
        print(f"| {noise:.0%} | {fraction:.0%} | {seeds} | {' | '.join(texts)} |")
    print(
        f"\n{near} of {known} cells within {NEAR}; {right} of {pairs} pairs in the paper's order."
    )


def print_doubts(folder: Path) -> None:
    """Prints, for the same features, which wrong labels doubt calls wrong."""
    print("\n| features | wrong | expected wrong | called wrong | of these wrong |")
    print("|---|---|---|---|---|")
    for path in sorted(folder.glob("seed-*/features-*.npy")):
        train = shapcpp.read_features(path).samples("train")
        d = shapcpp.doubt(train.X, train.y)
        wrong, called = train.y != train.true_labels, d.probability > 0.5
        numbers = f"{wrong.sum()} | {d.n_expected:.1f} | {called.sum()} | {wrong[called].sum()}"
        print(f"| {path.parent.name}/{path.name} | {numbers} |")


def main() -> None:
    """Trains, values, and prints a table for each C and rule, and the doubts."""
    folder, seeds, options = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    train(folder, seeds, options)
    rows = value_all(folder)
    for C, rule in product(STRENGTHS, RULES):
        print_table(rows, C, rule)
    print_doubts(folder)


if __name__ == "__main__":
    main()
