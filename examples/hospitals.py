"""Values hospitals that train one classifier together, and the slices within them.

    python examples/hospitals.py CT-ICH FOLDER [SEED]

CT-ICH is a folder of head CT with a manifest.csv of patient and label (PhysioNet's `ct-ich`). Its
patients are dealt to five imaginary hospitals, whole: "north" is as the data are; "east" has a
sharper, noisier scanner; "south" a smoother one, and 25% of its training labels are wrong; "west"
takes in hardly any patient who does not bleed; "small" has two training patients. FOLDER keeps
scans and features: stopped, the same command goes on there.
"""

from __future__ import annotations

import csv
import sys
import warnings
from collections.abc import Callable
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import shapcpp
from shapcpp.ct import extract_features

# Patients that bleed, then patients that do not, for training, validation and test.
DEALT = {
    "north": ((4, 1, 3), (5, 1, 4)),
    "east": ((4, 1, 3), (5, 1, 4)),
    "south": ((4, 1, 3), (5, 1, 4)),
    "west": ((4, 0, 3), (1, 0, 1)),
    "small": ((1, 0, 3), (1, 0, 4)),
}
WRONG = 0.25  # of the training labels of "south"
EVERY = 2  # slices; neighbours are near-copies
METRICS = ("acc", "rec", "spc")
BLOCKS, PERMUTATIONS = 8, 250  # of orders that share none; their spread gives the errors of sums
HOSPITALS = tuple(DEALT)


def sharp(image: Image.Image) -> NDArray[Any]:
    """A sharper kernel, and noise."""
    pixels = np.asarray(image.filter(ImageFilter.UnsharpMask(6, 150, 0)), dtype=float)
    noise = np.random.default_rng(int(pixels.sum())).normal(0, 12, pixels.shape)
    return pixels + noise


def smooth(image: Image.Image) -> NDArray[Any]:
    """A smoother kernel."""
    return np.asarray(image.filter(ImageFilter.GaussianBlur(5)), dtype=float)


SCANNERS: dict[str, Callable[[Image.Image], NDArray[Any]]] = {"east": sharp, "south": smooth}


def deal(patients: dict[str, bool], seed: int) -> dict[str, tuple[str, str]]:
    """Deals patients (True: bleeds) to hospitals and splits at random; some are left over."""
    rng = np.random.default_rng(seed)
    hands: dict[str, tuple[str, str]] = {}
    for kind, bleeds in enumerate((True, False)):
        names = [name for name in sorted(patients) if patients[name] is bleeds]
        deck = iter([names[i] for i in rng.permutation(len(names))])
        for hospital, of_kind in DEALT.items():
            for split, number in zip(("train", "val", "test"), of_kind[kind], strict=True):
                hands |= {next(deck): (hospital, split) for _ in range(number)}
    return hands


def write_scans(source: Path, folder: Path, seed: int) -> None:
    """Writes each hospital's slices as its scanner makes them, and their manifest last."""
    with open(source / "manifest.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["slice"]) % EVERY == 0]
    bleeds = {row["patient"]: False for row in rows}
    for row in rows:
        bleeds[row["patient"]] |= row["label"] == "1"
    hands = deal(bleeds, seed)
    rows = [row for row in rows if row["patient"] in hands]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    place = [hands[row["patient"]] for row in rows]
    truth = np.array([int(row["label"]) for row in rows])
    labels = truth.copy()
    south = np.array([hand == ("south", "train") for hand in place])
    labels[south] = shapcpp.flip_labels(truth[south], WRONG, seed)[0]
    made = []
    for row, (hospital, split), label in zip(rows, place, labels, strict=True):
        name = f"images/{Path(row['file']).stem}.png"
        with Image.open(source / row["file"]) as image:
            pixels = SCANNERS.get(hospital, np.asarray)(image.convert("L"))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / name)
        made.append((name, row["patient"], split, label, row["label"], hospital))
    with open(folder / "manifest.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            [("file", "patient", "split", "label", "true_label", "hospital"), *made]
        )


def features_of(source: Path, folder: Path, seed: int) -> shapcpp.Features:
    """The features of all slices by a network that learned from all hospitals."""
    kept = folder / "features.npy"
    if not kept.exists():
        if not (folder / "scans" / "manifest.csv").exists():
            write_scans(source, folder / "scans", seed)
        features = extract_features(
            folder / "scans", size=64, split="file", patience=10, epochs=40, seed=seed,
            checkpoint=folder / "training.partial", stage=print, note=print,
        )  # fmt: skip
        shapcpp.write_features(kept, features)
    return shapcpp.read_features(kept)


Side = tuple[NDArray[Any], NDArray[Any]]


