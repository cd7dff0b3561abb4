"""What a network that learned wrong labels hides: doubts of the same labels on two networks.

`python examples/clean_network.py FOLDER`, a folder of `paper_seeds.py`: for each rate of noise, the
doubts of the flipped labels with the features of the network that was trained on them, and with
those of the network that was trained on clean labels. Means over seeds and their deviations.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import shapcpp

NOISE = (10, 20, 30)  # percent


def doubts_of(labels: shapcpp.Samples, features: shapcpp.Samples) -> list[float]:
    """Counts labels that are wrong, expected wrong, called wrong, and both called so and wrong."""
    if not (labels.ids == features.ids).all():
        raise ValueError("the networks saw different slices")
    d = shapcpp.doubt(features.X, labels.y)
    wrong, called = labels.y != labels.true_labels, d.probability > 0.5
    return [wrong.sum(), d.n_expected, called.sum(), (wrong & called).sum()]


def training_rows(run: Path, noise: int) -> shapcpp.Samples:
    return shapcpp.read_features(run / f"features-{noise}.npy").sides()[0]


def main() -> None:
    runs = sorted(Path(sys.argv[1]).glob("seed-*"))
    print(
        "| flipped | network trained on | wrong labels | expected | called wrong | of these wrong |"
    )
    print("|---|---|---|---|---|---|")
    for noise in NOISE:
        for of, name in ((noise, "these labels"), (0, "clean labels")):
            found = [
                doubts_of(training_rows(run, noise), training_rows(run, of))
                for run in runs
                if (run / f"features-{noise}.npy").exists()
            ]
            if not found:
                continue
            mean, deviation = np.mean(found, axis=0), np.std(found, axis=0, ddof=len(found) > 1)
            cells = [f"{m:.1f} ± {s:.1f}" for m, s in zip(mean, deviation, strict=True)]
            print(f"| {noise}% | {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
