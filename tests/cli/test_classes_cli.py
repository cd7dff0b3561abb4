"""The commands with labels in words, three of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import shapcpp
from classes import clouds
from command import fails, shapcpp_cli

WORDS = np.array(["ant", "bee", "wild cat"])


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    X, y, X_test, y_test = clouds(45, 60, 3)
    ids = [f"s{i}" for i in range(45)]
    features = shapcpp.Features.from_splits(X, WORDS[y], X_test, WORDS[y_test], ids=ids)
    shapcpp.write_features(tmp_path / "f.npy", features)
    return tmp_path


def test_from_noise_to_relabelled(folder: Path) -> None:
    done = shapcpp_cli("noise", "f.npy", "--rate", 0.2, "-o", "n.npy", cwd=folder)
    assert "flipped 3 of 15 training samples labelled wild cat" in done.stdout
    done = shapcpp_cli(
        "value", "n.npy", "--perms", 20, "-o", "run.npz", "--csv", "v.csv", "--metric", "rec:bee",
        "--metric", "acc", "--empty", "label:wild cat", "--class-weight", "ant=1,bee=2,wild cat=1",
        cwd=folder,
    )  # fmt: skip
    assert "model ovr, C 1" in done.stdout
    assert "Lowest values by recall of bee" in done.stdout
    assert "empty label wild cat" in done.stdout
    run = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    assert run.settings["empty"] == ["label", "wild cat"]
    assert run.settings["class_weight"] == [1.0, 2.0, 1.0]
    header = (folder / "v.csv").read_text().splitlines()[0].split(",")
    assert header[3:5] == ["rec:bee", "rec:bee_stderr"]
    done = shapcpp_cli("detect", "run.npz", "--metric", "acc", cwd=folder)
    assert "bee labelled ant" in done.stdout
    noisy = shapcpp.read_features(folder / "n.npy").rows
    wrong = np.flatnonzero((noisy["label"] != noisy["true_label"]) & (noisy["split"] == "train"))
    lines = [f"{noisy['id'][i]},relabel,{noisy['true_label'][i]}" for i in wrong]
    (folder / "d.csv").write_text("\n".join(["id,decision,new_label", *lines, ""]))
    shapcpp_cli("relabel", "n.npy", "d.csv", "-o", "fixed.npy", cwd=folder)
    fixed = shapcpp.read_features(folder / "fixed.npy").rows
    np.testing.assert_array_equal(fixed["label"], fixed["true_label"])


def test_ridge_by_rule_and_a_matrix_of_noise(folder: Path) -> None:
    (folder / "m.csv").write_text("0, 0.2, 0\n0, 0, 0\n0, 0.4, 0\n")
    done = shapcpp_cli("noise", "f.npy", "--matrix", "m.csv", "-o", "n.npy", cwd=folder)
    assert "flipped 3 of 15 training samples labelled ant" in done.stdout
    assert "flipped 6 of 15 training samples labelled wild cat" in done.stdout
    done = shapcpp_cli(
        "value", "n.npy", "--model", "ridge", "--until", 'rec:"wild cat" reliability >= 0.5',
        "--no-doubt", cwd=folder,
    )  # fmt: skip
    assert "model ridge" in done.stdout
    assert 'rec:"wild cat" reliability >= 0.5: reached after' in done.stderr


def test_bad_names_of_labels(folder: Path) -> None:
    for arguments, sentence in [
        (("--metric", "rec"), "metric 'rec' is of two classes, and there are 3"),
        (("--metric", "rec:dog"), "metric 'rec:dog' names no label (they are ant, bee, wild cat)"),
        (("--empty", "dog"), "--empty names label 'dog', which the training rows lack"),
        (("--class-weight", "ant=1,dog=2"), "--class-weight names label 'dog'"),
        (("--class-weight", "ant=1"), "class-weight lacks label bee"),
        (
            ("--model", "forest"),
            "Invalid value for '--model': 'forest' is not one of 'logistic', 'ovr', 'ridge'",
        ),
        (("--until", "rec:dog reliability >= 0.5"), "'rec:dog' names no label"),
    ]:
        assert sentence in fails("value", "f.npy", "--perms", 2, *arguments, cwd=folder)


def test_values_beside_doubts_are_few_where_labels_are_many(folder: Path) -> None:
    rng = np.random.default_rng(2)
    y, X = np.arange(60) % 4, rng.normal(size=(60, 4)) + 5 * np.eye(4)[np.arange(60) % 4]
    y[:3] = 3 - y[:3]
    run = shapcpp.value(X[:30], y[:30], X[30:], y[30:], model="ridge", permutations=4, doubt=True)
    run.save(folder / "four.npz")
    done = shapcpp_cli("detect", "four.npz", "--fraction", 0.1, cwd=folder)
    assert "value by bal" in done.stdout
    assert "value by rec:" not in done.stdout
    assert "Values by the recall of each label: --metric rec:LABEL" in done.stdout
    run = shapcpp.value(
        X[:30], y[:30], X[30:], y[30:], model="ridge", permutations=4, true_labels=np.arange(30) % 4
    )
    run.save(folder / "four.npz")
    for arguments in [(), ("--queue",)]:
        out = shapcpp_cli("detect", "four.npz", *arguments, cwd=folder).stdout
        assert "bal" in out
        assert "rec:0" not in out
    assert "rec:0" in shapcpp_cli("detect", "four.npz", "--metric", "rec:0", cwd=folder).stdout


def test_rows_without_a_label_are_left_out_and_counted(folder: Path) -> None:
    features = shapcpp.read_features(folder / "f.npy")
    features.rows["label"][:2] = ""
    shapcpp.write_features(folder / "f.npy", features)
    done = shapcpp_cli("value", "f.npy", "--perms", 2, "--no-doubt", cwd=folder)
    assert "2 rows without a label are left out" in done.stderr
    assert "43 training samples" in done.stdout
    with pytest.raises(ValueError, match=r"f.npy: label has an empty string.* at row 0"):
        shapcpp.read_features(folder / "f.npy").sides()


def test_unlabelled_test_rows_leave_the_others_to_judge_one_another(folder: Path) -> None:
    features = shapcpp.read_features(folder / "f.npy")
    features.rows["label"][features.rows["split"] == "test"] = ""
    shapcpp.write_features(folder / "f.npy", features)
    told = shapcpp_cli("value", "f.npy", "--perms", 2, "--no-doubt", cwd=folder).stderr
    assert "without a label are left out" in told
    assert "f.npy has no test rows: its 45 rows judge one another, in 5 folds" in told
    shapcpp_cli("value", "f.npy", "--perms", 2, "--no-doubt", "--folds", 3, cwd=folder)
    assert "f.npy has no label in the rows of split 'test'" in fails("knn", "f.npy", cwd=folder)


def test_a_page_leaves_out_rows_without_a_label_on_both_sides(folder: Path) -> None:
    features = shapcpp.read_features(folder / "f.npy")
    split = features.rows["split"]
    split[np.flatnonzero(split == "train")[::4]] = "val"
    features.rows["label"][[np.flatnonzero(split == side)[1] for side in ("train", "val")]] = ""
    shapcpp.write_features(folder / "f.npy", features)
    shapcpp_cli("value", "f.npy", "--perms", 2, "--no-doubt", "-o", "run.npz", cwd=folder)
    done = shapcpp_cli("report", "run.npz", "--features", "f.npy", "-o", "r.html", cwd=folder)
    assert done.stderr == "Note: 2 rows without a label are left out.\n"
    assert "value are dropped" in (folder / "r.html").read_text()
