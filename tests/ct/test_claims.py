"""Headers of volumes that claim more than their files hold, and names that cannot be printed."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from scans import nifti, pattern, write_csv, write_nifti, write_png
from shapcpp.ct import Slices, read_scans
from shapcpp.ct.extraction import features_of
from shapcpp.ct.readers import nifti_files
from shapcpp.ct.readers.nifti import Volume


def lying(path: Path, shape: tuple[int, int, int], packed: bool) -> Path:
    """A small volume whose header claims another shape."""
    whole = bytearray(nifti(np.zeros((8, 8, 3), np.int16)).to_bytes())
    struct.pack_into("<3h", whole, 42, *shape)
    path.write_bytes(gzip.compress(bytes(whole)) if packed else bytes(whole))
    return path


def two_volumes(folder: Path, name: str, shape: tuple[int, int, int], packed: bool) -> None:
    write_nifti(folder / "good.nii", np.stack([pattern(k) for k in range(3)], axis=2))
    lying(folder / name, shape, packed)
    for mask in ("good_mask.nii", name.replace(".nii", "_mask.nii")):
        marked = np.zeros((8, 8, 3), np.uint8)
        marked[..., 1] = 1
        write_nifti(folder / mask, marked)


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        ("bad.nii", (8, 8, 4), r"claims \(8, 8, 4\) of int16, 864 bytes, and bad.nii holds"),
        ("bad.nii", (30000, 30000, 30000), "54.0 TB, and bad.nii holds"),
        ("bad.nii.gz", (30000, 30000, 30000), "54.0 TB, and bad.nii.gz can expand to"),
    ],
)
def test_a_header_that_claims_more_than_its_file_holds_is_one_bad_file(
    name: str, shape: tuple[int, int, int], sentence: str, tmp_path: Path
) -> None:
    two_volumes(tmp_path, name, shape, packed=name.endswith("gz"))
    with pytest.raises(ValueError, match=f"{name}.* cannot be read: its header .*{sentence}"):
        read_scans(tmp_path, size=8)
    notes: list[str] = []
    slices = read_scans(tmp_path, size=8, skip_bad=True, note=notes.append)
    assert slices.id.tolist() == [f"good.nii:{k}" for k in range(3)]
    assert any(name in note and note.endswith("left out") for note in notes)


def test_a_mask_that_lies_names_itself(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", np.stack([pattern(k) for k in range(3)], axis=2))
    lying(tmp_path / "a_mask.nii", (8, 8, 30000), packed=False)
    with pytest.raises(ValueError, match=r"its header claims .* and a_mask.nii holds"):
        read_scans(tmp_path, size=8)


def test_what_does_not_fit_in_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_volumes(tmp_path, "bad.nii.gz", (8, 8, 3), packed=True)
    monkeypatch.setattr(nifti_files, "available_memory", lambda: 500)
    with pytest.raises(ValueError, match="and 500 bytes of memory are available"):
        read_scans(tmp_path, size=8)


def test_a_small_file_that_expands_to_a_large_one_is_told_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_nifti(tmp_path / "a.nii.gz", np.zeros((200, 200, 40), np.int16))
    volume = Volume(path)
    assert volume.n_slices == 40  # nothing to tell of 3 MB
    monkeypatch.setattr(nifti_files, "LARGE", 1_000_000)
    with pytest.warns(UserWarning, match=r"a.nii.gz: \d.* kB expand to 3.2 MB"):
        assert Volume(path).n_slices == 40
    plain = write_nifti(tmp_path / "b.nii", np.zeros((200, 200, 40), np.int16))
    assert Volume(plain).n_slices == 40


def test_too_little_memory_for_a_file_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("0", "1", "2"):
        write_png(tmp_path / f"{name}.png", pattern(int(name)))
    write_csv(tmp_path / "manifest.csv", "file,label", ("0.png", 0), ("1.png", 1), ("2.png", 1))
    from shapcpp.ct.readers import images

    read = images.read_image

    def fails(path: Path) -> object:
        if path.name == "1.png":
            raise MemoryError
        return read(path)

    monkeypatch.setattr(images, "read_image", fails)
    with pytest.raises(ValueError, match=r"1.png \(manifest.csv, line 3\) cannot .*: not enough"):
        read_scans(tmp_path, size=8)
    slices = read_scans(tmp_path, size=8, skip_bad=True)
    assert slices.id.tolist() == ["0.png", "2.png"]


def test_names_that_cannot_be_printed_become_escapes_before_any_training() -> None:
    n = 6
    slices = Slices(
        images=np.random.default_rng(0).normal(size=(n, 8, 8)).astype(np.float32),
        label=np.arange(n) % 2,
        split=np.array(["train"] * 4 + ["test"] * 2),
        id=np.array([f"slice\x07{i}" for i in range(n)]),
        patient=np.array([f"p\t{i}\x00x" for i in range(n)]),
    )
    made = features_of(slices, np.random.default_rng(1).normal(size=(n, 2)))
    train, test = made.sides()
    v = shapcpp.value(
        train.X, train.y, test.X, test.y, 4, ids=train.ids, groups=train.groups, by_group=False
    )
    assert v.ids.tolist() == [rf"slice\x07{i}" for i in range(4)]
    assert v.groups is not None
    assert v.groups.tolist() == [rf"p\t{i}\x00x" for i in range(4)]
