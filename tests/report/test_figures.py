from __future__ import annotations

import base64
import warnings
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from doubtful import run
from shapcpp import Features, Valuation
from shapcpp.detection.removal import removal_curve
from shapcpp.report import drawing, figure2, figure3, figures
from shapcpp.report.pictures import pictures_of
from shapcpp.report.queue import Candidate


def svg(uri: str) -> Any:
    kind, content = uri.split(",")
    assert kind == "data:image/svg+xml;base64"
    return ElementTree.fromstring(base64.b64decode(content))


def test_figure2_has_a_row_per_run_and_a_panel_per_metric(v: Valuation, tmp_path: Path) -> None:
    figure = figure2({"one": v, "other": v}, [3, 4], tmp_path / "figure2.png")
    assert len(figure.axes) == 6
    assert (tmp_path / "figure2.png").read_bytes().startswith(b"\x89PNG")
    axes = figure.axes[1]
    running: Any = axes.lines[0]
    assert v.trace_counts is not None
    assert running.get_xdata()[-1] == v.n_permutations
    assert running.get_ydata()[-1] == pytest.approx(v["rec"][3])
    low, high = v.interval("rec")
    band: Any = axes.collections[0].get_paths()[0].vertices
    at_the_end = band[band[:, 0] == v.n_permutations][:, 1]
    assert (at_the_end.min(), at_the_end.max()) == pytest.approx((low[3], high[3]))
    first = running.get_xdata()[0]
    at_first = band[band[:, 0] == first][:, 1]
    assert np.ptp(at_first) == pytest.approx((high[3] - low[3]) * np.sqrt(v.n_permutations / first))


def test_figure2_of_a_halved_run_is_in_the_units_of_its_values(noisy: Features) -> None:
    halved = run(noisy, 20, sampler="halving", trace=5)
    line: Any = figure2({"halved": halved}, [3]).axes[0].lines[0]
    assert line.get_ydata()[-1] == pytest.approx(halved["acc"][3])


def test_an_axis_of_less_than_a_decade_has_numbers_on_it(noisy: Features) -> None:
    axis = figure2({"short": run(noisy, 30, trace=5)}, [3]).axes[0].xaxis
    for minor in (False, True):
        labels = [label.get_text() for label in axis.get_ticklabels(minor=minor)]
        assert all(text.replace(",", "").isdigit() or not text for text in labels), labels


@pytest.mark.parametrize("name", ["1.2.826.0.1.3680043.8.498.4578784190518811424981", "WWWWWWWW"])
def test_legends_of_long_names_leave_room_for_the_panel(v: Valuation, name: str) -> None:
    long = replace(v, ids=np.array([f"{name}{i}" * 2 for i in range(len(v.ids))]))
    panel = figures.convergence(long, "rec")  # matplotlib warns where there is no room
    assert panel.width == figures.convergence(v, "rec").width
    for axes in figure2({"one": long}, [3, 4]).axes:
        assert axes.get_window_extent().width > 150
        assert axes.get_window_extent().height > 100


def test_figure2_needs_a_trace(v: Valuation) -> None:
    with pytest.raises(ValueError, match="run 'mine' has no trace: value it with trace=50"):
        figure2({"mine": replace(v, trace_counts=None, trace_gains=None)})


def test_the_two_samples_shown_are_of_both_labels(v: Valuation) -> None:
    assert v.labels[figures.two_samples(v)].tolist() == [0, 1]


def test_figure3_has_the_truth_on_the_right(v: Valuation, tmp_path: Path) -> None:
    figure = figure3(v, tmp_path / "figure3.svg")
    assert len(figure.axes) == 3 * 2 * 2  # values and lanes
    assert (tmp_path / "figure3.svg").read_text().startswith("<?xml")
    assert len(figure3(replace(v, true_labels=None)).axes) == 3 * 1 * 2


