"""Votes beside self-confidence of the same learner: python bench/votes.py [--seeds 2].

Both are ranked over all samples, and among the samples of each given label alone: there no offset
between labels counts. A third ranking shifts the votes until their mean is the share of the given
labels. Prints the mean AUROC over draws of the tables, and writes nothing.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

import detection_sets as sets
import shapcpp
from detection import ORDERS, WAYS

RATE = 0.2
Floats = NDArray[np.float64]


def auroc(score: Floats, wrong: NDArray[np.bool_]) -> float:
    """How often a wrong label has the lower score than a right one; nan if there are not both."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(wrong, -score)) if 0 < wrong.sum() < len(wrong) else np.nan


def shifted(counts: Floats, y: NDArray[np.int64]) -> Floats:
    """Agreement after a shift of the log odds: votes for 1 are as frequent as labels 1."""
    odds = np.log((counts[:, 1] + 0.5) / (counts[:, 0] + 0.5))
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        share = 1 / (1 + np.exp(-odds - middle))
        low, high = (middle, high) if share.mean() < y.mean() else (low, middle)
    return np.where(y == 1, share, 1 - share)


def figures(name: str, way: str, seed: int) -> list[list[float]]:
    """AUROC of each score over all samples, among labels 0, among labels 1."""
    rates = tuple(RATE * share for share in WAYS[way])
    draw = sets.draw(name, rates, seed)
    v = shapcpp.value(draw.X, draw.y, draw.X_test, draw.y_test, ORDERS, scale="standard")
    own = shapcpp.baselines(draw.X, draw.y, only=["logistic"])["logistic"]
    wrong = draw.y != draw.truth
    among: list[NDArray[np.bool_]] = [draw.y >= 0, draw.y == 0, draw.y == 1]
    assert v.votes is not None
    scores = (v.agreement(), own, shifted(v.votes.sum(axis=1).astype(float), draw.y))
    return [[auroc(score[m], wrong[m]) for m in among] for score in scores]


def main() -> None:
    """Prints a row for each table and way of flipping."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--sets", nargs="*", default=sets.TABLES)
    options = parser.parse_args()
    print("set, flipped: votes, self-confidence, shifted (among labels 0; among labels 1)")
    for name in options.sets:
        for way in WAYS:
            found = np.array([figures(name, way, seed) for seed in range(options.seeds)])
            (votes, votes_0, votes_1), (own, own_0, own_1), (moved, *_) = found.mean(axis=0)
            print(
                f"{name}, {way}: {votes:.3f}, {own:.3f}, {moved:.3f} ({votes_0:.3f}, {own_0:.3f}; "
                f"{votes_1:.3f}, {own_1:.3f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
