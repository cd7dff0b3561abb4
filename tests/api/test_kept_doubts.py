"""Runs that keep the doubts of their rows: computed once, saved, merged, extended, resumed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import shapcpp
import shapcpp.plan as plans
from runs import arguments
from shapcpp import Doubts, FoldedValuation, Valuation
from shapcpp.plan import carry_out, plan

IDS = [f"s{i}" for i in range(60)]
FOLDED = [False, True]


def run(permutations: int = 6, folded: bool = False, **options: Any) -> Valuation | FoldedValuation:
    X, y, X_test, y_test = arguments()
    sides = {"folds": 3} if folded else {"X_test": X_test, "y_test": y_test}
    given: dict[str, Any] = {"doubt": True, "seed": 3, "ids": IDS} | options
    return shapcpp.value(X, y, permutations=permutations, **sides, **given)  # type: ignore[no-any-return]


def loaded(path: Path, folded: bool) -> Valuation | FoldedValuation:
    if folded:
        return shapcpp.load(path, FoldedValuation)
    return shapcpp.load(path, Valuation)


def assert_doubts(d: Doubts | None) -> None:
    """Those that `doubt` tells of the same rows and seed."""
    X, y, *_ = arguments()
    e = shapcpp.doubt(X, y, ids=IDS, seed=3)
    assert d is not None
    for name in ("score", "suggestion", "ids", "labels", "rates"):
        np.testing.assert_array_equal(getattr(d, name), getattr(e, name))


@pytest.mark.parametrize("folded", FOLDED)
def test_doubts_are_saved_and_come_back(folded: bool, tmp_path: Path) -> None:
    v = run(folded=folded)
    assert_doubts(v.doubts)
    v.save(tmp_path / "v.npz")
    assert_doubts(loaded(tmp_path / "v.npz", folded).doubts)
    plain = run(folded=folded, doubt=False)
    assert plain.doubts is None
    np.testing.assert_array_equal(plain["acc"], v["acc"])
    plain.save(tmp_path / "v.npz")
    assert loaded(tmp_path / "v.npz", folded).doubts is None


@pytest.mark.parametrize("folded", FOLDED)
def test_merged_extended_and_resumed_runs_keep_them(folded: bool, tmp_path: Path) -> None:
    one, two = run(4, folded), run(4, folded, first=4, doubt=False)
    assert_doubts(one.merge(two).doubts)  # type: ignore[arg-type]
    assert_doubts(two.merge(one).doubts)  # type: ignore[arg-type]
    assert_doubts(run(6, folded, extend=one, doubt=False).doubts)
    path = tmp_path / "run.npz"
    run(4, folded, checkpoint=path)
    assert_doubts(loaded(path, folded).doubts)
    assert_doubts(run(6, folded, checkpoint=path, doubt=False).doubts)


def test_doubts_of_an_earlier_run_are_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    one = run(4)
    monkeypatch.setattr("shapcpp.plan.find_doubts", lambda *_, **__: pytest.fail("computed again"))
    assert_doubts(run(6, extend=one).doubts)


@pytest.mark.parametrize("folded", FOLDED)
def test_an_interrupted_run_has_them(folded: bool) -> None:
    def stop(done: int, _: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(shapcpp.Interrupted) as stopped:
        run(4000, folded, progress=stop)
    assert_doubts(stopped.value.partial.doubts)


def test_an_interrupt_while_doubts_are_found_keeps_an_empty_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shapcpp.plan.find_doubts", interrupt)
    with pytest.raises(shapcpp.Interrupted) as stopped:
        run()
    assert stopped.value.partial.n_permutations == 0


def test_features_that_tell_nothing_are_an_error_unless_it_may_be_told() -> None:
    X, y, X_test, y_test = arguments()
    with pytest.raises(ValueError, match="X tells nothing"):
        shapcpp.value(np.ones_like(X), y, X_test, y_test, 3, doubt=True)
    told: list[str] = []
    v = carry_out(
        plan(X=np.ones_like(X), y=y, X_test=X_test, y_test=y_test, permutations=3, doubt=True,
             without_doubts=told.append)
    )  # fmt: skip
    assert v.doubts is None
    assert len(told) == 1
    assert "X tells nothing" in told[0]


def test_doubts_that_take_long_are_told_of_and_then_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(plans, "time", SimpleNamespace(monotonic=lambda: now[0]))
    seen: list[object] = []

    def slow(*_: Any, progress: Any, **__: Any) -> None:
        for now[0] in (10.0, 21.0, 22.0, 31.0):
            progress(0, 6)
        raise AssertionError

    monkeypatch.setattr(plans, "find_doubts", slow)
    X, y, X_test, y_test = arguments()
    v = carry_out(
        plan(X=X, y=y, X_test=X_test, y_test=y_test, permutations=4, doubt=True, patience=30.0,
             slow_doubts=seen.append, without_doubts=seen.append)
    )  # fmt: skip
    assert v.doubts is None
    assert seen[0] == 20.0
    assert [str(one) for one in seen[1:]] == [
        "they take more than 30 s; shapcpp doubt finds them by themselves"
    ]


def test_doubt_is_true_or_false() -> None:
    with pytest.raises(TypeError, match="doubt must be True or False, got 'yes'"):
        run(doubt="yes")


@pytest.mark.parametrize("folded", FOLDED)
def test_doubts_of_other_samples_and_damaged_ones_are_refused(folded: bool, tmp_path: Path) -> None:
    path = tmp_path / "v.npz"
    run(folded=folded).save(path)
    arrays = dict(np.load(path))
    changes = {
        "doubts.ids": arrays["doubts.ids"][::-1],
        "doubts.labels": 1 - arrays["doubts.labels"],
        "doubts.score": arrays["doubts.score"][1:],
    }
    for name, changed in changes.items():
        np.savez(path, **(arrays | {name: changed}))
        with pytest.raises(ValueError, match=r"v\.npz is a damaged result file"):
            shapcpp.load(path)
    for name in ("doubts.about", "doubts.score"):
        np.savez(path, **{k: a for k, a in arrays.items() if k != name})
        with pytest.raises(ValueError, match=r"v\.npz is a damaged result file: it lacks doubts"):
            shapcpp.load(path)


def test_what_reviewers_decided_is_kept_and_not_asked_again(tmp_path: Path) -> None:
    X, y, *_ = arguments(200)
    y = y.copy()
    y[:20] = 1 - y[:20]
    X = X + 4 * (np.arange(200) % 2)[:, None]
    d = shapcpp.doubt(X, y)
    first = d.expected_wrong()
    assert 10 < len(first) < 30
    reviewed = np.full(200, "", dtype="U7")
    reviewed[first[:3]] = ["keep", "remove", "unsure"]
    e = shapcpp.doubt(X, y, reviewed=reviewed)
    np.testing.assert_array_equal(e.score, d.score)
    assert np.flatnonzero(e.decided).tolist() == sorted(first[:2].tolist())
    assert e.expected_wrong().tolist() == first[2:].tolist()  # each of the two was nearly certain
    assert list(e.columns())[-1] == "reviewed"
    assert e.lowest(0.1).tolist() == d.lowest(0.1).tolist()
    e.save(tmp_path / "e.npz")
    kept = shapcpp.load(tmp_path / "e.npz", shapcpp.Doubts)
    np.testing.assert_array_equal(kept.reviewed, reviewed)
    with pytest.raises(ValueError, match="reviewed has 3 entries"):
        shapcpp.doubt(X, y, reviewed=["", "", ""])
