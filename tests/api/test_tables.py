"""Tables as other programs write them: separators, encodings, titles, gaps and lines."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from shapcpp.storage import cells
from shapcpp.storage.tables import Table, read_table

KNOWN = ("file", "label", "note")


def table_of(tmp_path: Path, content: bytes | str, name: str = "t.csv") -> Table:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(tmp_path / name, KNOWN)


def entries(table: Table) -> list[tuple[str, ...]]:
    return [tuple(row.cells.values()) for row in table.rows]


@pytest.mark.parametrize(
    "text",
    [
        "file,label\na,1\nb,0\n",
        "file;label\na;1\nb;0\n",
        "file\tlabel\na\t1\nb\t0\n",
        "file|label\r\na|1\r\nb|0\r\n",
        "sep=;\r\nfile;label\r\na;1\r\nb;0\r\n",
        '\ufefffile,"label"\n"a",1\nb,0',
        "Reads of Dr. X, 2020\n\nfile,label\na,1\nb,0\n",
        ",,\nfile,label,\na,1,\n,,\nb,0,\n,,\n",
        ",file,label\n,a,1\n,b,0\n",
        "file,label\na,1\nb,0,,\n",
        " File , LABEL \n a , 1 \nb,0\n",
    ],
)
def test_the_same_table_in_many_ways_of_writing(tmp_path: Path, text: str) -> None:
    table = table_of(tmp_path, text)
    assert table.columns == ("file", "label")
    assert entries(table) == [("a", "1"), ("b", "0")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file;label;size (mm, px)\na;1;0,5\nb;0;1,5\n", [("a", "1", "0,5"), ("b", "0", "1,5")]),
        ("file;label (0,1)\na,1.png;1\n", [("a,1.png", "1")]),
        ("file;note\na;one, two, three\nb;four, five, six\n", [("a", "one, two, three"), ("b", "four, five, six")]),
        ('file,note\na,"x;y;z"\nb,"x;y;z"\n', [("a", "x;y;z"), ("b", "x;y;z")]),
    ],
)  # fmt: skip
def test_a_comma_inside_is_no_separator(
    tmp_path: Path, text: str, expected: list[tuple[str, ...]]
) -> None:
    assert entries(table_of(tmp_path, text)) == expected


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-32", None),
        ("utf-16-le", "UTF-16-LE, without the mark"),
        ("utf-16-be", "UTF-16-BE, without the mark"),
        ("cp1252", "is not UTF-8, and was read as Windows-1252"),
    ],
)
def test_encodings_are_recognised_and_told(tmp_path: Path, encoding: str, said: str | None) -> None:
    table = table_of(tmp_path, "file,label,note\nMüller.png,1,Lösung – für 5 €\n".encode(encoding))
    assert entries(table) == [("Müller.png", "1", "Lösung – für 5 €")]
    assert len(table.notes) == bool(said)
    assert said is None or said in table.notes[0]


@pytest.mark.parametrize(
    "content", [b"file,label\n\x81\x8d,1\n", b"file,label\na\0b,1\n", b"\0" * 40]
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match="t.csv is not a readable table: it") as error:
        table_of(tmp_path, content)
    assert "\n" not in str(error.value)


def test_lines_are_those_of_a_spreadsheet(tmp_path: Path) -> None:
    text = 'Reads\n\nfile,label,note\na,1,"two\nlines"\n\n,,\nb,0,x\n'
    table = table_of(tmp_path, text)
    assert [row.place for row in table.rows] == ["t.csv, line 4", "t.csv, line 7"]
    assert table.notes == ("t.csv: a line stands above the header",)
    with pytest.raises(ValueError, match="line 7 has 4 entries, the header 3"):
        table_of(tmp_path, text.replace("b,0,x", "b,0,x,y"))


def test_columns_without_a_name_are_left_out_and_told_if_they_hold_something(
    tmp_path: Path,
) -> None:
    table = table_of(tmp_path, ",file,label,,\n0,a,1,,\n1,b,0,,\n")
    assert entries(table) == [("a", "1"), ("b", "0")]
    assert table.notes == ("t.csv: columns without a name are left out",)
    assert not table_of(tmp_path, ",file,label,,\n,a,1,,\n").notes


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="its column 'label' is there twice"):
        table_of(tmp_path, "file,label,label\na,1,1\n")
    # A column that differs in capitals stays apart where the name itself is there.
    assert table_of(tmp_path, "file,label,Label\na,1,2\n").columns == ("file", "label", "Label")


def test_a_workbook_is_read_where_openpyxl_is(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in (
        ["Reads", None, None],
        [],
        ["file", "label", "slice"],
        ["a", True, 3.0],
        ["b", 0, None],
    ):
        book.active.append(line)
    book.create_sheet("empty")
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx", KNOWN)
    assert entries(table) == [("a", "TRUE", "3"), ("b", "0", "")]
    assert table.rows[1].place == "t.xlsx, line 5"
    book.create_sheet("second").append(["file"])
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(ValueError, match="it has 2 sheets with text .'Sheet', 'second'.: keep one"):
        read_table(tmp_path / "t.xlsx", KNOWN)


def test_a_workbook_that_cannot_be_read_says_how_to_save_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(ValueError, match=r"needs openpyxl .*\[excel\].*save it as CSV"):
        read_table(tmp_path / "t.xlsx", KNOWN)
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(ValueError, match="it is a packed file and no table .*save it as CSV"):
        read_table(tmp_path / "t.ods", KNOWN)
    with pytest.raises(ValueError, match="workbook of an old Excel .*save it as CSV"):
        table_of(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "t.xls")


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("3.0", 3), ("3.000", 3), (" 3 ", 3), ("0,0", 0), ("-1", -1), ("-1.0", -1),
     ("+2", 2), ("3.5", None), ("x", None), ("", None), ("1e3", None), ("9" * 30, None)],
)  # fmt: skip
def test_whole_numbers_as_programs_write_them(text: str, number: int | None) -> None:
    assert cells.whole_number(text) == number


@pytest.mark.parametrize(
    ("text", "label"),
    [("0", 0), ("1.0", 1), ("1,0", 1), ("True", 1), ("FALSE", 0), ("yes", 1), ("No", 0), ("Y", 1),
     ("Positive", 1), ("neg", 0), ("2", None), ("COVID", None), ("0.5", None)],
)  # fmt: skip
def test_labels_as_people_write_them(text: str, label: int | None) -> None:
    assert cells.label_of(text) == label


def test_what_is_positive_can_be_named() -> None:
    words = ("COVID", "2", "pneumonie bilatérale")
    positive = ["covid ", "2.0", "COVID", "pneumonie bilate\u0301rale"]
    assert [cells.label_of(word, words) for word in positive] == [1] * 4
    assert [cells.label_of(word, words) for word in ("normal", "1", "yes")] == [0] * 3


@pytest.mark.parametrize("text", ["", " ", "NA", "nan", "<NA>", "None", "#N/A", "-", "?"])
def test_gaps_as_programs_write_them(text: str) -> None:
    assert cells.is_missing(text)


@pytest.mark.parametrize(
    ("text", "split"),
    [("Train", "train"), ("TRAINING", "train"), ("Validation", "val"), ("test ", "test"),
     ("", ""), ("nan", ""), ("valid", None), ("x", None)],
)  # fmt: skip
def test_splits_as_people_write_them(text: str, split: str | None) -> None:
    assert cells.split_of(text) == split


def test_identifiers_lose_the_end_that_gaps_gave_them() -> None:
    assert cells.plain(["7.0", "", "12.0"]) == ["7", "", "12"]
    assert cells.plain(["7.0", "a"]) == ["7.0", "a"]
    assert cells.plain(["1.0", "1.5"]) == ["1.0", "1.5"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("7.39E+07", "shortened a long number"), ("1,2e+15", "shortened a long number"),
     ("2019-05-04", "for a date"), ("04-May", "for a date"), ("May-19", "for a date"),
     ("3/4/2020", "for a date"), ("7", "it may be '007'"), ("7.0", "it may be '007'"), ("a", ""),
     ("8", "")],
)  # fmt: skip
def test_hints_at_what_a_spreadsheet_did(text: str, said: str) -> None:
    hint = cells.hint(text, ["007", "12"])
    assert said in hint
    assert bool(hint) == bool(said)
