"""Tests whether labels that radiologists revised are among the lowest values.

    python examples/revised_labels.py FOLDER [SEEDS]

FOLDER holds DICOM slices and a manifest.csv with the columns label_original and label_updated. Half
of the slices is valued with original labels, by the features of a capsule network trained on
these; a quarter judges with updated labels; another seed draws other halves.
"""

from __future__ import annotations

import sys
from typing import Literal

import numpy as np

import shapcpp
from shapcpp.ct.extraction import extract_features

SIZE = 64
FRACTIONS = (0.1, 0.2, 0.3)
METRICS = ("acc", "rec", "spc")
RULES: tuple[Literal["constant", "carry"], ...] = ("constant", "carry")


def found(scans: str, seed: int) -> tuple[np.ndarray, float]:
    """Counts revised slices among the lowest (rule, metric, fraction), and their share of all."""
    features = extract_features(
        scans, label_column="label_original", size=SIZE, split="random", seed=seed
    ).rows
    train, test = features["split"] == "train", features["split"] == "test"
    revised = (features["label"] != features["label_updated"])[train]
    counts = []
    for rule in RULES:
        v = shapcpp.value(
            features["features"][train],
            features["label"][train],
            features["features"][test],
            features["label_updated"][test],
            permutations=2000,
            sampler="permutations",
            single_class=rule,
        )
        counts.append([[revised[v.lowest(m, f)].mean() for f in FRACTIONS] for m in METRICS])
    return np.array(counts), float(revised.mean())


def main() -> None:
    """Prints a table over several seeds."""
    scans, seeds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 6
    shares, chance = zip(*(found(scans, seed) for seed in range(seeds)), strict=True)
    mean = np.mean(shares, axis=0)
    error = np.std(shares, axis=0, ddof=1) / np.sqrt(seeds)
    print(f"revised labels among the valued slices: {np.mean(chance):.2f} (by chance)")
    print(f"{'rule':10}{'metric':8}" + "".join(f"{f'lowest {f:.0%}':>16}" for f in FRACTIONS))
    for i, rule in enumerate(RULES):
        for j, metric in enumerate(METRICS):
            cells = (f"{m:.2f} ± {e:.2f}" for m, e in zip(mean[i, j], error[i, j], strict=True))
            print(f"{rule:10}{metric:8}" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()
