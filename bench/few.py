"""Doubts of few samples: python bench/few.py [--draws 12].

Two overlapping to separate classes in 2 and 8 features, of which one tells them apart, with 0, 10
and 20% of the labels wrong. Prints, by number of samples, how many wrong labels are expected and
there, how often the 95% interval holds their number, and how often labels that are wrong with a
probability above 95% are wrong.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

import shapcpp

SIZES = (8, 12, 20, 40, 100)
FEATURES, DISTANCES, RATES = (2, 8), (1.0, 2.0, 4.0), (0.0, 0.1, 0.2)
SURE = 0.95


def main() -> None:
    """Prints a row for each number of samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=12, help="of each kind")
    draws, rng = parser.parse_args().draws, np.random.default_rng(0)
    print("samples: wrong expected, there; intervals that hold; sure ones, share wrong of them")
    for n in SIZES:
        expected, there, held, sure = [], [], [], []
        for d, distance, rate, _ in product(FEATURES, DISTANCES, RATES, range(draws)):
            truth = rng.permutation(np.arange(n) % 2)
            X = rng.normal(size=(n, d))
            X[:, 0] += distance * truth
            y = np.where(rng.random(n) < rate, 1 - truth, truth)
            if len(np.unique(y)) < 2:
                continue
            doubts, wrong = shapcpp.doubt(X, y, threads=1), y != truth
            low, high = doubts.total_interval()
            expected.append(doubts.n_expected)
            there.append(wrong.sum())
            held.append(low <= wrong.sum() <= high)
            sure += wrong[doubts.probability > SURE].tolist()
        share = f"{np.mean(sure):.2f}" if sure else "-"
        print(
            f"{n}: {np.mean(expected):.1f}, {np.mean(there):.1f}; {np.mean(held):.2f}; "
            f"{len(sure)}, {share}",
            flush=True,
        )


if __name__ == "__main__":
    main()
