"""Masks with several values, with fractions, and with white backgrounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from scans import pattern, write_csv, write_nifti, write_png
from shapcpp.ct import read_scans
from shapcpp.ct.readers.lesion_values import LesionValues


def read(tmp_path: Path, mask: NDArray[Any], **options: Any) -> tuple[list[int], list[str]]:
    """Labels and notes of four slices with a mask."""
    notes: list[str] = []
    write_nifti(tmp_path / "a.nii", np.stack([pattern(k) for k in range(4)], axis=2))
    write_nifti(tmp_path / "a_mask.nii", mask)
    slices = read_scans(tmp_path, size=8, note=notes.append, one_class=True, **options)
    return slices.label.tolist(), [note for note in notes if "split" not in note]


def lungs() -> NDArray[np.uint8]:
    """Lungs (1, 2) in three slices, infection (3) in one."""
    mask = np.zeros((8, 8, 4), np.uint8)
    mask[1:3, :, :3], mask[5:7, :, :3] = 1, 2
    mask[1, 1, 2] = 3
    return mask


def test_several_values_are_said_and_one_can_be_chosen(tmp_path: Path) -> None:
    labels, notes = read(tmp_path, lungs())
    assert labels == [1, 1, 1, 0]
    assert notes == [
        "the masks hold the values 1, 2 and 3, and all of them count as lesion: lesion_values "
        "names those that are, such as 3"
    ]
    for chosen in (3, "3", [3.0], ">2", ">=3"):
        assert read(tmp_path, lungs(), lesion_values=chosen) == ([0, 0, 1, 0], [])
    assert read(tmp_path, lungs(), lesion_values="2,3") == ([1, 1, 1, 0], [])


def test_a_value_that_no_mask_holds_is_told(tmp_path: Path) -> None:
    labels, notes = read(tmp_path, lungs(), lesion_values=(3, 4))
    assert labels == [0, 0, 1, 0]
    assert notes == ["lesion_values names 4, which no mask holds: they hold 1, 2 and 3"]


def test_probabilities_are_said(tmp_path: Path) -> None:
    mask = np.full((8, 8, 4), 0.02, np.float32)
    mask[2, 2, 1], mask[3, 3, 2] = 0.97, 0.4
    labels, notes = read(tmp_path, mask)
    assert labels == [1, 1, 1, 1]
    assert notes[0].startswith("the masks hold fractions from 0.02 to 0.97, as probabilities do")
    assert notes[1].startswith("the masks mark 100% of all pixels")
    assert read(tmp_path, mask, lesion_values=">=0.5") == ([0, 1, 0, 0], [])


def test_a_white_background_is_said(tmp_path: Path) -> None:
    rows = []
    for number in range(4):
        mask = np.full((8, 8), 255, np.uint8)
        mask[0, : number % 2] = 0
        write_png(tmp_path / f"m{number}.png", mask)
        write_png(tmp_path / f"{number}.png", pattern(number))
        rows.append((f"{number}.png", f"m{number}.png"))
    write_csv(tmp_path / "manifest.csv", "file,mask", *rows)
    notes: list[str] = []
    slices = read_scans(tmp_path, size=8, note=notes.append, one_class=True)
    assert slices.label.tolist() == [1, 1, 1, 1]
    assert notes[0].startswith("the masks mark 99% of all pixels: if their background is white")
    slices = read_scans(tmp_path, size=8, note=notes.append, lesion_values=0)
    assert slices.label.tolist() == [0, 1, 0, 1]


def test_an_ordinary_mask_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, np.where(lungs() == 3, 255, 0).astype(np.uint8)) == ([0, 0, 1, 0], [])


def test_a_voxel_of_a_mask_that_is_no_number_is_no_lesion(tmp_path: Path) -> None:
    mask = (lungs() == 3).astype(np.float32)
    mask[0, 0, 0] = np.nan
    assert read(tmp_path, mask) == ([0, 0, 1, 0], [])


@pytest.mark.parametrize("asked", ["", "lesion", ">=", "1;2", [], [np.nan]])
def test_what_names_no_values_is_refused(asked: Any) -> None:
    with pytest.raises(ValueError, match="lesion_values is .*; it must be numbers such as 1,2"):
        LesionValues.parsed(asked)
