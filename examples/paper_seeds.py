"""The paper's Table 2 over several seeds, beside the paper's, for several C and both rules.

    python examples/paper_seeds.py FOLDER SEEDS [options of shapcpp reproduce]

Runs `shapcpp reproduce` with the seeds 0 to SEEDS - 1, each into a folder of FOLDER, then values
all features with 2,000 permutations. The first run may take hours: stopped, the same command goes
on where it was. With SEEDS 0 nothing is trained, and the tables are of what is there; cells.csv in
FOLDER has every cell of every seed. Numbers are means over seeds and their standard deviations.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import shapcpp
from shapcpp.report.experiments import FRACTIONS, PAPER

METRICS = ("acc", "rec", "spc")
DIRECTIONS = ("pos_as_neg", "neg_as_pos")
STRENGTHS = (10.0, 1.0, 0.3, 0.1)  # C, by default 1
# The rule for coalitions of one class, and what else the paper leaves open: what the empty
# coalition predicts (by default 0, the majority), and the scale of the features.
RULES: dict[str, dict[str, Any]] = {
    "constant": {"single_class": "constant"},
    "carry": {"single_class": "carry"},
    "carry, empty none": {"single_class": "carry", "empty": "none"},
    "carry, empty 1": {"single_class": "carry", "empty": ("label", 1)},
    "carry, standardised": {"single_class": "carry", "scale": "standard"},
}
NEAR = 0.15
ROUNDING = 1e-9  # of a mean that lies at the edge
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


def spread(numbers: Sequence[float], form: str = ".2f") -> str:
    """Mean and standard deviation over seeds."""
    text = f"{np.mean(numbers):{form}}"
    return text if len(numbers) < 2 else f"{text} ± {np.std(numbers, ddof=1):{form}}"


def print_table(rows: list[dict[str, str]], C: float, rule: str) -> str:
    """Prints each cell over seeds, the paper's in brackets; returns how many are near it."""
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
            means[metric, direction] = mean = float(np.mean(found))
            near, known = near + (abs(mean - paper) <= NEAR + ROUNDING), known + 1
            texts.append(f"{spread(found)} ({paper:.2f})")
        if not seeds:
            continue
        first, second = DIRECTIONS
        for metric in METRICS:
            more = means[metric, first] > means[metric, second]
            right, pairs = right + (more == (metric != "spc")), pairs + 1
        print(f"| {noise:.0%} | {fraction:.0%} | {seeds} | {' | '.join(texts)} |")
    return f"{near} of {known}; {right} of {pairs}"


def print_networks(folder: Path) -> None:
    """Prints the networks, and which wrong labels doubt calls wrong by their features."""
    facts: dict[str, list[tuple[float, ...]]] = {}
    for path in sorted(folder.glob("seed-*/networks.csv")):
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                percent = f"{100 * float(row['noise']):.6g}"
                train = shapcpp.read_features(path.parent / f"features-{percent}.npy").sides()[0]
                d = shapcpp.doubt(train.X, train.y)
                wrong, called = train.y != train.true_labels, d.probability > 0.5
                auc = float(row["val_auc"]), float(row["test_auc"])
                numbers = wrong.sum(), d.n_expected, called.sum(), wrong[called].sum()
                facts.setdefault(percent, []).append((*auc, *map(float, numbers)))
    print("\n| flipped | seeds | AUC in validation | in test | wrong labels | expected wrong by "
          "doubt | called wrong | of these wrong |\n|---" + "|---" * 7 + "|")  # fmt: skip
    for percent, of_seeds in sorted(facts.items(), key=lambda item: float(item[0])):
        columns = list(zip(*of_seeds, strict=True))
        cells = [spread(column, ".3f") for column in columns[:2]]
        cells += [spread(column, ".1f") for column in columns[2:]]
        print(f"| {percent}% | {len(of_seeds)} | {' | '.join(cells)} |")


def main() -> None:
    """Trains, values, and prints a table for each C and rule, their sum, networks and doubts."""
    folder, seeds, options = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    train(folder, seeds, options)
    rows = value_all(folder)
    near = {(C, rule): print_table(rows, C, rule) for C, rule in product(STRENGTHS, RULES)}
    print(f"\nCells within {NEAR} of the paper's; pairs of directions in its order.\n")
    print(f"| C | {' | '.join(RULES)} |\n|---{'|---' * len(RULES)}|")
    for C in STRENGTHS:
        print(f"| {C:g} | {' | '.join(near[C, rule] for rule in RULES)} |")
    print_networks(folder)


if __name__ == "__main__":
    main()
