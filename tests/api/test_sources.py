"""Columns of sources that tell labels apart are found, and no others."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shapcpp import Features
from shapcpp.storage.sources import coincidences


def features(labels: Any, split: str = "train", **columns: Any) -> Features:
    labels = np.asarray(labels)
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    rows = np.zeros(
        len(labels),
        dtype=[
            ("features", float, (2,)),
            ("label", labels.dtype),
            ("split", "U5"),
            *((name, column.dtype) for name, column in arrays.items()),
        ],
    )
    rows["label"], rows["split"] = labels, split
    for name, column in arrays.items():
        rows[name] = column
    return Features(rows)


def auc_of(sentence: str) -> float:
    found = re.search(r"AUC of (\d\.\d+)", sentence)
    assert found is not None
    return float(found[1])


def slow_auc(labels: NDArray[Any], source: NDArray[Any]) -> float:
    """Pair by pair: how often the positive is of the source with more positives."""
    share = {name: labels[source == name].mean() for name in set(source.tolist())}
    pairs = [
        (share[a] > share[b]) + 0.5 * (share[a] == share[b])
        for a in source[labels == 1].tolist()
        for b in source[labels == 0].tolist()
    ]
    return float(np.mean(pairs))


LABELS = np.repeat([1, 0], [20, 60])


def test_two_scanners_for_two_classes() -> None:
    (sentence,) = coincidences(features(LABELS, source=np.where(LABELS == 1, "A", "B")))
    assert sentence == (
        "the column source alone tells label 1 from the others with an AUC of 1.00 "
        "(A: 20 of 20, B: 0 of 60)"
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_auc_is_that_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 80)
    source = np.where(rng.uniform(size=80) < 0.85, labels * 2, rng.integers(0, 4, 80)).astype(str)
    (sentence,) = coincidences(features(labels, Scanner_2=source))
    assert auc_of(sentence) == pytest.approx(slow_auc(labels, source), abs=0.0051)


def test_true_labels_count_where_they_are_known() -> None:
    noisy = LABELS.copy()
    noisy[::3] = 1 - noisy[::3]
    site = np.where(LABELS == 1, "A", "B")
    assert coincidences(features(noisy, site=site)) == []
    assert coincidences(features(noisy, site=site, true_label=LABELS))


@pytest.mark.parametrize("unknown", ["-1", ""])
def test_given_labels_count_where_true_ones_are_not_known(unknown: str) -> None:
    site = np.where(LABELS == 1, "A", "B")
    true = np.where(np.arange(80) % 5, LABELS.astype(str), unknown)
    (sentence,) = coincidences(features(LABELS.astype(str), site=site, true_label=true))
    assert "tells label 1 from the others with an AUC of 1.00 (A: 20 of 20, B: 0 of 60)" in sentence


def test_no_unknown_true_label_is_a_label_of_its_own() -> None:
    true = np.where(np.arange(80) < 40, np.arange(80) % 2, -1)
    site = np.where(true == -1, "A", "B")
    given = np.arange(80) % 2
    assert coincidences(features(given, site=site, true_label=true)) == []


@pytest.mark.parametrize(
    "name",
    ["ManufacturerModelName", "InstitutionName", "scannerName", "CTScanner", "siteID", "SITE_2"],
)
def test_names_as_dicom_writes_them(name: str) -> None:
    columns: dict[str, Any] = {name: np.where(LABELS == 1, "A", "B")}
    (sentence,) = coincidences(features(LABELS, **columns))
    assert sentence.startswith(f"the column {name} alone")


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_a_number_of_a_site_may_be_missing(kind: Any) -> None:
    site = np.where(LABELS == 1, 3.0, -0.5).astype(kind)
    site[[0, 79]] = np.nan
    (sentence,) = coincidences(features(LABELS, site=site))
    assert "AUC of 1.00 (-0.5: 0 of 59, 3: 19 of 19)" in sentence


def test_only_training_rows_count_or_all_if_there_are_none() -> None:
    made = features(LABELS, site=np.where(LABELS == 1, "A", "B"))
    made.rows["split"][::2] = "test"
    (sentence,) = coincidences(made)
    assert "A: 10 of 10, B: 0 of 30" in sentence
    assert coincidences(features(LABELS, split="", site=np.where(LABELS == 1, "A", "B")))


def test_several_labels_of_which_one_has_a_scanner_of_its_own() -> None:
    labels = np.repeat(["a", "b", "c"], 30)
    site = np.where(labels == "b", 7, np.arange(90) % 2)
    (sentence,) = coincidences(features(labels, hospital=site))
    assert "tells label b from the others with an AUC of 1.00 (0: 0 of 30, 1: 0 of 30, 7: 30 of 30)" in sentence  # fmt: skip


@pytest.mark.parametrize(
    "columns",
    [
        {"source": np.arange(80) % 2},  # independent of the label
        {"source": np.repeat(["A"], 80)},  # one source
        {"source": np.repeat([""], 80)},  # unknown
        {"subtype": LABELS},  # no source by its name
        {"resource": LABELS},
        {"source": np.random.default_rng(0).normal(size=80)},  # a measurement
        {"source": np.where(LABELS == 1, np.nan, 2.0)},  # one source, and gaps
        {"source": np.stack([LABELS, LABELS], 1)},
        {"source": np.arange(80)},  # each sample its own: nothing beyond chance
        {"source": np.where(np.arange(80) == 0, "A", "B")},  # one sample is no pattern
    ],
)
def test_other_columns_are_no_matter(columns: dict[str, Any]) -> None:
    if next(iter(columns.values())).ndim == 2:
        made = features(LABELS)
        rows = np.zeros(80, dtype=[*made.rows.dtype.descr, ("source", int, (2,))])
        for name in made.rows.dtype.names or ():
            rows[name] = made.rows[name]
        rows["source"] = columns["source"]
        assert coincidences(Features(rows)) == []
    else:
        assert coincidences(features(LABELS, **columns)) == []


def test_bytes_and_one_label() -> None:
    site = np.where(LABELS == 1, b"A", b"B")
    assert "A: 20 of 20" in coincidences(features(LABELS, site=site))[0]
    assert coincidences(features(np.ones(80, int), site=site)) == []


def test_of_many_sources_the_largest_are_named() -> None:
    sizes = [30, 25, 20, 15, 10, 5]
    labels = np.repeat([1, 0, 1, 0, 1, 0], sizes)
    (sentence,) = coincidences(features(labels, site=np.repeat(list("fedcba"), sizes)))
    assert "(c: 0 of 15, d: 20 of 20, e: 0 of 25, f: 30 of 30, ... of 6)" in sentence
