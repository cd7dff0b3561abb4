from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from shapcpp import Features
from shapcpp.detection.relabelling import apply_decisions, read_decisions


def features(**columns: Any) -> Features:
    dtype = [("features", float, (1,)), ("label", np.int64), ("split", "U5")]
    rows = np.zeros(6, dtype=dtype + [(k, np.asarray(c).dtype) for k, c in columns.items()])
    rows["label"] = [0, 1, 0, 1, 0, 1]
    rows["split"] = ["train"] * 4 + ["test"] * 2
    for name, column in columns.items():
        rows[name] = column
    return Features(rows, "features.npy")


def decided(folder: Path, text: str) -> Any:
    (folder / "decisions.csv").write_text(text)
    return read_decisions(folder / "decisions.csv")


def test_only_relabel_changes_and_only_the_label(tmp_path: Path) -> None:
    before = features(id=list("abcdef"), true_label=[1, 1, 0, 1, 0, 1], site=list("xyzxyz"))
    csv = "id,decision,label\na,relabel,0\nb,keep,1\nd,unsure,1\n"
    after = apply_decisions(before, decided(tmp_path, csv))
    assert after.rows["label"].tolist() == [1, 1, 0, 1, 0, 1]
    assert before.rows["label"].tolist() == [0, 1, 0, 1, 0, 1]
    for name in ("features", "split", "id", "true_label", "site"):
        np.testing.assert_array_equal(after.rows[name], before.rows[name])


def test_a_relabelled_sample_gains_no_true_label(tmp_path: Path) -> None:
    after = apply_decisions(
        features(id=list("abcdef")), decided(tmp_path, "id,decision\nb,relabel\n")
    )
    assert after.rows["label"].tolist() == [0, 0, 0, 1, 0, 1]
    assert "true_label" not in (after.rows.dtype.names or ())


@pytest.mark.parametrize("columns", [{}, {"id": np.arange(6)}, {"id": np.arange(6).astype("S2")}])
def test_ids_of_every_kind(columns: dict[str, Any], tmp_path: Path) -> None:
    after = apply_decisions(features(**columns), decided(tmp_path, "id,decision\n3,relabel\n"))
    assert after.rows["label"].tolist() == [0, 1, 0, 0, 0, 1]


def test_columns_in_any_order_as_a_spreadsheet_writes_them(tmp_path: Path) -> None:
    after = apply_decisions(
        features(id=['a "b", c', *"bcdef"]),
        decided(tmp_path, '\ufeffnote,decision,id\r\n"so, so",relabel,"a ""b"", c"\r\n'),
    )
    assert after.rows["label"].tolist() == [1, 1, 0, 1, 0, 1]


def test_decisions_saved_with_semicolons(tmp_path: Path) -> None:
    after = apply_decisions(
        features(id=list("abcdef")), decided(tmp_path, "id;decision;note\na;relabel;so, so\n")
    )
    assert after.rows["label"].tolist() == [1, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "decisions.csv lacks the columns 'id' and 'decision'; it has none"),
        ("id,verdict\na,keep\n", "lacks the column 'decision'; it has id, verdict"),
        (
            "id,decision\na,keep\nb,swap\n",
            "line 3: decision is 'swap'; it must be one of keep, relabel",
        ),
        ("id,decision\na\n", "line 2 has 1 entries, the header 2"),
        ("id,decision\na,keep\na,relabel\n", "line 3: id 'a' was decided before"),
        ('id,decision\n"a,keep\n', "is not a readable table"),
        ("id,decision\nz,keep\n", "line 2: no training row of features.npy has id 'z'"),
        ("id,decision\ne,relabel\n", "line 2: no training row of features.npy has id 'e'"),
        ("id,decision\nd,relabel\n", "line 2: several training rows of features.npy have id 'd'"),
        (
            "id,decision,label\na,relabel,1\n",
            "'a' was reviewed with label '1', but features.npy has 0",
        ),
    ],
)
def test_bad_decisions(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        apply_decisions(features(id=list("abddef")), decided(tmp_path, text))


def test_features_without_ids_go_by_row_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has id 'a'; it has no ids, so that row numbers stand"):
        apply_decisions(features(), decided(tmp_path, "id,decision\na,keep\n"))


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("'=1+1", "=1+1"), ("'-5", "-5"), ("'+x", "+x"), ("'@x", "@x"), ("'\tx", "\tx"),
        ("''quoted", "'quoted"), ("''=x", "'=x"), ("'plain", "'plain"), ("=1+1", "=1+1"), ("a'=", "a'="),
        ("'", "'"),
    ],
)  # fmt: skip
def test_the_apostrophe_before_a_formula_is_no_part_of_the_id(
    cell: str, name: str, tmp_path: Path
) -> None:
    (decision,) = decided(tmp_path, f'id,decision\n"{cell}",keep\n')
    assert decision.id == name


def test_a_negative_label_comes_back_from_the_report(tmp_path: Path) -> None:
    signed = features(id=list("abcdef"))
    signed.rows["label"][signed.rows["label"] == 0] = -1
    text = 'id,decision,label\n"a","relabel","\'-1"\n'
    assert signed.rows["label"][0] == -1
    assert apply_decisions(signed, decided(tmp_path, text)).rows["label"][0] == 1


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "decisions.csv").write_bytes(b"id,decision\n\x81\x8d,keep\n")
    with pytest.raises(ValueError, match="is not a readable table"):
        read_decisions(tmp_path / "decisions.csv")


def test_noise_relabelled_by_its_known_answer_is_undone(tmp_path: Path) -> None:
    noisy = shapcpp.add_noise(features(id=list("abcdef")), 0.5)
    wrong = noisy.rows["label"] != noisy.rows["true_label"]
    assert wrong.sum() == 2
    csv = "id,decision\n" + "".join(f"{i},relabel\n" for i in noisy.rows["id"][wrong])
    after = apply_decisions(noisy, decided(tmp_path, csv))
    np.testing.assert_array_equal(after.rows["label"], noisy.rows["true_label"])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id;decision;label\r\na;Relabel;0,0\r\n;;\r\nb;keep;\r\nc;;1\r\n", "utf-16"),
        ("Reads of 2020,,\nID,Decision,Label\na,RELABEL,False\nb,keep,1.0\nc,,\n", "cp1252"),
    ],
)
def test_decisions_as_a_spreadsheet_saves_them(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "d.csv").write_bytes(text.encode(encoding))
    decisions = read_decisions(tmp_path / "d.csv")
    assert [(one.id, one.decision) for one in decisions] == [("a", "relabel"), ("b", "keep")]
    after = apply_decisions(features(id=list("abcdef")), decisions)
    assert after.rows["label"].tolist() == [1, 1, 0, 1, 0, 1]


def test_an_id_that_a_spreadsheet_changed_is_explained(tmp_path: Path) -> None:
    changed = features(id=["007", "a/b", "Jos\u00e9", "d", "e", "f"])
    (tmp_path / "d.csv").write_text("id,decision\n7,keep\n")
    with pytest.raises(ValueError, match="has id '7'; it may be '007', and a spreadsheet may"):
        apply_decisions(changed, read_decisions(tmp_path / "d.csv"))
    (tmp_path / "d.csv").write_text("id,decision\na\\b,relabel\nJose\u0301,keep\n")
    after = apply_decisions(changed, read_decisions(tmp_path / "d.csv"))
    assert after.rows["label"].tolist() == [0, 0, 0, 1, 0, 1]
