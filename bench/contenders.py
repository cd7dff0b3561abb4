"""The contenders: each walks whole permutations, and times joins at sampled coalition sizes."""

from __future__ import annotations

import multiprocessing
import time
from abc import ABC, abstractmethod
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

import engine
import loops
import shapcpp
from data import Shape, make_data
from peer_process import NotAvailableError, PeerProcess
from sampling import Samples


class Workers:
    """A pool of processes for each number of cores, started when first asked for."""

    def __init__(self) -> None:
        self.pools: dict[int, ProcessPoolExecutor] = {}

    def __getitem__(self, cores: int) -> ProcessPoolExecutor:
        if cores not in self.pools:
            context = multiprocessing.get_context("spawn")
            self.pools[cores] = ProcessPoolExecutor(cores, context, loops.prepare_worker)
        return self.pools[cores]

    def close(self) -> None:
        for pool in self.pools.values():
            pool.shutdown()


class Contender(ABC):
    """A program that computes data Shapley values by walking permutations."""

    def __init__(self, key: str, name: str) -> None:
        self.key, self.name = key, name

    @abstractmethod
    def whole(self, shape: Shape, count: int, cores: int) -> float:
        """Seconds for this many whole permutations, a multiple of the number of cores."""

    @abstractmethod
    def probe(self, shape: Shape, cores: int, first: int, budget: float) -> Samples:
        """Costs of joins at sampled sizes with all these cores busy, within the budget."""


class Loop(Contender):
    """A loop in Python; on several cores one process per core, each with its own permutations."""

    def __init__(self, key: str, name: str, workers: Workers) -> None:
        super().__init__(key, name)
        self.workers = workers

    def whole(self, shape: Shape, count: int, cores: int) -> float:
        start = time.perf_counter()
        walks = [self.workers[cores].submit(loops.walk, self.key, shape, i) for i in range(count)]
        for walk in walks:
            walk.result()
        return time.perf_counter() - start

    def probe(self, shape: Shape, cores: int, first: int, budget: float) -> Samples:
        probes = [
            self.workers[cores].submit(loops.probe, self.key, shape, first + i, cores, budget)
            for i in range(cores)
        ]
        return [sample for done in probes for sample in done.result()]


class WarmLoop(Loop):
    """scikit-learn, warm-started from the previous fit, with the fastest solver for each shape."""

    def __init__(self, name: str, workers: Workers) -> None:
        super().__init__("warm", name, workers)
        self.rivals = [Loop(solver, solver, workers) for solver in loops.SOLVERS]
        self.fastest: dict[Shape, Loop] = {}

    def chosen(self, shape: Shape) -> Loop:
        if shape not in self.fastest:
            costs = [
                sum(seconds for _, seconds in rival.probe(shape, 1, 0, 0.0))
                for rival in self.rivals
            ]
            self.fastest[shape] = self.rivals[int(np.argmin(costs))]
        return self.fastest[shape]

    def whole(self, shape: Shape, count: int, cores: int) -> float:
        return self.chosen(shape).whole(shape, count, cores)

    def probe(self, shape: Shape, cores: int, first: int, budget: float) -> Samples:
        return self.chosen(shape).probe(shape, cores, first, budget)


class PyDVL(Contender):
    """pyDVL in its own environment, where it can be installed."""

    def __init__(self) -> None:
        super().__init__("pydvl", "pyDVL")
        self.process: PeerProcess | None = None
        self.reason = ""
        try:
            self.process = PeerProcess()
            self.name += " " + self.process.versions["pydvl"]
        except NotAvailableError as error:
            self.reason = str(error)

    def whole(self, shape: Shape, count: int, cores: int) -> float:
        done = self._ask(shape, cores=cores, count=count)
        v = shapcpp.value(*make_data(shape), permutations=1, sampler="permutations")
        assert abs(done["total"] - v["acc"].sum()) < 0.01, "pyDVL plays another game"
        return float(done["seconds"])

    def probe(self, shape: Shape, cores: int, first: int, budget: float) -> Samples:
        return [(k, s) for k, s in self._ask(shape, cores=cores, first=first, budget=budget)]

    def _ask(self, shape: Shape, **request: Any) -> Any:
        if self.process is None:
            raise NotAvailableError(self.reason)
        try:
            return self.process.ask({"data": self.process.file(shape), **request})
        except NotAvailableError as error:
            self.reason = str(error)
            self.close()
            self.process = None
            raise

    def close(self) -> None:
        if self.process is not None:
            self.process.close()


class DenseTwin(Contender):
    """The engine's dense path: the same vector loops, refitted over all members every time."""

    def __init__(self) -> None:
        super().__init__("dense", "dense C++ twin")

    def whole(self, shape: Shape, count: int, cores: int) -> float:
        data = make_data(shape)
        start = time.perf_counter()
        engine.run(data, count, cores, dense=True)
        return time.perf_counter() - start

    def probe(self, shape: Shape, cores: int, first: int, budget: float) -> Samples:
        return engine.probe(shape, cores, first, budget, dense=True)


class Shapcpp(Contender):
    """The call that a user makes."""

    def __init__(self) -> None:
        super().__init__("shapcpp", "shapcpp")

    def whole(self, shape: Shape, count: int, cores: int) -> float:
        return engine.value(shape, count, cores)

    def probe(self, shape: Shape, cores: int, first: int, budget: float) -> Samples:
        return engine.probe(shape, cores, first, budget, dense=False)
