"""Does truncation explain cells of Table 2? Walks cut short, as in Ghorbani and Zou's code.

    python examples/truncation.py FEATURES.npy [PERMUTATIONS]

Their code stops a permutation once five scores in a row lie within 1% of the score of all samples:
the samples that would have joined later count as zero. Where classes are well separated that is
soon, and most of a value is chance. FEATURES.npy is a features file of `shapcpp reproduce`; C = 1,
and a coalition of one class keeps the score of the empty one (the rule `carry`).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

import shapcpp

METRICS = ("acc", "rec", "spc")
NEAR, IN_A_ROW = 0.01, 5
STEPS, PRECISION = 50, 1e-8
Array = NDArray[Any]


def fit(X: Array, y: Array, start: Array) -> Array:
    """Logistic regression with a free intercept and C = 1, by Newton's method from `start`."""
    penalty = np.r_[np.ones(X.shape[1] - 1), 0.0]
    w = start
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(X @ w, -500, 500)))
        gradient = X.T @ (p - y) + penalty * w
        hessian = (X * (p * (1 - p))[:, None]).T @ X + np.diag(penalty + 1e-10)
        step = np.linalg.solve(hessian, gradient)
        w = w - step / max(1.0, np.abs(step).max() / 5)
        if np.abs(step).max() < PRECISION:
            break
    return w


def scores(w: Array, X: Array, y: Array) -> Array:
    """Accuracy, recall and specificity."""
    right = (X @ w > 0) == (y == 1)
    return np.array([right.mean(), right[y == 1].mean(), right[y == 0].mean()])


def walk(train: shapcpp.Samples, test: shapcpp.Samples, permutations: int) -> tuple[Array, float]:
    """Truncated values, shape (metrics, n), and how many samples joined before the walk was cut."""
    X, X_test = (np.c_[side.X, np.ones(len(side.y))] for side in (train, test))
    y = train.y.astype(float)
    nothing = np.zeros(X.shape[1])
    full, empty = scores(fit(X, y, nothing), X_test, test.y), np.array([1 - test.y.mean(), 0, 1])
    values, joined = np.zeros((len(METRICS), len(y))), 0
    for t in range(permutations):
        order, w, last = shapcpp.permutation(len(y), 0, t), nothing, empty
        going = np.full(len(METRICS), IN_A_ROW)
        for k, i in enumerate(order.tolist()):
            members = order[: k + 1]
            if y[members].min() < y[members].max():
                w = fit(X[members], y[members], w)
                now = scores(w, X_test, test.y)
                values[going > 0, i] += (now - last)[going > 0]
                last = now
            near = np.abs(last - full) <= NEAR * full
            going = np.where(going <= 0, 0, np.where(near, going - 1, IN_A_ROW))
            if not going.any():
                break
        joined += k + 1
    return values / permutations, joined / permutations


def main() -> None:
    """Prints what is found, cut short and whole."""
    path, permutations = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    train, test = shapcpp.read_features(path).sides()
    assert train.true_labels is not None
    wrong = train.y != train.true_labels
    noise = wrong.mean()
    cut, joined = walk(train, test, permutations)
    whole = shapcpp.value(
        train.X, train.y, test.X, test.y, permutations, single_class="carry",
        sampler="permutations", doubt=False, votes=False,
    )  # fmt: skip
    print(f"{joined:.0f} of {len(wrong)} samples join before a walk is cut\n")
    print("| walk | lowest | pos as neg: acc | rec | spc | neg as pos: acc | rec | spc |")
    print("|---|---|---|---|---|---|---|---|")
    for name, values in (("cut", cut), ("whole", np.array([whole[m] for m in METRICS]))):
        for fraction in sorted({round(float(noise), 2), 0.3}):
            cells = []
            for label in (0, 1):
                of = wrong & (train.y == label)
                for row in values:
                    lowest = np.argsort(row, kind="stable")[: round(fraction * len(row))]
                    cells.append(f"{of[lowest].sum() / of.sum():.2f}")
            print(f"| {name} | {fraction:.0%} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
