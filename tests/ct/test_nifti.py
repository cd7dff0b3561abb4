"""NIfTI volumes: whichever way they are stored, the same slices."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scans import nifti, pattern, standard, write_csv, write_nifti
from shapcpp.ct import read_scans
from shapcpp.ct.readers.lesion_values import LesionValues, MaskSurvey
from shapcpp.ct.readers.nifti import Volume, check_same_place


def block(shape: tuple[int, ...] = (5, 6, 4)) -> NDArray[np.int16]:
    """A volume whose voxels are all different, axes right, anterior, superior."""
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape) - 50


def seen(volume: NDArray[np.int16], number: int) -> NDArray[np.int16]:
    """A slice as it is looked at, voxel by voxel: anterior above, the right side left."""
    width, height = volume.shape[:2]
    return np.array(
        [
            [volume[width - 1 - column, height - 1 - row, number] for column in range(width)]
            for row in range(height)
        ]
    )


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
def test_all_48_ways_of_storing_give_the_same_slices(
    tmp_path: Path, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    stored = block().transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for axis, (along, sign) in enumerate(zip(order, signs, strict=True)):
        affine[along, axis] = sign
    volume = Volume(write_nifti(tmp_path / "v.nii", stored, affine))
    assert volume.n_slices == 4
    for number, pixels in enumerate(volume.slices(range(4))):
        assert pixels.tolist() == seen(block(), number).tolist()


def rotation(degrees: float) -> NDArray[np.float64]:
    """About the axis from right to left, as a gantry tilts."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1]])


def test_an_oblique_volume_is_cut_along_its_nearest_axis(tmp_path: Path) -> None:
    spacing = np.diag([-0.7, -0.7, 5.0, 1.0])
    stored = block()[::-1, ::-1]
    volume = Volume(write_nifti(tmp_path / "tilted.nii.gz", stored, rotation(20) @ spacing))
    assert volume.axes == "LPS"
    (pixels,) = volume.slices([2])
    assert pixels.tolist() == seen(block(), 2).tolist()


def test_one_volume_in_four_axes_is_read_and_two_are_refused(tmp_path: Path) -> None:
    one = Volume(write_nifti(tmp_path / "one.nii", block()[..., None]))
    assert [p.tolist() for p in one.slices([3])] == [seen(block(), 3).tolist()]
    two = Volume(write_nifti(tmp_path / "two.nii", np.stack([block()] * 2, axis=3)))
    with pytest.raises(ValueError, match=r"it holds 2 volumes \(shape \(5, 6, 4, 2\)\)"):
        two.n_slices  # noqa: B018
    line = Volume(write_nifti(tmp_path / "line.nii", block()[0, 0]))
    with pytest.raises(ValueError, match=r"it has shape \(4,\), and a volume or slice is needed"):
        line.n_slices  # noqa: B018


def test_a_single_slice_of_two_axes_is_a_volume_of_one(tmp_path: Path) -> None:
    flat = Volume(write_nifti(tmp_path / "flat.nii", block()[..., 2]))
    assert flat.n_slices == 1
    assert [p.tolist() for p in flat.slices([0])] == [seen(block(), 2).tolist()]
    upright = np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    across = Volume(write_nifti(tmp_path / "across.nii", block()[..., 2], upright))
    with pytest.raises(ValueError, match="a single slice, and that is not axial"):
        across.n_slices  # noqa: B018


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    path = tmp_path / "scaled.nii"
    image = nifti(block())
    image.header.set_slope_inter(2, -1000)
    image.to_filename(path)
    (pixels,) = Volume(path).slices([1])
    assert pixels.tolist() == (seen(block(), 1) * 2.0 - 1000).tolist()


def test_a_mask_stored_with_an_offset_is_zero_where_it_says_zero(tmp_path: Path) -> None:
    volume = write_nifti(tmp_path / "v.nii", block())
    image = nifti(mask_of(block(), [0, 3, 1, 0]) / 7)
    image.header.set_data_dtype(np.int16)
    image.to_filename(tmp_path / "m.nii")
    assert Volume(tmp_path / "m.nii")._image.dataobj.inter != 0
    assert lesion_pixels(tmp_path / "m.nii", volume).tolist() == [0, 3, 1, 0]


def lesion_pixels(mask: Path, volume: Path) -> NDArray[np.int64]:
    drawn, survey = Volume(mask), MaskSurvey(LesionValues())
    check_same_place(drawn, Volume(volume))
    return np.array([survey.count(pixels) for pixels in drawn.slices(range(drawn.n_slices))])


def mask_of(volume: NDArray[np.int16], counts: list[int]) -> NDArray[np.uint8]:
    mask = np.zeros(volume.shape, dtype=np.uint8)
    for number, count in enumerate(counts):
        mask[..., number].flat[:count] = 3
    return mask


