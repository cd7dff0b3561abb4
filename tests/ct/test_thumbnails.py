"""Pictures of slices by id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scans import pattern, write_csv, write_image_folder, write_nifti, write_png
from shapcpp.ct import read_scans
from shapcpp.ct.readers.thumbnails import thumbnails


@pytest.mark.parametrize("anonymous", [False, True])
def test_pictures_by_either_kind_of_id(tmp_path: Path, anonymous: bool) -> None:
    folder = write_image_folder(tmp_path)
    ids = read_scans(folder, size=4, anonymous=anonymous).id
    pictures = thumbnails(folder, ids[[5, 2]], size=8)
    assert set(pictures) == {ids[5], ids[2]}
    assert pictures[ids[5]].tolist() == pattern(5).tolist()
    assert pictures[ids[2]].tolist() == pattern(2).tolist()


def test_a_slice_in_a_file_of_an_odd_name_is_found_again(tmp_path: Path) -> None:
    for number in range(2):
        write_png(tmp_path / str(number) / "a\tb.png", pattern(number))
    ids = read_scans(tmp_path, size=4).id
    assert ids.tolist() == ["0/a\\tb.png", "1/a\\tb.png"]
    assert thumbnails(tmp_path, ids, 8)[ids[1]].tolist() == pattern(1).tolist()


def test_deep_slices_are_shown_between_percentiles(tmp_path: Path) -> None:
    ramp = np.arange(400, dtype=np.int16).reshape(20, 20) * 5 - 1000
    write_nifti(tmp_path / "a.nii", np.stack([ramp, np.full_like(ramp, 7)], axis=2))
    write_csv(tmp_path / "manifest.csv", "file,label,slice", ("a.nii", 1, 0), ("a.nii", 0, 1))
    pictures = thumbnails(tmp_path, ["a.nii:0", "a.nii:1"], 20)
    low, high = np.percentile(ramp, (0.5, 99.5))
    expected = np.clip(np.round((ramp[::-1, ::-1].T - low) / (high - low) * 255), 0, 255)
    assert pictures["a.nii:0"].tolist() == expected.tolist()
    assert not pictures["a.nii:1"].any()


def test_an_unknown_id_and_a_slice_that_has_gone_bad(tmp_path: Path) -> None:
    for number in range(2):
        write_png(tmp_path / f"{number}.png", pattern(number))
    with pytest.raises(
        ValueError, match="1 of 2 ids .* the first is '9.png'; theirs are like '0.png'"
    ):
        thumbnails(tmp_path, ["0.png", "9.png"])
    (tmp_path / "1.png").write_bytes(b"no image")
    notes: list[str] = []
    pictures = thumbnails(tmp_path, ["0.png", "1.png"], 8, note=notes.append)
    assert list(pictures) == ["0.png"]
    assert "1.png cannot be read" in notes[0]
