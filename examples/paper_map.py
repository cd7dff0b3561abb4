"""Maps where the paper's claims hold: which metric finds which wrong labels, and doubt beside them.

    python examples/paper_map.py FOLDER [SEEDS]

Two Gaussian classes in 16 features lie some deviations apart along a random direction. They have
the paper's sizes (100 and 400, test 241 and 759) or equal ones (250 and 250, test 500 and 500).
Features are multiplied by a scale, and a fifth of the labels of each class is flipped. For each
separation, scale, convention and sizes, map.csv in FOLDER gets the shares of the flipped labels
among the lowest 20%; map.png shows them. Stopped, the same command goes on there.

Multiplying features by s is the same as multiplying C by s squared, so that C is not an axis of its
own: the first line printed is a check of that.
"""

from __future__ import annotations

import csv
import sys
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import shapcpp

NOISE = 0.2
FEATURES = 16
SEPARATIONS = (2.0, 3.0, 4.0, 6.0)  # deviations between the classes' means
SCALES = (1.0, 0.3, 0.1, 0.03, 0.01)
SHARES = {
    "paper's": ((100, 400), (241, 759)),
    "equal": ((250, 250), (500, 500)),
}
# The rule for coalitions of one class, and what the empty coalition predicts. Under "constant" the
# latter moves all values alike.
RULES: dict[str, dict[str, Any]] = {
    "constant": {"single_class": "constant"},
    "carry": {"single_class": "carry"},
    "carry, empty none": {"single_class": "carry", "empty": "none"},
    "carry, empty 1": {"single_class": "carry", "empty": ("label", 1)},
}
METRICS = ("acc", "rec", "spc")
DIRECTIONS = ("pos_as_neg", "neg_as_pos")
BY = ("acc", "rec", "spc", "doubt")
PERMUTATIONS = 400
KEY = ("separation", "scale", "rule", "shares", "seed")
FOUND = tuple(f"{by} {direction}" for by in BY for direction in DIRECTIONS)
MANY, FEW, NONE = (0.5, 1.0), (0.0, 0.4), (0.0, 0.1)
# The paper's claims, and doubt beside them: what is found, and within which shares.
CLAIMS = {
    "recall finds positives called negative, not the others": {
        "rec pos_as_neg": MANY, "rec neg_as_pos": NONE
    },
    "specificity finds negatives called positive, not the others": {
        "spc neg_as_pos": MANY, "spc pos_as_neg": NONE
    },
    "accuracy finds positives called negative": {"acc pos_as_neg": MANY},
    "accuracy finds few of the others": {"acc neg_as_pos": FEW},
    "accuracy: both of these": {"acc pos_as_neg": MANY, "acc neg_as_pos": FEW},
    "accuracy finds half or more of either": {"acc pos_as_neg": MANY, "acc neg_as_pos": MANY},
    "doubt finds half or more of either": {"doubt pos_as_neg": MANY, "doubt neg_as_pos": MANY},
}  # fmt: skip
Array = NDArray[Any]


def draw(separation: float, shares: str, seed: int) -> tuple[Array, Array, Array, Array, Array]:
    """Training features, noisy and true labels, test features and labels, at scale 1."""
    rng = np.random.default_rng([seed, int(10 * separation), len(shares)])
    direction = rng.normal(size=FEATURES)
    direction /= np.linalg.norm(direction)
    sides = []
    for positives, negatives in SHARES[shares]:
        y = np.repeat([1, 0], [positives, negatives])
        X = rng.normal(size=(len(y), FEATURES)) + np.outer(y - 0.5, separation * direction)
        sides.append((X, y))
    (X, y), (X_test, y_test) = sides
    return X, shapcpp.flip_labels(y, NOISE, seed)[0], y, X_test, y_test


def shares_found(y: Array, truth: Array, order: Array) -> list[float]:
    """Shares of each direction's errors among the first `NOISE` of an order."""
    first = order[: round(NOISE * len(y))]
    wrong = [(truth == 1) & (y == 0), (truth == 0) & (y == 1)]
    return [float(one[first].sum() / one.sum()) for one in wrong]


def found(separation: float, scale: float, rule: str, shares: str, seed: int) -> list[float]:
    """The numbers of `FOUND` for one place of the map."""
    X, y, truth, X_test, y_test = draw(separation, shares, seed)
    v = shapcpp.value(
        scale * X, y, scale * X_test, y_test, PERMUTATIONS, seed, sampler="permutations",
        doubt=False, votes=False, **RULES[rule],
    )  # fmt: skip
    numbers = [n for m in METRICS for n in shares_found(y, truth, v.lowest(m, NOISE))]
    return numbers + doubted(separation, shares, seed)


