"""The folder beside a page: larger pictures, the slices above and below, and nothing that tells whose they are."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import shapcpp
from scans import dicom, pattern, write_csv, write_dicom, write_nifti, write_png
from shapcpp import Doubts
from shapcpp.ct.readers.bad_slices import BadSlices, silent
from shapcpp.ct.readers.indexing import index_slices
from shapcpp.ct.readers.manifest import Columns
from shapcpp.ct.readers.neighbours import neighbours
from shapcpp.report import report
from shapcpp.report.stacks import NARROW, WIDE

DEPTH = 12


def volume(seed: int = 0) -> Any:
    """Hounsfield units in which each slice has a level of its own."""
    levels = np.linspace(-900, 1200, DEPTH)
    noise = np.random.default_rng(seed).normal(0, 20, (40, 40, DEPTH))
    return (levels + noise).astype(np.int16)


def doubts_of(ids: list[str]) -> Doubts:
    n = len(ids)
    rng = np.random.default_rng(2)
    y = np.arange(n) % 2
    return shapcpp.doubt(rng.normal(size=(n, 2)) + y[:, None], y, ids=ids)


def indexed(path: Path) -> Any:
    return index_slices(path, Columns(label=""), None, BadSlices(skip=True, note=silent))


def cards(page: Path) -> list[dict[str, str]]:
    found = re.findall(r"<li class=\"card\"([^>]*)>", page.read_text())
    return [dict(re.findall(r'data-([a-z]+)="([^"]*)"', one)) for one in found]


def opened(path: Path) -> Any:
    return np.asarray(Image.open(io.BytesIO(path.read_bytes()))).astype(float)


def test_slices_of_a_volume_with_their_neighbours_in_two_windows(tmp_path: Path) -> None:
    voxels = volume()
    write_nifti(tmp_path / "scans" / "a.nii", voxels)
    ids = [f"a.nii:{k}" for k in range(DEPTH)]
    report(doubts_of(ids), None, tmp_path / "scans", tmp_path / "r.html", fraction=1.0)
    folder = tmp_path / "r-slices"
    for card in cards(tmp_path / "r.html"):
        number = int(card["id"].split(":")[1])
        stack = [one.split(",") for one in card["stack"].split()]
        first, last = max(0, number - 3), min(DEPTH - 1, number + 3)
        assert len(stack) == last - first + 1
        assert int(card["at"]) == number - first
        for k, names in zip(range(first, last + 1), stack, strict=True):
            level = float(voxels[..., k].mean())
            for name, (low, high) in zip(names, (WIDE, NARROW), strict=True):
                grey = np.clip((level - low) / (high - low), 0, 1) * 255
                assert opened(folder / f"{name}.jpg").mean() == pytest.approx(grey, abs=6)
        low, high = map(int, card["window"].split())
        assert low < float(voxels[..., number].mean()) < high
    page = cards(tmp_path / "r.html")
    written = {name for card in page for name in re.split("[ ,]", card["stack"])}
    assert {path.stem for path in folder.iterdir()} == written
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in written)


def test_the_slice_itself_is_drawn_at_512_pixels_and_others_at_256(tmp_path: Path) -> None:
    voxels = np.random.default_rng(0).integers(-1000, 400, (600, 600, 3)).astype(np.int16)
    write_nifti(tmp_path / "scans" / "a.nii", voxels)
    d = doubts_of([f"a.nii:{k}" for k in range(3)])
    report(d, None, tmp_path / "scans", tmp_path / "r.html", fraction=0.3)
    [card] = cards(tmp_path / "r.html")
    sizes = [opened(tmp_path / "r-slices" / f"{one.split(',')[0]}.jpg").shape[0] for one in card["stack"].split()]  # fmt: skip
    assert sizes.pop(int(card["at"])) == 512
    assert sizes == [256, 256]


def test_a_page_made_again_leaves_no_picture_of_the_one_before(tmp_path: Path) -> None:
    write_nifti(tmp_path / "scans" / "a.nii", volume())
    d = doubts_of([f"a.nii:{k}" for k in range(DEPTH)])
    folder = tmp_path / "r-slices"
    report(d, None, tmp_path / "scans", tmp_path / "r.html", fraction=1.0)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "mine.txt").write_text("kept")
    report(d, None, tmp_path / "scans", tmp_path / "r.html", fraction=0.1)
    after = {path.name for path in folder.iterdir()}
    assert "mine.txt" in after
    assert after - {"mine.txt"} < set(before)
    (folder / "mine.txt").unlink()
    report(d, None, None, tmp_path / "r.html")
    report(d, None, tmp_path / "scans", tmp_path / "r.html", fraction=1.0)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_slice_that_the_manifest_does_not_list_is_found_in_the_volume(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", volume())
    write_csv(tmp_path / "manifest.csv", "file,slice,label", ("a.nii", 5, 0), ("a.nii", 11, 1))
    index = indexed(tmp_path)
    around = neighbours(index, index.slices, 2)
    assert [[ref.slice for ref in stack] for stack in around] == [[3, 4, 5, 6, 7], [9, 10, 11]]


def test_neighbours_in_a_series_and_none_across_series(tmp_path: Path) -> None:
    for number in range(12):
        slice_ = dicom(
            pattern(number), f"1.2.{number}", [0, 0, number % 6], series=f"1.5.{number // 6}"
        )
        write_dicom(tmp_path / f"{number}.dcm", slice_)
    index = indexed(tmp_path)
    for ref, stack in zip(index.slices, neighbours(index, index.slices, 2), strict=True):
        assert {one.extra["series"] for one in stack} == {ref.extra["series"]}
        assert [one.slice for one in stack] == [
            k for k in range(6) if abs(k - (ref.slice or 0)) <= 2
        ]


def test_pictures_have_no_window_and_neighbours_where_they_are_numbered(tmp_path: Path) -> None:
    for number in range(6):
        write_png(tmp_path / "scans" / f"{number}.png", pattern(number, 20))
    rows = [(f"{k}.png", "P1" if k < 4 else "P2", k % 4, k % 2) for k in range(6)]
    write_csv(tmp_path / "scans" / "manifest.csv", "file,patient,slice,label", *rows)
    d = doubts_of([f"{k}.png" for k in range(6)])
    report(d, None, tmp_path / "scans", tmp_path / "r.html", fraction=1.0)
    found = {card["id"]: card for card in cards(tmp_path / "r.html")}
    assert {name: len(card["stack"].split()) for name, card in found.items()} == {
        f"{k}.png": 4 if k < 4 else 2 for k in range(6)
    }
    assert not any("window" in card or "," in card["stack"] for card in found.values())


def test_no_neighbours_no_folder(tmp_path: Path) -> None:
    write_nifti(tmp_path / "scans" / "a.nii", volume())
    d = doubts_of([f"a.nii:{k}" for k in range(DEPTH)])
    report(d, None, tmp_path / "scans", tmp_path / "r.html", neighbours=0)
    assert not (tmp_path / "r-slices").exists()
    assert "data-stack" not in (tmp_path / "r.html").read_text().split("<script>")[0]
    report(d, None, tmp_path / "scans", tmp_path / "r.html", neighbours=1, fraction=1.0)
    assert {len(card["stack"].split()) for card in cards(tmp_path / "r.html")} == {2, 3}
    with pytest.raises(ValueError, match="neighbours"):
        report(d, None, tmp_path / "scans", tmp_path / "r.html", neighbours=-1)


def test_thumbnails_that_are_given_make_no_folder(tmp_path: Path) -> None:
    d = doubts_of([str(k) for k in range(6)])
    report(d, None, {str(k): pattern(k) for k in range(6)}, tmp_path / "r.html")
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    assert "file:" not in (tmp_path / "r.html").read_text()
