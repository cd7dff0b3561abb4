"""Three kinds of slices, named by words, through every command: from scans to page."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

import shapcpp
from command import shapcpp_cli
from three_kinds import KINDS, write_kinds

FINDING = ("--label-column", "finding")
QUICK = ("--size", 16, "--epochs", 6, "--capsules", 4)


def test_from_scans_to_page(tmp_path: Path) -> None:
    write_kinds(tmp_path / "scans", 20)
    done = shapcpp_cli("features", "scans", *FINDING, *QUICK, "--save-model", "m.pt", "-o", "f.npy", cwd=tmp_path)  # fmt: skip
    assert "finding has 3 classes: bleed (40), fracture (40), normal (40)" in done.stderr
    assert "train: 60 slices, 20 bleed, 20 fracture, 20 normal\n" in done.stdout
    rows = shapcpp.read_features(tmp_path / "f.npy").rows
    assert rows["features"].shape == (120, 48)
    assert set(rows["label"]) == set(KINDS)
    again = shapcpp_cli("features", "scans", *FINDING, "--model", "m.pt", "-o", "again.npy", cwd=tmp_path)  # fmt: skip
    assert "test slices are among those" not in again.stderr
    np.testing.assert_allclose(
        shapcpp.read_features(tmp_path / "again.npy").rows["features"], rows["features"], atol=1e-5
    )

    shapcpp_cli("noise", "f.npy", "--rate", 0.2, "-o", "n.npy", cwd=tmp_path)
    done = shapcpp_cli("doubt", "n.npy", "-o", "d.npz", cwd=tmp_path)
    assert "Of 12 labels known to be wrong, " in done.stdout
    d = shapcpp.load(tmp_path / "d.npz", shapcpp.Doubts)
    noisy = shapcpp.read_features(tmp_path / "n.npy").rows
    wrong = noisy["label"] != noisy["true_label"]
    assert (d.suggestion[wrong] == noisy["true_label"][wrong]).mean() > 0.8

    shapcpp_cli("value", "n.npy", "--perms", 10, "-o", "run.npz", cwd=tmp_path)
    shapcpp_cli("detect", "run.npz", "--csv", "q.csv", cwd=tmp_path)
    with (tmp_path / "q.csv").open(newline="") as file:
        assert {row["label"] for row in csv.DictReader(file)} <= set(KINDS)
    shapcpp_cli("report", "run.npz", "--features", "n.npy", "--scans", "scans", "-o", "r.html", cwd=tmp_path)  # fmt: skip
    page = (tmp_path / "r.html").read_text()
    assert all(kind in page for kind in KINDS)
    assert "data:image/jpeg" in page


def test_the_paper_s_protocol_with_three_kinds(tmp_path: Path) -> None:
    write_kinds(tmp_path / "scans", 20)
    done = shapcpp_cli(
        "reproduce", "--data", "scans", *FINDING, "--size", 16, "--epochs", 2, "--perms", 10,
        "--noise", 20, "-o", "out", cwd=tmp_path,
    )  # fmt: skip
    assert "scans              train: 20 bleed, 20 fracture, 20 normal\n" in done.stderr
    with (tmp_path / "out" / "table2.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    flips = {f"{true} as {given}" for true in KINDS for given in KINDS if true != given}
    assert {row["direction"] for row in table} == flips
    assert {row["metric"] for row in table} == {"acc", "bal"}
    assert {row["paper"] for row in table} == {""}
    assert all(0 <= float(row["found"]) <= 1 for row in table)
    with (tmp_path / "out" / "scores.csv").open(newline="") as file:
        scores = list(csv.DictReader(file))
    assert {row["direction"] for row in scores} == {*flips, "any"}
    assert {row["flipped"] for row in scores if row["direction"] == "any"} == {"12"}
    assert (tmp_path / "out" / "figure2.png").stat().st_size > 1000
    assert (tmp_path / "out" / "figure3.png").stat().st_size > 1000
    assert "bleed" in (tmp_path / "out" / "report.html").read_text()
