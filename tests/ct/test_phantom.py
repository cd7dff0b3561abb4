"""The phantom: its counts, its tissues, its masks, and that nothing but lesions tells the class."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shapcpp.ct.phantom.anatomy import draw_chest, draw_slice
from shapcpp.ct.phantom.cohort import Patient, cohort
from shapcpp.ct.phantom.lesions import LONGEST, runs
from shapcpp.ct.phantom.scanner import draw_scanner, scan
from shapcpp.ct.phantom.shapes import Grid, inside, superellipse
from shapcpp.ct.phantom.study import PAPER_COUNTS, draw_volume, write_phantom
from shapcpp.ct.phantom.vessels import Tubes, coverage, vessels

nibabel = pytest.importorskip("nibabel")

COUNTS = {"train": (12, 40), "val": (5, 20), "test": (0, 9)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantom")
    write_phantom(folder, size=32, counts=COUNTS, seed=5)
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "manifest.csv", newline="") as file:
        return list(csv.DictReader(file))


def voxels(path: Path) -> NDArray[Any]:
    return np.asarray(nibabel.load(path).dataobj)


def volume_of(
    positive: list[bool], size: int = 64, seed: int = 3
) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    patient = Patient("P001", "train", np.array(positive))
    hu, mask, _ = draw_volume(patient, size, np.random.SeedSequence([seed, 1]))
    return hu, mask


def test_counts_of_each_split_are_exact_by_the_masks(folder: Path) -> None:
    found = {split: [0, 0] for split in COUNTS}
    for row in rows_of(folder):
        lesion = voxels(folder / row["mask"])[:, :, int(row["slice"])].any()
        found[row["split"]][0 if lesion else 1] += 1
    assert {split: tuple(pair) for split, pair in found.items()} == COUNTS


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "counts", [PAPER_COUNTS, {"train": (1, 1)}, {"a": (60, 0), "b": (0, 60)}, {"a": (95, 5)}]
)
def test_patients_add_up_to_any_counts(counts: dict[str, tuple[int, int]], seed: int) -> None:
    patients = cohort(counts, np.random.default_rng(seed))
    for split, (positives, negatives) in counts.items():
        slices = np.concatenate([p.positive for p in patients if p.split == split])
        assert (slices.sum(), (~slices).sum()) == (positives, negatives)
    assert len({p.name for p in patients}) == len(patients)


def test_of_the_paper_s_patients_some_are_well_and_the_ill_have_well_slices() -> None:
    patients = cohort(PAPER_COUNTS, np.random.default_rng(0))
    for split in PAPER_COUNTS:
        shares = np.array([p.positive.mean() for p in patients if p.split == split])
        assert 0.2 < (shares == 0).mean() < 0.6
        assert shares.max() < 1
        assert all(18 <= len(p.positive) <= 32 for p in patients)


def test_every_patient_is_in_one_split_and_one_volume(folder: Path) -> None:
    rows = rows_of(folder)
    assert list(rows[0]) == ["file", "mask", "slice", "split", "patient"]
    for column in ("split", "file", "mask"):
        pairs = {(row["patient"], row[column]) for row in rows}
        assert len(pairs) == len({row["patient"] for row in rows})
    for file in {row["file"] for row in rows}:
        numbers = [int(row["slice"]) for row in rows if row["file"] == file]
        assert numbers == list(range(voxels(folder / file).shape[2]))


def test_volumes_are_int16_nifti_in_millimetres_with_masks_alike(folder: Path) -> None:
    row = rows_of(folder)[0]
    volume, mask = nibabel.load(folder / row["file"]), nibabel.load(folder / row["mask"])
    assert volume.shape == mask.shape
    assert volume.shape[:2] == (32, 32)
    assert volume.get_data_dtype() == np.int16
    assert volume.header.get_xyzt_units()[0] == "mm"
    assert np.array_equal(volume.affine, mask.affine)
    assert nibabel.aff2axcodes(volume.affine) == ("L", "P", "S")
    across, _, along = volume.header.get_zooms()
    assert 300 < 32 * across < 480  # a chest's width
    assert 150 < volume.shape[2] * along < 350  # its height
    assert set(np.unique(voxels(folder / row["mask"]))) <= {0, 1}


def test_the_round_trip_keeps_every_voxel_and_the_slices_order(tmp_path: Path) -> None:
    write_phantom(tmp_path, size=32, counts={"train": (3, 5)}, seed=2)
    (patient,) = cohort({"train": (3, 5)}, np.random.default_rng([2, 0]))
    hu, mask, spacing = draw_volume(patient, 32, np.random.SeedSequence([2, 1]))
    volume = nibabel.load(tmp_path / "volumes" / "P001.nii.gz")
    assert np.array_equal(np.asarray(volume.dataobj).transpose(2, 1, 0), hu)
    assert np.array_equal(voxels(tmp_path / "masks" / "P001.nii.gz").transpose(2, 1, 0), mask)
    assert np.allclose(volume.header.get_zooms(), (spacing[0], spacing[0], spacing[1]))
    assert np.array_equal(mask.any(axis=(1, 2)), patient.positive)


def test_same_seed_same_files_and_another_seed_others(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("same", 5), ("other", 6)):
        write_phantom(tmp_path / name, size=32, counts=COUNTS, seed=seed)
    files = sorted(path.relative_to(folder) for path in folder.rglob("*.*"))
    assert len(files) == 1 + 2 * len({row["patient"] for row in rows_of(folder)})
    for file in files:
        assert (folder / file).read_bytes() == (tmp_path / "same" / file).read_bytes()
    assert any(
        (folder / file).read_bytes() != (tmp_path / "other" / file).read_bytes()
        for file in files
        if file.name != "manifest.csv"
    )


def test_tissues_have_their_hounsfield_units() -> None:
    rng = np.random.default_rng(0)
    chest = draw_chest(rng)
    grid = Grid(128, chest.field)
    here = draw_slice(chest, grid, 0.6, rng)
    x, y = chest.own(grid.x, grid.y)
    wall = chest.cavity(x, y, 0.6)
    lung = here.hu[here.lung < -6]
    assert lung.min() > -930
    assert lung.max() < -730
    assert abs(here.hu[chest.heart_edge(x, y, 0.6) < -10].mean() - 42) < 15
    skin = superellipse(x, y, chest.half_width, chest.half_depth, 2.5)
    fat = here.hu[(skin < -4) & (skin > -chest.fat + 5) & (np.abs(x) > 60)]
    assert abs(np.median(fat) + 100) < 15
    ribs = here.hu[(wall > 4) & (wall < 8)]
    assert 350 < np.percentile(ribs, 95) < 700
    assert np.all(here.hu[(skin > 6) & (y < 0)] == -1000)


def test_the_windpipe_holds_air_above_its_fork_and_none_below() -> None:
    def midline(seed: int, which: int) -> float:
        hu, _ = volume_of([False] * 9, size=96, seed=seed)
        return float(hu[which, 30:55, 46:51].min())

    assert max(midline(seed, 7) for seed in range(3)) < -850  # the slices count from the base
    assert min(midline(seed, 2) for seed in range(3)) > -500


def test_lungs_shrink_towards_apex_and_base() -> None:
    rng = np.random.default_rng(1)
    chest = draw_chest(rng)
    grid = Grid(64, chest.field)
    area = [float(draw_slice(chest, grid, t, rng).cover.sum()) for t in (0.08, 0.5, 0.95)]
    assert area[0] < 0.8 * area[1]
    assert area[2] < 0.8 * area[1]


def test_vessels_thin_out_and_stay_near_the_lungs() -> None:
    rng = np.random.default_rng(2)
    chest = draw_chest(rng)
    tree = vessels(chest, rng)
    x, y, z = tree.end.astype(np.float32).T
    assert np.mean(chest.lungs(x, y, z / np.float32(chest.height)) < 2) > 0.9
    assert tree.radius.min() < 1 < 5 < tree.radius.max() < 9


def test_a_tube_covers_its_own_area() -> None:
    chest = draw_chest(np.random.default_rng(0))
    grid = Grid(256, chest.field)
    upright = Tubes(np.array([[10.0, 5, -50]]), np.array([[10.0, 5, 50]]), np.array([8.0]))
    area = float(coverage(upright, chest, grid, 0.0, 5.0).sum()) * grid.pixel**2
    assert area == pytest.approx(np.pi * 64, rel=0.05)
    assert not coverage(upright, chest, grid, 70.0, 5.0).any()


def test_a_superellipse_s_area_does_not_depend_on_the_pixels() -> None:
    for size in (32, 64, 256):
        grid = Grid(size, 200.0)
        cover = inside(superellipse(grid.x, grid.y, 60, 30), grid.pixel)
        assert cover.sum() * grid.pixel**2 == pytest.approx(np.pi * 60 * 30, rel=0.02)


def test_lesions_are_in_the_lungs_denser_than_they_and_nowhere_else() -> None:
    positive = [False] * 4 + [True] * 7 + [False] * 4
    ill, mask = volume_of(positive)
    well, none = volume_of([False] * len(positive))
    assert not none.any()
    assert np.array_equal(mask.any(axis=(1, 2)), positive)
    # The same patient without the lesions: all else is drawn from other streams.
    difference = ill.astype(int) - well
    assert np.all(difference[~np.array(positive)] == 0)
    marked = mask.astype(bool)
    assert np.median(well[marked]) < -600
    assert np.median(difference[marked]) > 100
    assert mask.sum(axis=(1, 2))[positive].min() >= 3


def test_lesions_span_short_stretches() -> None:
    positive = np.array([True] * 11 + [False, True, False])
    stretches = runs(positive, np.random.default_rng(0))
    covered = np.concatenate([np.arange(first, last + 1) for first, last in stretches])
    assert np.array_equal(covered, np.flatnonzero(positive))
    assert max(last - first + 1 for first, last in stretches) <= LONGEST


def test_position_in_the_volume_tells_nothing_of_the_class() -> None:
    low, high = [], []
    for seed in range(60):
        for patient in cohort({"train": (100, 400)}, np.random.default_rng(seed)):
            place = np.arange(len(patient.positive)) / (len(patient.positive) - 1)
            share = patient.positive.mean()
            low.append(np.sum(place[patient.positive] - 0.5))
            # The ends against the middle too, where a mean would see nothing.
            middle = np.abs(place - 0.5) < 0.25
            high.append(patient.positive[middle].sum() - share * middle.sum())
    for sums in (np.array(low), np.array(high)):
        assert abs(sums.mean()) < 3.5 * sums.std() / np.sqrt(len(sums))


def test_noise_build_and_size_do_not_depend_on_the_diagnosis() -> None:
    ill, _ = volume_of([True] * 5)
    well, _ = volume_of([False] * 5)
    outside = (slice(None), slice(0, 4))
    assert np.array_equal(ill[outside], well[outside])
    names, shares = [], []
    for seed in range(40):
        for patient in cohort(PAPER_COUNTS, np.random.default_rng(seed)):
            names.append((int(patient.name[1:]), len(patient.positive)))
            shares.append(patient.positive.mean())
    # Not even the number in a patient's name, from whose seed all of the patient is drawn.
    for column in np.array(names).T:
        assert abs(np.corrcoef(column, shares)[0, 1]) < 3.5 / np.sqrt(len(shares))


def test_noise_has_the_scanner_s_deviation_and_neighbours_correlate() -> None:
    rng = np.random.default_rng(0)
    scanner, grid = draw_scanner(rng), Grid(128, 400.0)
    still = np.zeros((128, 128), dtype=np.float32)
    noise = scan(scanner, grid, still, rng).astype(float)
    x, y = grid.x.astype(float) / 200, grid.y.astype(float) / 200
    smooth = np.stack([np.ones_like(x), x, y, x * x + y * y], axis=-1).reshape(-1, 4)
    flat = noise.ravel() - smooth @ np.linalg.lstsq(smooth, noise.ravel(), rcond=None)[0]
    noise = flat.reshape(noise.shape)
    assert noise.std() == pytest.approx(scanner.noise, rel=0.05)
    assert np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1] == pytest.approx(
        2 / 3, abs=0.05
    )
    assert abs(np.corrcoef(noise[:, 8:].ravel(), noise[:, :-8].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"size": 8}, ValueError, "size must be at least 16, got 8"),
        ({"size": 6.5}, TypeError, "size must be an integer"),
        ({"seed": -1}, ValueError, "seed"),
        ({"counts": {}}, TypeError, r"counts must map splits to \(positives, negatives\)"),
        ({"counts": {"train": 3}}, TypeError, r"counts of train must be \(positives, negatives\)"),
        ({"counts": {"val": (-1, 3)}}, ValueError, "counts of val"),
        ({"counts": {"val": (0, 0)}}, ValueError, "counts of val must hold a slice"),
    ],
)
def test_bad_arguments_in_one_sentence(
    arguments: dict[str, Any], error: type[Exception], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=sentence):
        write_phantom(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_without_nibabel_the_extra_is_named_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(ImportError, match=r"nibabel.*pip install '\.\[ct\]'"):
        write_phantom(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_progress_counts_slices(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_phantom(
        tmp_path,
        size=16,
        counts={"train": (5, 55)},
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (60, 60)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
