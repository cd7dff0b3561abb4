"""The removal curves of the page are those that their headings name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shapcpp import Features, Valuation, removal_curve, value
from shapcpp.report import figures, refits, report


def test_each_panel_shows_the_curves_of_its_heading(
    v: Valuation, noisy: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[dict[str, Any], str, str, str]] = []

    def removal(curves: dict[str, Any], score: str, verb: str, which: str, limits: Any) -> Any:
        shown.append((curves, score, verb, which))

    monkeypatch.setattr(figures, "removal", removal)
    rows = refits.removal_rows(v, noisy)
    assert [row.heading for row in rows] == [
        "The samples of lowest value are dropped", "The samples of highest value are dropped",
        "The samples of lowest value are relabelled", "The samples of highest value are relabelled",
    ]  # fmt: skip
    train, val = noisy.samples("train"), noisy.samples("val")
    sides = train.X, train.y, val.X, val.y
    actions: dict[str, Any] = {"dropped": "drop", "relabelled": "relabel"}
    for row, panels in zip(rows, np.reshape(np.arange(len(shown)), (4, -1)), strict=True):
        for panel in panels:
            curves, _, verb, which = shown[panel]
            assert f"of {which} value are {verb}" in row.heading
            order: Any = which
            for metric, curve in curves.items():
                wanted = (
                    removal_curve(v, *sides, order="random", action=actions[verb])
                    if metric == "random"
                    else removal_curve(v, *sides, metric, order=order, action=actions[verb])
                )
                assert str(curve.tolist()) == str(
                    wanted.tolist()
                )  # with nan, where there is no deviation


def test_a_page_refits_with_the_kernel_where_that_is_fast(
    noisy: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = noisy.samples("train"), noisy.samples("test")
    v = value(train.X, train.y, test.X, test.y, 4, ids=train.ids, kernel="rbf")
    assert not refits.is_slow(v)
    monkeypatch.setattr(refits, "MOST_WITH_KERNEL", len(train.y) - 1)
    assert refits.removal_rows(v, noisy) == []


@pytest.mark.parametrize("scale", [None, "standard"])
@pytest.mark.parametrize("folds", [None, 3])
def test_a_run_along_principal_directions_is_of_its_features(
    noisy: Features, tmp_path: Path, scale: Any, folds: int | None
) -> None:
    train, test = noisy.samples("train"), noisy.samples("test")
    every = noisy.all_samples()
    options: Any = {"permutations": 4, "scale": scale, "components": 2}
    if folds is None:
        v: Any = value(train.X, train.y, test.X, test.y, ids=train.ids, **options)
    else:
        v = value(every.X, every.y, folds=folds, ids=every.ids, **options)
    v.save(tmp_path / "run.npz")
    report(tmp_path / "run.npz", noisy, None, tmp_path / "page.html")
    moved = noisy.rows.copy()
    moved["features"][np.flatnonzero(moved["split"] == "train")[0]] += 0.5
    with pytest.raises(ValueError, match="features or test rows differ"):
        report(v, replace(noisy, rows=moved), None, tmp_path / "other.html")
