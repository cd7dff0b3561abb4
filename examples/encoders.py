"""What features of scans are worth: how well they tell the classes apart, and show wrong labels.

Run it on features files of `shapcpp features`, such as those of two encoders:

    python examples/encoders.py capsules.npy efficientnet.npy

Logistic regression on standardised features learns the rows of split "train"; its penalty is that
of five which is best on "val". Then a fifth of the labels of each class of "train" is flipped, five
times, and `shapcpp.doubt` looks for them: the share found among the lowest fifth, and the area
under the ROC curve, with standard errors over the five.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import shapcpp

RATE, DRAWS = 0.2, 5
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def side(features: shapcpp.Features, split: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
    samples = features.samples(split)
    return samples.X, samples.y


def auc(model: LogisticRegression, X: NDArray[np.float64], y: NDArray[Any]) -> float:
    scores = model.predict_proba(X)
    if scores.shape[1] == 2:
        return float(roc_auc_score(y, scores[:, 1]))
    return float(roc_auc_score(y, scores, multi_class="ovr"))


def classified(features: shapcpp.Features) -> tuple[float, float, float]:
    """The penalty chosen, and the areas under the curve of "val" and "test"."""
    X, y = side(features, "train")
    mean, deviation = X.mean(0), X.std(0)
    deviation[deviation == 0] = 1
    sides = {name: side(features, name) for name in ("val", "test")}
    best = (0.0, -1.0, 0.0)
    for C in PENALTIES:
        model = LogisticRegression(C=C, class_weight="balanced", max_iter=2000)
        model.fit((X - mean) / deviation, y)
        val, test = (auc(model, (Z - mean) / deviation, z) for Z, z in sides.values())
        best = max(best, (C, val, test), key=lambda one: one[1])
    return best


def doubted(features: shapcpp.Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each draw of wrong labels: the share found in the lowest fifth, and the area."""
    X, y = side(features, "train")
    groups = features.samples("train").groups
    found, areas = [], []
    for seed in range(DRAWS):
        noisy, wrong = shapcpp.flip_labels(y, RATE, seed)
        doubts = shapcpp.doubt(X, noisy, groups=groups, seed=seed)
        found.append(wrong[doubts.lowest(RATE)].sum() / wrong.sum())
        areas.append(roc_auc_score(wrong, -doubts.score))
    return np.array(found), np.array(areas)


def main() -> None:
    print("features                        d  C       val    test   found          area")
    for path in sys.argv[1:]:
        features = shapcpp.read_features(path)
        C, val, test = classified(features)
        found, areas = doubted(features)
        width = features.rows["features"].shape[1]
        spread = [one.std(ddof=1) / DRAWS**0.5 for one in (found, areas)]
        print(
            f"{path:<28} {width:>4}  {C:<7g} {val:.3f}  {test:.3f}  "
            f"{found.mean():.2f} ± {spread[0]:.2f}    {areas.mean():.3f} ± {spread[1]:.3f}"
        )


if __name__ == "__main__":
    main()
