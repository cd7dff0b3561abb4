"""Compares two workers with one at the paper's shape: `python bench/scaling.py`.

For each kind of executor, runs on one worker and on two alternate in one process; equal integers
are asserted, and the ratio of the medians is printed. Start-up and the sending of inputs come
before the clock. One thread without an executor shows what an executor costs, and so do the seconds
of processors, on a machine that has others to serve.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import psutil
from numpy.typing import NDArray

import shapcpp
from data import Data, Shape, make_data

SHAPE = Shape(500, 1000, 16)


class Spent(NamedTuple):
    """Seconds of a run: elapsed, in this process, and in its workers."""

    clock: float
    here: float
    workers: float


def run(
    data: Data, permutations: int, executor: Executor | None
) -> tuple[Spent, NDArray[np.int64]]:
    before = processor_seconds()
    start = time.perf_counter()
    v = shapcpp.value(*data, permutations, threads=1, executor=executor, sampler="permutations")
    clock = time.perf_counter() - start
    here, workers = (after - b for after, b in zip(processor_seconds(), before, strict=True))
    return Spent(clock, here, workers), v.gains


def processor_seconds() -> tuple[float, float]:
    """Processor seconds of this process and of all its children."""
    this = psutil.Process()
    used = [sum(p.cpu_times()[:2]) for p in (this, *this.children(recursive=True))]
    return used[0], sum(used[1:])


@contextmanager
def dask(workers: int) -> Iterator[Executor]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(workers)
        yield client.get_executor()


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool


KINDS: dict[str, Callable[[int], AbstractContextManager[Executor]]] = {
    "dask": dask,
    "processes": processes,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--permutations", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    options = parser.parse_args()
    data = make_data(SHAPE)
    for kind in options.kinds:
        with ExitStack() as stack:
            contenders: dict[str, Executor | None] = {"one thread, no executor": None}
            for workers in (1, 2):
                contenders[f"{kind}, {workers}"] = stack.enter_context(KINDS[kind](workers))
            report(kind, data, contenders, options.permutations, options.rounds)


def report(
    kind: str, data: Data, contenders: dict[str, Executor | None], permutations: int, rounds: int
) -> None:
    spent: dict[str, list[Spent]] = {name: [] for name in contenders}
    for executor in contenders.values():
        run(data, 40, executor)  # the inputs are there
    for _ in range(rounds):
        found = []
        for name, executor in contenders.items():
            taken, gains = run(data, permutations, executor)
            spent[name].append(taken)
            found.append(gains)
        assert all(np.array_equal(gains, found[0]) for gains in found)
    clock = {}
    for name, runs in spent.items():
        clock[name], here, workers = (
            statistics.median(values) for values in zip(*runs, strict=True)
        )
        print(
            f"{name:24} {clock[name]:6.2f} s; processors: {here:6.2f} s here, {workers:6.2f} s in "
            f"workers; all rounds: {', '.join(f'{r.clock:.2f}' for r in runs)}"
        )
    ratio = clock[f"{kind}, 1"] / clock[f"{kind}, 2"]
    print(f"{kind}: two workers are {ratio:.2f} times as fast as one\n", flush=True)


if __name__ == "__main__":
    main()
