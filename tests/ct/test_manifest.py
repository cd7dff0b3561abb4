"""Manifests and label files: their rows, columns, entries and ways of writing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scans import pattern, write_csv, write_image_folder, write_png
from shapcpp.ct import read_scans


@pytest.mark.parametrize(
    "entries",
    [
        ("scans/a/0.png", "scans/b/1.png", "scans/b/2.png"),  # from the label file's folder
        ("a/0.png", "b/1.png", "b/2.png"),  # from the scans
        ("0.png", "elsewhere/1.png", "2.png"),  # by name
    ],
)
def test_labels_beside_the_scans(tmp_path: Path, entries: tuple[str, ...]) -> None:
    for name in ("a/0", "b/1", "b/2", "b/3"):
        write_png(tmp_path / "scans" / f"{name}.png", pattern(int(name[-1])))
    labels = [(name, label, 7) for name, label in zip(entries, (0, 1, 0), strict=True)]
    table = write_csv(tmp_path / "labels.csv", "file,verdict,patient", *labels, ("x.png", 1, 7))
    notes: list[str] = []
    slices = read_scans(
        tmp_path / "scans", size=4, labels=table, label_column="verdict", note=notes.append
    )
    assert slices.id.tolist() == ["a/0.png", "b/1.png", "b/2.png"]
    assert slices.label.tolist() == [0, 1, 0]
    assert slices.patient is not None
    assert slices.patient.tolist() == ["7"] * 3
    assert "1 of 4 rows" in notes[0]
    assert "the first is labels.csv, line 5" in notes[0]
    assert "x.png" not in notes[0]  # it may be called by its patient
    assert "1 of 4 slices" in notes[1]


def test_an_entry_is_first_relative_to_the_label_file(tmp_path: Path) -> None:
    for place in ("0.png", "1.png", "below/0.png", "below/1.png"):
        write_png(tmp_path / place, pattern(len(place)))
    table = write_csv(tmp_path / "below" / "labels.csv", "file,label", ("0.png", 0), ("1.png", 1))
    assert read_scans(tmp_path, size=4, labels=table).id.tolist() == ["below/0.png", "below/1.png"]


def test_a_label_file_over_a_manifest(tmp_path: Path) -> None:
    folder = write_image_folder(tmp_path / "scans")
    rows = [(f"images/{p}_{k}.png", 1 - k % 2) for p in range(4) for k in range(4)]
    table = write_csv(tmp_path / "second.csv", "file,label", *rows)
    first, second = read_scans(folder, size=4), read_scans(folder, size=4, labels=table)
    assert (first.label + second.label == 1).all()
    assert second.patient is not None


def test_a_file_name_that_occurs_twice_is_no_match(tmp_path: Path) -> None:
    for name in ("a/0", "b/0"):
        write_png(tmp_path / "scans" / f"{name}.png", pattern(0))
    table = write_csv(tmp_path / "labels.csv", "file,label", ("0.png", 1))
    with pytest.raises(ValueError, match="line 2: 0.png may be .*a/0.png or .*b/0.png"):
        read_scans(tmp_path / "scans", labels=table)


@pytest.mark.parametrize(
    ("header", "rows", "sentence"),
    [
        ("label", [(1,)], "manifest.csv lacks the column 'file' .file_column names another.; it has label"),
        ("file,verdict", [("0.png", 1)], "lacks the column 'label' .*label_column.*file, verdict"),
        ("file,label", [("0.png", 1), ("1.png", 2)], "line 3: label is '2'; labels must be 0 or 1"),
        ("file,label", [("0.png", "COVID")], "line 2: label is 'COVID'; labels must be 0 or 1"),
        ("file,label", [("0.png", ""), ("1.png", "")], "0.png .*line 2.* neither label nor mask, nor"),
        ("file,label,split", [("0.png", 1, "valid")], "line 2: split is 'valid'; it must be one of"),
        ("file,label,slice", [("0.png", 1, "x")], "line 2: slice is 'x'"),
        ("file,label", [("0.png", 1), ("1.png",)], "line 3 has 1 entries, the header 2"),
        ("file,label,label", [("0.png", 1, 1)], "its column 'label' is there twice"),
        ("file,label", [("", 1)], "line 2: file is empty"),
        ("file,label,true_label", [("0.png", 1, "x")], "line 2: true_label is 'x'; it must be 0, 1"),
        ("file,label", [], "manifest.csv has no rows"),
        ("file,label", [("0.png", 1), ("1.png", 1)], "none of the 2 slices .* is negative"),
        ("file,label", [("0.png", 0), ("1.png", 0)], "none of the 2 slices .* is positive"),
        ("file,label", [("0.png", 1), ("./0.png", 1)], "line 3.* is the same slice as .*line 2"),
        ("file,label", [("0.png", 1), ("no.png", 1)], "no.png .*line 3.*: no such file"),
        ("file,label,patient", [("0.png", 1, "a"), ("1.png", 0, "")], "line 3.* has no patient"),
        ("file,label", [("manifest.csv", 1)], "it is neither NIfTI, nor DICOM, nor an image"),
    ],
)  # fmt: skip
def test_bad_manifests(tmp_path: Path, header: str, rows: list[Any], sentence: str) -> None:
    for number in range(2):
        write_png(tmp_path / f"{number}.png", pattern(number))
    write_csv(tmp_path / "manifest.csv", header, *rows)
    with pytest.raises(ValueError, match=sentence) as error:
        read_scans(tmp_path, size=4)
    assert "\n" not in str(error.value)


def test_what_is_no_csv(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes(b"file,label\n\xff\xfe\x00,1\n")
    with pytest.raises(ValueError, match="manifest.csv is not a readable table: "):
        read_scans(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "\ufefffile,label\r\n0.png,1\r\n\r\n1.png,0\r\n",
        "\r\nfile;label;mean\r\n0.png;1;0,5\r\n1.png;0;1,5\r\n",
        "file\tlabel\n0.png\t1\n1.png\t0\n",
        "sep=;\r\nfile;label\r\n0.png;1\r\n1.png;0\r\n",
        'file,"label"\n"0.png",1\n1.png,0\n',
    ],
    ids=["byte order mark and blank lines", "semicolons", "tabs", "sep", "quotes"],
)
def test_tables_as_spreadsheets_write_them(tmp_path: Path, text: str) -> None:
    for number in range(2):
        write_png(tmp_path / f"{number}.png", pattern(number))
    (tmp_path / "manifest.csv").write_bytes(text.encode())
    slices = read_scans(tmp_path, size=4)
    assert slices.label.tolist() == [1, 0]
    if "mean" in text:
        assert slices.extra["mean"].tolist() == ["0,5", "1,5"]


def test_true_labels_in_any_way_of_writing(tmp_path: Path) -> None:
    for number in range(4):
        write_png(tmp_path / f"{number}.png", pattern(number))
    truths = ("1.0", "0", "-1", "0.0")
    rows = [(f"{number}.png", number % 2, truth) for number, truth in enumerate(truths)]
    write_csv(tmp_path / "manifest.csv", "file,label,true_label", *rows)
    for anonymous in (False, True):
        slices = read_scans(tmp_path, size=4, anonymous=anonymous)
        assert slices.extra["true_label"].tolist() == [1, 0, -1, 0]
        assert slices.extra["true_label"].dtype == np.int64


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (("5", "-12"), [5, -12]),
        (("0.5", "3"), [0.5, 3.0]),
        (("1e-05", "-2.50"), [1e-05, -2.5]),
        (("007", "8"), None),
        (("007.5", "8"), None),
        (("11_11", "8"), None),
        (("+5", "8"), None),
        (("1E5", "8"), None),
        (("inf", "8"), None),
        (("\u0663", "8"), None),
        (("12345678901234567890", "8"), None),
        (("1234567890123456789", ""), None),
        (("1" * 5000, "8"), None),
    ],
)
def test_only_plain_numbers_become_numbers(
    tmp_path: Path, entries: tuple[str, str], expected: list[float] | None
) -> None:
    for number in range(2):
        write_png(tmp_path / f"{number}.png", pattern(number))
    rows = [(f"{number}.png", number, entry) for number, entry in enumerate(entries)]
    write_csv(tmp_path / "manifest.csv", "file,label,code", *rows)
    column = read_scans(tmp_path, size=4).extra["code"].tolist()
    assert column == (list(entries) if expected is None else expected)


def test_columns_that_the_features_file_has_of_its_own_are_left_out(tmp_path: Path) -> None:
    for number in range(2):
        write_png(tmp_path / f"{number}.png", pattern(number))
    write_csv(
        tmp_path / "manifest.csv",
        "file,verdict,label,group",
        ("0.png", 1, 0, 5),
        ("1.png", 0, 0, 5),
    )
    notes: list[str] = []
    slices = read_scans(tmp_path, size=4, label_column="verdict", note=notes.append)
    assert slices.label.tolist() == [1, 0]
    assert not slices.extra
    assert "'label', 'group'" in notes[-1]


def test_a_file_under_two_names_is_one_slice(tmp_path: Path) -> None:
    for number in range(3):
        write_png(tmp_path / "in" / f"{number}.png", pattern(number))
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "in" / "0.png")
    for other in ("in/link.png", "in/../in/0.png", str(tmp_path / "in" / "0.png")):
        rows = [("in/0.png", 0), ("in/1.png", 1), (other, 1)]
        write_csv(tmp_path / "manifest.csv", "file,label", *rows)
        sentence = r"(0|link).png \(manifest.csv, line 4\) is the same slice as in/0.png"
        with pytest.raises(ValueError, match=sentence):
            read_scans(tmp_path, size=4)
