"""Runs on the workers of executors: the integers of a run without, whatever happens to workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from executors import Threads
from runs import Clock, CtrlC, arguments, assert_efficient, assert_same, run
from shapcpp import _core
from shapcpp.running import remote

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


class Unknown(Executor):
    """Does not tell how many workers it has."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(3)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self.pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.pool.shutdown(wait, cancel_futures=cancel_futures)


class OneByOne(Executor):
    """Does a task when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append(lambda: future.set_result(fn(*args, **kwargs)))
        return future

    def do_next(self) -> None:
        if self.waiting:
            self.waiting.pop(0)()


class Counting(ProcessPoolExecutor):
    """Counts how often inputs go along."""

    inputs_sent = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.inputs_sent += args[1] is not None
        return super().submit(fn, *args, **kwargs)


def processes(how: str, count: int = 2) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context(how))


POOLS: dict[str, Callable[[], Executor]] = {
    "threads": lambda: ThreadPoolExecutor(3),
    "fork": lambda: processes("fork"),
    "spawn": lambda: processes("spawn"),
    "one process": lambda: processes("spawn", 1),
    "unknown": Unknown,
}


@pytest.mark.parametrize("kind", POOLS)
def test_any_executor_gives_the_integers_of_a_run_without(kind: str) -> None:
    expected = run(2000, threads=2)  # uses threads before any process is forked
    later = run(300, threads=2, seed=3, first=10)
    halved = run(100, threads=2, sampler="halving", seed=4, first=3)
    with POOLS[kind]() as executor:
        assert_same(run(2000, executor=executor), expected)
        assert_same(run(300, executor=executor, threads=2, seed=3, first=10), later)
        assert_same(run(100, executor=executor, sampler="halving", seed=4, first=3), halved)


@pytest.mark.parametrize(
    "options",
    [
        {"scale": "standard", "class_weight": "balanced", "empty": "none"},
        {"groups": np.arange(60) // 4, "single_class": "carry"},
    ],
)
def test_options_are_those_of_the_run(options: dict[str, Any]) -> None:
    with processes("spawn", 1) as executor:
        assert_same(run(50, executor=executor, **options), run(50, **options))


def test_inputs_are_sent_once_to_a_worker() -> None:
    with Counting(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        first = run(3000, executor=executor)
        longer = run(4000, executor=executor, extend=first)
        assert executor.inputs_sent == 1
        assert_same(longer, run(4000))
        run(10, executor=executor, C=2.0)
        assert executor.inputs_sent == 2


@pytest.mark.skipif(sys.version_info < (3, 11), reason="max_tasks_per_child came with Python 3.11")
def test_workers_replaced_after_a_few_tasks_are_sent_them_too() -> None:
    context = multiprocessing.get_context("spawn")
    options: Any = {"mp_context": context, "max_tasks_per_child": 3}
    with ProcessPoolExecutor(1, **options) as executor:
        assert_same(run(100, executor=executor), run(100))


def test_what_fails_is_done_again_and_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "SHORTEST", 0.0)  # fair shares, however fast
    with Threads(fails=lambda number: number in (3, 6, 9)) as executor:
        assert_same(run(3000, executor=executor), run(3000))
        assert len(executor.sent) > 10


def test_what_fails_four_times_ends_the_run() -> None:
    run(1, executor=ThreadPoolExecutor(1))  # this process has the inputs: the first tasks are done
    with Threads(fails=lambda number: number > 4) as executor:
        with pytest.raises(
            shapcpp.WorkerError,
            match=r"permutations \d+ to \d+ failed 4 times, last by OSError: worker \d+ is gone",
        ) as raised:
            run(10**6, executor=executor)
        assert isinstance(raised.value, RuntimeError)
        assert_efficient(raised.value.partial)


def test_a_dead_worker_of_a_pool_ends_the_run_and_its_checkpoint_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with processes("spawn") as executor:

        def kill(done: int, total: int) -> None:
            if done > 100 and executor._processes:
                os.kill(next(iter(executor._processes)), signal.SIGKILL)

        with pytest.raises(shapcpp.WorkerError, match="executor is broken: BrokenProcessPool") as e:
            run(10**6, executor=executor, progress=kill, checkpoint=path)
        with pytest.raises(shapcpp.WorkerError, match="the executor takes no more tasks"):
            run(5, executor=executor)
    done = e.value.partial
    assert_efficient(done)
    assert_same(shapcpp.load(path, shapcpp.Valuation), done)
    total = int(done.ranges.max()) + 100
    with processes("spawn") as executor:
        assert_same(run(total, executor=executor, checkpoint=path), run(total))


def test_an_executor_that_was_shut_down_is_told() -> None:
    executor = ThreadPoolExecutor(2)
    executor.shutdown()
    with pytest.raises(
        shapcpp.WorkerError, match="takes no more tasks: RuntimeError: cannot sched"
    ):
        run(10, executor=executor)


@pytest.mark.parametrize("pool", ["threads", "spawn"])
def test_progress_grows_to_the_end(pool: str) -> None:
    seen: list[tuple[int, int]] = []
    with POOLS[pool]() as executor:
        run(2000, executor=executor, progress=lambda done, total: seen.append((done, total)))
    done = [d for d, _ in seen]
    assert done == sorted(done)
    assert done[-1] == 2000
    assert {total for _, total in seen} == {2000}


def test_progress_grows_with_each_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "TICK", 0.001)
    monkeypatch.setattr(remote, "SHORTEST", 0.0)
    one_by_one, seen = OneByOne(), []

    def progress(done: int, total: int) -> None:
        seen.append(done)
        one_by_one.do_next()

    run(40, executor=one_by_one, progress=progress)
    assert sorted({*seen})[-1] == 40
    assert len({*seen}) > 4


def test_checkpoints_are_written_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, written = tmp_path / "run.npz", []
    save = shapcpp.Valuation.save

    def noted(v: shapcpp.Valuation, target: Any) -> None:
        written.append(v.n_permutations)
        save(v, target)

    monkeypatch.setattr(shapcpp.Valuation, "save", noted)
    monkeypatch.setattr(remote, "SHORTEST", 0.0)
    clock = Clock(monkeypatch)

    def hours_pass(done: int, total: int) -> None:
        clock.now += 3600.0

    with ThreadPoolExecutor(2) as executor:
        options = {"checkpoint": path, "executor": executor, "progress": hours_pass}
        v = run(4000, **options)
        assert len(written) > 3
        assert written[0] == 0
        assert written[-1] == 4000
        assert_same(shapcpp.load(path, shapcpp.Valuation), v)
        assert_same(run(5000, **options), run(5000))


def test_ctrl_c_waits_for_no_worker() -> None:
    with processes("spawn") as executor:
        ctrl_c = CtrlC()

        def hold_all(done: int, total: int) -> None:
            if done >= 2:
                for process in executor._processes:
                    os.kill(process, signal.SIGSTOP)
            ctrl_c(done, total)

        with pytest.raises(shapcpp.Interrupted) as stopped:
            run(10**8, executor=executor, progress=hold_all)
        for process in executor._processes:
            os.kill(process, signal.SIGCONT)
        assert_efficient(stopped.value.partial)


@pytest.mark.parametrize("pool", ["threads", "fork", "spawn"])
def test_ctrl_c_stops_within_a_second_and_keeps_what_is_done(pool: str) -> None:
    with POOLS[pool]() as executor:
        run(20, executor=executor)  # processes are there
        ctrl_c = CtrlC()
        with pytest.raises(shapcpp.Interrupted) as stopped:
            run(10**8, executor=executor, progress=ctrl_c)
        assert ctrl_c.reports < 10  # those of a second
        assert_efficient(stopped.value.partial)
        assert not stopped.value.partial.complete
        assert_same(run(20, executor=executor), run(20))  # the workers go on


def test_what_was_dropped_ends_at_once_in_the_same_process() -> None:
    done = threading.Event()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as executor:
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(40_000, 30)), np.arange(40_000) % 2  # a minute of work
        with pytest.raises(shapcpp.Interrupted) as stopped:
            shapcpp.value(X, y, X[:9], y[:9], permutations=50, executor=executor, progress=stop)
        executor.submit(done.set)
        executor.submit(done.set)
        start = time.process_time()
        while not done.wait(0.1):
            assert time.process_time() - start < 20  # of two minutes of work
    assert stopped.value.partial.n_permutations == 0
    assert (stopped.value.partial.full_counts == -1).all()


def test_a_stopping_rule_stops_where_it_does_without() -> None:
    until = "rec stderr<=0.004"
    expected = run(5000, until=until)
    assert 0 < expected.n_permutations < 5000
    with ThreadPoolExecutor(2) as executor:
        assert_same(run(5000, until=until, executor=executor), expected)


def test_max_time_ends_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Clock(monkeypatch).late_after(20)
    with ThreadPoolExecutor(2) as executor:
        v = run(10**8, executor=executor, max_time=1.0, progress=late)
    assert_efficient(v)
    assert not v.complete


def test_a_fit_that_misses_its_tolerance_is_the_same_error() -> None:
    X, y, X_test, y_test = arguments()
    options: dict[str, Any] = {"permutations": 40, "C": 1e80}
    with processes("spawn", 1) as executor:
        with pytest.raises(shapcpp.ConvergenceError, match="missed its tolerance") as raised:
            shapcpp.value(X * 1e120, y, X_test * 1e120, y_test, executor=executor, **options)
        assert raised.value.partial.n_permutations < 40
        assert_same(run(20, executor=executor), run(20))


def test_walks_completed_before_a_failed_fit_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _core.run

    def fails_at_20(*args: Any, first: int, count: int, **options: Any) -> None:
        engine(*args, first=first, count=min(count, max(20 - first, 0)), **options)
        if first + count > 20:
            raise _core.ConvergenceError("a fit missed its tolerance")

    monkeypatch.setattr(_core, "run", fails_at_20)
    with ThreadPoolExecutor(1) as executor, pytest.raises(shapcpp.ConvergenceError) as raised:
        run(1000, executor=executor)
    monkeypatch.undo()
    partial = raised.value.partial
    assert partial.ranges.tolist() == [[0, 20]]
    np.testing.assert_array_equal(partial.gains, run(20).gains)


class Client:
    def get_executor(self) -> None: ...


@pytest.mark.parametrize("executor", [3, "tcp://scheduler:8786", ThreadPoolExecutor])
def test_what_is_no_executor_is_refused(executor: Any) -> None:
    with pytest.raises(TypeError, match=r"executor must be a concurrent\.futures\.Executor, got"):
        run(10, executor=executor)
    with pytest.raises(TypeError, match=r"Executor, as client\.get_executor\(\) is, got"):
        run(10, executor=Client())
