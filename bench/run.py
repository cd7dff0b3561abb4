"""The race: data Shapley values by scikit-learn, pyDVL, the twins and shapcpp, in one run.

Writes tables, the figure and all figures behind them to bench/results. Equal integers are asserted
before any number is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from threadpoolctl import threadpool_info, threadpool_limits

import figure
import instruction_sets
import report
import shapcpp
import sidelights
from contenders import Contender, DenseTwin, Loop, PyDVL, Shapcpp, WarmLoop, Workers
from data import Shape
from measure import Effort, measure
from shapcpp import _core

SHAPES = [
    *(Shape(500, 1_000, d) for d in (16, 30, 128, 512)),
    *(Shape(4_000, 4_000, d) for d in (16, 30, 128, 512)),
    Shape(32_000, 4_000, 16),
    Shape(100_000, 10_000, 16),
]


def machine() -> str:
    """Describes the machine and the versions that the numbers depend on."""
    blas = sorted({str(i["architecture"]) for i in threadpool_info() if i["user_api"] == "blas"})
    return (
        f"Python {platform.python_version()}, numpy {np.__version__}, scikit-learn "
        f"{sklearn.__version__}, shapcpp {shapcpp.__version__} on {_core.instruction_set()}, "
        f"{_core.build()['compiler']}, BLAS kernels {', '.join(blas)}, {platform.machine()} with "
        f"{shapcpp.machine.processors.available_processors()} cores, load average before the race "
        f"{os.getloadavg()[0]:.1f}."
    )


def race(smallest: bool, effort: Effort) -> dict[str, Any]:
    """Runs every measurement and returns it ready for JSON."""
    all_cores = shapcpp.machine.processors.available_processors()
    core_counts = sorted({1, all_cores})
    workers = Workers()
    warm = WarmLoop("scikit-learn, warm", workers)
    twin = Loop("twin", "numpy twin", workers)
    contenders: list[Contender] = [Loop("cold", "scikit-learn, cold", workers), warm]
    pydvl = None if smallest else PyDVL()
    contenders += [pydvl] if pydvl else []
    contenders += [twin, DenseTwin(), Shapcpp()]
    results: dict[str, Any] = {
        "names": {contender.key: contender.name for contender in contenders},
        "facts": {"core_counts": core_counts, "machine": machine()},
        "effort": asdict(effort),
        "shapes": [],
    }
    for shape in SHAPES[:1] if smallest else SHAPES:
        start = time.perf_counter()
        row = asdict(measure(contenders, shape, core_counts, effort))
        results["shapes"].append({**row, "solver": warm.chosen(shape).name})
        print(f"{shape}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    results["threads"] = sidelights.threads_against_processes(workers, all_cores, effort)
    results["threads_shape"] = sidelights.PAPER
    if pydvl:
        results["passes"] = sidelights.joins_without_a_pass(all_cores)
        results["passes_shape"] = sidelights.OVERLAPPING
        results["instruction_sets"] = instruction_sets.compare(effort)
        results["instruction_sets_shape"] = instruction_sets.SHAPE
        results["pydvl_missing"] = pydvl.reason
        pydvl.close()
    workers.close()
    return results


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--smallest", action="store_true", help="the first shape, without pyDVL")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--budget", type=float, default=3, help="seconds for a figure in a round")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    threadpool_limits(1)  # one core means one core for the peers' BLAS too
    options.out.mkdir(parents=True, exist_ok=True)
    measured = race(options.smallest, Effort(options.rounds, options.budget))
    written = json.dumps(measured, indent=1)
    (options.out / "results.json").write_text(written + "\n")
    results = json.loads(written)
    text = report.markdown(results)
    (options.out / "results.md").write_text(text)
    figure.draw(results, options.out / "results.png")
    print(text)


if __name__ == "__main__":
    main()
