"""Values hospitals that train one classifier together, and the slices within them.

    python examples/hospitals.py CT-ICH FOLDER [SEEDS [SIZE]]

CT-ICH is a folder of head CT with a manifest.csv of patient and label (PhysioNet's `ct-ich`). Its
patients are dealt to five imaginary hospitals, whole: "north" is as the data are; "east" has a
sharper, noisier scanner; "south" a smoother one, and 25% of its training labels are wrong; "west"
takes in hardly any patient who does not bleed; "small" has two training patients. Each of the seeds
0 to SEEDS - 1 (default: 1) deals other patients and trains another network, of SIZE pixels
(default: 64); tables have means and deviations over seeds. FOLDER keeps scans and features:
stopped, the same command goes on there.

Slices join in two ways. Plain: one by one, mixed with those of other hospitals. Owen: hospitals
join one another whole, and only within the hospital that joins do slices join one by one, so that
the values of a hospital's slices add up to the value of the hospital. The script checks that.
"""

from __future__ import annotations

import csv
import sys
import warnings
from collections.abc import Callable
from itertools import combinations, permutations, product
from math import factorial
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
HOSPITALS = tuple(DEALT)
ORDERS = tuple(permutations(HOSPITALS))
BLOCKS, PERMUTATIONS = 8, 250  # of plain orders that share none
ROUNDS = 16  # each of all orders of hospitals, with other orders of the slices inside
QUARTER = 0.25
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Side = tuple[NDArray[Any], NDArray[Any]]  # features and labels
Numbers = dict[tuple[str, str, str], float]  # by table, hospital and column


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


def features_of(source: Path, folder: Path, seed: int, size: int) -> shapcpp.Features:
    """The features of all slices by a network that learned from all hospitals."""
    kept = folder / "features.npy"
    folder.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        if not (folder / "scans" / "manifest.csv").exists():
            write_scans(source, folder / "scans", seed)
        features = extract_features(
            folder / "scans", size=size, split="file", patience=10, epochs=40, seed=seed,
            checkpoint=folder / "training.partial", stage=print, note=print,
        )  # fmt: skip
        shapcpp.write_features(kept, features)
    return shapcpp.read_features(kept)


def counts(train: Side, test: Side) -> Ints:
    """Correct predictions, by label, of the classifier of all these samples, certified."""
    if len(present := np.unique(train[1])) == 1:  # it predicts that label
        return np.array([np.sum(test[1] == k) * (k in present) for k in (0, 1)], dtype=np.int64)
    v = shapcpp.value(*train, *test, 1, sampler="permutations", doubt=False, votes=False)
    return v.full_counts


def metrics_of(correct: NDArray[Any], test: Side) -> Floats:
    """Accuracy, recall and specificity of correct predictions by label, on the last axis."""
    of = np.array([np.sum(test[1] == k) for k in (0, 1)], dtype=float)
    with np.errstate(invalid="ignore"):
        return np.stack(
            [correct.sum(-1) / of.sum(), correct[..., 1] / of[1], correct[..., 0] / of[0]], -1
        )


def exact(train: Side, at: NDArray[Any], test: Side) -> tuple[Ints, Ints]:
    """Gains and losses of hospitals, from all coalitions of hospitals, shape (hospitals, 2).

    The first are correct predictions, by label, gained as a hospital joins, summed over all orders
    of hospitals; the second those lost where it alone stays away. No hospital predicts 0, as the
    empty coalition of `value` does.
    """
    worth = {frozenset[str](): np.array([np.sum(test[1] == 0), 0])}
    for size in range(1, len(HOSPITALS) + 1):
        for members in combinations(HOSPITALS, size):
            rows = np.isin(at, members)
            worth[frozenset(members)] = counts((train[0][rows], train[1][rows]), test)
    gains = np.zeros((len(HOSPITALS), 2), dtype=np.int64)
    for j, name in enumerate(HOSPITALS):
        for before in worth:
            if name not in before:
                orders = factorial(len(before)) * factorial(len(HOSPITALS) - 1 - len(before))
                gains[j] += orders * (worth[before | {name}] - worth[before])
    everyone = frozenset(HOSPITALS)
    lost = [worth[everyone] - worth[everyone - {name}] for name in HOSPITALS]
    return gains, np.array(lost)


