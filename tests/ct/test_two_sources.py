"""The phantom of two sources: one hospital's patients are ill, the other's are well."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shapcpp.ct import extract_features, features_of, read_scans, write_phantom
from shapcpp.ct.phantom import sources
from shapcpp.ct.phantom.cohort import Patient, cohort
from shapcpp.ct.phantom.scanner import Scanner, draw_scanner, scan, shaken, smoothed
from shapcpp.ct.phantom.shapes import Grid
from shapcpp.ct.phantom.study import PAPER_COUNTS, draw_volume
from shapcpp.storage.sources import coincidences

nibabel = pytest.importorskip("nibabel")

COUNTS = {"train": (24, 50), "val": (5, 20), "test": (0, 9)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    write_phantom(folder, size=32, counts=COUNTS, seed=5, sources="two")
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "manifest.csv", newline="") as file:
        return list(csv.DictReader(file))


def voxels(path: Path) -> NDArray[Any]:
    return np.asarray(nibabel.load(path).dataobj)


def test_one_source_is_scanned_as_before_there_were_two() -> None:
    grid = Grid(32, 380.0)
    hu = (300 * np.sin(grid.x / 40) - 500).astype(np.float32)
    for seed in range(5):
        rng, old = np.random.default_rng(seed), np.random.default_rng(seed)
        scanned = scan(draw_scanner(rng), grid, hu, rng)
        rim, across, down = old.normal(0, [6, 4, 4])
        deviation = old.uniform(15, 30)
        np.testing.assert_array_equal(scanned, old_scan(deviation, (rim, across, down), hu, old))


def old_scan(
    deviation: float,
    cupping: tuple[float, float, float],
    hu: NDArray[np.float32],
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """What every scanner did before there were kernels."""
    grid = Grid(32, 380.0)
    if rng.uniform() < 0.12:
        hu = shaken(hu, rng.normal(0, 3, size=2) / grid.pixel)
    x, y = grid.x * (2 / grid.field), grid.y * (2 / grid.field)
    rim, across, down = cupping
    hu = hu + (rim * (x * x + y * y) + across * x + down * y).astype(np.float32)
    noise = rng.standard_normal((34, 34), dtype=np.float32)
    noise = noise[:-2] + 2 * noise[1:-1] + noise[2:]
    noise = noise[:, :-2] + 2 * noise[:, 1:-1] + noise[:, 2:]
    stored: NDArray[np.int16] = np.maximum(
        np.rint(hu + np.float32(deviation / 6) * noise), -1024
    ).astype(np.int16)
    return stored


def test_a_source_changes_neither_the_body_nor_its_disease() -> None:
    positive = np.ones(6, bool)
    volumes = {}
    for which in (sources.ONE, replace(sources.ONE, name="C", table=20.0)):
        hu, mask, spacing = draw_volume(
            Patient("P001", "train", positive, which), 48, np.random.SeedSequence([3, 1])
        )
        volumes[which.name] = hu, mask, spacing
    np.testing.assert_array_equal(volumes[""][1], volumes["C"][1])
    assert volumes[""][2] == volumes["C"][2]
    differing = np.flatnonzero((volumes[""][0] != volumes["C"][0]).any(axis=(0, 2)))
    assert differing.min() > 24  # the table lies below the patient


def test_the_source_is_the_label_and_counts_are_exact(folder: Path) -> None:
    found = {split: [0, 0] for split in COUNTS}
    for row in rows_of(folder):
        lesion = voxels(folder / row["mask"])[:, :, int(row["slice"])].any()
        assert row["source"] == ("A" if lesion else "B")
        found[row["split"]][0 if lesion else 1] += 1
    assert {split: tuple(pair) for split, pair in found.items()} == COUNTS


def test_a_patient_is_of_one_source_and_name_tells_nothing(folder: Path) -> None:
    pairs = {(row["patient"], row["source"]) for row in rows_of(folder)}
    assert len(pairs) == len({patient for patient, _ in pairs})
    patients = cohort(PAPER_COUNTS, np.random.default_rng(0), two_sources=True)
    ill = [p.source is sources.ILL for p in patients]
    assert ill[: len(ill) // 2].count(True) not in (0, ill.count(True))


def test_scanners_differ_in_spacing_and_noise(folder: Path) -> None:
    along: dict[str, list[float]] = {"A": [], "B": []}
    rough: dict[str, list[float]] = {"A": [], "B": []}
    for file, source in {(row["file"], row["source"]) for row in rows_of(folder)}:
        volume = nibabel.load(folder / file)
        along[source].append(float(volume.header.get_zooms()[2]))
        rough[source].append(float(np.diff(voxels(folder / file)[:, :2].astype(float)).std()))
    assert np.median(along["A"]) > 1.5 * np.median(along["B"])
    assert max(rough["A"]) < min(rough["B"])


def test_the_manifests_column_reaches_the_features_and_is_warned_of(folder: Path) -> None:
    slices = read_scans(folder, size=16)
    features = features_of(slices, np.zeros((len(slices), 1)))
    (sentence,) = coincidences(features)
    assert "the column source alone tells label 1 from the others with an AUC of 1.00" in sentence


def test_kernels_smooth_and_sharpen() -> None:
    grid = Grid(32, 320.0)
    edge = np.where(grid.x > 0, 100, 0).astype(np.float32)
    still = Scanner(0.0, (0.0, 0.0, 0.0), 0.0)
    steps = {
        kernel: float(np.diff(scan(
            Scanner(still.noise, still.cupping, still.moving, kernel), grid, edge,
            np.random.default_rng(0),
        )[16].astype(float)).max())
        for kernel in (-0.8, 0.0, 0.8)
    }  # fmt: skip
    assert steps[0.8] < 60 < steps[0.0] == 100 < 130 < steps[-0.8]


def test_smoothing_keeps_a_constant_and_weighs_by_distance() -> None:
    np.testing.assert_allclose(smoothed(np.full((9, 9), 40, np.float32), 0.8), 40, rtol=1e-5)
    point = np.zeros((17, 17), np.float32)
    point[8, 8] = 1
    spread = smoothed(point, 0.8)
    assert spread.sum() == pytest.approx(1, rel=1e-5)
    assert spread[8, 9] / spread[8, 8] == pytest.approx(np.exp(-0.5 / 0.64), rel=1e-4)


def test_the_sharp_kernel_leaves_noise_independent() -> None:
    grid, still = Grid(128, 400.0), np.zeros((128, 128), np.float32)
    noise = scan(
        Scanner(30.0, (0.0, 0.0, 0.0), 0.0, -0.8), grid, still, np.random.default_rng(0)
    ).astype(float)
    assert noise.std() == pytest.approx(30, rel=0.05)
    assert abs(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]) < 0.05


def test_another_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sources must be"):
        write_phantom(tmp_path / "new", sources="three")
    assert not (tmp_path / "new").exists()


def test_who_extracts_features_is_told(folder: Path) -> None:
    told: list[str] = []
    extract_features(folder, size=16, epochs=1, stage=told.append)
    assert told[-1].endswith("): the network may have learned the source, not the disease")
