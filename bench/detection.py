"""Detectors of wrong labels compared: every one on the same rows, by the published protocol.

Goes on from where it was stopped: figures of each draw are kept in bench/results/detection.json.
Writes bench/results/detection.md.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import detection_report
import detection_sets as sets
import shapcpp
from shapcpp.doubts.baselines import BASELINES

RESULTS = Path(__file__).parent / "results"
RATES = (0.2, 0.1, 0.3)
WAYS = {"both": (1.0, 1.0), "0 as 1": (1.0, 0.0), "1 as 0": (0.0, 1.0)}
ORDERS, OF_SLOW = 64, 8  # of values: enough for a ranking of most sets, and of votes everywhere
SLOW = 500  # features times classes
OF_A_RUN = ("values", "votes")  # what one run of values tells
DETECTORS = ("doubt", *BASELINES, *OF_A_RUN)
Record = dict[str, Any]


def conditions(seeds: int, only: list[str] | None) -> Iterator[tuple[str, str, float, int]]:
    """Set, way, rate and seed, in an order in which half the work is half the answer."""
    for seed in range(seeds):
        for rate in RATES:
            for way in WAYS:
                for name in only or sets.known_sets():
                    if way == "both" or (rate == RATES[0] and name not in sets.MANY_CLASSES):
                        yield name, way, rate, seed


def key(name: str, way: str, rate: float, seed: int, detector: str) -> str:
    """The name under which a record is kept."""
    return f"{name}|{way}|{rate}|{seed}|{detector}"


def ask(detector: str, draw: sets.Draw) -> dict[str, Record]:
    """The scores and the time of a detector on a draw, and of any other that shares its run."""
    wrong = draw.y != draw.truth
    start = time.perf_counter()
    extra: Record = {}
    scores: dict[str, NDArray[np.float64]]
    if detector == "doubt":
        d = shapcpp.doubt(draw.X, draw.y)
        scores, extra = {"doubt": d.score}, _of_doubt(d, draw, wrong)
    elif detector in OF_A_RUN:
        slow = draw.X.shape[1] * (int(draw.truth.max()) + 1) >= SLOW
        orders = OF_SLOW if slow else ORDERS
        v = shapcpp.value(draw.X, draw.y, draw.X_test, draw.y_test, orders, scale="standard")
        scores = dict(zip(OF_A_RUN, (v["acc"], v.agreement()), strict=True))
    else:
        scores = shapcpp.baselines(draw.X, draw.y, only=[detector])
    seconds = time.perf_counter() - start
    count = extra.get("expected", wrong.sum())
    records = {}
    for row in shapcpp.compare_detectors(scores, count, wrong):
        figures = {name: float(row[name]) for name in row.dtype.names or () if name != "detector"}
        own = {**figures, **extra, "wrong": int(wrong.sum()), "seconds": seconds}
        records[str(row["detector"])] = own
    return records


def _of_doubt(d: shapcpp.Doubts, draw: sets.Draw, wrong: NDArray[np.bool_]) -> Record:
    found = d.lowest(max(wrong.mean(), 0.5 / len(wrong)))
    found = found[wrong[found]]
    low, high = d.total_interval()
    K = len(d.classes)
    true_rates = np.array(
        [[np.mean(draw.y[draw.truth == t] == k) for k in range(K)] for t in range(K)]
    )
    return {
        "expected": d.n_expected,
        "low": low,
        "high": high,
        "by_direction": d.by_direction,
        "suggested": float((d.suggestion == draw.truth)[found].mean()) if len(found) else math.nan,
        "rate_error": float(np.abs(1 - np.diag(d.rates) - (1 - np.diag(true_rates))).max()),
    }


def run(
    records: dict[str, Record], arguments: argparse.Namespace, save: Callable[[], None]
) -> None:
    """Fills in the records that are missing, until the time is up."""
    end = time.perf_counter() + 60 * arguments.minutes
    for name, way, rate, seed in conditions(arguments.seeds, arguments.sets):
        draw = None
        for detector in arguments.detectors or DETECTORS:
            place = key(name, way, rate, seed, detector)
            if place in records:
                continue
            if time.perf_counter() > end:
                return
            if draw is None:
                rates = tuple(rate * share for share in WAYS[way]) if way != "both" else (rate,)
                draw = sets.draw(name, rates, seed)
            try:
                found = ask(detector, draw)
            except (ValueError, np.linalg.LinAlgError) as error:
                print(f"{place}: {error}", file=sys.stderr)
                continue
            for asked, record in found.items():
                records.setdefault(key(name, way, rate, seed, asked), record)
            save()
            print(f"{place}: AP {records[place]['ap']:.3f}", file=sys.stderr, flush=True)


def main() -> None:
    """Runs what is missing and writes the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this many")
    parser.add_argument("--sets", nargs="*", help="default: all there are")
    parser.add_argument("--detectors", nargs="*", help="default: all")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    file = arguments.out / "detection.json"
    records: dict[str, Record] = json.loads(file.read_text()) if file.exists() else {}

    def save() -> None:
        part = file.with_suffix(".part")
        part.write_text(json.dumps(records, indent=0, sort_keys=True))
        part.replace(file)

    run(records, arguments, save)
    save()
    (arguments.out / "detection.md").write_text(detection_report.written(records))


if __name__ == "__main__":
    main()