def owen(train: Side, at: NDArray[Any], test: Side, seed: int) -> Ints:
    """Gains of slices whose hospitals join whole, shape (ROUNDS, slices, 2).

    `value` plays its own permutations. For another order the rows are dealt so that its
    permutation 0 meets them in that order; its integers do not depend on how rows are numbered.
    """
    X, y = train
    rng = np.random.default_rng(seed)
    played = shapcpp.permutation(len(y))
    gains = np.zeros((ROUNDS, len(y), 2), dtype=np.int64)
    rows = np.empty(len(y), dtype=np.int64)
    for one in gains:
        for hospitals in ORDERS:
            rows[played] = np.concatenate(
                [rng.permutation(np.flatnonzero(at == h)) for h in hospitals]
            )
            v = shapcpp.value(
                X[rows], y[rows], *test, 1, sampler="permutations", doubt=False, votes=False,
                threads=1,
            )  # fmt: skip
            one[rows] += v.gains
    return gains


def plain(train: Side, at: NDArray[Any], test: Side) -> Ints:
    """Gains of slices that join one by one, mixed, shape (BLOCKS, slices, 2)."""
    return np.array([
        shapcpp.value(
            *train, *test, PERMUTATIONS, first=block * PERMUTATIONS,
            sampler="permutations", groups=at, by_group=False, doubt=False, votes=False,
        ).gains
        for block in range(BLOCKS)
    ])  # fmt: skip


def rank_correlation(a: Floats, b: Floats, labels: NDArray[Any]) -> float:
    """Spearman's correlation within each label of three slices or more, weighted by numbers."""
    total, number = 0.0, 0
    for label in np.unique(labels):
        if (of := labels == label).sum() > 2:
            ranks = [np.argsort(np.argsort(values[of], kind="stable")) for values in (a, b)]
            total += of.sum() * float(np.asarray(np.corrcoef(ranks[0], ranks[1]))[0, 1])
            number += of.sum()
    return total / number


def numbers_inside(
    at: NDArray[Any], labels: NDArray[Any], wrong: NDArray[Any], ways: dict[str, Floats],
    doubts: Floats,
) -> Numbers:  # fmt: skip
    """Numbers about the slices of each hospital; `ways` hold values, shape (runs, slices, 3)."""
    found: Numbers = {}
    for h in HOSPITALS:
        inside = np.flatnonzero(at == h)
        few = max(1, round(QUARTER * len(inside)))
        lowest = {"doubt": inside[np.argsort(-doubts[inside], kind="stable")]}
        halves = {}
        for way, runs in ways.items():
            for i, metric in enumerate(METRICS):
                values = runs[:, inside, i]
                lowest[f"{way}: {metric}"] = inside[np.argsort(values.mean(0), kind="stable")]
                half = len(runs) // 2
                halves[way, metric] = values[:half].mean(0), values[half:].mean(0)
        title = "Wrong labels among each hospital's lowest quarter"
        found[title, h, "wrong"] = wrong[inside].sum()
        for name, rows in lowest.items():
            found[title, h, name] = wrong[rows[:few]].sum()
        title = "Rank correlation within labels, of runs half as long"
        pairs = [("plain", "plain"), ("Owen", "Owen"), ("plain", "Owen")]
        for one, other in pairs:
            for metric in METRICS:
                a, b = halves[one, metric][0], halves[other, metric][1]
                found[title, h, f"{one} and {other}: {metric}"] = rank_correlation(
                    a, b, labels[inside]
                )
    return found


