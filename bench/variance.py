"""Variance times cost of estimators of the values, against plain permutation sampling.

    python bench/variance.py synthetic breast-cancer FOLDER

FOLDER holds slices and a manifest.csv with columns file, label and split. Costs are process times
of the engine, in permutations walked.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import shapcpp
from estimators import Data, Floats, Game, Ints, estimators

GROUPS = 40


def flipped(X: Floats, y: NDArray[Any], X_test: Floats, y_test: NDArray[Any]) -> Data:
    """Flips a fifth of the training labels of each class."""
    noisy = shapcpp.flip_labels(y, 0.2)[0]
    return Data(X, np.asarray(noisy, np.int64), X_test, np.asarray(y_test, np.int64))


def synthetic() -> Data:
    """Synthetic data of the paper's shape."""
    rng = np.random.default_rng(0)
    y, y_test = (np.arange(500) < 100).astype(int), (np.arange(1000) < 241).astype(int)
    shift = rng.normal(size=16) * 2 / 4
    X, X_test = (rng.normal(size=(len(k), 16)) + np.outer(k, shift) for k in (y, y_test))
    return flipped(X, y, X_test, y_test)


def breast_cancer() -> Data:
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    train, test = order[:379], order[379:]
    X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
    return flipped(X[train], y[train], X[test], y[test])


def slices(folder: Path) -> Data:
    """CT slices of 32 x 32 pixels, standardised, as 16 principal components."""
    from PIL import Image

    with (folder / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in ("train", "test")]
    box = Image.Resampling.BOX
    pixels = np.array(
        [
            np.asarray(Image.open(folder / r["file"]).convert("L").resize((32, 32), box))
            for r in rows
        ]
    ).reshape(len(rows), -1)
    train = np.array([row["split"] == "train" for row in rows])
    y = np.array([int(row["label"]) for row in rows])
    deviation = pixels[train].std(axis=0)
    pixels = (pixels - pixels[train].mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    F = pixels @ np.linalg.svd(pixels[train], full_matrices=False)[2][:16].T
    F /= F[train].std(axis=0)
    return flipped(F[train], y[train], F[~train], y[~train])


def deviations(tested: Floats, plain: Floats, y: Ints) -> tuple[float, float]:
    """Deviations in units of z-scores: group means about the overall mean, and that about plain's.

    Plain's variance is that of the whole class: its rare large changes make one sample's doubtful.
    """
    groups = tested.reshape(GROUPS, -1, tested.shape[1])
    size = groups.shape[1]
    error = groups.std(axis=1, ddof=1) / np.sqrt(size)
    z = (groups.mean(axis=1) - tested.mean(axis=0)) / error
    unit = np.sqrt((size - 1) / (size - 3) * (1 - 1 / GROUPS))
    noise = plain.var(axis=0, ddof=1)
    pooled = np.array([noise[y == k].mean() for k in (0, 1)])[y]
    variance = pooled / len(plain) + tested.var(axis=0, ddof=1) / len(tested)
    apart = (tested.mean(axis=0) - plain.mean(axis=0)) / np.sqrt(variance)
    return float(z.std() / unit), float(np.sqrt((apart**2).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", help="synthetic, breast-cancer or a folder of slices")
    parser.add_argument("--units", type=int, default=300, help="at least 100")
    options = parser.parse_args()
    columns, table = [], dict[str, list[str]]()
    for name in options.sets:
        known = {"synthetic": synthetic, "breast-cancer": breast_cancer}
        data = known[name]() if name in known else slices(Path(name))
        for single_class in ("constant", "carry"):
            game = Game(data, single_class)
            columns.append(f"{Path(name).name}, {single_class}")
            found = estimators(game, options.units)
            n0, n1 = game.test_counts
            metrics = [np.array(w) for w in ((1 / (n0 + n1),) * 2, (0, 1 / n1), (1 / n0, 0))]
            plain = [found["plain"].series(w) for w in metrics]
            for key, estimator in found.items():
                ratios = [
                    estimator.series(w).var(axis=0, ddof=1).mean() * estimator.cost
                    / p.var(axis=0, ddof=1).mean()
                    for w, p in zip(metrics, plain, strict=True)
                ]  # fmt: skip
                cell = " ".join(f"{r:.2f}" for r in ratios) + f" ({estimator.cost:.1f})"
                table.setdefault(key, []).append(cell)
            tested = [estimator.series(w) for w in metrics]
            calm = [found["position 1 exact (free)"].series(w) for w in metrics]
            checks = [deviations(t, c, data.y) for t, c in zip(tested, calm, strict=True)]
            for what, scores in zip(
                ("sd of z, by the last", "the last against plain"),
                zip(*checks, strict=True),
                strict=True,
            ):
                table.setdefault(what, []).append(" ".join(f"{s:.2f}" for s in scores))
    print("| | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for key, cells in table.items():
        print(f"| {key} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
