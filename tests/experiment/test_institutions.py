"""Institutions that are valued whole: against all coalitions, and in a reproduction."""

from __future__ import annotations

import csv
import re
import sys
from functools import partial
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import shapcpp
from reproductions import SMALL
from scans import pattern, write_csv, write_png
from shapcpp.cli.main import cli
from shapcpp.experiment import reproduce
from shapcpp.experiment.institutions import (
    INSTITUTIONS,
    institution_rows,
    names_of,
    sum_and_error,
)
from shapcpp.progress import Unseen

module: Any = sys.modules[reproduce.__module__]
VALUING: dict[str, Any] = {"permutations": 400, "seed": 1, "C": 0.5, "scale": "standard"}
NAMES = ("A", "B", "C")


def clinics(seed: int = 0, n: int = 90) -> shapcpp.Features:
    """Rows of three institutions, of which B has many wrong labels."""
    rng = np.random.default_rng(seed)
    rows = np.empty(2 * n, [("features", float, 3), ("label", int), ("true_label", int),
                            ("split", "U5"), ("id", int), ("clinic", "U5")])  # fmt: skip
    rows["id"] = np.arange(2 * n)
    rows["split"] = np.repeat(["train", "test"], n)
    rows["clinic"] = np.array(NAMES)[rng.choice(3, 2 * n, p=(0.5, 0.3, 0.2))]
    rows["true_label"] = truth = np.arange(2 * n) % 3 == 0
    wrong = (rows["clinic"] == "B") & (rows["split"] == "train") & (rng.random(2 * n) < 0.5)
    rows["label"] = truth ^ wrong
    rows["features"] = rng.normal(size=(2 * n, 3)) * (1, 10, 0.1) + truth[:, None]
    return shapcpp.Features(rows)


def found(features: shapcpp.Features, **options: Any) -> list[dict[str, Any]]:
    train, test = features.sides()
    run = shapcpp.value(
        train.X, train.y, test.X, test.y, **(VALUING | options), trace=50, sampler="permutations",
        votes=False,
    )  # fmt: skip
    rows = institution_rows(0.25, features, "clinic", run, VALUING | options, Unseen())
    return [dict(zip(INSTITUTIONS, row, strict=True)) for row in rows]


def accuracies(features: shapcpp.Features, judge: str) -> dict[frozenset[str], float]:
    """The accuracy of every coalition of institutions, each refitted by itself."""
    train, test = features.sides()
    at, judging = (features.rows["clinic"][features.mask(s)] for s in ("train", "test"))
    its = (judging == judge) | (judge == "")
    mean, deviation = train.X.mean(axis=0), train.X.std(axis=0)
    X, X_test = (train.X - mean) / deviation, (test.X[its] - mean) / deviation
    worth = {frozenset[str](): float(np.mean(test.y[its] == 0))}
    for size in (1, 2, 3):
        for members in combinations(NAMES, size):
            rows = np.isin(at, members)
            v = shapcpp.value(X[rows], train.y[rows], X_test, test.y[its], 1, C=VALUING["C"])
            worth[frozenset(members)] = float(v.full_counts.sum() / its.sum())
    return worth


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
@pytest.mark.parametrize("judge", ["", "A", "C"])
def test_institutions_are_worth_what_all_coalitions_say(judge: str) -> None:
    features = clinics()
    worth = accuracies(features, judge)
    rows = {
        row["institution"]: row for row in found(features)
        if row["metric"] == "acc" and row["judge"] == judge
    }  # fmt: skip
    assert tuple(rows) == NAMES
    everyone = frozenset(NAMES)
    for name, row in rows.items():
        exact = sum(
            factorial(len(before)) * factorial(2 - len(before)) / 6
            * (worth[before | {name}] - worth[before])
            for before in worth if name not in before
        )  # fmt: skip
        assert row["stderr"] > 0
        assert abs(row["value"] - exact) < 4.5 * row["stderr"]
        assert row["left_out"] == pytest.approx(worth[everyone] - worth[everyone - {name}])
    # The values add up to what everyone gains, to rounding: each order ends with everyone.
    total = sum(row["value"] for row in rows.values())
    assert total == pytest.approx(worth[everyone] - worth[frozenset()])


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
def test_counts_and_sums_of_samples() -> None:
    features = clinics()
    rows = found(features, permutations=100)
    train = features.samples("train")
    at = features.rows["clinic"][features.mask("train")]
    for row in rows:
        inside = at == row["institution"]
        assert row["samples"] == inside.sum()
        assert row["flipped"] == (train.y != train.true_labels)[inside].sum()
        assert (row["samples_sum"] is None) == (row["judge"] != "")
    assert {row["judge"] for row in rows} == {"", *NAMES}
    # All samples together gain what all institutions together gain.
    by_all = [row for row in rows if row["judge"] == "" and row["metric"] == "rec"]
    assert sum(row["samples_sum"] for row in by_all) == pytest.approx(
        sum(row["value"] for row in by_all)
    )