def test_lesions_are_counted_in_the_slices_of_the_volume(tmp_path: Path) -> None:
    volume = write_nifti(tmp_path / "v.nii", block())
    mask = mask_of(block(), [0, 3, 1, 30])
    assert lesion_pixels(write_nifti(tmp_path / "m.nii", mask), volume).tolist() == [0, 3, 1, 30]
    # The same mask stored upside down, as its affine says.
    affine = np.diag([1.0, 1, -1, 1])
    affine[2, 3] = 3
    turned = write_nifti(tmp_path / "t.nii", mask[..., ::-1], affine)
    assert lesion_pixels(turned, volume).tolist() == [0, 3, 1, 30]


def test_a_mask_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    volume = write_nifti(tmp_path / "v.nii", block())
    small = write_nifti(tmp_path / "small.nii", mask_of(block((5, 6, 3)), [1, 1, 1]))
    with pytest.raises(
        ValueError, match=r"small.nii has shape \(5, 6, 3\), the volume \(5, 6, 4\)"
    ):
        lesion_pixels(small, volume)
    elsewhere = write_nifti(tmp_path / "e.nii", mask_of(block(), [1] * 4), np.diag([1.0, 1, -1, 1]))
    with pytest.raises(ValueError, match="stored along RAI .* RAS .* do not cover the same voxels"):
        lesion_pixels(elsewhere, volume)


@pytest.mark.parametrize(
    ("affine", "apart"),
    [
        (np.diag([0.7, 0.7, 5.0, 1.0]), None),
        (np.diag([0.71, 0.7, 5.2, 1.0]), None),
        (np.array([[0.7, 0, 0, 0.3], [0, 0.7, 0, -0.3], [0, 0, 5, 2.4], [0, 0, 0, 1]]), None),
        (np.array([[0.7, 0, 0, 0], [0, 0.7, 0, 0], [0, 0, 5, 50], [0, 0, 0, 1]]), "10"),
        (np.array([[0.7, 0, 0, 0.7], [0, 0.7, 0, 0], [0, 0, 5, 0], [0, 0, 0, 1]]), "1"),
        (np.diag([0.7, 0.7, 6.0, 1.0]), "0.6"),
    ],
)
def test_a_mask_lies_within_half_a_voxel_of_its_volume(
    tmp_path: Path, affine: NDArray[np.float64], apart: str | None
) -> None:
    volume = write_nifti(tmp_path / "v.nii", block(), np.diag([0.7, 0.7, 5.0, 1.0]))
    mask = write_nifti(tmp_path / "m.nii", mask_of(block(), [0, 3, 1, 0]), affine)
    if apart is None:
        assert lesion_pixels(mask, volume).tolist() == [0, 3, 1, 0]
        return
    with pytest.raises(ValueError, match=f"m.nii does not cover .* up to {apart} voxels apart"):
        lesion_pixels(mask, volume)


@pytest.mark.parametrize(
    ("volumes", "masks"),
    [
        ("images/{}.nii", "masks/{}.nii"),
        ("imagesTr/{}_0000.nii.gz", "labelsTr/{}.nii.gz"),
        ("{}.nii", "{}_mask.nii"),
        ("{0}/{0}.nii", "{0}/{0}-seg.nii"),
    ],
)
def test_masks_are_found_by_name(tmp_path: Path, volumes: str, masks: str) -> None:
    lesions = {"a": [0, 3, 1, 0], "b": [2, 0, 0, 0], "c": [0, 0, 0, 9]}
    for name, counts in lesions.items():
        write_nifti(tmp_path / volumes.format(name), block())
        write_nifti(tmp_path / masks.format(name), mask_of(block(), counts))
    slices = read_scans(tmp_path, size=6, min_lesion=2)
    assert slices.label.tolist() == [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert slices.id[1] == f"{volumes.format('a')}:1"
    assert slices.extra["slice"].tolist() == [0, 1, 2, 3] * 3
    assert slices.patient is not None
    path = volumes.format("b")
    assert slices.patient[4:8].tolist() == [path[: path.index(".nii")]] * 4


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("a.nii", "a_mask.nii", "a_seg.nii"), "a_mask.nii and a_seg.nii, both in .* go with the same"),
        (("a.nii", "a.nii.gz", "a_mask.nii"), "a.nii and a.nii.gz, both in .* go with the same volume"),
        (("images/a.nii", "masks/a.nii", "masks/a_seg.nii"), "a.nii and a_seg.nii, both in"),
    ],
)  # fmt: skip
def test_two_that_go_with_the_same_volume_are_refused(
    tmp_path: Path, names: tuple[str, ...], sentence: str
) -> None:
    for name in names:
        write_nifti(tmp_path / name, mask_of(block(), [0, 3, 1, 0]))
    with pytest.raises(ValueError, match=sentence):
        read_scans(tmp_path, size=6)


