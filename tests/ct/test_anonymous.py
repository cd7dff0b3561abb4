"""Ids and columns that do not say whose a slice is."""

from __future__ import annotations

import re
from pathlib import Path

from scans import pattern, write_csv, write_image_folder, write_png
from shapcpp.ct import read_scans


def test_anonymous_ids_name_nobody(tmp_path: Path) -> None:
    rows = []
    for number in range(8):
        name = f"Doe_John{number // 2}/1951-02-03_{number}.png"
        write_png(tmp_path / name, pattern(number))
        rows.append((name, f"Doe_John{number // 2}", number % 2, number, 0, 4711 + number, "Doe"))
    write_csv(tmp_path / "manifest.csv", "file,patient,label,slice,bleeding,mrn,remark", *rows)
    notes: list[str] = []
    slices = read_scans(tmp_path, size=4, anonymous=True, note=notes.append)
    assert all(re.fullmatch("slice-[0-9a-f]{16}", name) for name in slices.id.tolist())
    assert slices.patient is not None
    assert slices.patient.tolist() == ["1", "1", "2", "2", "3", "3", "4", "4"]
    assert set(slices.extra) == {"slice", "bleeding", "anonymous"}
    assert any("left out mrn, remark" in note for note in notes)
    named = read_scans(tmp_path, size=4)
    assert (slices.split == named.split).all()
    assert (slices.images == named.images).all()


def test_anonymous_ids_are_no_hashes_of_names_alone(tmp_path: Path) -> None:
    ids = []
    for seed in (0, 4):  # the same names, other pixels
        for number in range(2):
            write_png(tmp_path / f"{number}.png", pattern(seed + number))
        write_csv(tmp_path / "manifest.csv", "file,label", ("0.png", 0), ("1.png", 1))
        ids += read_scans(tmp_path, size=4, anonymous=True).id.tolist()
    assert len(set(ids)) == 4


def test_anonymous_ids_stay_where_labels_choose_some(tmp_path: Path) -> None:
    folder = write_image_folder(tmp_path)
    table = write_csv(tmp_path / "l.csv", "file,label", ("1_0.png", 1), ("2_2.png", 0))
    before = read_scans(folder, size=4, labels=table, anonymous=True).id.tolist()
    write_png(folder / "0_0.png", pattern(5))  # comes first, and moves none of the others
    after = read_scans(folder, size=4, labels=table, anonymous=True).id.tolist()
    assert len(set(before)) == 2
    assert before == after
