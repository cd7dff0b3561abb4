"""The paper's experiment with three classes: no bleeding, epidural bleeding, another one.

    python examples/bleeding_kinds.py CT-ICH FOLDER [SEEDS [SIZE]]

CT-ICH is a folder of head CT with a manifest.csv of bleeding subtypes (PhysioNet's `ct-ich`). A
fifth of the labels of each class becomes one of the other two, others for each of the seeds 0 to
SEEDS - 1 (default: 1), whose networks see SIZE pixels (default: 64). For each pair of a true and a
given label the table has the share found among the lowest fifth of the values, by accuracy and
balanced accuracy, and of the doubts: means and deviations over seeds. Stopped, the same command
goes on there.
"""

from __future__ import annotations

import csv
import sys
from itertools import permutations
from pathlib import Path

import numpy as np

from shapcpp.experiment import Reproduction, reproduce

NOISE = 0.2
SEARCHES = ("acc", "bal", "doubt")
KINDS = ("normal", "epidural", "other")


def write_manifest(source: Path, path: Path) -> None:
    """Writes the slices that belong to a split, with their kind of bleeding as label."""
    with open(source / "manifest.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"]]
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(("file", "patient", "split", "label"))
        for row in rows:
            kind = KINDS[0 if row["label"] == "0" else 1 if row["epidural"] == "1" else 2]
            out.writerow(((source / row["file"]).resolve(), row["patient"], row["split"], kind))


def shares_of(done: Reproduction) -> dict[tuple[str, str], list[float]]:
    """By true and given label: the number flipped, and the share that each search finds."""
    v = done.experiments[0].run
    assert v.true_labels is not None
    assert v.doubts is not None
    doubted = v.doubts.lowest(NOISE)
    rows = [row for row in done.table if row.single_class == "constant" and row.fraction == NOISE]
    shares = {}
    for true, given in permutations(KINDS, 2):
        wrong = (v.true_labels == true) & (v.labels == given)
        if wrong.any():
            found = {r.metric: r.found for r in rows if r.direction == f"{true} as {given}"}
            by_doubt = wrong[doubted].sum() / wrong.sum()
            shares[true, given] = [wrong.sum(), found["acc"], found["bal"], by_doubt]
    return shares


def spread(numbers: list[float]) -> str:
    """Mean and deviation over seeds."""
    if len(numbers) < 2:
        return f"{np.mean(numbers):.2f}"
    return f"{np.mean(numbers):.2f} ± {np.std(numbers, ddof=1):.2f}"


def main() -> None:
    """Trains, values, and prints Table 2 for each pair of labels."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    size = int(sys.argv[4]) if len(sys.argv) > 4 else 64
    manifest = folder / "scans" / "manifest.csv"
    if not manifest.exists():
        write_manifest(source, manifest)
    all_done = [
        reproduce(
            folder / f"seed-{seed}-{size}-pixels", manifest, size=size, seed=seed,
            noise=(NOISE,), split="file", epochs=20, patience=10, progress=True,
        )
        for seed in range(seeds)
    ]  # fmt: skip
    for name in ("val_auc", "test_auc"):
        print(f"{name}: {spread([done.networks[0][name] for done in all_done])}")
    expected = [
        doubts.n_expected for done in all_done if (doubts := done.experiments[0].run.doubts)
    ]
    all_shares = [shares_of(done) for done in all_done]
    wrong = [sum(number for number, *_ in shares.values()) for shares in all_shares]
    print(f"wrong: {np.mean(wrong):g}; expected wrong by doubt: {spread(expected)}")
    print(f"\n| true as given | flipped | {' | '.join(SEARCHES)} |\n|---|---|---|---|---|")
    for pair in permutations(KINDS, 2):
        columns = list(zip(*(shares[pair] for shares in all_shares if pair in shares), strict=True))
        flipped, *found = columns
        cells = " | ".join(spread(list(column)) for column in found)
        print(f"| {pair[0]} as {pair[1]} | {np.mean(flipped):g} | {cells} |")


if __name__ == "__main__":
    main()
