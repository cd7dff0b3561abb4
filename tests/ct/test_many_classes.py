"""More than two classes, from manifest to network: what is read, drawn, trained and kept."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from blobs import blobs
from scans import pattern, write_csv, write_png
from shapcpp.ct import NetworkOptions, Slices, load_model, read_scans, train
from shapcpp.ct.network.capsules import CapsuleNetwork
from shapcpp.ct.network.losses import class_weights, margin_loss
from shapcpp.ct.network.ranking import auc, class_auc
from shapcpp.ct.readers.split_drawing import draw_splits
from three_kinds import KINDS, SIDE, write_kinds

SMALL = NetworkOptions(capsules=4)


@pytest.fixture(name="slices", scope="module")
def _slices(tmp_path_factory: pytest.TempPathFactory) -> Slices:
    folder = write_kinds(tmp_path_factory.mktemp("kinds"))
    return read_scans(folder, size=SIDE, label_column="finding")


def read(folder: Path, entries: tuple[object, ...], **how: Any) -> tuple[Slices, list[str]]:
    for number in range(len(entries)):
        write_png(folder / f"{number}.png", pattern(number))
    write_csv(
        folder / "manifest.csv", "file,label", *((f"{n}.png", e) for n, e in enumerate(entries))
    )
    notes: list[str] = []
    return read_scans(folder, size=8, split="random", note=notes.append, **how), notes


def test_words_are_classes(slices: Slices) -> None:
    assert slices.classes == KINDS
    assert slices.label[:4].tolist() == ["bleed", "fracture", "normal", "bleed"]
    assert slices.of_class[:4].tolist() == [0, 1, 2, 0]
    for split, share in (("train", 0.5), ("val", 0.25), ("test", 0.25)):
        counts = np.bincount(slices.of_class[slices.split == split], minlength=3)
        np.testing.assert_allclose(counts, 60 * share, atol=2)
    assert "train: 30 bleed, 30 fracture, 30 normal" in repr(slices)
    assert slices.where(slices.label == "normal").classes == KINDS


def test_numbers_are_classes_in_their_order(tmp_path: Path) -> None:
    slices, notes = read(tmp_path, ("10", "2.0", "1", 1, 2, 10, 10, "", 1, 2))
    assert slices.classes == (1, 2, 10)
    assert slices.label.tolist() == [10, 2, 1, 1, 2, 10, 10, 1, 2]
    assert re.search(r"train: \d+ labelled 1, \d+ labelled 2, \d+ labelled 10", repr(slices))
    assert notes[0] == (
        "label has 3 classes: 1 (3), 2 (3), 10 (3); to make two classes of them, "
        "name the positive ones with positive="
    )
    assert "1 of 10 slices" in notes[1]


def test_words_are_the_same_however_they_are_written(tmp_path: Path) -> None:
    slices, _ = read(tmp_path, ("Bleed", "normal", "bleed ", "e\u0301", "\u00e9", "Normal"))
    assert slices.label.tolist() == ["Bleed", "normal", "Bleed", "e\u0301", "e\u0301", "normal"]


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ((0, 1, 1, 0, 2), "line 6: label is '2', as in no other row; labels must be 0 or 1"),
        (("a", "b", "a", "b", "ab"), "line 6: label is 'ab', as in no other row"),
        (("a", "b", "a", "b"), "line 2: label is 'a'; labels must be 0 or 1 .* name the positive ones with positive="),
        ((0, 1, 1, 2, 2, "x"), "line 2: label is '0', as in no other row"),
    ],
)  # fmt: skip
def test_labels_that_may_be_mistakes_are_told(
    entries: tuple[object, ...], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=sentence):
        read(tmp_path, entries)


def test_a_mask_names_no_class_of_several(tmp_path: Path) -> None:
    rows = [(f"{n}.png", KINDS[n % 3] if n else "", "0.png") for n in range(7)]
    for number in range(7):
        write_png(tmp_path / f"{number}.png", pattern(number))
    write_csv(tmp_path / "manifest.csv", "file,label,mask", *rows)
    sentence = r"0.png \(manifest.csv, line 2\) has a mask and no label: .* of 3 classes"
    with pytest.raises(ValueError, match=sentence):
        read_scans(tmp_path, size=8)


def test_positive_words_make_two_of_them(tmp_path: Path) -> None:
    slices, _ = read(tmp_path, ("a", "b", "c", "a", "b", "c"), positive=("a", "c"))
    assert slices.classes == (0, 1)
    assert slices.label.tolist() == [1, 0, 1, 1, 0, 1]


def test_two_readers_and_true_labels_keep_their_words(tmp_path: Path) -> None:
    rows = []
    for number in range(12):
        write_png(tmp_path / f"{number}.png", pattern(number))
        first = "" if number == 5 else KINDS[number % 3]
        rows.append(
            (f"{number}.png", first, KINDS[(number + (number == 7)) % 3], "" if number else "bleed")
        )
    write_csv(tmp_path / "manifest.csv", "file,Dr Watched,Dr Seen,true_label", *rows)
    how: dict[str, Any] = {"label_column": ["Dr Watched", "Dr Seen"], "size": 8, "split": "random"}
    slices = read_scans(tmp_path, **how)
    assert slices.label.tolist() == [KINDS[n % 3] for n in range(12)]
    assert slices.extra["Dr Watched"].tolist() == [row[1] for row in rows]
    assert slices.extra["Dr Seen"].tolist() == [row[2] for row in rows]
    assert slices.extra["true_label"].tolist() == ["bleed", *[""] * 11]
    hidden = read_scans(tmp_path, anonymous=True, **how).extra
    assert set(hidden) == {"reader_1", "reader_2", "true_label", "anonymous"}
    assert hidden["reader_2"].tolist() == [row[2] for row in rows]


def test_splits_of_several_classes_are_stratified() -> None:
    label = np.repeat([0, 1, 2], [80, 40, 12])
    splits = draw_splits(label, None)
    for k, n in enumerate((80, 40, 12)):
        assert [(splits[label == k] == s).sum() for s in ("train", "val", "test")] == [
            n // 2,
            n // 4,
            n // 4,
        ]
    patient = np.arange(132) // 4
    by_patient = draw_splits(label, patient)
    assert all(len(set(by_patient[patient == p])) == 1 for p in range(33))
    for k in range(3):
        assert {"train", "val", "test"} == set(by_patient[label == k])


NAMES = ["normal", "epidural", "other"]


@pytest.mark.parametrize("by_patient", [False, True])
def test_counts_by_class_are_met_exactly(by_patient: bool) -> None:
    label = np.repeat([0, 1, 2], [80, 40, 12])
    patient = np.arange(132) // 2 if by_patient else None
    counts = {
        "train": {"normal": 30, "other": 4, "epidural": 15},
        "test": {"normal": 9, "other": 2},
    }
    splits = draw_splits(label, patient, counts, 3, NAMES)
    held = {
        split: {name: int((label[splits == split] == k).sum()) for k, name in enumerate(NAMES)}
        for split in ("train", "val", "test")
    }
    assert held == {
        "train": counts["train"],
        "val": dict.fromkeys(NAMES, 0),
        "test": {"epidural": 0} | counts["test"],
    }


def test_counts_by_class_serve_two_classes_and_numbers_too() -> None:
    label = np.repeat([0, 1], [80, 40])
    named = draw_splits(label, None, {"train": {1: 10, 0: 7}, "val": (3, 4)}, 3)
    assert (named == draw_splits(label, None, {"train": (10, 7), "val": (3, 4)}, 3)).all()


def test_counts_name_classes_as_labels_are_written() -> None:
    label = np.repeat([0, 1, 2], 10)
    wanted = draw_splits(
        label, None, {"train": {"\u00c9pi": 3, "10": 4}}, 0, ["\u00c9pi", "b", "10"]
    )
    written: Any = {"train": {" e\u0301PI": 3, 10.0: 4}}
    assert (draw_splits(label, None, written, 0, ["\u00c9pi", "b", "10"]) == wanted).all()
    pair: Any = {"train": np.array([3, 4])}
    assert (
        draw_splits(label // 2, None, pair) == draw_splits(label // 2, None, {"train": (3, 4)})
    ).all()


@pytest.mark.parametrize(("counts", "sentence"), [
    ({"val": {"normal": 1, "Normal": 2}}, "counts of val names the class 'Normal' twice"),
    ({"val": {"other": 10**20}}, f"counts asks for {10**20} other slices, and there are 12"),
    ({"val": (1.5, 2)}, "counts has (1.5, 2) for val; it must be two numbers, of positives and "
     "negatives, or a number for each class by its name"),
    ({"train": (1, 2)}, "counts has 1 positives and 2 negatives for train, and there are 3 classes: "
     "name them, normal, epidural, other"),
    ({"val": {"norml": 1}}, "counts of val names the class 'norml', and the classes are normal, "
     "epidural, other"),
    ({"val": {"normal": -1}}, "counts of val must be at least 0, got -1"),
    ({"val": {"other": 7}, "test": {"other": 6}}, "counts asks for 13 other slices, and there are "
     "12"),
    ({"val": 3}, "counts has 3 for val; it must be two numbers, of positives and negatives, or a "
     "number for each class by its name"),
])  # fmt: skip
def test_counts_by_class_that_cannot_be_met(counts: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        draw_splits(np.repeat([0, 1, 2], [80, 40, 12]), None, counts, 0, NAMES)


def test_the_network_learns_three_kinds_and_is_kept(slices: Slices, tmp_path: Path) -> None:
    trained = train(slices, options=SMALL, epochs=12, patience=12, batch=8)
    assert trained.classes == KINDS
    assert trained.auc(slices, "test") > 0.9
    assert trained.scores(slices.images).shape == (180, 3)
    features = trained.features(slices.images)
    assert features.shape == (180, 3 * 16)
    np.testing.assert_array_equal(features[:, 16:32], trained.capsules(slices.images)[:, 1])
    trained.save(tmp_path / "m.pt")
    again = load_model(tmp_path / "m.pt")
    assert again.classes == KINDS
    np.testing.assert_array_equal(again.features(slices.images), features)


def test_names_of_classes_change_nothing(slices: Slices) -> None:
    numbers = replace(slices, label=slices.of_class, classes=(0, 1, 2))
    made = [
        train(one, options=SMALL, epochs=1, batch=30).features(one.images[:5])
        for one in (slices, numbers)
    ]
    np.testing.assert_array_equal(*made)
    noisy = slices.label[slices.split == "train"]
    same = train(slices, noisy, options=SMALL, epochs=1, batch=30).features(slices.images[:5])
    np.testing.assert_array_equal(same, made[0])
    with pytest.raises(ValueError, match="labels must be among bleed, fracture, normal, got x"):
        train(slices, np.where(noisy == "bleed", "x", noisy))


def test_two_of_three_classes_are_those_of_two() -> None:
    """The weights of two class capsules are drawn as ever, and the loss of two classes is the same."""
    networks = []
    for classes in ((), (2,)):
        torch.manual_seed(0)
        networks.append(CapsuleNetwork(16, SMALL, *classes))
    for one, other in zip(*(n.state_dict().values() for n in networks), strict=True):
        assert torch.equal(one, other)
    y = torch.tensor([0, 1, 1, 0, 1])
    assert torch.equal(class_weights(y), class_weights(y, 3)[:2])
    lengths = torch.rand(5, 2, generator=torch.Generator().manual_seed(0))
    absent = torch.full((5, 1), 0.05)  # too short to count against any
    assert torch.equal(margin_loss(lengths, y), margin_loss(torch.cat([lengths, absent], 1), y))


def test_the_area_of_classes_is_the_mean_of_each_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    scores, y = rng.random((50, 3)), rng.integers(0, 3, 50)
    wanted = np.mean([auc(scores[:, k], (y == k).astype(np.int64)) for k in range(3)])
    assert class_auc(scores, y) == wanted
    assert class_auc(scores[:, 0], np.minimum(y, 1)) == auc(scores[:, 0], np.minimum(y, 1))
    two = class_auc(scores, np.minimum(y, 1))  # the third class does not occur
    assert two == np.mean(
        [auc(scores[:, k], (np.minimum(y, 1) == k).astype(np.int64)) for k in (0, 1)]
    )
    assert np.isnan(class_auc(scores, np.zeros(50, np.int64)))


def test_damaged_classes_of_a_model_are_told(slices: Slices, tmp_path: Path) -> None:
    trained = train(slices, options=SMALL, epochs=1, batch=90)
    for classes in (("b", "a", "c"), ("a", "a", "b"), ("a", 1, 2), (1.5, 2.5, 3.5)):
        replace(trained, classes=classes).save(tmp_path / "m.pt")
        with pytest.raises(ValueError, match="its classes are no"):
            load_model(tmp_path / "m.pt")
    assert blobs().classes == (0, 1)
