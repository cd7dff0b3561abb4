"""Slices that cannot be read, or are there twice: refused, or left out and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scans import pattern, standard, write_csv, write_image_folder, write_nifti, write_png
from shapcpp.ct import read_scans


def test_an_unreadable_slice_is_named_or_left_out(tmp_path: Path) -> None:
    folder = write_image_folder(tmp_path)
    damaged = folder / "images" / "2_1.png"
    damaged.write_bytes(damaged.read_bytes()[:50])
    (folder / "images" / "0_3.png").unlink()
    with pytest.raises(
        ValueError, match=r"0_3.png \(manifest.csv, line 5\) cannot .* no such file"
    ):
        read_scans(folder, size=4)
    notes: list[str] = []
    counts = {"train": (2, 2), "val": (2, 2), "test": (2, 4)}
    slices = read_scans(
        folder, size=8, skip_bad=True, note=notes.append, split="random", counts=counts
    )
    numbers = [n for n in range(16) if n not in (3, 9)]
    assert slices.id.tolist() == [f"images/{n // 4}_{n % 4}.png" for n in numbers]
    for image, number in zip(slices.images, numbers, strict=True):
        np.testing.assert_allclose(image, standard(pattern(number)), atol=1e-6)
    assert [sum(slices.split == name) for name in counts] == [4, 4, 6]
    assert len(notes) == 2
    assert any("2_1.png (manifest.csv, line 11) cannot be read" in note for note in notes)


def test_a_damaged_volume_is_left_out_with_all_its_slices(tmp_path: Path) -> None:
    for name in "ab":
        write_nifti(
            tmp_path / f"{name}.nii.gz", np.stack([pattern(k, 90) for k in range(3)], axis=2)
        )
        mask = np.zeros((90, 90, 3), np.uint8)
        mask[..., 1] = 1
        write_nifti(tmp_path / f"{name}_mask.nii.gz", mask)
    whole = (tmp_path / "a.nii.gz").read_bytes()
    (tmp_path / "a.nii.gz").write_bytes(whole[:-600])
    with pytest.raises(
        ValueError, match="a.nii.gz, slice 0 and 2 more of its slices cannot be read"
    ):
        read_scans(tmp_path, size=4)
    slices = read_scans(tmp_path, size=4, skip_bad=True)
    assert slices.id.tolist() == [f"b.nii.gz:{k}" for k in range(3)]
    assert slices.label.tolist() == [0, 1, 0]


def test_a_bad_slice_of_a_volume_is_left_out_alone(tmp_path: Path) -> None:
    voxels = np.stack([pattern(k) for k in range(4)], axis=2).astype(np.float32)
    voxels[..., 1] = np.nan
    write_nifti(tmp_path / "a.nii", voxels)
    mask = np.zeros((8, 8, 4), np.uint8)
    mask[..., 2] = 1
    write_nifti(tmp_path / "a_mask.nii", mask)
    with pytest.raises(ValueError, match="^a.nii, slice 1 cannot be read: none of its pixels"):
        read_scans(tmp_path, size=8)
    notes: list[str] = []
    slices = read_scans(tmp_path, size=8, skip_bad=True, note=notes.append)
    assert slices.id.tolist() == ["a.nii:0", "a.nii:2", "a.nii:3"]
    assert slices.label.tolist() == [0, 1, 0]
    np.testing.assert_allclose(slices.images[1], standard(pattern(2)[::-1, ::-1].T), atol=1e-6)
    assert [note.partition(" cannot")[0] for note in notes if "read" in note] == ["a.nii, slice 1"]


def test_a_bad_mask_names_all_slices_that_are_left_out(tmp_path: Path) -> None:
    for name, count in (("a", 4), ("b", 3)):
        write_nifti(tmp_path / f"{name}.nii", np.stack([pattern(k) for k in range(4)], axis=2))
        mask = np.zeros((8, 8, count), np.uint8)
        mask[..., 1] = 1
        write_nifti(tmp_path / f"{name}_mask.nii", mask)
    notes: list[str] = []
    slices = read_scans(tmp_path, size=8, skip_bad=True, note=notes.append)
    assert slices.id.tolist() == [f"a.nii:{k}" for k in range(4)]
    assert notes[0].startswith("b.nii, slice 0 and 3 more of its slices cannot be read: its mask")


def test_an_image_listed_twice_is_read_once(tmp_path: Path) -> None:
    for number in range(2):
        write_png(tmp_path / f"{number}.png", pattern(number))
    rows = [("0.png", 1), ("1.png", 0), ("./0.png", 0)]
    write_csv(tmp_path / "manifest.csv", "file,label", *rows)
    slices = read_scans(tmp_path, size=4, skip_bad=True)
    assert slices.id.tolist() == ["0.png", "1.png"]
    assert slices.label.tolist() == [1, 0]


def test_volumes_without_a_mask_are_left_out(tmp_path: Path) -> None:
    for name in "abc":
        write_nifti(tmp_path / f"{name}.nii", np.stack([pattern(k) for k in range(3)], axis=2))
    with pytest.raises(ValueError, match=r"^a.nii of .* has no mask, .* give labels$"):
        read_scans(tmp_path, size=4, skip_bad=True)
    mask = np.zeros((8, 8, 3), np.uint8)
    mask[..., 1] = 1
    write_nifti(tmp_path / "b_mask.nii", mask)
    notes: list[str] = []
    steps: list[tuple[int, int]] = []
    slices = read_scans(
        tmp_path, size=4, skip_bad=True, note=notes.append, progress=lambda *s: steps.append(s)
    )
    assert slices.id.tolist() == [f"b.nii:{k}" for k in range(3)]
    assert steps[-1] == (6, 6)
    lost = [note for note in notes if note.endswith("; left out")]
    assert [note.split()[0] for note in lost] == ["a.nii", "c.nii"]
    assert all("has no mask, which was looked for in" in note for note in lost)