def test_a_mask_in_no_folder_goes_with_one_volume_only(tmp_path: Path) -> None:
    for name in ("p1/scan", "p2/scan", "p3/other"):
        write_nifti(tmp_path / "images" / f"{name}.nii", block())
    for name in ("scan", "other"):
        write_nifti(tmp_path / "masks" / f"{name}.nii", mask_of(block(), [0, 3, 1, 0]))
    with pytest.raises(ValueError, match="p1/scan.nii of .* has no mask"):
        read_scans(tmp_path, size=6)
    notes: list[str] = []
    slices = read_scans(tmp_path, size=6, skip_bad=True, note=notes.append)
    assert slices.id.tolist() == [f"images/p3/other.nii:{number}" for number in range(4)]


def test_volumes_beside_the_folders_are_told(tmp_path: Path) -> None:
    for name in ("images/a", "extra/b", "masks/c"):
        write_nifti(tmp_path / f"{name}.nii", block())
    write_nifti(tmp_path / "masks" / "a.nii", mask_of(block(), [0, 3, 1, 0]))
    notes: list[str] = []
    assert len(read_scans(tmp_path, size=6, note=notes.append)) == 4
    (sentence,) = [note for note in notes if "left out" in note]
    assert sentence.startswith(f"2 of 4 volumes of {tmp_path} are left out, as neither scans with")
    assert sentence.endswith("the first is extra/b.nii")


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", block().astype(np.complex64))
    write_nifti(tmp_path / "a_mask.nii", mask_of(block(), [0, 3, 1, 0]))
    with pytest.raises(ValueError, match="a.nii cannot be read: it holds complex numbers"):
        read_scans(tmp_path, size=6)


def test_masks_from_a_folder_of_their_own(tmp_path: Path) -> None:
    write_nifti(tmp_path / "scans" / "x" / "a.nii", block())
    write_nifti(tmp_path / "drawn" / "x" / "a.nii.gz", mask_of(block(), [0, 0, 4, 4]))
    slices = read_scans(tmp_path / "scans", size=6, masks=tmp_path / "drawn")
    assert slices.label.tolist() == [0, 0, 1, 1]
    with pytest.raises(ValueError, match=r"x/a.nii of .* has no mask, which was looked"):
        read_scans(tmp_path / "scans", size=6)


def test_no_lesion_anywhere_is_refused(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", block())
    write_nifti(tmp_path / "a_seg.nii", mask_of(block(), [3, 0, 1, 2]))
    with pytest.raises(ValueError, match="none of the 4 slices .* positive: .* min_lesion 4"):
        read_scans(tmp_path, min_lesion=4)


def test_a_manifest_names_slices_or_whole_volumes(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", block())
    write_nifti(tmp_path / "lesions.nii", mask_of(block(), [0, 3, 1, 0]))
    write_csv(
        tmp_path / "manifest.csv",
        "file,mask,slice,split,patient,dose",
        ("a.nii", "lesions.nii", 2, "train", "Z", 5),
        ("a.nii", "lesions.nii", 0, "test", "Z", 6),
    )
    slices = read_scans(tmp_path, size=6)
    assert slices.id.tolist() == ["a.nii:2", "a.nii:0"]
    assert slices.label.tolist() == [1, 0]
    assert slices.split.tolist() == ["train", "test"]
    assert slices.extra["dose"].tolist() == [5, 6]
    np.testing.assert_allclose(
        slices.images[1], standard(np.pad(seen(block(), 0), ((0, 0), (0, 1)), constant_values=-50)),
        atol=1e-6,
    )  # fmt: skip
    write_csv(tmp_path / "all.csv", "file,mask,slice", ("a.nii", "lesions.nii", ""))
    assert read_scans(tmp_path / "all.csv", size=6).label.tolist() == [0, 1, 1, 0]
    write_csv(tmp_path / "far.csv", "file,mask,slice", ("a.nii", "lesions.nii", 4))
    with pytest.raises(ValueError, match=r"far.csv, line 2.*slice 4 .* 4 slices count from 0"):
        read_scans(tmp_path / "far.csv")


def test_labels_of_single_slices_beside_a_volume(tmp_path: Path) -> None:
    write_nifti(tmp_path / "scans" / "a.nii", np.stack([pattern(k) for k in range(4)], axis=2))
    table = write_csv(tmp_path / "labels.csv", "file,slice,label", ("a.nii", 3, 1), ("a.nii", 1, 0))
    notes: list[str] = []
    slices = read_scans(tmp_path / "scans", size=8, labels=table, note=notes.append)
    assert slices.id.tolist() == ["a.nii:1", "a.nii:3"]
    assert slices.label.tolist() == [0, 1]
    assert "2 of 4 slices" in notes[0]
    np.testing.assert_allclose(slices.images[1], standard(pattern(3)[::-1, ::-1].T), atol=1e-6)
