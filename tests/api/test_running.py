"""Threads, Ctrl-C, fork: what happens around a run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from runs import CtrlC
from shapcpp import _core
from shapcpp.machine import processors
from shapcpp.results.tally import Tally


def long_run(**options: Any) -> shapcpp.Valuation:
    rng = np.random.default_rng(0)
    y, y_test = np.arange(600) % 2, np.arange(50) % 2
    X = rng.normal(size=(600, 10)) + 0.3 * y[:, None]
    X_test = rng.normal(size=(50, 10)) + 0.3 * y_test[:, None]
    return shapcpp.value(X, y, X_test, y_test, **({"sampler": "permutations"} | options))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_ctrl_c_stops_at_once_and_keeps_what_is_done(threads: int) -> None:
    ctrl_c = CtrlC()
    with pytest.raises(shapcpp.Interrupted) as stopped:
        long_run(permutations=10**7, threads=threads, progress=ctrl_c)
    assert ctrl_c.reports < 20  # those of a second
    assert ctrl_c.cpu_seconds() < threads
    assert isinstance(stopped.value, KeyboardInterrupt)
    partial = stopped.value.partial
    done = partial.n_permutations
    assert 0 < done < 10**7
    assert not partial.complete
    assert f"{done} of 10000000 permutations (partial)" in repr(partial)
    np.testing.assert_array_equal(
        partial.gains.sum(axis=0), done * (partial.full_counts - partial.empty_counts)
    )
    assert np.isfinite(partial.stderr("acc")).all()


def make_problem(X: Any) -> None:
    y = np.arange(len(X)) % 2
    _core.Problem(
        X=X, classes=y, X_test=X[:50], classes_test=y[:50], C=1.0, class_weights=np.ones(2),
        players=np.arange(len(y)), empty_counts=np.zeros(2, np.int64), single_class="carry",
    )  # fmt: skip


def times_heard(X: Any) -> list[float]:
    """Times at which signals were heard while the problem was made, by the clock of its own work."""
    heard = [time.process_time()]
    before = signal.signal(signal.SIGPROF, lambda *_: heard.append(time.process_time()))
    signal.setitimer(signal.ITIMER_PROF, 0.01, 0.01)
    try:
        make_problem(X)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return [*heard, time.process_time()]


def test_signals_are_heard_while_features_are_rotated() -> None:
    rng = np.random.default_rng(0)
    n_features, whole = 1000, 0.0
    while whole < 0.3:  # seconds, enough for many signals
        n_features *= 2
        heard = times_heard(rng.normal(size=(600, n_features)))
        whole = heard[-1] - heard[0]
    assert max(np.diff(heard)) < whole / 4


def test_ctrl_c_ends_the_making_of_a_problem() -> None:
    rows, whole = 250_000, 0.0
    while whole < 0.2:  # seconds, of which the signal comes after a tenth
        rows *= 2
        X = np.ones((rows, 16))
        start = time.process_time()
        make_problem(X)
        whole = time.process_time() - start
    before = signal.signal(signal.SIGPROF, signal.default_int_handler)
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, whole / 10)
    try:
        with pytest.raises(KeyboardInterrupt):
            make_problem(X)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert time.process_time() - start < 0.7 * whole


def test_the_partial_result_holds_exactly_the_permutations_it_names() -> None:
    def stop(done: int, total: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(shapcpp.Interrupted) as stopped:
        long_run(permutations=10**7, threads=3, progress=stop)
    partial = stopped.value.partial
    last = int(partial.ranges[-1, 1])
    done = np.concatenate([np.arange(first, end) for first, end in partial.ranges])
    whole = long_run(permutations=last, threads=2)
    missing = sorted(set(range(last)) - set(done.tolist()))
    rest = whole.gains.copy()
    for t in missing:
        rest -= single(t)
    np.testing.assert_array_equal(partial.gains, rest)


def test_ctrl_c_between_the_engine_and_the_sums_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of, calls = Tally.of.__func__, 0  # type: ignore[attr-defined]

    def interrupted(cls: type[Tally], tally: _core.Tally) -> Tally:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        made: Tally = of(cls, tally)
        return made

    expected = long_run(permutations=30)
    monkeypatch.setattr(Tally, "of", classmethod(interrupted))
    with pytest.raises(shapcpp.Interrupted) as stopped:
        long_run(permutations=30)
    np.testing.assert_array_equal(stopped.value.partial.gains, expected.gains)


def single(t: int) -> np.ndarray[Any, Any]:
    """The gains of permutation t alone."""
    if t == 0:
        return long_run(permutations=1).gains
    return long_run(permutations=t + 1).gains - long_run(permutations=t).gains


def test_interrupted_before_the_first_permutation_is_a_valid_result() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    X, y, X_test, y_test = _slow_problem()
    with pytest.raises(shapcpp.Interrupted) as stopped:
        shapcpp.value(X, y, X_test, y_test, permutations=5, threads=1, progress=stop)
    partial = stopped.value.partial
    assert partial.n_permutations == 0
    assert np.isnan(partial["acc"]).all()
    assert np.isnan(partial.stderr("acc")).all()


def _slow_problem() -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(40_000, 30)),
        np.arange(40_000) % 2,
        rng.normal(size=(9, 30)),
        np.arange(9) % 2,
    )


def _in_child(queue: Any, threads: int | None) -> None:
    queue.put((processors.available_processors(), long_run(permutations=4, threads=threads).gains))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("threads", [None, 2])
def test_a_forked_child_computes_after_its_parent_used_threads(threads: int | None) -> None:
    expected = long_run(permutations=4, threads=2).gains
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(queue, threads))
    child.start()
    available, gains = queue.get(timeout=60)
    child.join()
    assert available == 1
    np.testing.assert_array_equal(gains, expected)


def test_the_gil_is_free_while_the_engine_runs() -> None:
    ticks, before = 0, 0
    stop = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.wait(0.001):
            ticks += 1

    def progress(done: int, total: int) -> None:
        nonlocal before
        # A report lets the other thread in once at most: more ticks than that since the last one
        # are those of a thread that needed to wait for nobody.
        if ticks > before + 3:
            raise KeyboardInterrupt
        before = ticks

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        with pytest.raises(shapcpp.Interrupted):
            long_run(permutations=10**8, threads=1, progress=progress)
    finally:
        stop.set()
        ticker.join()


def test_runs_in_other_threads_do_not_disturb_each_other() -> None:
    results: dict[int, shapcpp.Valuation] = {}

    def work(seed: int) -> None:
        results[seed] = long_run(permutations=10, seed=seed, threads=2)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for seed in range(3):
        expected = long_run(permutations=10, seed=seed, threads=1)
        np.testing.assert_array_equal(results[seed].gains, expected.gains)


def test_processors_respect_affinity_and_omp_num_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(12)))
    monkeypatch.setattr(processors, "_cgroup_quota", lambda: None)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert processors.available_processors() == 12
    for setting, expected in {"3": 3, "5,2": 5, "99": 12, "0": 12, "many": 12, "": 12}.items():
        monkeypatch.setenv("OMP_NUM_THREADS", setting)
        assert processors.available_processors() == expected
    monkeypatch.setattr(processors, "_cgroup_quota", lambda: 2)
    assert processors.available_processors() == 2


def test_cgroup_quotas_of_both_versions(tmp_path: Path) -> None:
    group = tmp_path / "outer" / "inner"
    group.mkdir(parents=True)
    listing = tmp_path / "cgroup"
    listing.write_text("0::/outer/inner\n")
    assert processors._cgroup_quota(tmp_path, listing) is None
    (group / "cpu.max").write_text("max 100000\n")
    (group.parent / "cpu.max").write_text("350000 100000\n")
    assert processors._cgroup_quota(tmp_path, listing) == 4
    old = tmp_path / "cpu" / "job"
    old.mkdir(parents=True)
    listing.write_text("3:cpu,cpuacct:/job\n")
    (old / "cpu.cfs_quota_us").write_text("200000\n")
    (old / "cpu.cfs_period_us").write_text("100000\n")
    assert processors._cgroup_quota(tmp_path, listing) == 2
    (old / "cpu.cfs_quota_us").write_text("-1\n")
    assert processors._cgroup_quota(tmp_path, listing) is None
    assert processors._cgroup_quota(tmp_path, tmp_path / "absent") is None
