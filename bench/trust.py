"""Coverage of intervals that are trusted: python bench/trust.py [--large | --classes].

The value that infinitely many orders would give is taken from a long halved run, whose own standard
error is added to that of the run on trial. Writes results/trust.csv, which interval_figures.py
draws, and fails where fewer than 90% of the 95% intervals that are trusted hold. --large takes half
an hour, for the two large problems. --classes takes a minute, for 3 to 10 classes and ridge
regressions, and only prints.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import coverage
import interval_figures
import shapcpp
from data import BALANCED, RARE, RARE_LARGE, Noisy, make_noisy
from shapcpp.results.certainty import student_multiple

METRICS = ("acc", "rec", "spc")
TRUTH_SEED = 1_000_000
LEAST = 0.9  # of nominal 0.95


class Trial(NamedTuple):
    """A problem, the numbers of orders at which its intervals are looked at, and how often."""

    name: str
    arrays: tuple[Any, ...]
    single_class: str
    walked: tuple[int, ...]  # permutations
    halved: tuple[int, ...]
    seeds: int
    truth: int  # orders of the long run, halved
    model: str = "logistic"
    metrics: tuple[str, ...] = METRICS

    def run(self, sampler: str, orders: int, seed: int, **options: Any) -> shapcpp.Valuation:
        of_the_run: dict[str, Any] = {"sampler": sampler, "permutations": orders, "seed": seed}
        of_the_run |= {"single_class": self.single_class, "model": self.model}
        v: shapcpp.Valuation = shapcpp.value(*self.arrays, **of_the_run | options)
        return v


def _noisy(problem: Noisy, single_class: str, *numbers: Any) -> Trial:
    name = f"{problem.train:,}, {100 * problem.positive:g}% positive, {single_class}"
    return Trial(name, make_noisy(problem)[:4], single_class, *numbers)


def trials(large: bool) -> list[Trial]:
    """The problems of bench/coverage.py, those of bench/data.py, and a class of two."""
    if large:
        return [
            _noisy(RARE, "constant", (1000,), (8, 30), 2, 600),
            _noisy(RARE_LARGE, "constant", (2000,), (16, 90), 1, 600),
        ]
    tiny, small = ((50, 500), (8, 32), 200, 40_000), ((200, 2000, 6000), (8, 32, 128), 5, 3000)
    two = Noisy(500, 300, 4, positive=0.004, wrong=0, distance=2)
    different = {(p.n, p.single_class): p for p in coverage.PROBLEMS}.values()
    return [
        *(
            Trial(p.name.rsplit(",", 1)[0], p.arrays(), p.single_class, *(small, tiny)[p.n < 10])
            for p in different
        ),
        _noisy(two, "constant", (450, 2000, 6000), (8, 32, 128, 600), 5, 6000),
        *(
            _noisy(BALANCED, rule, (200, 2000), (8, 32, 128), 2, 600)
            for rule in ("constant", "carry")
        ),
    ]


def of_classes() -> list[Trial]:
    """Overlapping classes, some of them rare, with a tenth of the labels wrong."""
    shares = {
        "60, 3 classes": ((60, 2), (1 / 3, 1 / 3, 1 / 3)),
        "100, 3 classes, 4% in one": ((100, 2), (0.6, 0.36, 0.04)),
        "150, 5 classes, 4% in one": ((150, 3), (0.5, 0.25, 0.14, 0.07, 0.04)),
        "60, 10 classes": ((60, 4), (0.1,) * 10),
    }
    trials = []
    for name, (shape, of_class) in shares.items():
        n_classes, rng = len(of_class), np.random.default_rng(0)
        y, y_test = rng.choice(n_classes, shape[0], p=of_class), np.arange(90) % n_classes
        y[: 2 * n_classes] = np.arange(2 * n_classes) % n_classes  # each class is there
        centres = 1.5 * rng.normal(size=(n_classes, shape[1]))
        X, X_test = (rng.normal(size=(len(c), shape[1])) + centres[c] for c in (y, y_test))
        wrong = rng.random(len(y)) < 0.1
        y = np.where(wrong, rng.integers(0, n_classes, len(y)), y)
        rarest = int(np.argmin(np.bincount(y, minlength=n_classes)))
        one = Trial(
            name, (X, y, X_test, y_test), "constant", (50, 200, 800), (8, 16, 64), 6, 2000,
            "ridge", ("acc", "bal", f"rec:{rarest}"),
        )  # fmt: skip
        rules = ("constant", "carry")
        trials += [one._replace(name=f"{name}, {rule}", single_class=rule) for rule in rules]
    return trials


class Score(NamedTuple):
    """By metric: shares of intervals that hold, of all and of those trusted, and share marked."""

    everyone: np.ndarray[Any, Any]
    trusted: np.ndarray[Any, Any]
    marked: np.ndarray[Any, Any]


def score(
    runs: list[shapcpp.Valuation], truth: shapcpp.Valuation, metrics: tuple[str, ...]
) -> Score:
    """Shares of the intervals of these runs that hold the values of the long run."""
    multiple = student_multiple(runs[0].n_permutations, 0.05)
    shares = []
    for metric in metrics:
        error = [np.hypot(v.stderr(metric), truth.stderr(metric)) for v in runs]
        off = [np.abs(v[metric] - truth[metric]) for v in runs]
        holds = np.array(off) <= multiple * np.array(error) + 1e-12
        trusted = np.array([v.trusted(metric) for v in runs])
        among = float(holds[trusted].mean()) if trusted.any() else np.nan
        shares.append((float(holds.mean()), among, 1 - float(trusted.mean())))
    return Score(*np.array(shares).T)


def try_one(trial: Trial, kept: Path) -> list[tuple[tuple[str, str], Score]]:
    """Sampler and orders of each run, and what came of it."""
    file = kept / f"{trial.name}.npz".replace(" ", "")
    truth = trial.run("halving", trial.truth, TRUTH_SEED, checkpoint=file, checkpoint_every=20)
    rows = []
    for sampler, looks in (("permutations", trial.walked), ("halving", trial.halved)):
        runs: list[Any] = [None] * trial.seeds
        for orders in looks:
            runs = [trial.run(sampler, orders, s, extend=v) for s, v in enumerate(runs)]
            rows.append(((sampler, str(orders)), score(runs, truth, trial.metrics)))
    return rows


def _share(number: float) -> str:
    return "" if np.isnan(number) else f"{number:.3g}"


def main() -> None:
    """Prints a row for each run, and writes all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--classes", action="store_true", help="more than two classes")
    parser.add_argument("--keep", type=Path, help="folder in which the long runs are kept")
    options = parser.parse_args()
    warnings.simplefilter("ignore", shapcpp.ValuationWarning)
    with tempfile.TemporaryDirectory() as folder:
        kept = options.keep or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        failed, table = [], []
        for trial in of_classes() if options.classes else trials(options.large):
            start = time.perf_counter()
            for run, shares in try_one(trial, kept):
                cells = [" ".join("-" if np.isnan(x) else f"{100 * x:.0f}" for x in column)
                         for column in shares]  # fmt: skip
                print(f"{trial.name}, {' '.join(run)}: {', '.join(cells)}", flush=True)
                columns = zip(trial.metrics, *shares, strict=True)
                table += [(trial.name, *run, m, *map(_share, numbers)) for m, *numbers in columns]
                if np.nanmin(np.append(shares.trusted, 1.0)) < LEAST:
                    failed.append(f"{trial.name}, {' '.join(run)}")
            print(f"{trial.name}: {time.perf_counter() - start:.0f} s", flush=True)
    if not options.classes:
        heads = ("problem", "sampler", "orders", "metric", "all", "trusted", "marked")
        interval_figures.write("trust.csv", heads, table)
    if failed:
        raise SystemExit("trusted, and wrong too often: " + "; ".join(failed))


if __name__ == "__main__":
    main()