def test_sorted_values_are_where_their_label_says(v: Valuation) -> None:
    from matplotlib.figure import Figure

    above, below = Figure().subplots(2, 1)
    drawing.sorted_values(above, v, "spc", v.labels, "given label")
    drawing.class_lanes(below, v, "spc", v.labels)
    order = np.argsort(v["spc"], kind="stable")
    for label, points, strokes in zip((0, 1), above.collections, below.collections, strict=True):
        offsets: Any = points.get_offsets()
        np.testing.assert_array_equal(offsets[:, 0], np.flatnonzero(v.labels[order] == label))
        np.testing.assert_array_equal(offsets[:, 1], v["spc"][order][v.labels[order] == label])
        paths: Any = strokes.get_paths()
        stands = [path.vertices[0, 0] for path in paths]
        np.testing.assert_array_equal(stands, offsets[:, 0])


def test_of_many_labels_the_most_frequent_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    y, y_test = np.arange(80) % 40, np.arange(40)
    y[:30] = np.arange(30) % 3
    X, X_test = rng.normal(size=(80, 3)), rng.normal(size=(40, 3))
    v = shapcpp.value(X, y, X_test, y_test, permutations=4, model="centroid", metrics="acc")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a figure without room
        [panel] = figures.sorted_values(v, "acc")
    parts = drawing._told_apart(v, v.labels)
    assert [name for name, _, _ in parts[:3]] == ["0", "1", "2"]
    assert parts[-1][0] == f"{len(v.classes) - 12} others"
    assert np.sum([members for _, members, _ in parts], axis=0).tolist() == [1] * 80
    assert "Values by accuracy in rising order" in panel.alt


def test_other_kinds_of_file_are_refused(v: Valuation, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a figure is written as .png, .svg or .pdf"):
        figure3(v, tmp_path / "figure3.gif")


def test_pictures_say_in_words_what_they_show(v: Valuation, noisy: Features) -> None:
    tenth = len(v.labels) // 10
    lowest = int((v.labels[v.lowest("rec", 0.1)] == 1).sum())
    given, true = figures.sorted_values(v, "rec")
    assert f"among the lowest tenth {lowest} of {tenth} are 1" in given.alt
    assert "true label" in true.alt
    assert f"{np.corrcoef(v['rec'], v['spc'])[0, 1]:.2f}" in figures.agreement(v).alt
    train, val = noisy.samples("train"), noisy.samples("val")
    curve = removal_curve(v, train.X, train.y, val.X, val.y, "acc")
    panel = figures.removal({"acc": curve}, "rec", "dropped", "lowest", (0, 1))
    mean = curve["mean"][curve["score"] == "rec"]
    assert f"by accuracy from {mean[0]:.2f} to {mean[-1]:.2f}" in panel.alt
    assert svg(panel.uri).tag.endswith("svg")


def test_many_points_become_a_picture(v: Valuation, monkeypatch: pytest.MonkeyPatch) -> None:
    few = figures.agreement(v).uri
    monkeypatch.setattr(drawing, "MOST_VECTORS", 10)
    many = figures.agreement(v).uri
    assert not list(svg(few).iter("{http://www.w3.org/2000/svg}image"))
    assert list(svg(many).iter("{http://www.w3.org/2000/svg}image"))


def test_thumbnails_are_small_and_inside(tmp_path: Path) -> None:
    picture: Any = np.arange(256, dtype=np.uint8).reshape(16, 16)
    one = Candidate("a", 0, None, [])
    uris = pictures_of([one], {"a": picture, "b": picture}).uris
    assert list(uris) == ["a"]
    assert uris["a"].startswith("data:image/jpeg;base64,")
    assert pictures_of([one], None).uris == {}
    with pytest.raises(ValueError, match="scans has no picture of 'c', and lacks 1 of 2"):
        pictures_of([one, Candidate("c", 0, None, [])], {"a": picture})
    with pytest.raises(ValueError, match="the thumbnail of 'a' must be a grey picture of 8 bits"):
        pictures_of([one], {"a": picture / 255})
