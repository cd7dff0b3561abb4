"""Runs without a test set: which folds there are, and that each part is a run like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from runs import assert_same
from shapcpp import FoldedValuation
from shapcpp.problem.folds import stratified_folds

N = 45
RNG = np.random.default_rng(2)
Y = (np.arange(N) % 3 == 0).astype(int)
X = RNG.normal(size=(N, 3)) + Y[:, None]
GROUPS = np.arange(N) // 3 * 7 % 10  # ten patients, of three to six samples of both labels


def run(permutations: int = 12, **options: Any) -> FoldedValuation:
    folds, seed = options.pop("folds", 3), options.pop("seed", 4)
    v: FoldedValuation = shapcpp.value(
        X, Y, permutations=permutations, folds=folds, seed=seed, **options
    )
    return v


def by_hand(v: FoldedValuation, fold: int, permutations: int = 12, **options: Any) -> Any:
    outside = v.folds != fold
    groups = options.pop("groups", None)
    return shapcpp.value(
        X[outside], Y[outside], X[~outside], Y[~outside], permutations, 4,
        groups=None if groups is None else groups[outside], **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sampler": "permutations", "scale": "standard", "class_weight": "balanced"},
        {"groups": GROUPS, "class_weight": {0: 1.0, 1: 3.0}, "empty": 1},
        {"groups": GROUPS, "by_group": False, "single_class": "carry"},
        {"until": "acc reliability >= 0.5", "C": 0.1},
    ],
)
def test_each_part_is_the_run_that_its_fold_judges(options: dict[str, Any]) -> None:
    v = run(**options)
    assert len(v.parts) == 3
    for fold, part in enumerate(v.parts):
        assert_same(part, by_hand(v, fold, **options))
        assert part.ids.tolist() == np.flatnonzero(v.folds != fold).tolist()


def test_values_are_means_over_the_parts_in_which_a_sample_plays() -> None:
    v = run()
    for metric in ("acc", "rec", "bal"):
        values, squares = np.zeros(N), np.zeros(N)
        for fold, part in enumerate(v.parts):
            values[v.folds != fold] += part[metric]
            squares[v.folds != fold] += part.stderr(metric) ** 2
        np.testing.assert_allclose(v[metric], values / 2, rtol=1e-14)
        np.testing.assert_allclose(v.stderr(metric), np.sqrt(squares) / 2, rtol=1e-12)
        low, high = v.interval(metric)
        assert ((low < v[metric]) & (v[metric] < high)).all()
        bernstein = v.interval(metric, method="bernstein")
        assert (bernstein[0] <= low).all()
        assert 0 < v.reliability(metric) < 1
    order = v.lowest("acc", 1.0)
    assert (np.diff(v["acc"][order]) >= 0).all()


def test_labels_are_as_frequent_in_each_fold_as_in_all() -> None:
    y = np.repeat([0, 1, 5], [61, 30, 8])
    for seed in range(5):
        folds = stratified_folds(y, None, 5, seed)
        assert np.ptp(np.bincount(folds)) <= 1
        for label in (0, 1, 5):
            assert np.ptp(np.bincount(folds[y == label], minlength=5)) <= 1
    assert (stratified_folds(y, None, 5, 0) != stratified_folds(y, None, 5, 1)).any()
    np.testing.assert_array_equal(folds, stratified_folds(y, None, 5, 4))


@pytest.mark.parametrize("seed", range(8))
def test_groups_stay_whole_and_each_label_is_in_two_folds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 40, 300)
    y = (groups % 13 == 0) & (rng.random(300) < 0.7)  # of four groups at most
    folds = stratified_folds(y.astype(np.int64), groups, 3, seed)
    for group in np.unique(groups):
        assert len(np.unique(folds[groups == group])) == 1
    for label in (False, True):
        assert len(np.unique(folds[y == label])) > 1
    assert np.bincount(folds).max() < 1.4 * 100


def test_groups_without_by_group_stay_whole_and_have_values_of_their_own() -> None:
    v, w = run(groups=GROUPS, by_group=False), run(groups=GROUPS)
    np.testing.assert_array_equal(v.folds, w.folds)
    assert len(np.unique(v["acc"])) > 10
    assert len(np.unique(w["acc"])) <= 10
    assert sum(len(part.gains) for part in w.parts) == 2 * 10


def test_a_saved_run_comes_back(tmp_path: Path) -> None:
    v = run(groups=GROUPS, by_group=False, true_labels=1 - Y, ids=[f"a{i}" for i in range(N)])
    v.save(tmp_path / "v.npz")
    w = shapcpp.load(tmp_path / "v.npz", shapcpp.FoldedValuation)
    for a, b in zip(v.parts, w.parts, strict=True):
        assert_same(a, b)
    for name in ("folds", "ids", "labels", "groups", "true_labels"):
        np.testing.assert_array_equal(getattr(v, name), getattr(w, name))
    np.testing.assert_array_equal(v["acc"], w["acc"])


def test_a_damaged_file_of_folds_is_refused(tmp_path: Path) -> None:
    v, path = run(), tmp_path / "v.npz"
    v.save(path)
    arrays = dict(np.load(path))
    changes = {
        "folds": arrays["folds"][::-1],
        "labels": 1 - arrays["labels"],
        "part1.gains": arrays["part1.gains"] + 1,
    }
    for name, changed in changes.items():
        np.savez(path, **(arrays | {name: changed}))
        with pytest.raises(ValueError, match="is a damaged result file"):
            shapcpp.load(path)
    del arrays["part2.gains"]
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="is a damaged result file"):
        shapcpp.load(path)


def test_runs_are_merged_extended_and_resumed_part_by_part(tmp_path: Path) -> None:
    v, path = run(10), tmp_path / "run.npz"
    later = run(14, first=10)
    whole = run(24)
    merged, longer = v.merge(later), run(24, extend=v)
    run(10, checkpoint=path)
    resumed = run(24, checkpoint=path)
    for fold, part in enumerate(whole.parts):
        assert_same(longer.parts[fold], part)
        assert_same(resumed.parts[fold], part)
        np.testing.assert_array_equal(merged.parts[fold].gains, part.gains)
    np.testing.assert_array_equal(shapcpp.load(path, shapcpp.FoldedValuation)["acc"], whole["acc"])
    with pytest.raises(ValueError, match="folds are others"):
        v.merge(run(10, seed=5))
    in_folds, with_test_set = "a run in folds", "a run with a test set"
    misfits: list[tuple[Any, Any, str]] = [
        (v, v.parts[0], f"{in_folds} cannot be merged with {with_test_set}"),
        (v.parts[0], v, f"{with_test_set} cannot be merged with {in_folds}"),
        (v, "b.npz", f"{in_folds} cannot be merged with a str"),
    ]
    for one, other, sentence in misfits:
        with pytest.raises(TypeError, match=f"^{sentence}: either both runs must have a test set"):
            one.merge(other)
    with pytest.raises(TypeError, match="extend must be the result of a run in folds"):
        run(24, extend=v.parts[0])
    with pytest.raises(TypeError, match="extend must be the result of a run with a test set"):
        shapcpp.value(X, Y, X, Y, 24, extend=v)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="folds are others"):
        run(24, checkpoint=path, seed=1)


def test_ctrl_c_keeps_the_parts_done_so_far_and_the_checkpoint_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"

    def stop(done: int, total: int) -> None:
        assert done <= total == 3 * 400
        if done > 400:  # the first report of the second part, or its last where it is that fast
            raise KeyboardInterrupt

    with pytest.raises(shapcpp.Interrupted) as stopped:
        run(400, progress=stop, checkpoint=path)
    partial = stopped.value.partial
    assert partial.parts[0].complete
    assert not partial.complete
    assert partial.parts[2].n_permutations == 0
    assert np.isfinite(partial["acc"]).all()
    assert not partial.decided("acc").any()  # the third part may say otherwise
    assert shapcpp.load(path, shapcpp.FoldedValuation).n_permutations == partial.n_permutations
    for a, b in zip(run(400, checkpoint=path).parts, run(400).parts, strict=True):
        assert_same(a, b)


def test_load_gives_the_kind_that_is_asked_for(tmp_path: Path) -> None:
    run(2).save(tmp_path / "run.npz")
    assert len(shapcpp.load(tmp_path / "run.npz", shapcpp.FoldedValuation).parts) == 3
    with pytest.raises(
        TypeError, match=r"run\.npz holds a FoldedValuation, where kind asks for a Val"
    ):
        shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation)


def test_executors_and_threads_change_nothing() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as executor:
        for a, b in zip(run(executor=executor).parts, run(threads=1).parts, strict=True):
            assert_same(a, b)


def test_what_only_a_part_has_points_there() -> None:
    v = run(2)
    for name in ("gains", "products", "empty_counts", "full_counts", "test_counts"):
        with pytest.raises(AttributeError, match=rf"has no {name} as a whole: .* v\.parts\[0\]"):
            getattr(v, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        v.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_tables_queues_and_scores_take_it() -> None:
    noisy, flipped = shapcpp.flip_labels(Y, 0.1, 0)
    v = shapcpp.value(X, noisy, folds=3, permutations=20, true_labels=Y)
    assert v.to_frame(["acc"]).columns.tolist()[:4] == ["id", "label", "true_label", "acc"]
    assert len(shapcpp.review_queue(v, 0.2, "acc")) == 9
    table = shapcpp.detection_table(v, noisy, Y, 0.3)
    assert table.flipped.max() == flipped[Y == 0].sum()
    assert "FoldedValuation: 45 samples in 3 folds, 60 permutations" in v._repr_html_()


def test_five_folds_are_the_default_and_a_cost_is_that_of_all() -> None:
    v = shapcpp.value(X, Y, permutations=2)
    assert len(v.parts) == 5
    assert v.n_permutations == 10
    cost = shapcpp.estimate_cost(X, Y, permutations=2)
    assert (cost.permutations, cost.players) == (10, 36)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"X_test": X}, "X_test is given without y_test"),
        ({"y_test": Y}, "y_test is given without X_test"),
        ({"X_test": X, "y_test": Y, "folds": 3}, "folds is 3, but X_test and y_test are given"),
        ({"folds": 1}, "folds must lie between 2 and the 45 samples, got 1"),
        ({"folds": 46}, "folds must lie between 2 and the 45 samples, got 46"),
        ({"folds": 11, "groups": GROUPS}, "folds must lie between 2 and the 10 groups, got 11"),
        ({"y": np.arange(N) == 0}, "label True has 1 sample: folds need at least 2 samples"),
        (
            {"y": np.arange(N) < 2, "groups": GROUPS, "by_group": False},
            "label True has 1 group: folds need at least 2 groups of each label",
        ),
        ({"y": np.arange(N) < 2, "until": "rec reliability >= 0.5"}, "in fold [0-4], metric 'rec'"),
    ],
)
def test_bad_folds(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        shapcpp.value(**({"X": X, "y": Y, "permutations": 2} | arguments))


def test_folds_is_an_integer() -> None:
    with pytest.raises(TypeError, match="folds must be an integer, got 2.5"):
        shapcpp.value(X, Y, folds=2.5)  # type: ignore[call-overload]


def test_a_metric_that_a_fold_does_not_define_is_left_out_or_named() -> None:
    v = shapcpp.value(X, np.arange(N) < 2, folds=3, permutations=3)
    assert v.metrics == ["acc", "spc"]
    with pytest.raises(ValueError, match="in fold [0-2], metric 'rec' is not defined"):
        v["rec"]
