"""Are 3N permutations enough? Figure 2 with both samplers, and how far two runs agree.

    python examples/convergence.py FEATURES.npy... PICTURE.png

FEATURES.npy is a features file, such as features-30.npy of `shapcpp reproduce`, or several, one for
each seed; N is the number of training rows. For each sampler and number of orders, two runs that
share no order are compared: Spearman's rank correlation of their values within labels, what they
share of the lowest 30%, and their standard error over the spread of values within labels. Where
true labels are known, a second table has the shares of wrong labels that a run finds among as many
lowest values as labels are wrong. Numbers are means over files and their standard deviations.
PICTURE.png is Figure 2 of the paper for the first file, the running values of two samples, by 3N
permutations and by halving.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import shapcpp
from shapcpp.report import figure2

METRICS = ("acc", "rec", "spc")
# Numbers of orders, as multiples of N.
ORDERS: dict[Literal["permutations", "halving"], tuple[float, ...]] = {
    "permutations": (1, 3, 10), "halving": (0.1, 0.6, 2),
}  # fmt: skip
COLUMNS = ("rank correlation", "same in the lowest 30%", "error over spread")
PAPERS = ("permutations", 3.0)
LOWEST = 0.3
Array = NDArray[Any]


def within(values: Array, labels: Array) -> Array:
    """Values less the mean of their label, so that offsets between labels count for nothing."""
    centred: Array = values.copy()
    for label in np.unique(labels):
        centred[labels == label] -= values[labels == label].mean()
    return centred


def rank_correlation(a: Array, b: Array, labels: Array) -> float:
    """Spearman's correlation within each label, weighted by the numbers of samples."""
    total = 0.0
    for label in np.unique(labels):
        of = labels == label
        ranks = [np.argsort(np.argsort(values[of])) for values in (a, b)]
        total += of.sum() * float(np.asarray(np.corrcoef(ranks[0], ranks[1]))[0, 1])
    return total / len(labels)


@dataclass
class Compared:
    """Two runs that share no order: the first of them, what it took, and the shares they found."""

    one: shapcpp.Valuation
    seconds: float
    agreement: list[float]  # by COLUMNS and METRICS
    errors: list[float]
    found: list[float]  # by direction and metric, if true labels are known


def compare(
    train: shapcpp.Samples, test: shapcpp.Samples, sampler: Literal["permutations", "halving"],
    orders: int,
) -> Compared:  # fmt: skip
    """Draws two runs of as many orders each."""
    began = time.process_time()
    a, b = (
        shapcpp.value(
            train.X, train.y, test.X, test.y, orders, first=half * orders, sampler=sampler,
            trace=50, threads=1, doubt=False, votes=False,
        )
        for half in (0, 1)
    )  # fmt: skip
    seconds = (time.process_time() - began) / 2
    both = a.merge(b)
    errors = [float(a.stderr(m).mean()) for m in METRICS]
    agreement = [rank_correlation(a[m], b[m], train.y) for m in METRICS]
    agreement += [float(np.isin(a.lowest(m, LOWEST), b.lowest(m, LOWEST)).mean()) for m in METRICS]
    spreads = [float(within(both[m], train.y).std()) for m in METRICS]
    agreement += [e / s for e, s in zip(errors, spreads, strict=True)]
    found: list[float] = []
    if train.true_labels is not None:
        wrong = (train.y != train.true_labels).mean()
        shares = [
            shapcpp.detection_table(v, train.y, train.true_labels, (wrong,), METRICS)["share"]
            for v in (a, b)
        ]
        found = np.mean(shares, axis=0).tolist()
    return Compared(a, seconds, agreement, errors, found)


def cells(of_files: list[list[float]]) -> str:
    """The cells of a row: means over files, and deviations if there are several."""
    texts = []
    for column in zip(*of_files, strict=True):
        text = f"{np.mean(column):.2f}"
        texts.append(text if len(column) < 2 else f"{text} ± {np.std(column, ddof=1):.2f}")
    return " | ".join(texts)


def main() -> None:
    """Prints two tables, and draws Figure 2."""
    *paths, picture = sys.argv[1:]
    sides = [shapcpp.read_features(path).sides() for path in paths]
    n = len(sides[0][0].y)
    head = [f"{column}: {metric}" for column in COLUMNS for metric in METRICS]
    print(f"N = {n}, files: {len(sides)}\n\n| sampler | orders | time | {' | '.join(head)} |")
    print("|---|---|---" + "|---" * len(head) + "|")
    done: dict[tuple[str, float], list[Compared]] = {}
    for sampler, multiples in ORDERS.items():
        for multiple in multiples:
            runs = [compare(*one, sampler, round(multiple * len(one[0].y))) for one in sides]
            done[sampler, multiple] = runs
            unit = np.mean([run.seconds for run in done["permutations", ORDERS["permutations"][0]]])
            taken = np.mean([run.seconds for run in runs]) / unit
            orders, row = round(multiple * n), cells([run.agreement for run in runs])
            print(f"| {sampler} | {multiple:g} N = {orders:,} | {taken:.1f} | {row} |")
    print("\nThe time is that of the processor, in times that of N permutations.")
    mean_errors = {k: np.mean([run.errors for run in runs], axis=0) for k, runs in done.items()}
    enough = [
        multiple for multiple in ORDERS["halving"]
        if (mean_errors["halving", multiple] <= mean_errors[PAPERS]).all()
    ]  # fmt: skip
    said = f"{enough[0]:g} N" if enough else "more"
    print(f"Halving reaches the standard errors of 3 N permutations, by every metric, at {said}.")
    print("\n| run | pos as neg: acc | rec | spc | neg as pos: acc | rec | spc |\n|---" + "|---" * 6
          + "|")  # fmt: skip
    for (name, multiple), runs in done.items():
        if all(run.found for run in runs):
            print(f"| {name}, {multiple:g} N | {cells([run.found for run in runs])} |")
    shown = {
        f"{name}, {round(multiple * n):,} orders": done[name, multiple][0].one
        for name, multiple in (PAPERS, ("halving", ORDERS["halving"][-1]))
    }
    figure = figure2(shown)
    for axes in figure.axes:
        axes.set_title(axes.get_title(), fontsize=8, pad=18)  # clear of the legend
    figure.savefig(picture, dpi=90)


if __name__ == "__main__":
    main()
