"""Manifests and label files as spreadsheets and other machines write them."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from scans import dicom, pattern, write_csv, write_dicom, write_png
from shapcpp.ct import Slices, read_scans
from shapcpp.ct.readers.thumbnails import thumbnails


def pictures(folder: Path, names: tuple[str, ...] = ("0", "1", "2", "3")) -> None:
    for number, name in enumerate(names):
        write_png(folder / f"{name}.png", pattern(number))


def read(path: Path, **options: Any) -> tuple[Slices, list[str]]:
    notes: list[str] = []
    slices = read_scans(path, size=4, note=notes.append, **options)
    return slices, [note for note in notes if not note.startswith("split:")]


def test_columns_with_gaps_are_read_as_if_they_had_none(tmp_path: Path) -> None:
    pictures(tmp_path)
    write_csv(
        tmp_path / "manifest.csv",
        "file,label,slice,patient,true_label,split",
        ("0.png", "0.0", "0.0", "7.0", "", "Train"),
        ("1.png", "1.0", "", "12.0", "1.0", "TEST"),
        ("2.png", "True", "2.0", "7.0", "-1.0", "Validation"),
        ("3.png", "", "nan", "7.0", "False", ""),
    )
    slices, notes = read(tmp_path)
    assert slices.label.tolist() == [0, 1, 1]
    assert slices.split.tolist() == ["train", "test", "val"]
    assert slices.patient is not None
    assert slices.patient.tolist() == ["7", "12", "7"]
    assert slices.extra["true_label"].tolist() == [-1, 1, -1]
    assert slices.extra["slice"].tolist()[::2] == [0, 2]
    assert len(notes) == 1
    assert "1 of 4 slices of " in notes[0]
    assert "have neither label nor mask and are left out, the first is 3.png" in notes[0]


@pytest.mark.parametrize(
    ("entries", "options", "note"),
    [
        (("no", "Yes", "yes", "NO"), {}, None),
        (("normal", "COVID", "covid", "Normal"), {"positive": "COVID"}, "counts as negative"),
        (("1", "2", "2.0", "1"), {"positive": ["2"]}, None),
        (("0", "CAP", "COVID", "0"), {"positive": ["COVID", "CAP"]}, None),
    ],
)
def test_words_for_labels(
    tmp_path: Path, entries: tuple[str, ...], options: dict[str, Any], note: str | None
) -> None:
    pictures(tmp_path)
    rows = [(f"{number}.png", entry) for number, entry in enumerate(entries)]
    write_csv(tmp_path / "manifest.csv", "file,label", *rows)
    slices, notes = read(tmp_path, **options)
    assert slices.label.tolist() == [0, 1, 1, 0]
    assert len(notes) == bool(note)
    assert note is None or note in notes[0]


def test_pictures_need_no_words_for_labels(tmp_path: Path) -> None:
    pictures(tmp_path)
    rows = [(f"{n}.png", ("normal", "CAP")[n % 2], ("CAP", "normal")[n % 2]) for n in range(4)]
    write_csv(tmp_path / "manifest.csv", "file,label,true_label", *rows)
    slices, _ = read(tmp_path, positive="CAP")
    assert slices.label.tolist() == [0, 1, 0, 1]
    assert slices.extra["true_label"].tolist() == [1, 0, 1, 0]
    assert len(thumbnails(tmp_path, slices.id, 8)) == 4


def test_a_positive_word_that_nobody_wrote_is_told(tmp_path: Path) -> None:
    pictures(tmp_path)
    write_csv(tmp_path / "manifest.csv", "file,label", ("0.png", "no"), ("1.png", "CAP"))
    notes: list[str] = []
    with pytest.raises(ValueError, match="is positive"):
        read_scans(tmp_path, size=4, positive="COVID", note=notes.append)
    assert notes == ["no label is 'COVID': they are 'no' (1), 'CAP' (1)"]


def test_rows_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    pictures(tmp_path / "scans")
    table = write_csv(
        tmp_path / "labels.csv",
        "file,reader 1,reader 2",
        ("0.png", "no", ""),
        ("1.png", "yes", "yes"),
        ("2.png", "", "no"),
        ("3.png", "?", "no"),
    )
    first, notes = read(tmp_path / "scans", labels=table, label_column="reader 1")
    assert first.id.tolist() == ["0.png", "1.png"]
    assert f"2 of 4 rows of {table} have no reader 1, the first is labels.csv, line 4" in notes
    second, _ = read(tmp_path / "scans", labels=table, label_column="Reader 2")
    assert second.label.tolist() == [1, 0, 0]


@pytest.mark.parametrize("labels", [False, True])
def test_another_column_of_files_is_found_or_named(tmp_path: Path, labels: bool) -> None:
    pictures(tmp_path)
    rows = [("x", f"{number}.png", number % 2) for number in range(4)]
    name = "labels.csv" if labels else "manifest.csv"
    table = write_csv(tmp_path / name, "study,Image name,label", *rows)
    options = {"labels": table} if labels else {}
    slices, notes = read(tmp_path, **options)
    assert slices.id.tolist() == [f"{number}.png" for number in range(4)]
    assert notes == [f"{name}: files are those of the column 'Image name'"]
    again, notes = read(tmp_path, file_column="Image name", **options)
    assert again.id.tolist() == slices.id.tolist()
    assert not notes
    assert set(thumbnails(tmp_path, slices.id[:2], 8)) == {"0.png", "1.png"}
    with pytest.raises(ValueError, match=f"{name} lacks the column 'Picture'; it has study, Image"):
        read(tmp_path, file_column="Picture", **options)


@pytest.mark.parametrize(
    "written",
    [
        "images\\{}.png",
        "C:\\data\\images\\{}.png",
        "\\\\server\\share\\images\\{}.png",
        "/mnt/old/images/{}.png",
        "IMAGES/{}.PNG",
        ".\\images\\{}.png",
    ],
)
@pytest.mark.parametrize("labels", [False, True])
def test_paths_of_another_machine(tmp_path: Path, written: str, labels: bool) -> None:
    pictures(tmp_path / "images")
    pictures(tmp_path / "other")
    rows = [(written.format(number), number % 2) for number in range(4)]
    table = write_csv(tmp_path / ("l.csv" if labels else "manifest.csv"), "file,label", *rows)
    slices, notes = read(tmp_path, **({"labels": table} if labels else {}))
    assert slices.id.tolist() == [f"images/{number}.png" for number in range(4)]
    assert slices.label.tolist() == [0, 1, 0, 1]
    absolute = not labels and written[0] in "C\\/"
    assert any("4 paths are from another machine" in note for note in notes) == absolute


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("labels", [False, True])
def test_names_in_another_unicode_normal_form(tmp_path: Path, form: Any, labels: bool) -> None:
    other: Any = "NFD" if form == "NFC" else "NFC"
    folder = unicodedata.normalize(form, "Größe")
    pictures(tmp_path / folder)
    written = unicodedata.normalize(other, "Größe")
    rows = [(f"{written}/{number}.png", number % 2) for number in range(4)]
    table = write_csv(tmp_path / ("l.csv" if labels else "manifest.csv"), "file,label", *rows)
    slices, _ = read(tmp_path, **({"labels": table} if labels else {}))
    assert slices.id.tolist() == [f"{folder}/{number}.png" for number in range(4)]


def test_names_without_suffix_are_names(tmp_path: Path) -> None:
    pictures(tmp_path / "scans", ("a.1", "b"))
    table = write_csv(tmp_path / "l.csv", "file,label", ("a.1", 0), ("b", 1))
    assert read(tmp_path / "scans", labels=table)[0].label.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("7", "changed its zeros"),
        ("7.39E+07", "shortened a long number"),
        ("04-May", "a date"),
    ],
)
def test_a_name_that_a_spreadsheet_changed_is_explained(
    tmp_path: Path, entry: str, said: str
) -> None:
    pictures(tmp_path / "scans", ("007", "8", "9"))
    rows = [("8", 0), ("9", 1), (entry, 1)]
    table = write_csv(tmp_path / "l.csv", "file,label", *rows)
    note = read(tmp_path / "scans", labels=table)[1][0]
    assert said in note
    assert "007" not in note  # it may be a patient's
    write_csv(tmp_path / "l.csv", "file,label", rows[-1])
    with pytest.raises(ValueError, match=said):
        read(tmp_path / "scans", labels=table)


def test_patients_that_a_spreadsheet_shortened_are_told(tmp_path: Path) -> None:
    pictures(tmp_path)
    rows = [(f"{number}.png", number % 2, "7.39E+07") for number in range(4)]
    write_csv(tmp_path / "manifest.csv", "file,label,patient", *rows)
    sentence = "manifest.csv, line 2: the patient's id: a spreadsheet may have shortened"
    assert read(tmp_path)[1][0].startswith(sentence)


def test_a_spreadsheet_of_two_readers_beside_a_hospital_s_folder(tmp_path: Path) -> None:
    """A title, empty columns and rows, gaps, yes and no, Windows paths, another encoding."""
    for number in range(8):
        slice_ = dicom(
            pattern(number).astype("u2"), f"1.9.{number}", [0, 0, number], patient=f"P{number // 2}"
        )
        write_dicom(tmp_path / "scans" / f"P{number // 2}" / f"Müller{number}.dcm", slice_)
    lines = ["Lesungen 2020;;;;", ";;;;", "Datei;Leser A;Leser B (0, 1);;"]
    for number in range(8):
        a = ("ja", "nein", "", "nein", "ja", "ja", "nein", "ja")[number]
        lines.append(f"D:\\CT\\P{number // 2}\\Müller{number}.dcm;{a};{number % 2},0;;")
        lines.append(";;;;")
    (tmp_path / "labels.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    slices, notes = read(
        tmp_path / "scans",
        labels=tmp_path / "labels.csv",
        label_column="Leser A",
        positive="ja",
    )
    assert slices.label.tolist() == [1, 0, 0, 1, 1, 0, 1]
    assert any("was read as Windows-1252" in note for note in notes)
    assert any("1 of 8 rows" in note and "line 8" in note for note in notes)
    other, _ = read(
        tmp_path / "scans", labels=tmp_path / "labels.csv", label_column="Leser B (0, 1)"
    )
    assert other.label.tolist() == [0, 1] * 4
