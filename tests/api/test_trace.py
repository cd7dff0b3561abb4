"""The trace: when a run is looked at, and that it ends as its run does, however that was cut."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shapcpp
from runs import Clock, arguments, assert_same, run
from shapcpp import Valuation
from shapcpp.machine import memory
from shapcpp.results.trace import trace_points


def assert_same_trace(v: Valuation, w: Valuation) -> None:
    assert v.trace_counts is not None
    np.testing.assert_array_equal(v.trace_counts, w.trace_counts)
    np.testing.assert_array_equal(v.trace_gains, w.trace_gains)


def assert_ends_as_its_run(v: Valuation) -> None:
    assert v.trace_counts is not None
    assert v.trace_gains is not None
    assert v.trace_counts.dtype == v.trace_gains.dtype == np.int64
    assert v.trace_gains.shape == (len(v.trace_counts), *v.gains.shape)
    assert (np.diff(v.trace_counts, prepend=0) > 0).all()
    assert v.trace_counts[-1] == v.n_permutations
    np.testing.assert_array_equal(v.trace_gains[-1], v.gains)


def counts(v: Valuation) -> list[int]:
    assert v.trace_counts is not None
    return [int(count) for count in v.trace_counts]


def interrupted(permutations: int, at: int, **options: Any) -> Valuation:
    def stop(done: int, total: int) -> None:
        if done >= at:
            raise KeyboardInterrupt

    with pytest.raises(shapcpp.Interrupted) as stopped:
        run(permutations, progress=stop, **options)
    partial: Valuation = stopped.value.partial
    return partial


@pytest.mark.parametrize(
    ("permutations", "most", "expected"),
    [
        (1000, 4, [1, 10, 100, 1000]),
        (1000, 1, [1000]),
        (1, 50, [1]),
        (8, 4, [1, 2, 4, 8]),
        (10, 100, [1, 2, 3, 4, 5, 6, 8, 10]),
    ],
)
def test_looks_are_spaced_by_their_logarithm(
    permutations: int, most: int, expected: list[int]
) -> None:
    assert trace_points(permutations, most).tolist() == expected


@given(st.integers(1, 10**12), st.integers(1, 300))
def test_looks_increase_to_the_last_walk(permutations: int, most: int) -> None:
    at = trace_points(permutations, most)
    assert 1 <= len(at) <= most
    assert at.dtype == np.int64
    assert (np.diff(at) > 0).all()
    assert at[-1] == permutations
    assert at[0] == 1 or len(at) == 1


@pytest.mark.parametrize("options", [{}, {"sampler": "halving"}, {"first": 30}, {"threads": 3}])
def test_each_look_is_the_run_that_ends_there(options: dict[str, Any]) -> None:
    v = run(60, trace=8, **options)
    assert_ends_as_its_run(v)
    assert_same(v, run(60, **options))
    assert len(counts(v)) > 5
    assert v.trace_gains is not None
    for count, gains in zip(counts(v), v.trace_gains, strict=True):
        np.testing.assert_array_equal(gains, run(count, **options).gains)


def test_unasked_there_is_none() -> None:
    v = run(3)
    assert (v.trace_counts, v.trace_gains) == (None, None)


def test_an_executor_keeps_the_same_trace() -> None:
    expected = run(40, trace=10)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver")) as executor:
        v = run(40, trace=10, executor=executor)
    assert_same(v, expected)
    assert_same_trace(v, expected)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_that_is_cut_again_and_again_keeps_the_trace_of_one(
    tmp_path: Path, threads: int
) -> None:
    options = {"checkpoint": tmp_path / "run.npz", "checkpoint_every": 0.01, "trace": 40}
    for at in (5, 60, 61, 200):
        done = interrupted(400, at=at, threads=threads, **options)
        assert_ends_as_its_run(done)
        kept = shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation)
        assert_same(kept, done)
        assert_same_trace(kept, done)
    v = run(400, **options)
    assert_same_trace(v, run(400, trace=40))
    assert_same_trace(run(400, **options), v)


def test_a_trace_that_goes_on_keeps_what_it_had() -> None:
    before = run(20, trace=5)
    v = run(100, extend=before, trace=5)
    assert_ends_as_its_run(v)
    assert counts(before) == [1, 2, 4, 9, 20]
    assert trace_points(100, 5).tolist() == [1, 3, 10, 32, 100]
    assert counts(v) == [1, 2, 4, 9, 32, 100]  # 20 is where it ended, and no look of this one
    np.testing.assert_array_equal(v.trace_gains[:4], before.trace_gains[:4])  # type: ignore[index]
    assert counts(run(400, extend=before, trace=3)) == [1, 2, 4, 9, 20, 400]
    assert_same_trace(run(20, extend=before, trace=5), before)
    assert counts(run(100, extend=run(20), trace=5)) == [32, 100]
    assert counts(run(20, extend=run(20), trace=5)) == [20]
    assert run(100, extend=before).trace_counts is None


def test_a_run_that_stops_early_ends_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    v = run(10**6, until="bal stderr <= 0.004", trace=30)
    assert v.complete
    assert_ends_as_its_run(v)
    assert counts(v)[-1] not in trace_points(10**6, 30)
    assert counts(v)[:-1] == [n for n in trace_points(10**6, 30) if n < v.n_permutations]
    assert_same_trace(run(10**6, until="bal stderr <= 0.004", trace=30, extend=v), v)
    timed = run(10**9, max_time=0.2, trace=30, progress=Clock(monkeypatch).late_after(50))
    assert not timed.complete
    assert_ends_as_its_run(timed)


def test_interrupted_before_the_first_permutation_it_is_empty(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40_000, 30)), np.arange(40_000) % 2
    with pytest.raises(shapcpp.Interrupted) as stopped:
        shapcpp.value(X, y, X[:9], y[:9], 5, threads=1, progress=stop, trace=5)
    partial = stopped.value.partial
    assert partial.n_permutations == 0
    partial.save(tmp_path / "run.npz")
    loaded = shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation)
    assert loaded.trace_gains is not None
    assert loaded.trace_gains.shape == (0, 40_000, 2)


def test_merged_runs_have_none() -> None:
    merged = run(10, trace=5).merge(run(10, first=10, trace=5))
    assert (merged.trace_counts, merged.trace_gains) == (None, None)


def test_it_is_saved_and_cannot_be_changed(tmp_path: Path) -> None:
    v = run(30, trace=6)
    v.save(tmp_path / "run.npz")
    assert_same_trace(shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation), v)
    for array in (v.trace_counts, v.trace_gains):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("trace_gains", None, "it lacks trace_gains"),
        ("trace_counts", None, "it lacks trace_counts"),
        ("trace_counts", lambda a: a.astype(float), "trace_counts has dtype float64"),
        ("trace_counts", lambda a: a[0], r"trace_counts has dtype int64 and shape \(\)"),
        ("trace_counts", lambda a: a[1:], r"trace_gains has dtype int64 and shape \(6, 60, 2\)"),
        ("trace_counts", lambda a: a[::-1], "trace_counts do not increase from 1"),
        ("trace_counts", lambda a: a - 1, "trace_counts do not increase from 1"),
        ("trace_counts", lambda a: a + 1, "the trace does not end where the run does"),
        ("trace_gains", lambda a: a + np.eye(6, dtype=int)[-1][:, None, None], "does not end"),
        ("trace_gains", lambda a: a + np.eye(6, dtype=int)[3][:, None, None], "do not add up"),
        ("trace_gains", lambda a: a + (np.eye(6, dtype=int)[0] * 99)[:, None, None], "lie outside"),
    ],
)
def test_damaged_traces_are_refused(name: str, change: Any, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(30, trace=6).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=f"is a damaged result file: .*{sentence}"):
        shapcpp.load(path)


@pytest.mark.parametrize(
    ("trace", "kind", "sentence"),
    [
        (0, ValueError, "trace must be at least 1, got 0"),
        (10_001, ValueError, "trace must be at most 10000, got 10001"),
        (2.5, TypeError, r"trace must be an integer, got 2\.5"),
        (True, TypeError, "trace must be an integer, got True"),
    ],
)
def test_what_is_no_number_of_looks_is_refused(
    trace: Any, kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        run(10, trace=trace)


def test_its_memory_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = arguments()
    without, with_trace = (
        shapcpp.estimate_cost(*problem, permutations=10**6, trace=trace).bytes
        for trace in (None, 1000)
    )
    taken = 2 * len(trace_points(10**6, 1000)) * 60 * 2 * 8  # it, and that of a run gone on from
    assert with_trace - without == taken
    monkeypatch.setattr(memory, "available_memory", lambda: without + taken // 2)
    sentence = (
        r"available; [\d.]+ [kM]B of that hold the trace: it fits with a shorter one, or none$"
    )
    with pytest.raises(MemoryError, match=sentence):
        run(10**6, trace=1000)
    monkeypatch.setattr(memory, "available_memory", lambda: taken // 2)
    with ProcessPoolExecutor(1) as unused, pytest.raises(MemoryError, match=sentence):
        run(10**6, trace=1000, executor=unused)


def test_whether_a_rule_was_met_is_said_and_kept(tmp_path: Path) -> None:
    met = run(10**6, until="bal stderr <= 0.004")
    missed = run(20, until="bal stderr <= 1e-9")
    assert (met.until_met, missed.until_met, run(20).until_met) == (True, False, None)
    for v in (met, missed):
        v.save(tmp_path / "run.npz")
        assert shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation).until_met is v.until_met
    assert missed.merge(run(20, first=20, until="bal stderr <= 1e-9")).until_met is False
    assert missed.merge(run(20, first=20)).until_met is None
