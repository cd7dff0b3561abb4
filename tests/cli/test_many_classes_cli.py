"""Three kinds of slices, named by words, through every command: from scans to page."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import shapcpp
from scans import write_csv, write_image_folder
from shapcpp.cli.main import cli
from three_kinds import KINDS, write_kinds

FINDING = ("--label-column", "finding")
QUICK = ("--size", 16, "--epochs", 6, "--capsules", 4)


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_from_scans_to_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_kinds(tmp_path / "scans", 20)
    monkeypatch.chdir(tmp_path)

    def do(*arguments: object) -> str:
        cli.main([*map(str, arguments)], prog_name="shapcpp", standalone_mode=False)
        said = capfd.readouterr()
        return said.out + said.err

    said = do("features", "scans", *FINDING, *QUICK, "--save-model", "m.pt", "-o", "f.npy")
    assert "finding has 3 classes: bleed (40), fracture (40), normal (40)" in said
    assert "train: 60 slices, 20 bleed, 20 fracture, 20 normal\n" in said
    rows = shapcpp.read_features("f.npy").rows
    assert rows["features"].shape == (120, 48)
    assert set(rows["label"]) == set(KINDS)
    counts = "train=bleed:3/normal:20,test=fracture:5"
    do("features", "scans", *FINDING, "--model", "m.pt", "--counts", counts, "-o", "again.npy")
    again = shapcpp.read_features("again.npy").rows
    drawn = again[again["split"] != ""]
    assert sorted(zip(drawn["split"].tolist(), drawn["label"].tolist(), strict=True)) == sorted(
        [("train", "bleed")] * 3 + [("train", "normal")] * 20 + [("test", "fracture")] * 5
    )
    np.testing.assert_allclose(again["features"], rows["features"], atol=1e-5)

    do("noise", "f.npy", "--rate", 0.2, "-o", "n.npy")
    assert "Of 12 labels known to be wrong, " in do("doubt", "n.npy", "-o", "d.npz")
    d = shapcpp.load("d.npz", shapcpp.Doubts)
    noisy = shapcpp.read_features("n.npy").rows
    wrong = noisy["label"] != noisy["true_label"]
    assert (d.suggestion[wrong] == noisy["true_label"][wrong]).mean() > 0.8

    do("value", "n.npy", "--perms", 6, "-o", "run.npz")
    do("detect", "run.npz", "--csv", "found.csv")
    with open("found.csv", newline="") as file:
        assert {row["given"] for row in csv.DictReader(file)} == set(KINDS)
    do("report", "run.npz", "--features", "n.npy", "--scans", "scans", "-o", "r.html")
    page = Path("r.html").read_text()
    assert all(kind in page for kind in KINDS)
    assert "data:image/jpeg" in page


def test_the_paper_s_protocol_with_three_kinds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_kinds(tmp_path / "scans", 12)
    monkeypatch.chdir(tmp_path)
    command = "reproduce --data scans --size 16 --epochs 1 --perms 4 --noise 25 -o out"
    cli.main([*command.split(), *FINDING], prog_name="shapcpp", standalone_mode=False)
    said = capfd.readouterr().err
    assert "train: 12 bleed, 12 fracture, 12 normal\n" in said
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
    assert {row["flipped"] for row in scores if row["direction"] == "any"} == {"9"}
    assert (tmp_path / "out" / "figure2.png").stat().st_size > 1000
    assert (tmp_path / "out" / "figure3.png").stat().st_size > 1000
    assert "bleed" in (tmp_path / "out" / "report.html").read_text()


def test_slices_are_counted_by_numbers_that_read_as_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_image_folder(tmp_path, 12, 1)
    rows = [(f"images/{n}_0.png", n % 3, "train") for n in range(12)]
    write_csv(tmp_path / "manifest.csv", "file,label,split", *rows)
    (tmp_path / "mine.py").write_text("def means(pictures):\n    return pictures.mean((2, 3))\n")
    monkeypatch.chdir(tmp_path)
    words = "features manifest.csv --encoder mine:means --size 8 -o f.npy"
    cli.main(words.split(), prog_name="shapcpp", standalone_mode=False)
    said = capfd.readouterr()
    assert "train: 12 slices, 4 labelled 0, 4 labelled 1, 4 labelled 2\n" in said.out
    assert "; to make two classes of them, name the positive ones with --positive\n" in said.err
