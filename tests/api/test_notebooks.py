"""What a notebook shows: tables by group, figures, progress without widgets, and an interrupt's result."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import shapcpp
from runs import arguments, run
from shapcpp import progress
from shapcpp.report import figure2, figure3

GROUPS = [f"P{i // 6} <b>" for i in range(60)]


def by_groups(**options: Any) -> shapcpp.Valuation:
    return run(20, groups=GROUPS, **options)


def test_values_by_group_have_a_row_per_group(tmp_path: Path) -> None:
    v = by_groups()
    table = v.columns("acc", by_group=True)
    assert list(table)[:3] == ["group", "samples", "acc"]
    assert table["group"].tolist() == sorted(set(GROUPS))
    assert table["samples"].tolist() == [6] * 10
    of_sample = dict(zip(GROUPS, v["acc"].tolist(), strict=True))
    assert table["acc"].tolist() == [of_sample[group] for group in table["group"]]
    frame = v.to_frame("acc", by_group=True)
    assert frame.shape == (10, 7)
    v.to_csv(tmp_path / "g.csv", "acc", by_group=True)
    with (tmp_path / "g.csv").open(newline="") as file:
        assert [row["group"] for row in csv.DictReader(file)] == table["group"].tolist()
    assert len(v.columns("acc")["acc"]) == 60  # as ever
    with pytest.raises(ValueError, match="by_group needs a run whose groups share one value"):
        by_groups(by_group=False).columns(by_group=True)


def test_a_notebook_shows_a_row_per_group() -> None:
    shown = by_groups()._repr_html_()
    assert shown.count("<tr>") == 1 + 10
    assert "P0 &lt;b&gt;" in shown
    assert "<th>samples</th>" in shown
    assert by_groups(by_group=False)._repr_html_().count("<tr>") == 1 + 10


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_a_notebook_shows_doubts(groups: Any) -> None:
    X, y, *_ = arguments()
    d = shapcpp.doubt(X, y, groups)
    shown = d._repr_html_()
    assert shown.count("<tr>") == 1 + 10
    if groups is None:
        assert f"<td>{d.lowest(0.02)[0]}</td>" in shown
    else:
        assert "P0 &lt;b&gt;" in shown
        assert "<b>" not in shown


def test_figures_show_themselves_without_pyplot() -> None:
    v = run(20, trace=5)
    for figure in (figure2({"mine": v}), figure3(v)):
        content: bytes = figure._repr_png_()  # type: ignore[attr-defined]
        assert content.startswith(b"\x89PNG")


class Notebook(Console):
    """A console as rich finds it in a notebook."""

    def __init__(self, **options: Any) -> None:
        super().__init__(force_jupyter=True, **options)


def test_progress_without_widgets_rewrites_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("rich.console.Console", Notebook)
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    monkeypatch.setattr(progress, "BETWEEN_LINES", 0.0)
    monkeypatch.setattr(sys, "stderr", screen)
    v = run(50, progress=True)
    assert v.complete
    lines = screen.getvalue().split("\r")
    assert lines[0] == ""
    assert lines[-1].startswith("permutations 50 of 50")
    assert lines[-1].endswith("\n")
    with progress.progress_bar("reading") as bar:
        bar(0, 3)
        bar.tell("half of it")
    assert screen.getvalue().split("\r")[-1].startswith("reading half of it")


def test_an_interrupt_says_where_the_partial_result_is() -> None:
    def stop(done: int, _: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(shapcpp.Interrupted, match=r"sys\.last_value\.partial") as stopped:
        run(4000, progress=stop)
    assert stopped.value.partial.n_permutations > 0
    assert np.isfinite(stopped.value.partial["acc"]).all()
