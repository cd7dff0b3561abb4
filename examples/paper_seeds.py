"""The paper's Table 2 over several seeds, beside the paper's, for several C and both rules.

    python examples/paper_seeds.py FOLDER SEEDS [options of shapcpp reproduce]

For each of the seeds 0 to SEEDS - 1, runs `shapcpp reproduce` into a folder of FOLDER and values
the features with 2,000 permutations. Then cells.csv in FOLDER has the seed's shares of flipped
labels found, and networks.csv its networks. A seed that stands there is done, and its folder may be
deleted: five seeds can be worked out in five sittings. Stopped, the same command goes on where it
was. With SEEDS 0 nothing is trained. Numbers are means over seeds and their standard deviations.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterable, Sequence
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
PLACES = tuple(f"{metric} {direction}" for direction in DIRECTIONS for metric in METRICS)
CELLS = ("seed", "noise", "C", "rule", "fraction", *PLACES)
NETWORKS = ("seed", "noise", "val_auc", "test_auc", "wrong", "expected", "called", "called_wrong")
Row = dict[str, str]


def read(table: Path, columns: Sequence[str]) -> list[Row]:
    """Reads a table of the folder, which is begun if there is none."""
    if not table.exists():
        table.write_text(",".join(columns) + "\n")
    with open(table, newline="") as file:
        return list(csv.DictReader(file))


def add(table: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Adds rows to a table of the folder."""
    with open(table, "a", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def work_out(folder: Path, seed: int, options: list[str]) -> None:
    """Trains the networks of a seed, values their features, and notes both in the tables.

    The seed is done once its networks are noted, which comes last.
    """
    if any(row["seed"] == str(seed) for row in read(folder / "networks.csv", NETWORKS)):
        return
    run = folder / f"seed-{seed}"
    command = [sys.executable, "-m", "shapcpp", "reproduce", *options, "--seed", str(seed)]
    subprocess.run([*command, "-o", run], check=True)
    done = {tuple(row[name] for name in CELLS[:4]) for row in read(folder / "cells.csv", CELLS)}
    for noise, (C, rule) in product(FRACTIONS, product(STRENGTHS, RULES)):
        features = features_of(run, noise)
        if features.exists() and (str(seed), str(noise), str(C), rule) not in done:
            found = find_flipped(features, noise, seed, C=C, **RULES[rule])
            add(folder / "cells.csv", ([seed, noise, C, rule, *row] for row in found))
    with open(run / "networks.csv", newline="") as file:
        networks = list(csv.DictReader(file))
    add(folder / "networks.csv", ([seed, *facts_of(run, network)] for network in networks))


def features_of(run: Path, noise: float) -> Path:
    """Returns the file of the features that were learned at this rate of noise."""
    return run / f"features-{100 * noise:.6g}.npy"


def find_flipped(features: Path, noise: float, seed: int, **options: Any) -> list[list[float]]:
    """Values the features; returns fractions of lowest values and the shares found in them."""
    train, test = shapcpp.read_features(features).sides()
    assert train.true_labels is not None
    v = shapcpp.value(
        train.X, train.y, test.X, test.y, 2000, seed,
        sampler="permutations", doubt=False, votes=False, **options,
    )  # fmt: skip
    fractions = FRACTIONS[noise]
    found = shapcpp.detection_table(v, train.y, train.true_labels, fractions, METRICS)
    shares = {(c.fraction, f"{c.metric} {c.direction}"): c.share for c in found}
    return [[one, *(round(shares[one, place], 4) for place in PLACES)] for one in fractions]


def facts_of(run: Path, network: Row) -> list[float]:
    """Returns the columns of NETWORKS after the seed."""
    noise = float(network["noise"])
    train = shapcpp.read_features(features_of(run, noise)).sides()[0]
    d = shapcpp.doubt(train.X, train.y)
    wrong, called = train.y != train.true_labels, d.probability > 0.5
    auc = float(network["val_auc"]), float(network["test_auc"])
    numbers = wrong.sum(), round(d.n_expected, 2), called.sum(), wrong[called].sum()
    return [noise, *auc, *map(float, numbers)]


def spread(numbers: Sequence[float], form: str = ".2f") -> str:
    """Mean and standard deviation over seeds."""
    text = f"{np.mean(numbers):{form}}"
    return text if len(numbers) < 2 else f"{text} ± {np.std(numbers, ddof=1):{form}}"


def print_table(rows: list[Row], C: float, rule: str) -> str:
    """Prints each cell over seeds, the paper's in brackets; returns how many are near it."""
    print(f"\n**C = {C:g}, `{rule}`**\n")
    print(
        "| flipped | lowest | seeds | pos as neg: acc | rec | spc | neg as pos: acc | rec | spc |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    near = right = known = pairs = 0
    for (noise, fraction), printed in PAPER.items():
        setting = {"noise": noise, "C": C, "fraction": fraction}
        seeds = [
            row
            for row in rows
            if row["rule"] == rule and all(float(row[name]) == of for name, of in setting.items())
        ]
        if not seeds:
            continue
        texts, means = [], {}
        for direction, (i, metric) in product(DIRECTIONS, enumerate(METRICS)):
            found, paper = (
                [float(row[f"{metric} {direction}"]) for row in seeds],
                printed[direction][i],
            )
            means[metric, direction] = mean = float(np.mean(found))
            near, known = near + (abs(mean - paper) <= NEAR + ROUNDING), known + 1
            texts.append(f"{spread(found)} ({paper:.2f})")
        first, second = DIRECTIONS
        for metric in METRICS:
            more = means[metric, first] > means[metric, second]
            right, pairs = right + (more == (metric != "spc")), pairs + 1
        print(f"| {noise:.0%} | {fraction:.0%} | {len(seeds)} | {' | '.join(texts)} |")
    return f"{near} of {known}; {right} of {pairs}"


def print_networks(rows: list[Row]) -> None:
    """Prints the networks, and which wrong labels doubt calls wrong by their features."""
    print("\n| flipped | seeds | AUC in validation | in test | wrong labels | expected wrong by "
          "doubt | called wrong | of these wrong |\n|---" + "|---" * 7 + "|")  # fmt: skip
    for noise in sorted({float(row["noise"]) for row in rows}):
        seeds = [row for row in rows if float(row["noise"]) == noise]
        cells = [
            spread([float(row[name]) for row in seeds], ".3f" if "auc" in name else ".1f")
            for name in NETWORKS[2:]
        ]
        print(f"| {noise:.0%} | {len(seeds)} | {' | '.join(cells)} |")


def main() -> None:
    """Works out the seeds, and prints a table for each C and rule, their sum, and the networks."""
    folder, seeds, options = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(seeds):
        work_out(folder, seed, options)
    rows = read(folder / "cells.csv", CELLS)
    near = {(C, rule): print_table(rows, C, rule) for C, rule in product(STRENGTHS, RULES)}
    print(f"\nCells within {NEAR} of the paper's; pairs of directions in its order.\n")
    print(f"| C | {' | '.join(RULES)} |\n|---{'|---' * len(RULES)}|")
    for C in STRENGTHS:
        print(f"| {C:g} | {' | '.join(near[C, rule] for rule in RULES)} |")
    print_networks(read(folder / "networks.csv", NETWORKS))


if __name__ == "__main__":
    main()
