"""The command line without a test set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import shapcpp
from command import fails, shapcpp_cli


def test_folds_value_every_row_whatever_its_split(folder: Path) -> None:
    done = shapcpp_cli("value", "features.npy", "--folds", 4, "--perms", 6, "-o", "run.npz",
                       "--csv", "values.csv", cwd=folder)  # fmt: skip
    rows = np.load(folder / "features.npy")
    assert (
        "100 training samples (65 labelled 0, 35 labelled 1), judged by one another in 4 folds"
        in (done.stdout)
    )
    v = shapcpp.value(rows["features"], rows["label"], folds=4, permutations=6,
                      groups=rows["group"], by_group=False)  # fmt: skip
    w = shapcpp.load(folder / "run.npz", shapcpp.FoldedValuation)
    np.testing.assert_array_equal(v["acc"], w["acc"])
    assert len((folder / "values.csv").read_text().splitlines()) == 101
    assert "Review queue by accuracy" in shapcpp_cli("detect", "run.npz", cwd=folder).stdout
    assert "wrote r.html" in shapcpp_cli("report", "run.npz", "-o", "r.html", cwd=folder).stdout


def test_a_file_without_test_rows_is_valued_in_five_folds(folder: Path) -> None:
    rows = np.load(folder / "features.npy")
    np.save(folder / "train.npy", rows[rows["split"] == "train"])
    done = shapcpp_cli("value", "train.npy", "--perms", 4, "-o", "a.npz", cwd=folder)
    assert "train.npy has no test rows: its 60 rows judge one another, in 5 folds" in done.stderr
    assert len(shapcpp.load(folder / "a.npz", shapcpp.FoldedValuation).parts) == 5
    np.save(folder / "X.npy", rows["features"])
    np.save(folder / "y.npy", rows["label"])
    plain = shapcpp_cli(
        "value", "X.npy", "--labels", "y.npy", "--perms", 4, "--estimate", cwd=folder
    )
    assert "20 permutations" in plain.stdout


def test_pieces_of_a_run_in_folds_go_together(folder: Path) -> None:
    common = ("value", "features.npy", "--folds", 3)
    shapcpp_cli(*common, "--perms", 4, "-o", "a.npz", cwd=folder)
    shapcpp_cli(*common, "--perms", 4, "--first", 4, "-o", "b.npz", cwd=folder)
    merged = shapcpp_cli("merge", "a.npz", "b.npz", "-o", "all.npz", cwd=folder)
    assert "24 of 24 permutations asked for (in each of 3 folds: 0 to 7)" in merged.stdout
    shapcpp_cli(*common, "--perms", 8, "--extend", "a.npz", "-o", "c.npz", cwd=folder)
    v, w = (shapcpp.load(folder / name, shapcpp.FoldedValuation) for name in ("all.npz", "c.npz"))
    np.testing.assert_array_equal(v["acc"], w["acc"])
    shapcpp_cli("value", "features.npy", "--perms", 4, "-o", "one.npz", cwd=folder)
    assert "b.npz cannot be merged with one.npz" in fails(
        "merge", "one.npz", "b.npz", "-o", "x.npz", cwd=folder
    )
    assert (
        "--extend a.npz must be the result of a run with a test set, as this is one, got that of a run in"
        in fails("value", "features.npy", "--perms", 8, "--extend", "a.npz", cwd=folder)
    )