def scores(train: Side, test: Side) -> dict[str, float]:
    """Accuracy, recall and specificity of the classifier of all these samples, certified."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", shapcpp.ValuationWarning)  # two orders: nothing is sampled
        v = shapcpp.value(*train, *test, 2, sampler="permutations", doubt=False, votes=False)
    specificity, recall = v.full_counts / v.test_counts
    accuracy = v.full_counts.sum() / v.test_counts.sum()
    numbers = zip(METRICS, (accuracy, recall, specificity), strict=True)
    return {metric: float(number) for metric, number in numbers}


def exact(train: Side, hospital: NDArray[Any], test: Side) -> dict[str, NDArray[Any]]:
    """Shapley value and leave-one-out score of each hospital, from all coalitions of hospitals.

    Shapes (metrics, hospitals). No hospital predicts 0, as the empty coalition of `value` does.
    """
    worth: dict[frozenset[str], NDArray[Any]] = {
        frozenset(): np.array([1 - test[1].mean(), 0.0, 1.0])
    }
    for size in range(1, len(HOSPITALS) + 1):
        for members in combinations(HOSPITALS, size):
            rows = np.isin(hospital, members)
            found = scores((train[0][rows], train[1][rows]), test)
            worth[frozenset(members)] = np.array([found[m] for m in METRICS])
    everyone = frozenset(HOSPITALS)
    shapley = np.zeros((len(METRICS), len(HOSPITALS)))
    for j, name in enumerate(HOSPITALS):
        for before in worth:
            if name not in before:
                weight = len(HOSPITALS) * comb(len(HOSPITALS) - 1, len(before))
                shapley[:, j] += (worth[before | {name}] - worth[before]) / weight
    without = [worth[everyone] - worth[everyone - {name}] for name in HOSPITALS]
    return {"shapley": shapley, "left out": np.array(without).T}


def print_table(title: str, columns: tuple[str, ...], rows: dict[str, list[str]]) -> None:
    """Prints a table in Markdown."""
    print(f"\n**{title}**\n\n| hospital | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    """Prints what there is, what hospitals are worth, to whom, and their slices."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    features = features_of(source, folder, int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    train, test = features.sides()
    assert train.true_labels is not None
    # As given, the features are so small beside the penalty that all is called negative.
    print("all hospitals, features as given:", scores((train.X, train.y), (test.X, test.y)))
    mean, deviation = train.X.mean(axis=0), train.X.std(axis=0)
    X, X_test = ((side.X - mean) / np.where(deviation > 0, deviation, 1) for side in (train, test))
    at = features.rows["hospital"][features.mask("train")]
    judge = features.rows["hospital"][features.mask("test")]
    wrong = train.y != train.true_labels
    d = shapcpp.doubt(train.X, train.y)
    print_table(
        "What there is", ("training slices", "positive", "wrong labels", "expected wrong by doubt",
                          "test slices", "positive"),
        {h: [f"{(at == h).sum()}", f"{train.true_labels[at == h].mean():.2f}",
             f"{wrong[at == h].sum()}", f"{d.probability[at == h].sum():.1f}",
             f"{(judge == h).sum()}", f"{test.y[judge == h].mean():.2f}"] for h in HOSPITALS},
    )  # fmt: skip

    sides = (X, train.y), (X_test, test.y)
    print("\nall hospitals, features standardised:", scores(*sides))
    known = exact(sides[0], at, sides[1])
    runs = [
        shapcpp.value(
            X, train.y, X_test, test.y, PERMUTATIONS, first=block * PERMUTATIONS,
            sampler="permutations", groups=at, by_group=False, doubt=False, votes=False,
        )
        for block in range(BLOCKS)
    ]  # fmt: skip
    for i, metric in enumerate(METRICS):
        rows = {}
        for j, h in enumerate(HOSPITALS):
            sums = np.array([v[metric][at == h].sum() for v in runs])
            error = sums.std(ddof=1) / np.sqrt(BLOCKS)
            each = 1000 * sums.mean() / (at == h).sum()
            rows[h] = [
                f"{known['shapley'][i, j]:+.3f}", f"{known['left out'][i, j]:+.3f}",
                f"{sums.mean():+.3f} ± {error:.3f}", f"{each:+.2f}",
            ]  # fmt: skip
        columns = ("value", "left out", "sum of its slices' values", "per slice, thousandths")
        print_table(f"Worth by {metric}", columns, rows)

    for i, metric in enumerate(METRICS):
        of = [exact(sides[0], at, (X_test[judge == h], test.y[judge == h])) for h in HOSPITALS]
        rows = {
            h: [f"{known['shapley'][i, j]:+.3f}" for known in of] for j, h in enumerate(HOSPITALS)
        }
        judges = tuple(f"judged by {h}" for h in HOSPITALS)
        print_table(f"Who helps whom, by {metric}", judges, rows)

    v = runs[0]
    for run in runs[1:]:
        v = v.merge(run)
    rows = {}
    for h in HOSPITALS:
        inside = np.flatnonzero(at == h)
        cells = []
        for metric in METRICS:
            lowest = inside[np.argsort(v[metric][inside], kind="stable")]
            lowest = lowest[: max(1, round(0.25 * len(inside)))]
            noisy = 1.96 * v.stderr(metric)[inside] > np.abs(v[metric][inside])
            cells.append(f"{wrong[lowest].sum()}; {noisy.mean():.2f}")
        doubted = inside[np.argsort(-d.probability[inside], kind="stable")][: len(lowest)]
        rows[h] = [f"{wrong[inside].sum()}", *cells, f"{wrong[doubted].sum()}"]
    print_table(
        "Wrong labels among each hospital's lowest quarter; share of values within two standard "
        "errors of 0",
        ("wrong", *METRICS, "by doubt"),
        rows,
    )


if __name__ == "__main__":
    main()
