"""`shapcpp detect` on runs that keep doubts: these first, then values; and the loop of a review."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.recfunctions import append_fields

import shapcpp
from command import fails, shapcpp_cli


@pytest.fixture(name="clear")
def _clear(tmp_path: Path) -> Path:
    """Features that tell the classes apart, with some wrong labels, of known truth."""
    rng = np.random.default_rng(1)
    y, held = np.arange(160) % 2, np.arange(40) % 2
    clean = shapcpp.Features.from_splits(
        rng.normal(size=(160, 3)) + 5 * y[:, None],
        y,
        rng.normal(size=(40, 3)) + 5 * held[:, None],
        held,
        ids=[f"slice-{i:03d}" for i in range(160)],
    )
    clean.rows["id"][160:] = [f"judge-{i:03d}" for i in range(40)]
    shapcpp.write_features(tmp_path / "noisy.npy", shapcpp.add_noise(clean, 0.1))
    known = clean.rows.copy()
    known["label"][:160] = shapcpp.add_noise(clean, 0.1).rows["label"][:160]
    shapcpp.write_features(tmp_path / "unknown.npy", shapcpp.Features(known))
    return tmp_path


def test_a_run_begins_with_its_doubts_and_values_stand_beside(clear: Path) -> None:
    done = shapcpp_cli("value", "unknown.npy", "--perms", 20, "-o", "run.npz", cwd=clear)
    assert "About 16 of these 160 labels are probably wrong (95%: " in done.stdout
    assert "160 of the 200 labels of the file are valued" in done.stdout
    v = shapcpp.load(clear / "run.npz", shapcpp.Valuation)
    assert v.doubts is not None
    done = shapcpp_cli("detect", "run.npz", "--doubts-csv", "doubts.csv", cwd=clear)
    assert done.stdout.startswith("160 labels of 2 classes, each judged by all others: about 16")
    assert re.search(r"suggestion\W+probability\W+value by acc\W+value by rec", done.stdout)
    found = re.findall(r"slice-\d+", done.stdout)
    order = v.doubts.expected_wrong()
    assert found[:10] == v.ids[order][:10].tolist()
    assert found[10:20] == v.ids[v.lowest("acc", 0.1)][:10].tolist()
    assert f"{v['acc'][order[0]]:+.2e}" in done.stdout
    with (clear / "doubts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == v.ids[order].tolist()
    only = shapcpp_cli("detect", "run.npz", "--metric", "acc", cwd=clear).stdout
    assert "probability" not in only


def test_known_errors_have_a_table_for_doubt_beside_the_papers(clear: Path) -> None:
    shapcpp_cli("value", "noisy.npy", "--perms", 20, "-o", "run.npz", cwd=clear)
    done = shapcpp_cli("detect", "run.npz", "--fraction", 0.1, cwd=clear)
    v = shapcpp.load(clear / "run.npz", shapcpp.Valuation)
    assert v.doubts is not None
    assert v.true_labels is not None
    table = shapcpp.detection_table(v.doubts, v.labels, v.true_labels, 0.1)
    assert table.metric.tolist() == ["doubt", "doubt"]
    assert table.share.min() > 0.8
    papers, doubts = done.stdout.split("Known label errors among the ")[1:]
    assert papers.startswith("lowest values: share found (number)")
    assert re.search(r"lowest\W+error\W+flipped\W+acc\W+rec\W+spc\W+bal\W", papers)
    assert re.search(r"10%\W+positives labelled negative\W+8\W+" + f"{table[0].share:.2f}", doubts)
    with pytest.raises(ValueError, match="doubts have no metrics"):
        shapcpp.detection_table(v.doubts, v.labels, v.true_labels, 0.1, "acc")


def test_without_doubts(clear: Path) -> None:
    done = shapcpp_cli(
        "value", "unknown.npy", "--perms", 5, "--no-doubt", "-o", "run.npz", cwd=clear
    )
    assert "probably wrong" not in done.stdout
    assert shapcpp.load(clear / "run.npz", shapcpp.Valuation).doubts is None
    v = shapcpp.load(clear / "run.npz", shapcpp.Valuation)
    done = shapcpp_cli("detect", "run.npz", cwd=clear)
    assert done.stdout.startswith("Labels that fewest models agree with which were trained without")
    first = re.findall(r"slice-\d+", done.stdout)[:10]
    assert first == v.ids[np.argsort(v.agreement(), kind="stable")][:10].tolist()
    shapcpp_cli("value", "unknown.npy", "--perms", 5, "--no-doubt", "--no-votes", "-o", "run.npz",
                cwd=clear)  # fmt: skip
    assert shapcpp_cli("detect", "run.npz", cwd=clear).stdout.startswith("Review queue by accuracy")
    assert "keeps no doubts (--doubts-csv)" in fails(
        "detect", "run.npz", "--doubts-csv", "d.csv", cwd=clear
    )


def test_features_that_tell_nothing_cost_the_doubts_and_not_the_run(clear: Path) -> None:
    rows = np.load(clear / "unknown.npy")
    rows["features"] = 1.0
    np.save(clear / "flat.npy", rows)
    done = shapcpp_cli("value", "flat.npy", "--perms", 5, "-o", "run.npz", cwd=clear)
    assert "Note: no doubts are kept: X tells nothing" in done.stderr
    assert shapcpp.load(clear / "run.npz", shapcpp.Valuation).doubts is None


def test_a_decision_made_is_not_asked_again(clear: Path) -> None:
    shapcpp_cli("doubt", "unknown.npy", "-o", "d.npz", "--csv", "d.csv", cwd=clear)
    d = shapcpp.load(clear / "d.npz", shapcpp.Doubts)
    first = d.expected_wrong()
    words = ["relabel", "remove", "keep", *["relabel"] * (len(first) - 3)]
    lines = [f"{d.ids[i]},{word},{d.labels[i]}" for i, word in zip(first, words, strict=True)]
    (clear / "decisions.csv").write_text("\n".join(["id,decision,label", *lines, ""]))
    done = shapcpp_cli("relabel", "unknown.npy", "decisions.csv", "-o", "fixed.npy", cwd=clear)
    assert done.stdout.startswith(f"keep 1, relabel {len(first) - 2}, unsure 0, remove 1\n")
    again = shapcpp_cli("doubt", "fixed.npy", "-o", "e.npz", cwd=clear)
    assert "1 row that a reviewer removed is left out" in again.stderr
    assert f"{len(first) - 1} labels were reviewed before; they are not asked again" in again.stdout
    e = shapcpp.load(clear / "e.npz", shapcpp.Doubts)
    assert len(e) == len(d) - 1
    assert not set(e.ids[e.expected_wrong()]) & set(d.ids[first])
    valued = shapcpp_cli("value", "fixed.npy", "--perms", 3, "-o", "run.npz", cwd=clear)
    assert "1 row that a reviewer removed is left out" in valued.stderr
    listed = shapcpp_cli("detect", "run.npz", "--fraction", "1", cwd=clear).stdout
    doubted = re.findall(r"slice-\d+", listed.split("Review queue")[0])
    assert not set(doubted) & set(d.ids[first].tolist())


def test_by_group_there_is_a_row_per_group(folder: Path) -> None:
    shapcpp_cli("value", "features.npy", "--perms", 5, "--by-group", "-o", "run.npz",
                "--csv", "values.csv", "--group-csv", "groups.csv", cwd=folder)  # fmt: skip
    v = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    for name, length in (("values.csv", 60), ("groups.csv", 20)):
        with (folder / name).open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == length
    assert {row["samples"] for row in rows} == {"3"}
    done = shapcpp_cli("detect", "run.npz", "--metric", "acc", "--fraction", 0.2, cwd=folder)
    groups = re.findall(r"^│ +\d+ │ (\d+)", done.stdout, flags=re.MULTILINE)
    assert groups == list(dict.fromkeys(str(v.groups[i]) for i in v.lowest("acc", 0.2)))  # type: ignore[index]
    assert "--group-csv has a row per group: it goes with --by-group" in fails(
        "value", "features.npy", "--group-csv", "g.csv", cwd=folder
    )


@pytest.mark.parametrize("command", [("value", "--perms", 3), ("knn", "--k", 3)])
def test_rows_removed_by_hand_are_not_valued(clear: Path, command: tuple[object, ...]) -> None:
    """Their split says nothing of it, unlike that of rows that `relabel` removes."""
    rows = np.load(clear / "unknown.npy")
    marked = append_fields(rows, "reviewed", np.full(len(rows), "", dtype="U6"), usemask=False)
    marked["reviewed"][np.flatnonzero(rows["split"] == "train")[:3]] = "remove"
    np.save(clear / "marked.npy", marked)
    name, *options = command
    done = shapcpp_cli(name, "marked.npy", *options, cwd=clear)
    assert "3 rows that a reviewer removed are left out" in done.stderr
    assert done.stdout.startswith(f"{(rows['split'] == 'train').sum() - 3} training samples")