@cache
def doubted(separation: float, shares: str, seed: int) -> list[float]:
    """The same by doubt, which standardises: neither scale nor conventions matter to it."""
    X, y, truth, *_ = draw(separation, shares, seed)
    return shares_found(y, truth, shapcpp.doubt(X, y).lowest(NOISE))


def means(rows: list[dict[str, str]], rule: str, shares: str, name: str) -> Array:
    """Means over seeds of one share found, shape (separations, scales); nan where there is none."""
    table = np.full((len(SEPARATIONS), len(SCALES)), np.nan)
    for (i, separation), (j, scale) in product(enumerate(SEPARATIONS), enumerate(SCALES)):
        place = [str(separation), str(scale), rule, shares]
        here = [float(row[name]) for row in rows if [row[key] for key in KEY[:4]] == place]
        table[i, j] = np.mean(here) if here else np.nan
    return table


def draw_map(rows: list[dict[str, str]], path: Path) -> None:
    """One panel for each convention and shares of classes (down), and what finds what (across)."""
    settings = list(product(SHARES, RULES))
    figure = Figure(figsize=(17, 2 * len(settings)), layout="constrained")
    panels = figure.subplots(len(settings), len(FOUND), squeeze=False)
    for row, ((shares, rule), line) in enumerate(zip(settings, panels, strict=True)):
        for name, panel in zip(FOUND, line, strict=True):
            table = means(rows, rule, shares, name)
            for (i, j), share in np.ndenumerate(table):
                panel.text(j, i, f"{share:.1f}", ha="center", va="center", fontsize=6)
            panel.imshow(table, vmin=0, vmax=1, cmap="Blues", alpha=0.7, aspect="auto")
            panel.set_xticks(range(len(SCALES)), [f"{s:g}" for s in SCALES], fontsize=6)
            panel.set_yticks(range(len(SEPARATIONS)), [f"{s:g}" for s in SEPARATIONS], fontsize=6)
            if row == 0:
                panel.set_title(name.replace("_", " "), fontsize=9)
            if panel is line[0]:
                panel.set_ylabel(f"{rule}\n{shares} classes\nseparation", fontsize=7)
            if row == len(settings) - 1:
                panel.set_xlabel("scale of features", fontsize=7)
    figure.savefig(path, dpi=90)


def print_claims(rows: list[dict[str, str]]) -> None:
    """Prints at how many places of the map each claim of the paper holds."""
    settings = list(product(SHARES, RULES))
    print(f"\n| claim | {' | '.join(f'{rule}; {shares}' for shares, rule in settings)} |")
    print(f"|---{'|---' * len(settings)}|")
    for claim, conditions in CLAIMS.items():
        cells = []
        for shares, rule in settings:
            tables = {name: means(rows, rule, shares, name) for name in conditions}
            holds = [
                (tables[n] >= low) & (tables[n] <= high) for n, (low, high) in conditions.items()
            ]
            known = ~np.isnan(next(iter(tables.values())))
            cells.append(f"{np.all(holds, axis=0).sum()} of {known.sum()}")
        print(f"| {claim} | {' | '.join(cells)} |")


def check_scale() -> None:
    """Checks that a scale of 0.1 is C = 0.01."""
    X, y, _, X_test, y_test = draw(3.0, "paper's", 0)
    options: dict[str, Any] = {"sampler": "permutations", "doubt": False, "votes": False}
    scaled = shapcpp.value(X / 8, y, X_test / 8, y_test, 50, **options)
    held = shapcpp.value(X, y, X_test, y_test, 50, C=1 / 64, **options)
    same = np.array_equal(scaled.gains, held.gains)
    print(f"features / 8 with C = 1 and features with C = 1/64 give the same integers: {same}")


def main() -> None:
    """Fills in map.csv, draws map.png, prints the claims."""
    folder, seeds = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "map.csv"
    check_scale()
    if not table.exists():
        table.write_text(",".join((*KEY, *FOUND)) + "\n")
    with open(table, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[FOUND[-1]]]
    done = {tuple(row[name] for name in KEY) for row in rows}
    for seed, shares, rule in product(range(seeds), SHARES, RULES):
        for separation, scale in product(SEPARATIONS, SCALES):
            place = separation, scale, rule, shares, seed
            if tuple(map(str, place)) in done:
                continue
            numbers = [f"{n:.4f}" for n in found(*place)]
            with open(table, "a", newline="") as file:
                csv.writer(file).writerow([*place, *numbers])
            rows.append(dict(zip((*KEY, *FOUND), [*map(str, place), *numbers], strict=True)))
    print(f"{len(rows)} runs over {seeds} seeds")
    draw_map(rows, folder / "map.png")
    print_claims(rows)


if __name__ == "__main__":
    main()
