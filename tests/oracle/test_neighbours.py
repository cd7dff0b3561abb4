"""knn_values against the definition: every coalition of a few samples, by sorting."""

from __future__ import annotations

from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from classes import clouds
from command import shapcpp_cli


def by_hand(X: Any, y: Any, X_test: Any, y_test: Any, k: int) -> Any:
    """The value of each sample in each test sample's mean vote, shape (n, m)."""
    n = len(y)

    def votes(members: tuple[int, ...]) -> Any:
        rows = np.array(members, dtype=int)
        found = []
        for x, label in zip(X_test, y_test, strict=True):
            near = rows[np.argsort(((X[rows] - x) ** 2).sum(axis=1), kind="stable")[:k]]
            found.append((y[near] == label).sum() / k)
        return np.array(found)

    values = np.zeros((n, len(y_test)))
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            for some in combinations(others, size):
                gain = votes(tuple(sorted((*some, i)))) - votes(some)
                values[i] += gain / (n * comb(n - 1, size))
    return values


@pytest.mark.parametrize("K", [2, 3])
@pytest.mark.parametrize("k", [1, 3, 9])
def test_closed_form_is_the_definition(K: int, k: int) -> None:
    X, y, X_test, y_test = clouds(6, 7, K, d=2, seed=K)
    X = np.round(X)  # equal distances
    exact = by_hand(X, y, np.round(X_test), y_test, k)
    v = shapcpp.knn_values(
        X, np.array(["c", "a", "b"])[y], np.round(X_test), np.array(["c", "a", "b"])[y_test], k
    )
    np.testing.assert_allclose(v["acc"], exact.mean(axis=1), atol=1e-14)
    for c, name in enumerate("cab"[:K]):
        np.testing.assert_allclose(v[f"rec:{name}"], exact[:, y_test == c].mean(axis=1), atol=1e-14)


def test_it_reads_like_every_other_result(tmp_path: Path) -> None:
    X, y, X_test, y_test = clouds(40, 50, 3)
    true = (y + (np.arange(40) < 6)) % 3
    v = shapcpp.knn_values(X, y, X_test, y_test, true_labels=true)
    assert not v.stderr("bal").any()
    low, high = v.interval("acc", method="anytime")
    np.testing.assert_array_equal(low, high)
    assert (v.decided("acc", 0.1) != 0).all()
    assert v.reliability("acc") == 1
    assert shapcpp.detection_table(v, v.labels, true, metrics="acc").found.sum() >= 0
    assert shapcpp.review_queue(v, metrics="rec:2").certain.tolist() == ["yes"] * 4
    assert v._repr_html_().count("<tr>") == 11
    v.save(tmp_path / "knn.npz")
    kept = shapcpp.load(tmp_path / "knn.npz", shapcpp.ExactValuation)
    assert repr(kept) == "<ExactValuation: 40 samples, knn, k 5>"
    np.testing.assert_array_equal(kept.contributions, v.contributions)
    with pytest.raises(ValueError, match="metric 'rec' is of two classes"):
        kept["rec"]
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        shapcpp.knn_values(X, y, X_test, y_test, 0)
    with np.load(tmp_path / "knn.npz") as arrays:
        np.savez(tmp_path / "bad.npz", **{**arrays, "labels": arrays["labels"] + 7})
    with pytest.raises(ValueError, match="is a damaged result file: labels are not among classes"):
        shapcpp.load(tmp_path / "bad.npz")


def test_the_command(tmp_path: Path) -> None:
    X, y, X_test, y_test = clouds(40, 50, 3)
    names = np.array(["ant", "bee", "cat"])
    noisy, _ = shapcpp.flip_labels(names[y], 0.2)
    features = shapcpp.Features.from_splits(
        X, noisy, X_test, names[y_test], true_labels=names[y], ids=[f"s{i}" for i in range(40)]
    )
    shapcpp.write_features(tmp_path / "f.npy", features)
    done = shapcpp_cli(
        "knn", "f.npy", "-o", "k.npz", "--csv", "k.csv", "--metric", "rec:bee", cwd=tmp_path
    )
    assert "by 5 nearest neighbours" in done.stdout
    assert "recall of bee" in done.stdout
    assert (tmp_path / "k.csv").read_text().startswith("id,label,true_label,rec:bee,")
    done = shapcpp_cli("detect", "k.npz", cwd=tmp_path)
    assert "ant labelled" in done.stdout