def numbers_of(features: shapcpp.Features, seed: int) -> Numbers:
    """All numbers of one seed."""
    train, test = features.sides()
    assert train.true_labels is not None
    at, judge = (features.rows["hospital"][features.mask(s)] for s in ("train", "test"))
    wrong = train.y != train.true_labels
    doubts = shapcpp.doubt(train.X, train.y).probability
    given = metrics_of(counts((train.X, train.y), (test.X, test.y)), (test.X, test.y))
    # As given, the features are so small beside the penalty that all is called negative.
    mean, deviation = train.X.mean(axis=0), train.X.std(axis=0)
    X, X_test = ((side.X - mean) / np.where(deviation > 0, deviation, 1) for side in (train, test))
    sides: tuple[Side, Side] = (X, train.y), (X_test, test.y)
    whole = metrics_of(counts(*sides), sides[1])
    found: Numbers = {}
    for name, three in (("features as given", given), ("features standardised", whole)):
        for i, metric in enumerate(METRICS):
            found["All hospitals together", name, metric] = three[i]
    by_hospital, lost = exact(sides[0], at, sides[1])
    inside = owen(sides[0], at, sides[1], seed)
    mixed = metrics_of(plain(sides[0], at, sides[1]), sides[1]) / PERMUTATIONS
    one_by_one = metrics_of(inside, sides[1]) / len(ORDERS)
    value, left_out = metrics_of(by_hospital, sides[1]) / len(ORDERS), metrics_of(lost, sides[1])
    for j, h in enumerate(HOSPITALS):
        # The Owen values of a hospital's slices are its Shapley value, to the last integer.
        if not np.array_equal(inside[:, at == h].sum((0, 1)), ROUNDS * by_hospital[j]):
            raise AssertionError(f"the slices of {h} do not add up to its value")
        title, of = "What there is", judge == h
        found[title, h, "training slices"] = (at == h).sum()
        found[title, h, "positive"] = train.true_labels[at == h].mean()
        found[title, h, "wrong labels"] = wrong[at == h].sum()
        found[title, h, "expected wrong by doubt"] = doubts[at == h].sum()
        found[title, h, "test slices"] = of.sum()
        found[title, h, "positive in test"] = test.y[of].mean()
        for i, metric in enumerate(METRICS):
            title, sums = f"Worth by {metric}", mixed[:, at == h, i].sum(1)
            found[title, h, "value; sum of its Owen values"] = value[j, i]
            found[title, h, "left out"] = left_out[j, i]
            found[title, h, "sum of its plain values"] = sums.mean()
            found[title, h, "error of that sum"] = sums.std(ddof=1) / np.sqrt(BLOCKS)
    for h in HOSPITALS:
        own = X_test[judge == h], test.y[judge == h]
        of_judge = metrics_of(exact(sides[0], at, own)[0], own) / len(ORDERS)
        for (j, name), (i, metric) in product(enumerate(HOSPITALS), enumerate(METRICS)):
            found[f"Who helps whom, by {metric}", name, f"judged by {h}"] = of_judge[j, i]
    ways = {"plain": mixed, "Owen": one_by_one}
    return found | numbers_inside(at, train.y, wrong, ways, doubts)


# How numbers are written, by the first word of a table, or by column.
WRITTEN = {"Worth": "+.3f", "Who": "+.3f", "Rank": ".2f", "Wrong": ".1f", "All": ".2f"}
OTHERWISE = dict.fromkeys(("training slices", "wrong labels", "test slices"), ".0f")
OTHERWISE |= {"error of that sum": ".3f"}


def print_tables(seeds: list[Numbers]) -> None:
    """Prints means and deviations over seeds in Markdown."""
    titles = dict.fromkeys(title for title, _, _ in seeds[0])
    for title in titles:
        keys = [key for key in seeds[0] if key[0] == title]
        columns, names = (dict.fromkeys(key[k] for key in keys) for k in (2, 1))
        print(f"\n**{title}**\n\n| | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|")
        for name in names:
            cells = []
            for column in columns:
                form = OTHERWISE.get(column) or WRITTEN.get(title.split()[0], ".2f")
                all_seeds = np.array([seed[title, name, column] for seed in seeds], dtype=float)
                known = all_seeds[~np.isnan(all_seeds)]
                text = f"{known.mean():{form}}" if len(known) else "none"
                if len(known) > 1 and known.std():
                    text += f" ± {known.std(ddof=1):{form.strip('+')}}"
                cells.append(text)
            print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    """Prints what there is, what hospitals are worth, to whom, and their slices."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    size = int(sys.argv[4]) if len(sys.argv) > 4 else 64
    warnings.simplefilter("ignore", shapcpp.ValuationWarning)  # runs of one order, merged here
    found = []
    for seed in range(seeds):
        features = features_of(source, folder / f"seed-{seed}-{size}-pixels", seed, size)
        found.append(numbers_of(features, seed))
    print(f"Seeds: {len(found)}. The Owen values of each hospital's slices add up to its value, "
          f"to the last integer, in {ROUNDS * len(ORDERS):,} orders of each seed.")  # fmt: skip
    print_tables(found)


if __name__ == "__main__":
    main()
