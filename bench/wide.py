"""The cost of a join against the number of features: `python bench/wide.py`.

Compares builds of the engine with one another and with scikit-learn, cold and by its best warm
start, all on one core, in processor time. Equal integers are asserted before a number is kept.
The build called shapcpp is the package that this interpreter imports; `--engine NAME=PATH` adds
another checkout with its engine built (PATH/python/shapcpp). What is
measured stays in bench/results/wide.json: stopped, or with its budget spent, the bench goes on from
there. Writes bench/results/wide.md and wide.png.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import loops
import shapcpp
import wide_report
from wide_data import CASES, Case, make_wide

HERE = Path(__file__).parent
SIZES = (50, 100, 250, 500, 950, 2500, 4900)
EXACT = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
WARM_JOINS = 3


class Engine:
    """A build of the engine, in a process of its own."""

    def __init__(self, name: str, bench: Path, packages: Path) -> None:
        self.name = name
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "wide_worker.py"), str(bench)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **threads, "PYTHONPATH": str(packages)},
        )  # fmt: skip

    def ask(self, case: Case, what: str, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"case": case, "what": what, **request}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"engine {self.name} ended; its error is above")
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def sizes_of(case: Case) -> list[int]:
    """Not the smallest: they cost what they do among fewer samples, and are lost in the set-up."""
    return [size for size in SIZES if case.train / 20 <= size < case.train]


def measured(case: Case, engines: list[Engine], limit: float) -> dict[str, Any]:
    """Joins near each size, and a tree, by every engine; and scikit-learn beside them."""
    row: dict[str, Any] = {"case": case, "joins": {}, "trees": {}}
    for size in sizes_of(case):
        answers = {engine.name: engine.ask(case, "near", size=size) for engine in engines}
        first = next(iter(answers.values()))
        for answer in answers.values():
            assert answer["counts"] == first["counts"], f"{case}: engines differ near {size}"
        checked = check(case, first)
        micros = {name: answer["micros"] for name, answer in answers.items()}
        row["joins"][size] = {**micros, **by_sklearn(case, size), "checked": checked}
    trees = {engine.name: engine.ask(case, "tree", limit=limit) for engine in engines}
    sums = {answer["sums"] for answer in trees.values()} - {None}
    assert len(sums) <= 1, f"{case}: engines differ in a halved order"
    row["trees"] = {name: answer["seconds"] for name, answer in trees.items()}
    return row


def check(case: Case, answer: dict[str, Any]) -> int:
    """Asserts the counts of the largest coalition walked to, those of scikit-learn's optimum."""
    X, y, X_test, y_test = make_wide(case)
    size = int(answer["first"]) + len(answer["counts"]) - 1
    rows = shapcpp.permutation(case.train, 0, 0)[:size]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rounding may end the search before the tolerance does
        right = EXACT.fit(X[rows], y[rows]).predict(X_test) == y_test
    counts = np.bincount(y_test[right], minlength=2).tolist()
    assert counts == answer["counts"][-1], f"{case}: {counts} of scikit-learn at {size}"
    return size


def by_sklearn(case: Case, size: int) -> dict[str, Any]:
    """Microseconds of the usual loop, and of the solver whose warm start is the fastest."""
    data = make_wide(case)
    order = shapcpp.permutation(case.train, 0, 0)
    X, y = data[0][order], data[1][order]
    cold = loops.LOOPS["cold"](data)
    spent = [seconds(cold, X, y, size) for _ in range(3)]
    warm = {}
    for solver in loops.SOLVERS:
        step = loops.LOOPS[solver](data)
        step(X[: size - 1], y[: size - 1])
        members = range(size, size + WARM_JOINS)
        warm[solver] = float(np.mean([seconds(step, X, y, k) for k in members]))
    best = min(warm, key=lambda solver: warm[solver])
    return {"cold": 1e6 * float(np.median(spent)), "warm": 1e6 * warm[best], "solver": best}


def seconds(step: loops.Step, X: Any, y: Any, size: int) -> float:
    start = time.process_time()
    step(X[:size], y[:size])
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", action="append", default=[], metavar="NAME=PATH",
                        help="another checkout, its engine built; repeatable")  # fmt: skip
    parser.add_argument("--budget", type=float, default=3600.0,
                        help="seconds after which no case is begun")  # fmt: skip
    parser.add_argument("--tree", type=float, default=60.0,
                        help="seconds that a halved order may take")  # fmt: skip
    parser.add_argument("--train", type=int, nargs="+", help="only cases of as many samples")
    parser.add_argument("--features", type=int, nargs="+", help="only cases of as many features")
    parser.add_argument("--again", action="store_true", help="measure the cases anew")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    options = parser.parse_args()
    loops.prepare_worker()
    threadpool_limits(1)
    others = dict(pair.split("=", 1) for pair in options.engine)
    engines = [Engine("shapcpp", HERE, Path(shapcpp.__file__).parents[1])]
    for name, path in others.items():
        root = Path(path).resolve()
        engines.append(Engine(name, root / "bench", root / "python"))
    kept = options.out / "wide.json"
    rows: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    end = time.monotonic() + options.budget
    for case in CASES:
        unasked = (options.train and case.train not in options.train) or (
            options.features and case.features not in options.features
        )
        names = {engine.name for engine in engines}
        done = str(case) in rows and names <= rows[str(case)]["trees"].keys()
        if unasked or (done and not options.again) or time.monotonic() > end:
            continue
        start = time.monotonic()
        rows[str(case)] = measured(case, engines, options.tree)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(rows, indent=1) + "\n")
        print(f"{case}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    for engine in engines:
        engine.close()
    rows = json.loads(kept.read_text())
    rows = {str(case): rows[str(case)] for case in CASES if str(case) in rows}
    text = wide_report.markdown(rows)
    (options.out / "wide.md").write_text(text)
    wide_report.draw(rows, options.out / "wide.png")
    print(text)


if __name__ == "__main__":
    main()
