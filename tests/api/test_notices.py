"""Notices in Python as in the shell: warnings, refusals, tables that do not go together."""

from __future__ import annotations

import warnings
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import shapcpp
from runs import arguments, run


def rare(positives: int = 6) -> tuple[Any, Any, Any, Any]:
    """A class so rare, and a penalty so strong, that the classifier calls all samples the other."""
    rng = np.random.default_rng(0)
    y = np.arange(60) < positives
    return rng.normal(size=(60, 2)), y, rng.normal(size=(20, 2)), np.arange(20) < 10


@pytest.mark.parametrize("positives", [6, 54])
@pytest.mark.parametrize("options", [{}, {"sampler": "permutations"}, {"C": 1e-3}])
def test_a_classifier_of_one_label_is_told(positives: int, options: dict[str, Any]) -> None:
    label = positives > 30
    with pytest.warns(shapcpp.ValuationWarning, match=f"calls every test sample {label}") as told:
        shapcpp.value(*rare(positives), permutations=2, **{"C": 1e-3, **options})
    assert told[0].filename == __file__


def test_nothing_is_told_where_nothing_is_odd() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(20, sampler="halving")


def twins() -> list[str]:
    return [f"s{max(i, 2)}" for i in range(60)]


def test_two_samples_of_one_id_are_told_by_value_queue_and_report(tmp_path: Path) -> None:
    sentence = r"id s2 names 3 of the training samples \(rows 0 and 1, ...\)"
    with pytest.warns(shapcpp.ValuationWarning, match=sentence):
        v = run(20, ids=twins())
    with pytest.warns(shapcpp.ValuationWarning, match=sentence):
        shapcpp.review_queue(v)
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from shapcpp.report import report

    with pytest.warns(shapcpp.ValuationWarning, match=sentence):
        report(v, None, None, tmp_path / "page.html")


def test_integers_that_name_two_samples_are_told_too() -> None:
    ids = np.arange(60)
    ids[[7, 9]] = 7, 7
    with pytest.warns(shapcpp.ValuationWarning, match=r"id 7 names 2 .* \(rows 7 and 9\): a"):
        run(20, ids=ids)


@pytest.fixture(name="nothing", scope="module")
def _nothing() -> shapcpp.Valuation:
    class Idle(Executor):
        def submit(self, call: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
            return Future()

    v = run(10**6, max_time=0.1, executor=Idle())
    assert v.n_permutations == 0
    return v


def test_no_permutation_is_no_ranking(nothing: shapcpp.Valuation, tmp_path: Path) -> None:
    v = nothing
    X, y, X_test, y_test = arguments()
    for ask in (
        lambda: v.lowest("acc"),
        lambda: v.columns(),
        lambda: v.to_frame(),
        lambda: v.to_csv(tmp_path / "v.csv"),
        lambda: shapcpp.review_queue(v),
        lambda: shapcpp.detection_table(v, y, 1 - y),
        lambda: shapcpp.detection_scores(v, y, 1 - y),
        lambda: shapcpp.removal_curve(v, X, y, X_test, y_test, "acc", [0.1]),
    ):
        with pytest.raises(ValueError, match="no permutation was completed"):
            ask()
    assert [*tmp_path.iterdir()] == []
    assert np.isnan(v["acc"]).all()
    assert "0 of 1000000 permutations" in v._repr_html_()
    v.save(tmp_path / "v.npz")
    assert shapcpp.load(tmp_path / "v.npz", shapcpp.Valuation).n_permutations == 0


def frames() -> tuple[pandas.DataFrame, Any, pandas.DataFrame, Any]:
    X, y, X_test, y_test = arguments()
    names = ["age", "dose", "size"]
    return pandas.DataFrame(X, columns=names), y, pandas.DataFrame(X_test, columns=names), y_test


def test_columns_in_another_order_are_refused_naming_the_first() -> None:
    X, y, X_test, y_test = frames()
    other = X_test[["age", "size", "dose"]]
    sentence = r"column 1 of X_test is 'size', and that of X is 'dose': the same columns in another order; pass X_test\[X.columns\]"
    with pytest.raises(ValueError, match=sentence):
        shapcpp.value(X, y, other, y_test, 10)
    with pytest.raises(ValueError, match=sentence):
        shapcpp.estimate_cost(X, y, other, y_test, 10)
    with pytest.raises(ValueError, match=sentence):
        shapcpp.Features.from_splits(X, y, other, y_test)
    v = shapcpp.value(X, y, other[X.columns], y_test, 10)
    np.testing.assert_array_equal(v.gains, run(10, sampler="halving").gains)
    with pytest.raises(ValueError, match="column 1 of X_val is 'size', and that of X is 'dose'"):
        shapcpp.removal_curve(v, X, y, other, y_test, "acc", [0.1])


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (["age", "dose", "weight"], "column 2 of X_test is 'weight', and that of X is 'size'$"),
        (["age", "dose"], "column 2 of X_test is none, and that of X is 'size'$"),
        (["age", "dose", "size", "more"], "column 3 of X_test is 'more', and that of X is none$"),
    ],
)
def test_other_columns_are_refused_by_name(columns: list[str], sentence: str) -> None:
    X, y, X_test, y_test = frames()
    other = X_test.reindex(columns=columns, fill_value=0.0)
    with pytest.raises(ValueError, match=sentence):
        shapcpp.value(X, y, other, y_test, 10)


def test_arrays_and_numbered_columns_have_no_names_to_compare() -> None:
    X, y, X_test, y_test = frames()
    expected = run(10, sampler="halving").gains
    numbered = pandas.DataFrame(X_test.to_numpy(), columns=[2, 1, 0])
    for test in (X_test.to_numpy(), numbered):
        np.testing.assert_array_equal(shapcpp.value(X, y, test, y_test, 10).gains, expected)


def test_a_flipped_bit_never_loses_an_array(tmp_path: Path) -> None:
    path, y = tmp_path / "run.npz", np.arange(60) % 2
    v = run(6, true_labels=y, groups=np.arange(60) // 2, by_group=False, scale="standard", trace=3)
    v.save(path)
    whole = path.read_bytes()
    directory = whole.index(b"PK\x01\x02")
    changed = 0
    for place in range(directory, len(whole)):
        for bit in (1, 32):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            try:
                read = shapcpp.load(path, shapcpp.Valuation)
            except ValueError:
                changed += 1
                continue
            for name in (
                "groups",
                "true_labels",
                "scaling",
                "trace_counts",
                "trace_gains",
                "gains",
            ):
                np.testing.assert_array_equal(getattr(read, name), getattr(v, name))
    assert changed > 100


@pytest.mark.parametrize(
    "lost", ["groups", "true_labels", "scaling", "trace_counts", "ids", "gains"]
)
def test_a_file_that_lost_an_array_is_refused(lost: str, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(6, true_labels=np.arange(60) % 2, groups=np.arange(60), scale="standard", trace=3).save(
        path
    )
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != lost}
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=f"it lacks {lost}"):
        shapcpp.load(path)


def test_a_warning_made_an_error_keeps_the_result() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(shapcpp.ValuationWarning) as raised:
            shapcpp.value(*rare(), permutations=2, C=1e-3)
    assert raised.value.partial is not None
    assert raised.value.partial.n_permutations == 2


def test_an_empty_id_of_several_samples_is_seen_in_the_sentence() -> None:
    sentence = r"id '' \(empty\) names 2 of the training samples \(rows 1 and 2\)"
    with pytest.warns(shapcpp.ValuationWarning, match=sentence):
        run(2, ids=["first", "", "", *map(str, range(3, 60))])
