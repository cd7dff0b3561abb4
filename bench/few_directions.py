"""What principal directions do to values: `python bench/few_directions.py [FEATURES.npy ...]`.

For scikit-learn's digits (odd against even), and for each features file given, a fifth of the
training labels is made wrong, and values along 16, 32 and 64 principal directions are put beside
those of all features: the score of all samples, how well low values find the wrong labels (area
under the curve), the correlation of the values, and the processor time of a halved order. Files
with groups are split by group. Prints a table; one thread.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import shapcpp

FEW = (16, 32, 64, None)
WRONG = 0.2


class Draw(NamedTuple):
    """Training rows with given and true labels, and test rows with true ones."""

    X: NDArray[np.float64]
    given: NDArray[np.int64]
    truth: NDArray[np.int64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


def draw(X: Any, y: Any, groups: Any, size: int, seed: int) -> Draw:
    """As many rows of one label as of the other: of half of the groups to train, of others to test.

    Of labels that are too rare on a side there are fewer rows.
    """
    rng = np.random.default_rng(seed)
    n_groups = int(groups.max()) + 1
    trains = rng.permutation(n_groups)[groups] < n_groups // 2
    sides = []
    for side in (trains, ~trains):
        rows = [rng.permutation(np.flatnonzero(side & (y == k))) for k in (0, 1)]
        fewest = min(size // 2, *map(len, rows))
        sides.append(rng.permutation(np.concatenate([found[:fewest] for found in rows])))
    inside, outside = sides
    given, _ = shapcpp.flip_labels(y[inside], WRONG, seed)
    return Draw(X[inside], given, y[inside], X[outside], y[outside])


def compare(d: Draw, orders: int) -> list[dict[str, float]]:
    """A row for each number of directions, the last of all features."""
    wrong, rows, values = d.given != d.truth, [], []
    for components in FEW:
        if components is not None and components >= d.X.shape[1]:
            continue
        start = time.process_time()
        v = shapcpp.value(
            d.X, d.given, d.X_test, d.y_test, orders, threads=1, components=components, votes=False
        )
        spent = time.process_time() - start
        values.append(v["acc"])
        rows.append({
            "columns": d.X.shape[1] if components is None else components,
            "share": 1.0 if v.components is None else v.components.share,
            "accuracy": float(v.full_counts.sum() / v.test_counts.sum()),
            "found": float(roc_auc_score(wrong, -v["acc"])),
            "reliability": v.reliability("acc"),
            "seconds": spent / orders,
        })  # fmt: skip
    for row, own in zip(rows, values, strict=True):
        row["correlation"] = float(np.corrcoef(own, values[-1])[0, 1])
    return rows


def sets(paths: list[str]) -> dict[str, tuple[Any, Any, Any]]:
    """Features, two classes and groups of each set."""
    X, y = load_digits(return_X_y=True)
    found = {"digits, odd or even": (X / 16.0, y % 2, np.arange(len(y)))}
    for path in paths:
        samples = shapcpp.read_features(path).all_samples()
        classes, codes = np.unique(samples.y, return_inverse=True)
        assert len(classes) == 2, f"{path} has {len(classes)} labels"
        groups = np.arange(len(codes)) if samples.groups is None else samples.groups
        found[path] = (samples.X, codes, np.unique(groups, return_inverse=True)[1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", help="features files with two labels")
    parser.add_argument("--train", type=int, default=400, help="training samples, and test samples")
    parser.add_argument("--orders", type=int, default=24, help="halved orders of each run")
    parser.add_argument("--draws", type=int, default=3, help="over which figures are averaged")
    options = parser.parse_args()
    print("| set | directions | variance kept | accuracy | wrong labels found, AUC | correlation "
          "with all features | reliability | s an order |")  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, (X, y, groups) in sets(options.files).items():
        draws = [
            compare(draw(X, y, groups, options.train, seed), options.orders)
            for seed in range(options.draws)
        ]
        for same in zip(*draws, strict=True):
            mean = {key: float(np.mean([row[key] for row in same])) for key in same[0]}
            print(
                f"| {name} | {mean['columns']:.0f} | {mean['share']:.0%} | {mean['accuracy']:.3f} "
                f"| {mean['found']:.3f} | {mean['correlation']:.2f} | {mean['reliability']:.2f} "
                f"| {mean['seconds']:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
