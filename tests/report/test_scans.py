"""Thumbnails taken from the scans themselves."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import shapcpp
from scans import dicom, pattern, write_csv, write_dicom
from shapcpp import Features, Valuation
from shapcpp.ct.extraction import features_of
from shapcpp.ct.readers.reading import read_scans
from shapcpp.report import report


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = ["file,label,split"]
    for i in range(16):
        pixels = rng.integers(0, 256, (24, 24), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{i % 2},{'train' if i < 10 else 'test'}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    return tmp_path


def valued(folder: Path, **options: Any) -> Valuation:
    slices = read_scans(folder, size=8, **options)
    features = np.asarray(slices.images).reshape(len(slices), -1)[:, :4].astype(float)
    train, test = slices.split == "train", slices.split == "test"
    made = Features.from_splits(
        features[train],
        slices.label[train],
        features[test],
        slices.label[test],
        ids=slices.id[train],
        groups=None if slices.patient is None else slices.patient[train],
    )
    a, b = made.sides()
    return shapcpp.value(a.X, a.y, b.X, b.y, 20, ids=a.ids, groups=a.groups, by_group=False)


def test_each_candidate_has_its_picture(folder: Path, tmp_path: Path) -> None:
    v = valued(folder)
    report(v, scans=folder, output=tmp_path / "report.html", fraction=1.0)
    page = (tmp_path / "report.html").read_text()
    pictures = re.findall(r'src="data:image/jpeg;base64,[^"]+" [^>]* alt="Slice ([^"]+)"', page)
    assert sorted(pictures) == sorted(map(str, v.ids))


def test_a_slice_gone_bad_is_told_and_leaves_a_gap(folder: Path, tmp_path: Path) -> None:
    v = valued(folder)
    (folder / "3.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"3\.png"):
        report(v, scans=folder, output=tmp_path / "report.html", fraction=1.0)
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/jpeg") == 9
    assert page.count("This slice could not be read.") == 1


def test_scans_of_another_run_are_refused(folder: Path, tmp_path: Path) -> None:
    v = valued(folder)
    (folder / "manifest.csv").write_text("file,label\n0.png,0\n1.png,1\n")
    with pytest.raises(ValueError, match="ids are not among the 2 slices of"):
        report(v, scans=folder, output=tmp_path / "report.html", fraction=1.0)
    assert not (tmp_path / "report.html").exists()


UID = "1.2.826.0.1.3680043.8.498.45787841905188114249811"


@pytest.fixture(name="series")
def _series(tmp_path: Path) -> Path:
    """Slices of four patients, in files that are named after them."""
    folder = tmp_path / "series"
    rows = []
    for number in range(16):
        name = f"mueller{number // 4}/{number:02}.dcm"
        slice_ = dicom(
            pattern(number), f"{UID}.{number + 10}", [0, 0, number], patient=f"Id{number // 4}"
        )
        write_dicom(folder / name, slice_)
        rows.append((name, number % 2, "train" if number < 10 else "test"))
    write_csv(tmp_path / "labels.csv", "file,label,split", *rows)
    return folder


def test_no_file_is_named_where_patients_could_be_numbers_given(tmp_path: Path) -> None:
    rows = []
    for number in range(
        16
    ):  # PatientIDs as numbers, in their order: as anonymous patients get them
        name = f"mueller/{number:02}.dcm"
        slice_ = dicom(
            pattern(number), f"{UID}.{number + 10}", [0, 0, number], patient=str(number + 1)
        )
        write_dicom(tmp_path / "series" / name, slice_)
        rows.append((name, number % 2, "train" if number >= 6 else "test"))
    table = write_csv(tmp_path / "labels.csv", "file,label,split", *rows)
    v = valued(tmp_path / "series", labels=table, anonymous=True)
    report(v, scans=tmp_path / "series", output=tmp_path / "report.html", fraction=1.0)
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/jpeg") == 10
    assert "mueller" not in page


@pytest.mark.parametrize("anonymous", [False, True])
def test_a_dicom_slice_is_found_by_its_file_unless_it_must_not(
    series: Path, tmp_path: Path, anonymous: bool
) -> None:
    v = valued(series, labels=tmp_path / "labels.csv", anonymous=anonymous)
    report(v, scans=series, output=tmp_path / "report.html", fraction=1.0)
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/jpeg") == 10
    assert ("<h3>mueller1/05.dcm, slice 5</h3>" in page) is not anonymous
    assert ("mueller" in page) is not anonymous
    assert f'<{"h3" if anonymous else "p"} class="id" title="{UID}.15">' in page
    assert f'data-id="{UID}.15"' in page


def test_a_missing_library_of_pictures_is_named_with_its_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    v = valued(folder)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r"showing slices needs PIL.*pip install '\.\[ct\]'"):
        report(v, None, {name: pattern(0) for name in v.ids.tolist()}, folder / "r.html")


@pytest.mark.parametrize("anonymous", [False, True])
def test_features_say_whether_they_are_anonymous(
    series: Path, tmp_path: Path, anonymous: bool
) -> None:
    table = tmp_path / "labels.csv"  # with patients of its own, not those of the headers
    lines = table.read_text().splitlines()
    ours = ["patient"] + [str(number // 4 + 1) for number in range(16)]
    table.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, ours, strict=True)))
    slices = read_scans(series, size=8, labels=table, anonymous=anonymous)
    made = features_of(slices, np.asarray(slices.images)[:, 0, :4].astype(float))
    train, test = made.sides()
    v = shapcpp.value(
        train.X, train.y, test.X, test.y, 20, ids=train.ids, groups=train.groups, by_group=False
    )
    report(v, made, series, tmp_path / "report.html", fraction=1.0)
    page = (tmp_path / "report.html").read_text()
    assert ("<h3>mueller1/05.dcm, slice 5</h3>" in page) is not anonymous
    assert ("mueller" in page) is not anonymous
    # Features that do not say it, such as those of an earlier version, name no file either.
    kept = [name for name in made.rows.dtype.names or () if name not in ("anonymous", "series")]
    report(v, Features(made.rows[kept].copy()), series, tmp_path / "unsaid.html", fraction=1.0)
    assert "mueller" not in (tmp_path / "unsaid.html").read_text()
