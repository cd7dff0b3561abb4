"""Runs cut into pieces: ranges, merging, going on, checkpoints: the same integers as one run."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shapcpp
from runs import Clock, arguments, run
from shapcpp import Valuation
from shapcpp.problem.limits import Limits
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampling
from shapcpp.results import index_ranges
from shapcpp.running.runner import Runner

Options = dict[str, Any]
SAMPLINGS = pytest.mark.parametrize("sampling", [{}, {"sampler": "halving"}])


def assert_same(v: Valuation, w: Valuation) -> None:
    for name in ("gains", "products", "ranges", "full_counts", "empty_counts"):
        np.testing.assert_array_equal(getattr(v, name), getattr(w, name))
    assert (v.ties, v.uncertified, v.settings) == (w.ties, w.uncertified, w.settings)
    assert v.complete == w.complete


def stopping_at(number: int) -> Any:
    def stop(done: int, total: int) -> None:
        if done >= number:
            raise KeyboardInterrupt

    return stop


def interrupted(permutations: int, at: int, **options: Any) -> Valuation:
    with pytest.raises(shapcpp.Interrupted) as stopped:
        run(permutations, progress=stopping_at(at), **options)
    partial: Valuation = stopped.value.partial
    return partial


@SAMPLINGS
def test_ranges_in_any_order_merge_to_one_run(sampling: Options) -> None:
    whole = run(60, **sampling)
    parts = [run(n, first=first, **sampling) for first, n in ((0, 8), (8, 32), (40, 20))]
    for order in ((0, 1, 2), (2, 0, 1), (2, 1, 0)):
        merged = parts[order[0]].merge(parts[order[1]]).merge(parts[order[2]])
        assert_same(merged, whole)
        assert merged.stats["coalitions"] == whole.stats["coalitions"]


def test_a_range_far_away_stays_apart_and_is_filled_later() -> None:
    apart = run(10).merge(run(10, first=30))
    assert apart.ranges.tolist() == [[0, 10], [30, 40]]
    assert apart.complete
    assert apart.settings["permutations"] == 20
    assert_same(run(40, extend=apart), run(40))


def test_overlaps_and_foreign_runs_are_refused() -> None:
    v = run(10)
    with pytest.raises(ValueError, match="permutations 5 to 9 would be counted twice"):
        v.merge(run(10, first=5))
    for options, sentence in (
        ({"seed": 1}, "seed is 0, not 1"),
        ({"C": 2.0}, r"C is 1\.0, not 2\.0"),
        ({"sampler": "halving"}, "sampler is 'permutations', not 'halving'"),
        ({"single_class": "carry"}, "single_class is 'constant', not 'carry'"),
    ):
        with pytest.raises(ValueError, match=sentence):
            v.merge(run(10, first=10, **options))
    with pytest.raises(ValueError, match="data .* are others"):
        v.merge(replace(run(10, first=10), fingerprint="0"))


@SAMPLINGS
def test_an_extended_run_is_the_longer_run(sampling: Options) -> None:
    v = run(20, **sampling)
    assert_same(run(50, extend=v, **sampling), run(50, **sampling))
    assert_same(run(20, extend=v, **sampling), v)


def test_what_cannot_be_extended_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"extend holds permutations 10 to 19, beyond .* \(0 to 9\)"
    ):
        run(10, extend=run(20))
    with pytest.raises(ValueError, match="extend is of another run: its seed is 0, not 3"):
        run(30, extend=run(20), seed=3)
    with pytest.raises(TypeError, match="extend must be the result of a run"):
        run(10, extend="run.npz")


@pytest.mark.parametrize("threads", [1, 3])
def test_the_same_call_goes_on_from_its_checkpoint(tmp_path: Path, threads: int) -> None:
    never = {"until": "stderr <= 1e-99"}  # looks after 100 permutations, and the run reports there
    options = {"checkpoint": tmp_path / "run.npz", "checkpoint_every": 0.01, "threads": threads}
    options |= never
    done = interrupted(400, at=30, **options)
    kept = shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation)
    assert 30 <= done.n_permutations <= 100
    assert not kept.complete
    assert_same(kept, done)
    assert_same(run(400, **options), run(400, **never))
    assert_same(shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation), run(400, **never))
    assert_same(run(500, **options), run(500, **never))


def test_a_checkpoint_of_another_run_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(10, checkpoint=path)
    before = path.read_bytes()
    for options, sentence in (
        ({"seed": 1}, "its seed is 0, not 1"),
        ({"C": 0.5}, r"its C is 1\.0, not 0\.5"),
        ({"first": 5}, "holds permutations 0 to 4, beyond those asked for"),
    ):
        with pytest.raises(ValueError, match=sentence) as refused:
            run(10, checkpoint=path, **options)
        assert str(path) in str(refused.value)
    assert path.read_bytes() == before


def test_a_damaged_checkpoint_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(b"PK damaged")
    with pytest.raises(ValueError, match=r"run\.npz is not a readable"):
        run(10, checkpoint=path)
    assert path.read_bytes() == b"PK damaged"


def test_an_unwritable_checkpoint_is_told_before_anything_long(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="its folder does not exist"):
        run(10**9, checkpoint=tmp_path / "absent" / "run.npz")


def test_a_disk_that_fills_costs_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, save, full = tmp_path / "run.npz", Valuation.save, True

    def save_if_there_is_space(v: Valuation, target: Path) -> None:
        if full:
            raise OSError(28, "No space left on device")
        save(v, target)

    monkeypatch.setattr(Valuation, "save", save_if_there_is_space)
    with pytest.warns(shapcpp.CheckpointWarning, match="no space left on device; the results stay"):
        v = run(300, checkpoint=path, checkpoint_every=0.01)
    assert_same(v, run(300))
    full = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(300, checkpoint=path, checkpoint_every=0.01)
    assert_same(shapcpp.load(path, shapcpp.Valuation), v)


def test_max_time_ends_a_run_that_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    v = run(10**9, max_time=0.2, progress=Clock(monkeypatch).late_after(50))
    assert 50 <= v.n_permutations < 10**9
    assert not v.complete
    last = int(v.ranges[-1, 1])
    if len(v.ranges) == 1:
        np.testing.assert_array_equal(v.gains, run(last).gains)


class Looks:
    """A rule that is met at 40 permutations or more, and remembers when it was asked."""

    text = "looks"

    def __init__(self) -> None:
        self.at: list[int] = []

    def next_look(self, done: int) -> int:
        return done // 7 * 7 + 7

    def is_met(self, v: Valuation) -> bool:
        self.at.append(v.n_permutations)
        assert v.ranges.tolist() == [[0, v.n_permutations]]
        return v.n_permutations >= 40

    def progress(self, v: Valuation) -> float:
        return v.n_permutations / 40


def test_rules_are_asked_at_fixed_numbers() -> None:
    rule: Any = Looks()
    whole = run(60)
    done: list[tuple[int, int]] = []

    class Recorded:
        min_chunk = 1

        def last(self) -> None:
            return None

        def do(self, first: int, end: int, report: Any) -> Any:
            done.append((first, end))
            yield replace(whole.tally, ranges=index_ranges.of([(first, end)]))

    problem = Problem.of(*arguments())
    runner = Runner(problem, Sampling.of(permutations=60), Limits(rule=rule))
    runner.run(Recorded(), lambda done, total: None)
    assert rule.at == [7, 14, 21, 28, 35, 42]
    assert [end for _, end in done] == [1, *rule.at]  # the first is a look at the signs
    assert runner.valuation().n_permutations == 42
    assert runner.valuation().complete


@SAMPLINGS
def test_a_rule_ends_the_run_at_the_same_number_for_any_threads_and_cuts(
    tmp_path: Path, sampling: Options
) -> None:
    rule = "bal stderr <= 0.001" if sampling else "bal stderr <= 0.004"
    options = {"until": rule, **sampling}
    v = run(10**6, threads=1, **options)
    assert v.complete
    assert 100 <= v.n_permutations < 10**5
    assert v.stderr("bal").max() <= float(rule.split()[-1])
    assert_same(v, run(10**6, threads=3, **options))
    path = tmp_path / "run.npz"
    interrupted(10**6, at=v.n_permutations // 2, checkpoint=path, checkpoint_every=0.01, **options)
    assert_same(run(10**6, checkpoint=path, checkpoint_every=0.01, **options), v)
    assert_same(run(10**6, checkpoint=path, **options), v)
    assert_same(run(10**6, extend=v, **options), v)
    assert run(120, **options).n_permutations <= 120


def test_progress_is_towards_the_rule() -> None:
    seen: list[tuple[int, int]] = []
    v = run(10**6, until="bal stderr <= 0.004", progress=lambda *numbers: seen.append(numbers))
    assert all(done <= total for done, total in seen)
    assert seen[0][1] == 10**6
    assert abs(seen[-1][1] - v.n_permutations) < 0.2 * v.n_permutations


def test_a_rule_about_ranks_ends_a_run() -> None:
    v = run(10**6, until="acc below -0.02 decided at 90% but for 50")
    assert v.complete
    assert int((v.decided("acc", below=-0.02, level=0.9) == 0).sum()) <= 50


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sampler": 1}, "sampler must be one of 'halving', 'permutations'; got 1"),
        ({"sampler": "walk"}, "sampler must be one of .* got 'walk'"),
        ({"first": -1}, "first must lie between 0 and 9223372036854775797, got -1"),
        ({"first": 2**63 - 5}, "first must lie between 0 and"),
        ({"until": "stderr < 0"}, "until is 'stderr < 0': '<' stands where '<=' should; a rule"),
        ({"max_time": 0}, "max_time must be positive and finite"),
        ({"checkpoint_every": -1}, "checkpoint_every must be positive and finite"),
    ],
)
def test_bad_arguments_of_the_course(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence):
        run(**({"permutations": 10} | options))


sets = st.sets(st.integers(0, 30))


def as_ranges(numbers: set[int]) -> index_ranges.Ranges:
    return index_ranges.of((i, i + 1) for i in numbers)


def numbers(these: index_ranges.Ranges) -> set[int]:
    return {i for first, end in these for i in range(first, end)}


@given(sets, sets)
def test_ranges_are_sets(a: set[int], b: set[int]) -> None:
    A, B = as_ranges(a), as_ranges(b)
    assert numbers(A) == a
    assert index_ranges.size(A) == len(a)
    for made, expected in (
        (index_ranges.union(A, B), a | b),
        (index_ranges.overlap(A, B), a & b),
        (index_ranges.without(A, B), a - b),
    ):
        assert numbers(made) == expected
        assert (np.diff(made.reshape(-1)) > 0).all()  # sorted, disjoint, not touching
