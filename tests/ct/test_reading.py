"""Scans to slices: manifests, label files, ids, interruption."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scans import pattern, standard, write_csv, write_image_folder, write_nifti, write_png
from shapcpp.ct import read_scans
from shapcpp.ct.readers import images, pixels
from shapcpp.storage.names import STAGES


def test_a_manifest_of_images(tmp_path: Path) -> None:
    for number in range(4):
        write_png(tmp_path / f"{number}.png", pattern(number))
    write_csv(
        tmp_path / "manifest.csv",
        "file,label,split,patient,slice,dose,note,true_label",
        ("3.png", 1, "train", "007", 5, 1.5, "x", 0),
        ("./1.png", 0, "val", "007", 6, "", "", 0),
        ("0.png", 1, "test", "8", 9, 3, "y", 1),
        ("2.png", 0, "", "8", 2, 4, "z", 0),
    )
    slices = read_scans(tmp_path, size=8)
    for image, number in zip(slices.images, (3, 1, 0, 2), strict=True):
        np.testing.assert_allclose(image, standard(pattern(number)), atol=1e-6)
    assert slices.id.tolist() == ["3.png", "1.png", "0.png", "2.png"]
    assert slices.label.tolist() == [1, 0, 1, 0]
    assert slices.split.tolist() == ["train", "val", "test", ""]
    assert slices.patient is not None
    assert slices.patient.tolist() == ["007", "007", "8", "8"]
    extra = {name: column.tolist() for name, column in slices.extra.items()}
    assert extra.pop("dose")[0] == 1.5
    assert extra == {"slice": [5, 6, 9, 2], "note": ["x", "", "y", "z"], "true_label": [0, 0, 1, 0]}
    assert np.isnan(slices.extra["dose"][1])


def test_the_manifest_itself_or_its_folder(tmp_path: Path) -> None:
    folder = write_image_folder(tmp_path)
    by_folder, by_file = (read_scans(p, size=4) for p in (folder, folder / "manifest.csv"))
    assert by_folder.id.tolist() == by_file.id.tolist()
    assert (by_folder.split == by_file.split).all()
    assert (by_folder.images == by_file.images).all()


def test_masks_of_images(tmp_path: Path) -> None:
    rows = []
    for number, lesion in enumerate((0, 5, 2)):
        mask = np.zeros((8, 8), dtype=np.uint8)
        mask.flat[:lesion] = 255
        write_png(tmp_path / "masks" / f"{number}.png", mask)
        write_png(tmp_path / f"{number}.png", pattern(number))
        rows.append((f"{number}.png", f"masks/{number}.png"))
    write_csv(tmp_path / "manifest.csv", "file,mask", *rows)
    assert read_scans(tmp_path, size=4, min_lesion=3).label.tolist() == [0, 1, 0]
    moved = (tmp_path / "masks" / "2.png").rename(tmp_path / "away")
    notes: list[str] = []
    seen: list[tuple[int, int]] = []
    slices = read_scans(
        tmp_path, size=4, skip_bad=True, note=notes.append, progress=lambda *p: seen.append(p)
    )
    assert slices.id.tolist() == ["0.png", "1.png"]
    assert "2.png (manifest.csv, line 4) cannot be read: its mask" in notes[0]
    assert seen[-1] == (6, 6)
    moved.rename(tmp_path / "masks" / "2.png")
    write_png(tmp_path / "masks" / "1.png", np.zeros((8, 9), dtype=np.uint8))
    with pytest.raises(ValueError, match=r"1.png has shape \(8, 9\), the slice \(8, 8\)"):
        read_scans(tmp_path)


def test_labels_given_go_before_masks_and_that_is_said(tmp_path: Path) -> None:
    for number in range(2):
        write_png(tmp_path / f"{number}.png", pattern(number))
    write_csv(
        tmp_path / "manifest.csv", "file,mask,label", ("0.png", "1.png", 0), ("1.png", "0.png", 1)
    )
    notes: list[str] = []
    slices = read_scans(tmp_path, size=4, min_lesion=5, note=notes.append)
    assert slices.label.tolist() == [0, 1]
    assert "5 pixels of a lesion have no effect" in notes[0]


def test_class_named_folders(tmp_path: Path) -> None:
    for number, folder in enumerate(("negative", "Positive/x", "0", "1")):
        write_png(tmp_path / folder / f"{number}.png", pattern(number))
    slices = read_scans(tmp_path, size=4)
    assert dict(zip(slices.id.tolist(), slices.label.tolist(), strict=True)) == {
        "negative/0.png": 0,
        "Positive/x/1.png": 1,
        "0/2.png": 0,
        "1/3.png": 1,
    }
    assert slices.patient is None


def test_results_among_the_scans_are_none(tmp_path: Path) -> None:
    for number, folder in enumerate(("negative", "positive", "negative/results", "mine/phantom")):
        write_png(tmp_path / folder / f"{number}.png", pattern(number))
    for folder in ("negative/results", "mine"):
        (tmp_path / folder / STAGES).write_text("{}")
    assert read_scans(tmp_path, size=4).id.tolist() == ["negative/0.png", "positive/1.png"]


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    for label in (b"positive", b"negative"):
        os.mkdir(os.fsencode(tmp_path) + b"/" + label)
        for number in range(2):
            write_png(tmp_path / label.decode() / f"{number}.png", pattern(number))
    first = os.fsencode(tmp_path) + b"/positive/"
    os.rename(first + b"0.png", first + b"M\xfcller.png")
    with pytest.raises(ValueError, match=r"M\\udcfcller.png has a name that is not UTF-8 text"):
        read_scans(tmp_path, size=4)
    assert len(read_scans(tmp_path, size=4, skip_bad=True)) == 3


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("split", ["random", "patient"])
def test_slices_of_one_class_are_read_where_asked(tmp_path: Path, label: int, split: str) -> None:
    rows = [(f"{number}.png", label, f"p{number}") for number in range(8)]
    for number in range(8):
        write_png(tmp_path / f"{number}.png", pattern(number))
    write_csv(tmp_path / "manifest.csv", "file,label,patient", *rows)
    with pytest.raises(ValueError, match="none of the 8 slices"):
        read_scans(tmp_path, size=4, split=split)
    slices = read_scans(tmp_path, size=4, split=split, one_class=True)
    assert slices.label.tolist() == [label] * 8
    assert [sum(slices.split == name) for name in ("train", "val", "test")] == [4, 2, 2]


def test_of_one_class_or_two_some_slice_must_be_readable(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(b"no picture")
    write_csv(tmp_path / "manifest.csv", "file,label", ("0.png", 1))
    with pytest.raises(ValueError, match="holds no slice that can be read"):
        read_scans(tmp_path, size=4, one_class=True, skip_bad=True)


def test_splits_that_lack_what_is_needed_are_told_before_pixels_are_read(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(b"no picture")
    rows = [(f"{number}.png", number % 2) for number in range(8)]
    write_csv(tmp_path / "manifest.csv", "file,label", *rows)
    lacking: dict[str, tuple[int, int]] = {"train": (2, 2), "test": (1, 1)}
    with pytest.raises(ValueError, match="split 'val' holds 0 slices and none of them is positive"):
        read_scans(tmp_path, size=4, counts=lacking, needed=("train", "val"))
    with pytest.raises(ValueError, match="cannot be read"):
        read_scans(tmp_path, size=4, counts=lacking, needed=("train", "test"))


def test_a_split_can_lack_a_class_once_bad_slices_are_left_out(tmp_path: Path) -> None:
    for number in range(4):
        write_png(tmp_path / f"{number}.png", pattern(number))
    (tmp_path / "3.png").write_bytes(b"no picture")
    rows = [(f"{number}.png", number % 2, "train" if number < 2 else "val") for number in range(4)]
    write_csv(tmp_path / "manifest.csv", "file,label,split", *rows)
    with pytest.raises(ValueError, match="split 'val' holds 1 slices and none of them is positive"):
        read_scans(tmp_path, size=4, skip_bad=True, needed=("train", "val"))


def test_paths_that_are_no_scans(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        read_scans(tmp_path / "nothing")
    assert error.value.filename == str(tmp_path / "nothing")
    with pytest.raises(ValueError, match="holds no manifest.csv, and no NIfTI volume"):
        read_scans(tmp_path)
    write_png(tmp_path / "a.png", pattern(0))
    with pytest.raises(ValueError, match="a.png of .* has no label: give labels"):
        read_scans(tmp_path)
    with pytest.raises(ValueError, match="is neither a folder of scans nor a manifest"):
        read_scans(tmp_path / "a.png")
    with pytest.raises(NotADirectoryError):
        read_scans(tmp_path, masks=tmp_path / "nothing")
    write_nifti(tmp_path / "b.nii", np.zeros((3, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="holds 1 NIfTI volumes and 1 image files: name a folder"):
        read_scans(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"size": 0}, ValueError, "size must be at least 1, got 0"),
        ({"size": 64.0}, TypeError, "size must be an integer, got 64.0"),
        ({"min_lesion": 0}, ValueError, "min_lesion must be at least 1"),
        ({"seed": -1}, ValueError, "seed must not be negative"),
        ({"split": "group"}, ValueError, "split is 'group'"),
    ],
)
def test_bad_arguments(
    tmp_path: Path, arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    folder = write_image_folder(tmp_path)
    with pytest.raises(error, match=sentence):
        read_scans(folder, **arguments)


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    read_scans(write_image_folder(tmp_path), size=4, progress=lambda *pair: seen.append(pair))
    assert seen[0] == (0, 16)
    assert seen[-1] == (16, 16)
    assert [done for done, _ in seen] == list(range(17))


def test_an_interruption_ends_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, stopped = [], threading.Event()
    original = images.read_image

    def slow(path: Path) -> Any:
        read.append(path)
        if len(read) > 2:
            stopped.wait()
            time.sleep(0.02)
        return original(path)

    def stop(done: int, total: int) -> None:
        if done == 2:
            stopped.set()
            raise KeyboardInterrupt

    monkeypatch.setattr(pixels, "available_processors", lambda: 1)
    monkeypatch.setattr(images, "read_image", slow)
    with pytest.raises(KeyboardInterrupt):
        read_scans(write_image_folder(tmp_path, each=50), size=4, progress=stop)
    assert len(read) < 200


def test_reading_loads_no_torch(tmp_path: Path) -> None:
    folder = write_image_folder(tmp_path)
    code = (
        f"import sys; from shapcpp.ct import read_scans; read_scans({str(folder)!r}, size=4)\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "nibabel", "pydicom", "monai"} & set(done.stdout.split())


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(b"")
    write_csv(tmp_path / "manifest.csv", "file,label", ("0.png", 1), ("1.png", 0))
    with pytest.raises(ImportError, match=r"needs PIL, .*pip install '\.\[ct\]'"):
        read_scans(tmp_path, size=4, skip_bad=True)
