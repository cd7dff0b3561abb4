"""Labels that hold commas, signs and quotes, that mean nothing elsewhere, or that are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from classes import clouds
from command import fails, shapcpp_cli
from shapcpp.cli.label_options import parse_class_weight


def written(path: Path, names: list[Any], dtype: str) -> np.ndarray[Any, Any]:
    """Rows with these labels, the first of which is the label of rows 0, K, 2K, ..."""
    K = len(names)
    X, y, X_test, y_test = clouds(15 * K, 10 * K, K)
    y, y_test = np.sort(y).reshape(K, -1).T.ravel(), np.sort(y_test)
    fields = [("features", "f8", X.shape[1:]), ("label", dtype), ("split", "U5"), ("id", "U9")]
    rows = np.zeros(len(y) + len(y_test), dtype=fields)
    rows["features"] = np.concatenate([X, X_test])
    rows["label"] = [names[k] for k in np.concatenate([y, y_test])]
    rows["split"] = np.repeat(["train", "test"], [len(y), len(y_test)])
    rows["id"] = [f"s{row}" for row in range(len(rows))]
    np.save(path, rows)
    return rows


@pytest.mark.parametrize(
    "names", [["a, b", "=1+1", "-x"], ['5" x', "a,b=2", "b"], ["1,5", "1", ""]]
)
def test_weights_name_labels_that_hold_commas_and_signs(names: list[str]) -> None:
    classes = np.array(sorted(filter(None, names)))
    text = ",".join(f"{name}={k + 1}" for k, name in enumerate(classes))
    assert parse_class_weight(text, classes) == {name: k + 1 for k, name in enumerate(classes)}


def test_labels_of_all_sorts_go_through_value_and_report(tmp_path: Path) -> None:
    written(tmp_path / "f.npy", ["a, b", "=1+1", 'say "x"'], "U9")
    shapcpp_cli(
        "value", "f.npy", "--metric", 'rec:say "x"', "--until", 'rec:"say ""x""" stderr <= 0.5',
        "--class-weight", 'a, b=2,say "x"=1,=1+1=3', "-o", "r.npz", cwd=tmp_path,
    )  # fmt: skip
    run = shapcpp.load(tmp_path / "r.npz", shapcpp.Valuation)
    assert run.settings["class_weight"] == [3.0, 2.0, 1.0]
    done = shapcpp_cli("value", "f.npy", "--metric", 'rec:say "x"', cwd=tmp_path)
    assert "reliability >= 0.95: reached" in done.stderr
    shapcpp_cli(
        "report", "r.npz", "--class-name", "=1+1=two", "--class-name", "a, b=A=B", "-o", "r.html",
        cwd=tmp_path,
    )  # fmt: skip
    page = (tmp_path / "r.html").read_text()
    assert "two" in page
    assert "A=B" in page


def test_a_class_may_be_called_like_nothing(tmp_path: Path) -> None:
    written(tmp_path / "f.npy", ["none", "-", " sdh"], "U9")
    (tmp_path / "d.csv").write_text(
        "id,decision,label,new_label\ns0,relabel,none,-\ns1,relabel,-,none\ns2,keep,sdh,NA\n"
    )
    shapcpp_cli("relabel", "f.npy", "d.csv", "-o", "fixed.npy", cwd=tmp_path)
    fixed = shapcpp.read_features(tmp_path / "fixed.npy").rows
    assert fixed["label"][:4].tolist() == ["-", "none", " sdh", "none"]
    (tmp_path / "d.csv").write_text("id,decision,label,new_label\ns0,relabel,none,NA\n")
    assert "the column new_label says which" in fails("relabel", "f.npy", "d.csv", "-o", "x.npy",
                                                      cwd=tmp_path)  # fmt: skip


@pytest.mark.parametrize(
    ("names", "dtype", "missing"),
    [(["a", "b"], "U3", ""), (["ä".encode(), b"b"], "S3", b""), ([1, 2], "f8", np.nan)],
)
def test_rows_without_a_label_stay_out_of_noise_and_decisions(
    tmp_path: Path, names: list[Any], dtype: str, missing: Any
) -> None:
    rows = written(tmp_path / "f.npy", names, dtype)
    rows["label"][[4, -1]] = missing
    np.save(tmp_path / "f.npy", rows)
    done = shapcpp_cli("noise", "f.npy", "--rate", 0.2, "-o", "n.npy", cwd=tmp_path)
    assert "1 training row without a label is left out" in done.stderr
    assert "flipped 3 of 14 training samples labelled" in done.stdout
    noisy = np.load(tmp_path / "n.npy")["label"]
    np.testing.assert_array_equal(noisy[[4, -1]], rows["label"][[4, -1]])
    (tmp_path / "d.csv").write_text("id,decision\ns0,relabel\ns1,keep\n")
    shapcpp_cli("relabel", "f.npy", "d.csv", "-o", "fixed.npy", cwd=tmp_path)
    fixed = np.load(tmp_path / "fixed.npy")["label"]
    assert fixed[0] == names[1]
    np.testing.assert_array_equal(fixed[1:], rows["label"][1:])


def test_bytes_that_are_no_text_are_told_by_every_command(tmp_path: Path) -> None:
    written(tmp_path / "f.npy", [b"\xff", b"\xfe"], "S3")
    for command in (["value"], ["doubt"], ["knn"], ["noise", "--rate", 0.2, "-o", "n.npy"]):
        assert "bytes that are no UTF-8" in fails(command[0], "f.npy", *command[1:], cwd=tmp_path)


def test_doubts_of_a_file_name_it(tmp_path: Path) -> None:
    rows = written(tmp_path / "f.npy", ["a", "b"], "U3")
    rows["label"] = "a"
    np.save(tmp_path / "f.npy", rows)
    assert fails("doubt", "f.npy", cwd=tmp_path) == (
        "Error: f.npy: label holds one class only: every label is a; two are needed\n"
    )


def test_a_matrix_of_noise_has_no_names_and_is_called_by_its_option(tmp_path: Path) -> None:
    written(tmp_path / "f.npy", ["a", "b"], "U3")
    (tmp_path / "m.csv").write_text("a,b\n0,0.2\n0.1,0\n")
    command = ("noise", "f.npy", "--matrix", "m.csv", "-o", "n.npy")
    assert "has 'a', which is no number; leave out names" in fails(*command, cwd=tmp_path)
    (tmp_path / "m.csv").write_text("0,1.2\n0.1,0\n")
    assert fails(*command, cwd=tmp_path).startswith("Error: --matrix has 1.2 at row 0, column 1")
