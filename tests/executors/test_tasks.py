"""Tasks for workers: their sizes, what workers send back, and workers that are refused."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import shapcpp
from executors import Threads
from runs import arguments, run
from shapcpp.machine import memory
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampling
from shapcpp.results.tally import Tally
from shapcpp.running import remote, worker


def workers_of(executor: Executor, seed: int = 0) -> remote.ExecutorBackend:
    sampling = Sampling.of(permutations=1000, seed=seed, sampler="permutations")
    problem = Problem.of(*arguments())
    return remote.ExecutorBackend(problem, sampling, 1, lambda counts: None, executor)


def test_tasks_stay_within_the_piece() -> None:
    with Threads() as executor, workers_of(executor) as backend:
        reports: list[int] = []
        for first, end in ((0, 14), (14, 300), (500, 502)):
            executor.sent.clear()
            total = Tally.empty(60, 2)
            for tally in backend.do(first, end, reports.append):
                total += tally
            assert total.ranges.tolist() == [[first, end]]
            assert reports[-1] == end - first
            for task, _ in executor.sent:
                assert first <= task.first < task.end <= end


def test_tasks_grow_to_a_second_and_shrink_at_the_end() -> None:
    with Threads() as executor, workers_of(executor) as backend:
        assert backend._size(10**6, 2) == 1
        backend._seconds = 0.001
        assert backend._size(10**6, 2) == 1000
        assert backend._size(1000, 2) == 250
        assert backend._size(100, 2) == 50  # a twentieth of a second is worth sending
        assert backend._size(3, 2) == 3
        backend._seconds = 1000.0
        assert backend._size(10**6, 2) == 1
        backend._seconds, backend._adding = 1.0, 0.1  # with 100 workers, ten answers a second
        assert backend._size(10**6, 100) == 40


def test_a_worker_without_memory_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 10_000)
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(MemoryError, match="on a worker, the run needs about .* 10 kB are available"),
    ):
        run(11, executor=executor, C=1.25)


def test_workers_of_another_version_are_refused() -> None:
    with ThreadPoolExecutor(1) as executor:
        backend = workers_of(executor)
        backend._task = replace(backend._task, version="0.0.1")
        with pytest.raises(
            shapcpp.WorkerError, match="failed 1 time, last by OtherVersionError: a "
        ):
            list(backend.do(0, 10, lambda done: None))


def test_workers_that_disagree_are_refused() -> None:
    with ThreadPoolExecutor(1) as executor, workers_of(executor) as backend:
        backend._full_counts = np.array([0, 0])
        with pytest.raises(
            shapcpp.WorkerError, match=r"workers count \[0, 0\] and \[\d+, \d+\] corr"
        ):
            list(backend.do(0, 10, lambda done: None))


@pytest.mark.parametrize("largest", [3, -128, 128, 40_000, -(2**40)])
def test_tally_are_sent_in_few_bytes_and_come_back_the_same(largest: int) -> None:
    v = run(5)
    v.gains.setflags(write=True)
    v.gains[0, 0] = largest
    sent = worker._narrowed(v.tally)
    assert sent.gains.itemsize == {3: 1, -128: 1, 128: 2, 40_000: 4}.get(largest, 8)
    back = worker.widened(sent)
    assert back.gains.dtype == back.moments.dtype == np.int64
    np.testing.assert_array_equal(back.gains, v.gains)
