"""The page of a run of ten classes, with labels in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import shapcpp
from classes import clouds
from shapcpp.detection.relabelling import apply_decisions, read_decisions

WORDS = np.array(["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "<jay>"])


@pytest.fixture(name="noisy", scope="module")
def _noisy() -> shapcpp.Features:
    X, y, X_test, y_test = clouds(60, 40, 10)
    ids = [f"s{i}" for i in range(60)]
    made = shapcpp.Features.from_splits(X, WORDS[y], X_test, WORDS[y_test], ids=ids)
    return shapcpp.add_noise(made, 0.2)


def test_ten_classes_on_a_page(
    noisy: shapcpp.Features, write: Callable[..., Path], tmp_path: Path
) -> None:
    train, test = noisy.sides()
    v = shapcpp.value(
        train.X, train.y, test.X, test.y, 3, ids=train.ids, true_labels=train.true_labels,
        sampler="permutations", model=GaussianNB(), trace=3, doubt=True,
    )  # fmt: skip
    page = write(v, noisy, name="ten.html").read_text()
    assert "balanced accuracy" in page
    assert "GaussianNB(), refitted to every coalition" in page
    assert "<jay>" not in page
    assert "positive" not in page.split("<script>")[0].replace("specific", "")
    assert page.count('<select class="other"') == page.count('<li class="card"') > 0
    assert " labelled " in page
    assert "does not keep: <code>shapcpp.removal_curve" in page
    (tmp_path / "d.csv").write_text('id,decision,label,new_label\ns3,relabel,dog,"<jay>"\n')
    if noisy.rows["label"][3] == "dog":
        fixed = apply_decisions(noisy, read_decisions(tmp_path / "d.csv"))
        assert fixed.rows["label"][3] == "<jay>"


def test_noise_goes_to_all_other_labels_and_by_a_matrix() -> None:
    y = np.repeat(WORDS[:4], [90, 30, 30, 30])
    noisy, flipped = shapcpp.flip_labels(y, 0.3, seed=3)
    assert [int(flipped[y == word].sum()) for word in WORDS[:4]] == [27, 9, 9, 9]
    given = noisy[flipped & (y == "ant")]
    assert sorted(np.unique(given, return_counts=True)[1].tolist()) == [9, 9, 9]
    matrix = np.zeros((4, 4))
    matrix[0, 2], matrix[1, 0], matrix[1, 3] = 0.1, 0.5, 0.5
    noisy, flipped = shapcpp.flip_labels(y, seed=3, matrix=matrix)
    assert (noisy[y == "ant"] == "cat").sum() == flipped[y == "ant"].sum() == 9
    assert (noisy[y == "bee"] == "ant").sum() == (noisy[y == "bee"] == "dog").sum() == 15
    assert not flipped[np.isin(y, ["cat", "dog"])].any()
    cases: list[tuple[Any, str]] = [
        ([[0, 1], [1, 0]], r"matrix must have shape \(4, 4\), as y has 4 labels, got \(2, 2\)"),
        (matrix - 1, "matrix has -1 at row 0, column 1; shares lie between 0 and 1"),
        (matrix * np.nan, "matrix has nan at row 0, column 0; shares lie between 0 and 1"),
        (np.full((4, 4), 0.5), r"matrix flips 1.5 of label ant \(row 0\), more than all"),
    ]
    for bad, sentence in cases:
        with pytest.raises(ValueError, match=sentence):
            shapcpp.flip_labels(y, matrix=bad)
    with pytest.raises(ValueError, match="rate and matrix name two kinds of noise"):
        shapcpp.flip_labels(y, 0.1, matrix=matrix)
    with pytest.raises(ValueError, match="rate or matrix says how many labels to flip: pass one"):
        shapcpp.flip_labels(y)
