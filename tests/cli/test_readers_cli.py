"""Two label columns: from a spreadsheet of two readers to whom the other labels side with."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import fails, shapcpp_cli
from scans import pattern, write_csv, write_png
from shapcpp.ct.extraction import features_of
from shapcpp.ct.readers.reading import read_scans


def two_columns(folder: Path) -> None:
    rng = np.random.default_rng(3)
    truth = np.arange(120) % 2
    rows = np.zeros(120, dtype=[("features", float, (3,)), ("label", int), ("split", "U5"),
                                ("id", "U9"), ("anna", int), ("ben", float)])  # fmt: skip
    rows["features"] = rng.normal(size=(120, 3)) + 6 * truth[:, None]
    rows["label"] = rows["anna"] = rows["ben"] = truth
    rows["split"] = "train"
    rows["id"] = [f"slice-{i:03d}" for i in range(120)]
    rows["anna"][:4] = 1 - truth[:4]
    rows["ben"][50:53] = 1 - truth[50:53]
    rows["ben"][100:] = np.nan
    np.save(folder / "two.npy", rows)


def test_two_readers_are_compared(tmp_path: Path) -> None:
    two_columns(tmp_path)
    command = ("doubt", "two.npy", "--label-column", "anna", "--label-column", "ben")
    done = shapcpp_cli(*command, "-o", "r.npz", "--csv", "r.csv", cwd=tmp_path)
    assert done.stderr == "Note: 20 rows without a label of both readers are left out.\n"
    assert "anna and ben agree on 93 (93.0%), Cohen's kappa 0.86" in done.stdout
    assert "side with anna 3 times, with ben 4 times, with neither 0 times" in done.stdout
    assert "Next: shapcpp report r.npz" in done.stdout
    with (tmp_path / "r.csv").open(newline="") as file:
        sides = {row["id"]: row["sides_with"] for row in csv.DictReader(file)}
    assert sides == {f"slice-{i:03d}": "ben" for i in range(4)} | {
        f"slice-{i:03d}": "anna" for i in range(50, 53)
    }
    assert shapcpp.load(tmp_path / "r.npz", shapcpp.Readers).names == ("anna", "ben")


def test_one_label_column_is_the_label(tmp_path: Path) -> None:
    two_columns(tmp_path)
    done = shapcpp_cli("doubt", "two.npy", "--label-column", "ben", "-o", "d.npz", cwd=tmp_path)
    assert "20 rows without a label are left out" in done.stderr
    assert len(shapcpp.load(tmp_path / "d.npz", shapcpp.Doubts)) == 100


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--label-column", "anna", "--label-column", "eve"], "it lacks eve; it has features"),
        (["--label-column", "ben"] * 2, "--label-column names ben twice: two readers have two"),
        (["--label-column", "a"] * 3, "--label-column names 3 readers: two can be compared"),
        (["--label-column", "anna", "--label-column", "ben", "--compare"], "leave out --compare"),
    ],
)
def test_bad_usage(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    two_columns(tmp_path)
    assert sentence in fails("doubt", "two.npy", *arguments, cwd=tmp_path)


@pytest.mark.parametrize("anonymous", [False, True])
def test_scans_keep_both_readers_and_not_their_names_where_anonymous(
    anonymous: bool, tmp_path: Path
) -> None:
    rows = []
    for i in range(12):
        write_png(tmp_path / f"{i}.png", pattern(i, 16))
        rows.append((f"{i}.png", "yes" if i % 2 else "no", "" if i == 3 else int(i > 5)))
    table = write_csv(tmp_path / "two.csv", "file,Dr Anna,Dr Ben", *rows)
    notes: list[str] = []
    slices = read_scans(
        tmp_path, size=8, labels=table, label_column=("Dr Anna", "Dr Ben"), anonymous=anonymous,
        split="random", note=notes.append,
    )  # fmt: skip
    made = features_of(slices, np.asarray(slices.images)[:, 0, :4].astype(float))
    names = ("reader_1", "reader_2") if anonymous else ("Dr Anna", "Dr Ben")
    assert set(names) <= set(made.rows.dtype.names or ())
    assert made.rows["label"].tolist() == made.rows[names[0]].tolist() == [0, 1] * 6
    assert np.isnan(made.rows[names[1]]).sum() == 1
    assert any("Anna" in name for name in made.rows.dtype.names or ()) is not anonymous
    assert any("Anna" in note for note in notes) is False
    with pytest.raises(ValueError, match="lacks the column 'Dr Eve'"):
        read_scans(tmp_path, size=8, labels=table, label_column=("Dr Anna", "Dr Eve"))
