"""Two readers compared: agreement, kappa, and whom the other labels side with."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from shapcpp import Readers

RNG = np.random.default_rng(7)


def two_readers(n_classes: int = 2, text: bool = False) -> tuple[Any, Any, Any, Any]:
    """Features, the truth, and two readers who err on samples of their own."""
    truth = np.arange(240) % n_classes
    X = RNG.normal(size=(240, 3)) + 8 * np.eye(3)[truth]
    first, second = truth.copy(), truth.copy()
    first[:8] = (truth[:8] + 1) % n_classes
    second[100:105] = (truth[100:105] + 1) % n_classes
    names = np.array(["clear", "ill", "odd"]) if text else np.arange(3)
    return X, names[truth], names[first], names[second]


@pytest.mark.parametrize(("n_classes", "text"), [(2, False), (3, True)])
def test_the_others_side_with_whoever_is_right(n_classes: int, text: bool) -> None:
    X, truth, first, second = two_readers(n_classes, text)
    r = shapcpp.compare_readers(X, first, second, names=("Anna", "Ben"))
    table = r.disagreements()
    assert sorted(table.sample.tolist()) == [*range(8), *range(100, 105)]
    right = np.where(table["first"] == truth[table.sample], "Anna", "Ben")
    assert table.sides_with.tolist() == right.tolist()
    assert (np.diff(table.first_wrong) <= 0).all()
    assert r.agreement == pytest.approx(1 - 13 / 240)
    chance = sum(
        np.mean(first == label) * np.mean(second == label) for label in np.unique(truth).tolist()
    )
    assert r.kappa == pytest.approx((r.agreement - chance) / (1 - chance))
    assert r.confusion.sum() == 240
    assert np.trace(r.confusion) == 227


def test_kappa_of_a_published_table() -> None:
    # Wikipedia's first example of Cohen's kappa: 20, 5, 10, 15 of 50 have 0.4.
    first = np.repeat([1, 1, 0, 0], [20, 5, 10, 15])
    second = np.repeat([1, 0, 1, 0], [20, 5, 10, 15])
    X = RNG.normal(size=(50, 2))
    r = shapcpp.compare_readers(X, first, second)
    assert r.agreement == pytest.approx(0.7)
    assert r.kappa == pytest.approx(0.4)
    assert r.confusion.tolist() == [[15, 10], [5, 20]]


def test_neither_is_an_answer() -> None:
    X, truth, first, second = two_readers(3)
    first[200], second[200] = (truth[200] + 1) % 3, (truth[200] + 2) % 3
    r = shapcpp.compare_readers(X, first, second)
    assert r.sides_with(200) == "neither"


def test_saved_and_written(tmp_path: Path) -> None:
    X, _, first, second = two_readers()
    groups, ids = np.arange(240) // 4, [f"s{i}" for i in range(240)]
    r = shapcpp.compare_readers(X, first, second, ("a", "b"), groups, ids)
    r.save(tmp_path / "r.npz")
    s = shapcpp.load(tmp_path / "r.npz", shapcpp.Readers)
    assert isinstance(s, Readers)
    assert s.names == ("a", "b")
    assert s.disagreements().tolist() == r.disagreements().tolist()
    r.to_csv(tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["sample", "id", "group", "first", "second", "first_wrong",
                             "second_wrong", "sides_with"]  # fmt: skip
    assert [row["id"] for row in rows] == r.disagreements().id.tolist()
    arrays = dict(np.load(tmp_path / "r.npz"))
    np.savez(tmp_path / "r.npz", **(arrays | {"second.ids": arrays["second.ids"][::-1]}))
    with pytest.raises(ValueError, match="its readers have different samples"):
        shapcpp.load(tmp_path / "r.npz")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"names": ("a", "a")}, "names must be two different ones"),
        ({"second": [0, 1]}, "second has 2 labels"),
        ({"second": np.zeros(240, int)}, "second holds one"),
        ({"second": ["a", "b"] * 120}, "labels of two kinds never agree"),
    ],
)
def test_bad_arguments(change: dict[str, Any], sentence: str) -> None:
    X, _, first, second = two_readers()
    with pytest.raises(ValueError, match=sentence):
        shapcpp.compare_readers(**({"X": X, "first": first, "second": second} | change))
