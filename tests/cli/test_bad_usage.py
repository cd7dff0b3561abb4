"""Refusals of the command line: one sentence, status 2, and nothing written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from command import fails, shapcpp_cli


def spoil(folder: Path, name: str, change: Any) -> str:
    rows: NDArray[Any] = np.load(folder / "features.npy")
    np.save(folder / name, change(rows))
    return name


def set_feature(rows: NDArray[Any]) -> NDArray[Any]:
    rows["features"][17, 2] = np.inf
    return rows


def without_label(rows: NDArray[Any]) -> NDArray[Any]:
    return np.array(rows[["features", "split"]])


def without_any_label(rows: NDArray[Any]) -> NDArray[Any]:
    unknown = np.empty(len(rows), dtype=[*rows.dtype.descr[:1], ("label", "U3"), ("split", "U5")])
    unknown["features"], unknown["split"] = rows["features"], rows["split"]
    return unknown


def with_truths_of_another_kind(rows: NDArray[Any]) -> NDArray[Any]:
    known = np.empty(len(rows), dtype=[*rows.dtype.descr, ("true_label", "U3")])
    for name in rows.dtype.names or ():
        known[name] = rows[name]
    known["true_label"] = "cat"
    return known


def of_one_class(rows: NDArray[Any]) -> NDArray[Any]:
    rows["label"] = 1
    return rows


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (set_feature, "bad.npy: features has inf at row 17, column 2"),
        (without_label, "bad.npy lacks the field label; it has features, split"),
        (
            of_one_class,
            "bad.npy: label of the training rows holds one class only: every label is 1",
        ),
        (lambda rows: rows[rows["split"] == "test"], "bad.npy has no row with split 'train'"),
        (lambda rows: rows[:0], "bad.npy has no row with split 'train'"),
        (without_any_label, "bad.npy has no label in the rows of split 'train'"),
        (
            with_truths_of_another_kind,
            "bad.npy: true_label holds strings (row 0 is 'cat') and label integers (such as",
        ),
    ],
)
def test_bad_features_files(change: Any, sentence: str, folder: Path) -> None:
    assert sentence in fails("value", spoil(folder, "bad.npy", change), "-o", "run.npz", cwd=folder)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("value",), "Missing argument 'FEATURES'"),
        (("value", "absent.npy"), "absent.npy: no such file or directory"),
        (("value", "."), ".: is a directory"),
        (
            ("value", "features.npy", "--perms", "0"),
            "Invalid value for '--perms': 0 is not in the range",
        ),
        (("value", "features.npy", "--perms", "-3"), "'--perms': -3 is not in the range x>=1"),
        (("value", "features.npy", "--perms", "many"), "'many' is not a valid integer"),
        (("value", "features.npy", "--C", "0"), "--C must be positive and finite, got 0.0"),
        (
            ("value", "features.npy", "--metric", "f1"),
            "metric 'f1' is unknown; known: acc, rec, spc, bal",
        ),
        (
            ("value", "features.npy", "--seed", "-1"),
            "--seed must lie between 0 and 2^64 - 1, got -1",
        ),
        (
            ("value", "features.npy", "--scale", "x"),
            "Invalid value for '--scale': 'x' is not 'standard'",
        ),
        (
            ("value", "features.npy", "--empty", "5"),
            "--empty names label '5', which the training rows lack (their labels are 0, 1)",
        ),
        (("value", "features.npy", "--class-weight", "0=1"), "--class-weight lacks label 1"),
        (
            ("value", "features.npy", "--class-weight", "0=a"),
            "--class-weight must be 'balanced' or LABEL=",
        ),
        (
            ("value", "features.npy", "-o", "absent/run.npz"),
            "absent/run.npz: its folder does not exist",
        ),
        (("value", "features.npy", "-o", "."), ".: it is a directory"),
        (
            ("value", "features.npy", "-o", "features.npy"),
            "features.npy is named twice and would be overwritten",
        ),
        (("value", "features.npy", "--csv", "/proc/values.csv"), "/proc/values.csv: "),
        (
            ("noise", "features.npy", "--rate", "2", "-o", "n.npy"),
            "--rate must lie between 0 and 1, got 2 (2% is 0.02)",
        ),
        (
            ("noise", "features.npy", "-o", "n.npy"),
            "--rate or --matrix says how many labels to flip",
        ),
        (
            ("noise", "features.npy", "--rate", "0.1", "-o", "n.csv"),
            "is written as .npy, got n.csv",
        ),
        (
            ("noise", "features.npy", "--rate", "0.1", "-o", "test_labels.csv"),
            "is written as .npy, got test_labels.csv",
        ),
        (
            ("detect", "features.npy"),
            "features.npy is not a readable .npz file but a .npy file: `shapcpp value FEATURES.npy",
        ),
        (("frobnicate",), "No such command 'frobnicate'"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], sentence: str, folder: Path) -> None:
    assert sentence in fails(*arguments, cwd=folder)


def test_by_group_needs_groups(folder: Path) -> None:
    name = spoil(folder, "alone.npy", lambda rows: rows[["features", "label", "split"]].copy())
    assert "--by-group needs groups, and alone.npy holds none" in fails(
        "value", name, "--by-group", cwd=folder
    )


def test_a_failed_run_is_status_one(folder: Path) -> None:
    def enlarge(rows: NDArray[Any]) -> NDArray[Any]:
        rows["features"] *= 1e120
        return rows

    sentence = fails("value", spoil(folder, "far.npy", enlarge), "--C", "1e80", "-o", "run.npz",
                     cwd=folder, status=1)  # fmt: skip
    assert "missed its tolerance" in sentence


def test_outputs_never_overwrite_each_other_or_an_input(folder: Path) -> None:
    assert "r.npz is named twice" in fails(
        "value", "features.npy", "-o", "r.npz", "--csv", "r.npz", cwd=folder
    )
    (folder / "q").write_bytes((folder / "features.npy").read_bytes())
    assert "q is named twice" in fails("value", "q", "-o", "q", cwd=folder)
    (folder / "link.npy").symlink_to("features.npy")
    assert "is named twice" in fails(
        "noise", "features.npy", "--rate", 0.1, "-o", "link.npy", cwd=folder
    )
    shapcpp_cli(
        "value", "features.npy", "--perms", 2, "-o", "/dev/null", "--csv", "/dev/null", cwd=folder
    )
