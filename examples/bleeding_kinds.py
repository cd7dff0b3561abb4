"""The paper's experiment with three classes: no bleeding, epidural bleeding, another one.

    python examples/bleeding_kinds.py CT-ICH FOLDER [SIZE]

CT-ICH is a folder of head CT with a manifest.csv of bleeding subtypes (PhysioNet's `ct-ich`). A
fifth of the labels of each class becomes one of the other two. For each pair of a true and a given
label the table has the share found among the lowest fifth of the values, by accuracy and balanced
accuracy, and of the doubts. Stopped, the same command goes on there.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from shapcpp.experiment import reproduce

NOISE = 0.2
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


def main() -> None:
    """Trains, values, and prints Table 2 for each pair of labels."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    manifest = folder / "scans" / "manifest.csv"
    if not manifest.exists():
        write_manifest(source, manifest)
    done = reproduce(
        folder / "results", manifest, size=int(sys.argv[3]) if len(sys.argv) > 3 else 64,
        noise=(NOISE,), split="file", epochs=20, patience=10, progress=True,
    )  # fmt: skip
    print("networks:", done.networks)
    v = done.experiments[0].run
    assert v.true_labels is not None
    assert v.doubts is not None
    doubted = v.doubts.lowest(NOISE)
    rows = [row for row in done.table if row.single_class == "constant" and row.fraction == NOISE]
    print("\n| true as given | flipped | acc | bal | doubt |\n|---|---|---|---|---|")
    for true in KINDS:
        for given in KINDS:
            wrong = (v.true_labels == true) & (v.labels == given)
            if true == given or not wrong.any():
                continue
            found = {r.metric: r.found for r in rows if r.direction == f"{true} as {given}"}
            shares = found["acc"], found["bal"], wrong[doubted].sum() / wrong.sum()
            cells = " | ".join(f"{share:.2f}" for share in shares)
            print(f"| {true} as {given} | {wrong.sum()} | {cells} |")
    print(f"\nexpected wrong: {v.doubts.n_expected:.0f} of {np.sum(v.labels != v.true_labels)}")


if __name__ == "__main__":
    main()
