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
        (
            "id,decision\ne,relabel\n",
            "line 2: no training row of features.npy has id 'e'; another row has it: say in a column label",
        ),
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


def test_decisions_are_remembered_and_removed_rows_leave_their_split(tmp_path: Path) -> None:
    csv = "id,decision,label\na,relabel,0\nb,remove,1\nc,unsure,0\n"
    after = apply_decisions(features(id=list("abcdef")), decided(tmp_path, csv))
    assert after.rows["reviewed"].tolist() == ["relabel", "remove", "unsure", "", "", ""]
    assert after.rows["split"].tolist() == ["train", "", "train", "train", "test", "test"]
    assert after.rows["label"].tolist() == [1, 1, 0, 1, 0, 1]
    again = apply_decisions(after, decided(tmp_path, "id,decision\nc,keep\n"))
    assert again.rows["reviewed"].tolist() == ["relabel", "remove", "keep", "", "", ""]
    reviewed = again.samples("train").reviewed
    assert reviewed is not None
    assert reviewed.tolist() == ["relabel", "keep", ""]
    assert again.all_samples().ids.tolist() == list("acdef")  # neither valued nor judging


def test_noise_forgets_what_was_decided_of_the_labels_it_flips(tmp_path: Path) -> None:
    kept = apply_decisions(
        features(id=list("abcdef")), decided(tmp_path, "id,decision\na,keep\nb,keep\nc,keep\n")
    )
    noisy = shapcpp.add_noise(kept, 0.5)
    flipped = noisy.rows["label"] != kept.rows["label"]
    assert (noisy.rows["reviewed"][flipped] == "").all()
    np.testing.assert_array_equal(noisy.rows["reviewed"][~flipped], kept.rows["reviewed"][~flipped])


def test_a_row_of_another_split_needs_the_label_that_was_reviewed(tmp_path: Path) -> None:
    # `shapcpp doubt` is asked of every row; the values of a run are of training rows only.
    after = apply_decisions(
        features(id=list("abcdef")), decided(tmp_path, "id,decision,label\ne,relabel,0\n")
    )
    assert after.rows["label"].tolist() == [0, 1, 0, 1, 1, 1]
    with pytest.raises(ValueError, match=r"no row of features\.npy has id 'z'"):
        apply_decisions(
            features(id=list("abcdef")), decided(tmp_path, "id,decision,label\nz,relabel,0\n")
        )


def test_of_three_classes_the_new_label_is_named(tmp_path: Path) -> None:
    three = features(id=list("abcdef"))
    three.rows["label"][:4] = [0, 1, 2, 1]
    csv = "id,decision,label,new_label\na,relabel,0,2.0\nb,keep,1,\n"
    assert apply_decisions(three, decided(tmp_path, csv)).rows["label"][0] == 2
    with pytest.raises(ValueError, match="there are 2 other labels: the column new_label says"):
        apply_decisions(three, decided(tmp_path, "id,decision\na,relabel\n"))
    csv = "id,decision,new_label\na,relabel,0\n"
    with pytest.raises(ValueError, match="new_label is '0'; it must be one of 1, 2"):
        apply_decisions(three, decided(tmp_path, csv))


def test_a_field_reviewed_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    theirs = features(id=list("abcdef"), reviewed=[1, 0, 1, 0, 1, 0])
    assert theirs.samples("train").reviewed is None
    with pytest.raises(TypeError, match="field reviewed holds int64, where decisions"):
        apply_decisions(theirs, decided(tmp_path, "id,decision\na,keep\n"))


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
