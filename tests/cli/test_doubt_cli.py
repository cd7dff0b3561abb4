"""`shapcpp doubt` as a user types it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import fails, shapcpp_cli


def test_every_labelled_row_is_judged_whatever_its_split(folder: Path) -> None:
    done = shapcpp_cli("doubt", "features.npy", "--fraction", "0.1", "-o", "d.npz", "--csv", "d.csv", cwd=folder)  # fmt: skip
    rows = shapcpp.read_features(folder / "features.npy").rows
    d = shapcpp.load(folder / "d.npz", shapcpp.Doubts)
    e = shapcpp.doubt(rows["features"], rows["label"])
    np.testing.assert_array_equal(d.score, e.score)
    assert d.ids.tolist() == rows["id"].tolist()
    assert "100 labels of 2 classes, each judged by all others" in done.stdout
    assert "Labels to doubt first: 10 of 100" in done.stdout
    assert done.stderr == ""
    with (folder / "d.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["id"] for row in table] == d.ids[d.lowest(0.1)].tolist()
    assert float(table[0]["probability"]) == d.probability[d.lowest(0.1)[0]]


def text_table(folder: Path) -> np.ndarray:
    rng = np.random.default_rng(0)
    kind = np.arange(120) % 3
    rows = np.empty(120, dtype=[("features", "f4", (4,)), ("label", "U9"), ("true_label", "U9")])
    names = np.array(["clear", "doubtful", "ill [x]"])
    rows["features"] = rng.normal(size=(120, 4)) + 6 * rng.normal(size=(3, 4))[kind]
    rows["true_label"] = rows["label"] = names[kind]
    rows["label"][:9] = names[(kind[:9] + 1) % 3]
    rows["label"][100:103] = ""
    np.save(folder / "text.npy", rows)
    return rows


def test_labels_may_be_text_and_missing_ones_are_counted(tmp_path: Path) -> None:
    text_table(tmp_path)
    done = shapcpp_cli("doubt", "text.npy", "--expected", cwd=tmp_path)
    assert done.stderr == "Note: 3 rows without a label are left out.\n"
    assert "ill [x]" in done.stdout
    assert "Of 9 labels known to be wrong" in done.stdout


def test_a_plain_matrix_needs_its_labels_only(tmp_path: Path) -> None:
    rows = text_table(tmp_path)[:100]
    np.save(tmp_path / "X.npy", rows["features"])
    np.save(tmp_path / "y.npy", rows["label"])
    done = shapcpp_cli("doubt", "X.npy", "--labels", "y.npy", cwd=tmp_path)
    assert "100 labels of 3 classes" in done.stdout
    assert "needs --labels" in fails("doubt", "X.npy", cwd=tmp_path)
    np.save(tmp_path / "y.npy", rows["label"][1:])
    assert "one label per row" in fails("doubt", "X.npy", "--labels", "y.npy", cwd=tmp_path)


def test_constant_features_are_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "X.npy", np.column_stack([np.ones(30), rng.normal(size=30)]))
    np.save(tmp_path / "y.npy", np.arange(30) % 2)
    done = shapcpp_cli("doubt", "X.npy", "--labels", "y.npy", cwd=tmp_path)
    assert "Note: 1 constant feature is left out." in done.stderr


def test_other_detectors_stand_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # boosted trees crawl where processors are taken
    text_table(tmp_path)
    done = shapcpp_cli("doubt", "text.npy", "--compare", cwd=tmp_path)
    assert "auroc" in done.stdout
    assert "extra trees" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["features.npy", "--fraction", "0"], "--fraction must be above 0"),
        (["features.npy", "--fraction", "0.1", "--expected"], "leave one out"),
        (["features.npy", "-o", "features.npy"], "would be overwritten"),
        (["features.npy", "--labels", "features.npy"], "holds its own labels"),
        (["missing.npy"], "missing.npy"),
        (["features.npy", "--seed", "-1"], "--seed must lie between"),
    ],
)
def test_bad_usage_is_told(folder: Path, arguments: list[str], sentence: str) -> None:
    assert sentence in fails("doubt", *arguments, cwd=folder)


def test_a_bad_feature_is_named_by_its_row_in_the_file(tmp_path: Path) -> None:
    rows = text_table(tmp_path)
    rows["features"][110, 2] = np.nan
    np.save(tmp_path / "text.npy", rows)
    said = fails("doubt", "text.npy", cwd=tmp_path)
    assert "text.npy: features has nan at row 110, column 2" in said


def test_files_of_readers_and_of_neighbours_are_told_what_shows_them(folder: Path) -> None:
    rows = np.load(folder / "features.npy")
    doubts = shapcpp.compare_readers(rows["features"], rows["label"], np.arange(100) % 2)
    doubts.save(folder / "r.npz")
    assert "`shapcpp report r.npz -o PAGE.html`" in fails("detect", "r.npz", cwd=folder)
    assert "holds two readers" in fails("merge", "r.npz", "r.npz", "-o", "e.npz", cwd=folder)
    shapcpp_cli("knn", "features.npy", "-o", "k.npz", cwd=folder)
    assert "nearest neighbours, where a run" in fails("merge", "k.npz", "k.npz", "-o", "e.npz", cwd=folder)  # fmt: skip
    pytest.importorskip("matplotlib")
    assert "k.npz holds exact values of nearest neighbours, which have no page" in fails(
        "report", "k.npz", "-o", "p.html", cwd=folder
    )


def test_a_page_shows_a_file_of_doubts_and_commands_on_runs_say_what_it_is(folder: Path) -> None:
    shapcpp_cli("doubt", "features.npy", "-o", "d.npz", cwd=folder)
    assert "wrote p.html" in shapcpp_cli("report", "d.npz", "-o", "p.html", cwd=folder).stdout
    d, page = shapcpp.load(folder / "d.npz", shapcpp.Doubts), (folder / "p.html").read_text()
    assert all(name in page for name in d.ids[d.lowest(0.1)])
    assert "holds doubts" in fails("detect", "d.npz", cwd=folder)
    assert "holds doubts" in fails("merge", "d.npz", "d.npz", "-o", "e.npz", cwd=folder)