def test_the_error_of_a_sum_is_that_of_runs_that_share_no_order() -> None:
    train, test = clinics().sides()
    inside = np.arange(len(train.y)) < 30
    runs = [
        shapcpp.value(
            train.X, train.y, test.X, test.y, 60, first=60 * k, trace=30, votes=False,
            sampler="permutations", scale="standard",
        )
        for k in range(20)
    ]  # fmt: skip
    sums, errors = zip(*(sum_and_error(v, "acc", inside) for v in runs), strict=True)
    assert sums[0] == pytest.approx(runs[0]["acc"][inside].sum())
    assert 0.6 < np.sqrt(np.mean(np.square(errors))) / np.std(sums, ddof=1) < 1.7


def test_who_has_the_only_samples_of_a_label_cannot_be_left_out() -> None:
    features = clinics()
    rows = features.rows.copy()
    rows["label"][(rows["split"] == "train") & (rows["clinic"] != "B")] = 0
    train, test = shapcpp.Features(rows).sides()
    run = shapcpp.value(train.X, train.y, test.X, test.y, 20, trace=5, sampler="permutations")
    got = institution_rows(
        0.1, shapcpp.Features(rows), "clinic", run, VALUING | {"permutations": 20},
        Unseen(),
    )  # fmt: skip
    left_out = {row[1]: row[8] for row in got}
    assert left_out["B"] is None
    assert left_out["A"] is not None


@pytest.mark.parametrize(
    ("column", "change", "complaint"),
    [
        ("label", None, "groups names no column of institutions: 'label' (the slices have clinic)"),
        ("nosuch", None, "no column of institutions: 'nosuch' (the slices have clinic)"),
        ("clinic", "", "column 'clinic' is empty for"),
        ("clinic", "A", "all training slices are of one institution, 'A', in column 'clinic'"),
    ],
)
def test_columns_that_name_no_institutions(column: str, change: str | None, complaint: str) -> None:
    rows = clinics().rows.copy()
    if change is not None:
        rows["clinic"] = change
    features = shapcpp.Features(rows)
    train, test = features.sides()
    run = shapcpp.value(train.X, train.y, test.X, test.y, 2, trace=2, sampler="permutations")
    with pytest.raises(ValueError, match=re.escape(complaint)):
        institution_rows(0.1, features, column, run, VALUING, Unseen())


def test_numbers_with_gaps_are_institutions_with_gaps(tmp_path: Path) -> None:
    assert names_of(np.array([7, 10])).tolist() == ["7", "10"]
    assert names_of(np.array([7, np.nan, 2.5, 1e17])).tolist() == [
        "7", "", "2.5", "100000000000000000",
    ]  # fmt: skip
    for number in range(24):
        write_png(tmp_path / f"{number}.png", pattern(number))
    rows = [(f"{n}.png", n % 2, "" if n < 12 else 1 + n % 3, "here") for n in range(24)]
    write_csv(tmp_path / "manifest.csv", "file,label,gaps,one", *rows)
    options: dict[str, Any] = {"data": tmp_path, "size": 16, "split": "random", "noise": (0.2,)}
    for column, complaint in (("gaps", "'gaps' is empty for"), ("one", "are of one institution")):
        with pytest.raises(ValueError, match=complaint):
            reproduce(tmp_path / "out", **options, groups=column)
    assert not list((tmp_path / "out").glob("model-*"))  # told before the training


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes most of the time: here pictures and the page are a word."""
    places: dict[str, str | int] = {"figure2": "path", "figure3": 1, "report": 3}
    for name, place in places.items():
        monkeypatch.setattr(module, name, partial(_write_a_word, place))


def _write_a_word(place: str | int, *arguments: Any, **named: Any) -> None:
    path = named[place] if isinstance(place, str) else arguments[place]
    path.write_text("word")


@pytest.mark.usefixtures("undrawn")
def test_a_reproduction_values_its_groups_and_finds_them_done(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    options = SMALL | {"noise": (0.3,), "permutations": 10, "epochs": 1}
    first = reproduce(out, **options, groups="group")
    with open(out / "groups-30.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(first.institutions) > 0
    assert [float(row["value"]) for row in rows] == [row["value"] for row in first.institutions]
    command = "reproduce", "-o", str(out), "--groups", "group"
    small = "--size", "16", "--counts", "train=16/32,val=6/12,test=10/20", "--epochs", "1"
    rest = "--perms", "10", "--noise", "30", "--seed", "3"
    again = CliRunner().invoke(cli, [*command, *small, *rest], catch_exceptions=False)
    assert again.exit_code == 0
    assert "groups-30          up to date" in again.output
    assert "Noise 30%: institutions that join one another whole" in again.output


def test_a_column_that_is_not_there_is_told_before_the_training(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="groups names no column of institutions: 'hospital'"):
        reproduce(tmp_path, **SMALL, groups="hospital")
    assert not list(tmp_path.glob("model-*"))
    with pytest.raises(TypeError, match="groups must be the name of a column, got 3"):
        reproduce(tmp_path, **SMALL, groups=3)  # type: ignore[arg-type]
