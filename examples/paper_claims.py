"""Checks the paper's claims on a folder that `shapcpp reproduce` has written.

    python examples/paper_claims.py FOLDER

For each experiment: does the feature scale decide what is found; do 1,500 permutations suffice
(agreement of two halves that share none); to which label do the highest values belong.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import shapcpp

METRICS = ("acc", "rec", "spc")
RULES: tuple[Literal["constant", "carry"], ...] = ("constant", "carry")
SCALES: tuple[Literal["standard"] | None, ...] = (None, "standard")
HALF = 750  # permutations


def found(noise: float, train: shapcpp.Samples, v: shapcpp.Valuation) -> str:
    """Shares of the errors found among the lowest values, by direction and metric."""
    assert train.true_labels is not None
    table = shapcpp.detection_table(v, train.y, train.true_labels, (noise,), METRICS)
    return " | ".join(f"{share:.2f}" for share in table["share"])


def rank_correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Spearman's rank correlation."""
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.asarray(np.corrcoef(ranks[0], ranks[1]))[0, 1])


def main() -> None:
    """Prints three tables."""
    samples = {}
    for path in sorted(Path(sys.argv[1]).glob("features-*.npy")):
        noise = float(path.stem.split("-")[1]) / 100
        if noise:
            samples[noise] = shapcpp.read_features(path).sides()
    print("| noise | scale | rule | pos as neg: acc | rec | spc | neg as pos: acc | rec | spc |")
    print("|---|---|---|---|---|---|---|---|---|")
    for noise, (train, test) in samples.items():
        for scale in SCALES:
            for rule in RULES:
                v = shapcpp.value(
                    train.X, train.y, test.X, test.y, 2000, scale=scale, single_class=rule,
                    sampler="permutations",
                )  # fmt: skip
                cells = found(noise, train, v)
                print(f"| {noise:.0%} | {scale or 'none'} | {rule} | {cells} |")
    print("\n| noise | rule | metric | rank correlation of halves | same in the lowest 30% | "
          "standard error over spread | highest 10%, by label 0 and 1 |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for noise, (train, test) in samples.items():
        for rule in RULES:
            a, b = (
                shapcpp.value(
                    train.X,
                    train.y,
                    test.X,
                    test.y,
                    HALF,
                    first=first,
                    single_class=rule,
                    sampler="permutations",
                )
                for first in (0, HALF)
            )
            both = a.merge(b)
            for m in METRICS:
                same = np.isin(a.lowest(m, 0.3), b.lowest(m, 0.3)).mean()
                spread = both.stderr(m).mean() / both[m].std()
                top = train.y[np.argsort(-both[m])[: len(train.y) // 10]]
                print(
                    f"| {noise:.0%} | {rule} | {m} | {rank_correlation(a[m], b[m]):.2f} | "
                    f"{same:.2f} | {spread:.2f} | {np.sum(top == 0)}, {np.sum(top == 1)} |"
                )


if __name__ == "__main__":
    main()
