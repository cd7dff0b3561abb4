"""Splits: stratified, by seed, and by patient."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from shapcpp.ct.readers.split_drawing import draw_splits
from shapcpp.ct.readers.splits import choose_rule

NAMES = ("train", "val", "test")
PAPER = {"train": (100, 400), "val": (50, 200), "test": (241, 759)}


def held(splits: NDArray[np.str_], label: NDArray[np.int64]) -> dict[str, tuple[int, int]]:
    """Positives and negatives of each split."""
    return {
        name: (int((label[splits == name] == 1).sum()), int((label[splits == name] == 0).sum()))
        for name in ("train", "val", "test", "")
    }


def test_half_a_quarter_and_a_quarter_of_each_class() -> None:
    label = np.repeat([0, 1], [80, 20])
    assert held(draw_splits(label, None), label) == {
        "train": (10, 40),
        "val": (5, 20),
        "test": (5, 20),
        "": (0, 0),
    }
    odd = np.repeat([0, 1], [7, 3])  # 3.5 and 5.25 of 7, 1.5 and 2.25 of 3, to the nearest
    assert held(draw_splits(odd, None), odd) == {
        "train": (2, 4),
        "val": (0, 1),
        "test": (1, 2),
        "": (0, 0),
    }


def test_counts_are_met_exactly_and_the_rest_is_in_no_split() -> None:
    label = np.repeat([1, 0], [400, 1400])
    splits = draw_splits(label, None, PAPER)
    assert held(splits, label) == {**PAPER, "": (9, 41)}


@pytest.mark.parametrize("patients", [None, np.arange(40) // 4])
def test_a_seed_gives_the_same_and_another_another(patients: NDArray[np.int64] | None) -> None:
    label = np.tile([0, 0, 0, 1], 10)
    first = draw_splits(label, patients, seed=5)
    assert (first == draw_splits(label, patients, seed=5)).all()
    assert any((first != draw_splits(label, patients, seed=seed)).any() for seed in range(4))


def uneven(seed: int, patients: int) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Patients with 1 to 40 slices, a third of whom have lesions, in some of them."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 41, patients)
    share = np.where(np.arange(patients) % 3 == 0, random.random(patients), 0)
    of_slice = np.repeat(np.arange(patients), sizes)
    label = (random.random(len(of_slice)) < share[of_slice]).astype(np.int64)
    return label, np.char.add("p", of_slice.astype(str))


@pytest.mark.parametrize("seed", range(5))
def test_patients_stay_whole_and_classes_nearly_shared(seed: int) -> None:
    label, patient = uneven(seed, 60)
    splits = draw_splits(label, patient, seed=seed)
    assert all(len(set(splits[patient == one])) == 1 for one in set(patient))
    shares = np.array(list(held(splits, label).values())[:3]) / np.bincount(label)[::-1]
    np.testing.assert_allclose(shares, [[0.5, 0.5], [0.25, 0.25], [0.25, 0.25]], atol=0.06)


def distance(plan: tuple[int, ...], counts: NDArray[np.int64]) -> float:
    """The distance of a plan from 50/25/25, as shares of each class, squared and summed."""
    shares = np.zeros((3, 2))
    for patient, split in enumerate(plan):
        shares[split] += counts[patient] / counts.sum(axis=0)
    return float(((shares - [[0.5], [0.25], [0.25]]) ** 2).sum())


@pytest.mark.parametrize("seed", range(4))
def test_few_patients_are_shared_out_nearly_as_well_as_can_be(seed: int) -> None:
    label, patient = uneven(seed, 7)
    names = np.unique(patient)
    counts = np.array([[((patient == n) & (label == k)).sum() for k in (0, 1)] for n in names])
    splits = draw_splits(label, patient)
    plan = tuple(NAMES.index(str(splits[patient == n][0])) for n in names)
    best = min(distance(p, counts) for p in product(range(3), repeat=7))
    assert distance(plan, counts) <= 1.5 * best + 0.01


@pytest.mark.parametrize("seed", range(3))
def test_counts_by_patient_are_met_where_patients_allow(seed: int) -> None:
    label, patient = uneven(1, 60)
    positive, negative = np.bincount(label)[::-1] * 9 // 10  # with little to spare
    wanted = {
        "train": (positive // 3, negative // 2),
        "val": (positive // 4, negative // 6),
        "test": (positive // 3, negative // 4),
    }
    splits = draw_splits(label, patient, wanted, seed)
    assert {name: pair for name, pair in held(splits, label).items() if name} == wanted
    assert all(len(set(splits[patient == one]) - {""}) <= 1 for one in set(patient))


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"train": (21, 5)}, "counts asks for 21 positive slices, and there are 20"),
        ({"train": (5, 50), "test": (5, 50)}, "counts asks for 100 negative slices, .* are 80"),
        ({"holdout": (1, 1)}, "counts names the split 'holdout'"),
        ({"train": (-1, 1)}, r"counts has \(-1, 1\) for train"),
    ],
)
def test_counts_that_cannot_be_met(counts: dict[str, tuple[int, int]], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        draw_splits(np.repeat([0, 1], [80, 20]), None, counts)


def test_counts_that_the_patients_do_not_hold() -> None:
    label = np.tile([0, 1], 30)
    with pytest.raises(ValueError, match="counts asks for 14 positive slices in .* patients drawn"):
        draw_splits(label, np.repeat(["a", "b", "c"], 20), {"train": (14, 2), "val": (2, 2), "test": (2, 2)})  # fmt: skip
    with pytest.raises(ValueError, match="into 3 needs as many patients, and there are 2"):
        draw_splits(label, np.repeat(["a", "b"], 30))


STORED = np.array(["train", "train", "val", "test", ""])
NONE = np.array([""] * 5)
APART = np.array(["a", "a", "b", "c", "a"])


@pytest.mark.parametrize(
    ("stored", "patient", "asked", "counts", "expected", "said"),
    [
        (STORED, APART, None, None, "file", "as the column 'split' of M says"),
        (
            STORED,
            APART,
            None,
            PAPER,
            "patient",
            "by patient, of whom there are 3; the column 'split' of M is not used with counts",
        ),
        (NONE, APART, None, None, "patient", "by patient, of whom there are 3"),
        (
            NONE,
            APART[[0, 0, 2, 2, 2]],
            None,
            None,
            "random",
            "2 patients: adjacent slices both train and test",
        ),
        (NONE, None, None, None, "random", "no patients are known"),
        (STORED, APART, "file", None, "file", None),
        (STORED, APART, "patient", None, "file", None),
        (STORED, APART, "patient", PAPER, "patient", None),
        (STORED, APART, "random", None, "random", None),
    ],
)
def test_which_split_is_taken_and_what_is_said(
    stored: NDArray[np.str_],
    patient: NDArray[np.str_] | None,
    asked: str | None,
    counts: dict[str, tuple[int, int]] | None,
    expected: str,
    said: str | None,
) -> None:
    notes: list[str] = []
    assert choose_rule(stored, patient, asked, counts, "M", notes.append) == expected
    assert (said is None) == (notes == [])
    assert said is None or (len(notes) == 1 and said in notes[0])


@pytest.mark.parametrize(
    ("stored", "patient", "asked", "counts", "sentence"),
    [
        (STORED, APART, "group", None, "split is 'group'; it must be one of file, patient, random"),
        (NONE, APART, "file", None, "M has no split: its column 'split' is missing or empty"),
        (STORED, APART, "file", PAPER, "counts go with splits that are drawn"),
        (NONE, None, "patient", None, "M names no patients"),
        (STORED, np.array(["a", "b", "b", "b", "c"]), "patient", None,
         "M: patient 'b' is in the splits test and train and val; a split by patient"),
    ],
)  # fmt: skip
def test_splits_that_cannot_be_had(
    stored: NDArray[np.str_],
    patient: NDArray[np.str_] | None,
    asked: str,
    counts: dict[str, tuple[int, int]] | None,
    sentence: str,
) -> None:
    with pytest.raises(ValueError, match=sentence):
        choose_rule(stored, patient, asked, counts, "M", lambda _: None)
