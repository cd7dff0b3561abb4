"""Are 3N permutations enough? Figure 2 with both samplers, and how far two runs agree.

    python examples/convergence.py FEATURES.npy PICTURE.png

FEATURES.npy is a features file, such as features-30.npy of `shapcpp reproduce`; N is the number of
its training rows. For each sampler and number of orders, two runs that share no order are compared:
Spearman's rank correlation of their values within labels, what they share of the lowest 30%, and
their standard error over the spread of values within labels. Where true labels are known, a second
table has the shares of wrong labels that each run finds among as many lowest values as labels are
wrong. PICTURE.png is Figure 2 of the paper, the running values of two samples, by 3N permutations
and by halving.
"""

from __future__ import annotations

import sys
import time
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


def found_by(name: str, a: shapcpp.Valuation, b: shapcpp.Valuation, truth: Array) -> str:
    """A row: the shares of wrong labels, by direction and metric, that each of two runs finds."""
    wrong = (a.labels != truth).mean()
    tables = [shapcpp.detection_table(v, v.labels, truth, (wrong,), METRICS) for v in (a, b)]
    pairs = zip(*(table["share"].tolist() for table in tables), strict=True)
    return f"| {name} | " + " | ".join(f"{one:.2f}, {other:.2f}" for one, other in pairs) + " |"


def main() -> None:
    """Prints a table, and draws Figure 2."""
    train, test = shapcpp.read_features(sys.argv[1]).sides()
    n = len(train.y)
    drawn: dict[str, shapcpp.Valuation] = {}
    errors: dict[tuple[str, float], list[float]] = {}
    columns = ("rank correlation", "same in the lowest 30%", "error over spread")
    head = [f"{column}: {metric}" for column in columns for metric in METRICS]
    print(f"N = {n}\n\n| sampler | orders | time | {' | '.join(head)} |")
    print("|---|---|---" + "|---" * len(head) + "|")
    unit = 0.0
    found: list[str] = []
    for sampler, multiples in ORDERS.items():
        for multiple in multiples:
            orders = round(multiple * n)
            began = time.process_time()
            a, b = (
                shapcpp.value(
                    train.X, train.y, test.X, test.y, orders, first=half * orders, sampler=sampler,
                    trace=50, threads=1, doubt=False, votes=False,
                )
                for half in (0, 1)
            )  # fmt: skip
            taken = (time.process_time() - began) / 2
            unit = unit or taken / multiple  # of N permutations
            both = a.merge(b)
            errors[sampler, multiple] = [float(a.stderr(m).mean()) for m in METRICS]
            cells = [rank_correlation(a[m], b[m], train.y) for m in METRICS]
            cells += [
                float(np.isin(a.lowest(m, LOWEST), b.lowest(m, LOWEST)).mean()) for m in METRICS
            ]
            spread = [float(within(both[m], train.y).std()) for m in METRICS]
            cells += [e / s for e, s in zip(errors[sampler, multiple], spread, strict=True)]
            text = " | ".join(f"{cell:.2f}" for cell in cells)
            print(f"| {sampler} | {multiple:g} N = {orders:,} | {taken / unit:.1f} | {text} |")
            drawn[f"{sampler}, {orders:,} orders"] = a
            if train.true_labels is not None:
                found.append(found_by(f"{sampler}, {multiple:g} N", a, b, train.true_labels))
    print("\nThe time is that of the processor, in times that of N permutations.")
    paper = errors[PAPERS]
    enough = [
        multiple
        for multiple in ORDERS["halving"]
        if all(e <= p for e, p in zip(errors["halving", multiple], paper, strict=True))
    ]
    said = f"{enough[0]:g} N" if enough else "more"
    print(f"Halving reaches the standard errors of 3 N permutations, by every metric, at {said}.")
    print("\n| run | pos as neg: acc | rec | spc | neg as pos: acc | rec | spc |")
    print("|---" * 7 + "|", *found, sep="\n")
    keys = list(drawn)
    third, most = keys[1], keys[-1]
    figure = figure2({third: drawn[third], most: drawn[most]})
    for axes in figure.axes:
        axes.set_title(axes.get_title(), fontsize=8, pad=18)  # clear of the legend
    figure.savefig(sys.argv[2], dpi=90)


if __name__ == "__main__":
    main()
