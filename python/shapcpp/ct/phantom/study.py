"""A phantom: chest CT of imaginary patients with and without pneumonia, as NIfTI files."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.ct.libraries import library
from shapcpp.ct.phantom.anatomy import draw_chest, draw_slice
from shapcpp.ct.phantom.cohort import PAPER_COUNTS, Patient, cohort
from shapcpp.ct.phantom.lesions import draw_lesions, draw_look_alikes, lesions_of, look_alikes_of
from shapcpp.ct.phantom.scanner import draw_scanner, scan
from shapcpp.ct.phantom.shapes import Grid
from shapcpp.ct.phantom.vessels import airways, draw_airways, draw_vessels, vessels
from shapcpp.progress import nothing
from shapcpp.storage import writing
from shapcpp.storage.csv_files import write_csv

__all__ = ["PAPER_COUNTS", "SOURCES", "write_phantom"]

APEX, BASE = 0.1, 0.93  # levels of the highest and the lowest slice, so that all show lung
THICKNESS = 7.0  # mm
SMALLEST = 16  # pixels; a smaller slice shows nothing of a chest
SOURCES = ("one", "two")
# Raise this with every change after which the same seed gives other volumes.
DRAWING = 1


def write_phantom(
    folder: str | os.PathLike[str],
    *,
    size: int = 64,
    seed: int = 0,
    counts: Mapping[str, tuple[int, int]] = PAPER_COUNTS,
    sources: str = "one",
    progress: Callable[[int, int], None] = nothing,
) -> None:
    """Writes chest CT volumes with lesion masks, and a manifest of their slices.

    Each patient is one NIfTI volume of about 25 axial slices in Hounsfield units (int16) with
    a mask of the same shape, and belongs to one split. Build, breathing, noise, level of the
    slice and harmless findings have the same distribution in both classes, so that only the
    lesions tell them apart: ground-glass opacities (-650 to -400 HU) and consolidations (-100 to
    50 HU). Volumes and masks have the orientation LPS+z, voxels in millimetres; slice 0 is the
    lowest.

    Parameters
    ----------
    folder : path
        Created if absent; files of the same names are replaced.
    size : int, default 64
        Pixels along each side of a slice, 16 or more.
    seed : int, default 0
        The same seed gives the same files.
    counts : mapping of str to (int, int), default `PAPER_COUNTS`
        Positive and negative slices of each split, met exactly.
    sources : {"one", "two"}, default "one"
        "two": as where positives and negatives come from different data sets. All slices of a
        patient are then of one class. Ill patients are of source A: a smooth kernel, little
        noise, a wide field of view, distant slices. Well patients are of source B: a sharp
        kernel, much noise, a narrow field, close slices, a lower table. A network can tell the
        classes apart by the scanner alone.
    progress : callable, optional
        Called after each patient with the slices done and their total.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.
    ImportError
        If nibabel is absent.

    Notes
    -----
    `folder` gets ``manifest.csv`` with the columns ``file, mask, slice, split, patient``
    (and ``source``, where there are two), and the folders ``volumes`` and ``masks``. A slice is
    positive if its mask holds a pixel. The manifest is written last.
    """
    size, seed = checks.positive("size", size), checks.seed(seed)
    if size < SMALLEST:
        raise ValueError(f"size must be at least {SMALLEST}, got {size}")
    checks.choice("sources", sources, *SOURCES)
    library("nibabel", "the phantom")
    two = sources == "two"
    rng = np.random.default_rng([seed, 0])
    patients = cohort(checked_counts(counts), rng, two_sources=two)
    target = Path(folder)
    for part in ("volumes", "masks"):
        (target / part).mkdir(parents=True, exist_ok=True)
    total = sum(len(patient.positive) for patient in patients)
    rows: list[tuple[object, ...]] = []
    for number, patient in enumerate(patients, start=1):
        hu, mask, spacing = draw_volume(patient, size, np.random.SeedSequence([seed, number]))
        names = [f"{part}/{patient.name}.nii.gz" for part in ("volumes", "masks")]
        write_nifti(target / names[0], hu, spacing)
        write_nifti(target / names[1], mask, spacing)
        about = (patient.split, patient.name, *([patient.source.name] if two else []))
        rows += [(*names, k, *about) for k in range(len(patient.positive))]
        progress(len(rows), total)
    columns = ("file", "mask", "slice", "split", "patient", *(["source"] if two else []))
    write_csv(target / "manifest.csv", columns, rows)


def checked_counts(counts: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """The counts as whole numbers, if each split has slices."""
    if not isinstance(counts, Mapping) or not counts:
        raise TypeError("counts must map splits to (positives, negatives)")
    checked = {}
    for split, pair in counts.items():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"counts of {split} must be (positives, negatives), got {pair!r}")
        positives, negatives = (checks.natural(f"counts of {split}", n) for n in pair)
        if positives + negatives == 0:
            raise ValueError(f"counts of {split} must hold a slice, got {pair!r}")
        checked[split] = (positives, negatives)
    return checked


def draw_volume(
    patient: Patient, size: int, source: np.random.SeedSequence
) -> tuple[NDArray[np.int16], NDArray[np.uint8], tuple[float, float]]:
    """One patient: Hounsfield units and mask (slices, size, size), spacing across and along."""
    # Separate random streams, so that a diagnosis changes nothing but the lesions.
    body, texture, disease, device = (np.random.default_rng(s) for s in source.spawn(4))
    chest, scanner = draw_chest(body), draw_scanner(device, patient.source)
    field, table = chest.field * patient.source.field, chest.table + patient.source.table
    chest = replace(chest, field=field, table=table)
    slices = len(patient.positive)
    levels = np.linspace(BASE, APEX, slices) if slices > 1 else np.array([(APEX + BASE) / 2])
    tree = vessels(chest, body)
    tubes = airways(chest, tree)
    looks = look_alikes_of(chest, slices, body)
    lesions = lesions_of(chest, patient.positive, levels, disease)
    grid = Grid(size, chest.field)
    hu = np.empty((slices, size, size), dtype=np.int16)
    mask = np.zeros((slices, size, size), dtype=np.uint8)
    for k, level in enumerate(levels):
        z = float(level) * chest.height
        here = draw_slice(chest, grid, float(level), texture)
        draw_look_alikes(looks, chest, grid, here, k)
        mask[k] = draw_lesions(lesions, chest, grid, here, k, disease)
        draw_vessels(tree, chest, grid, here, z, THICKNESS)
        draw_airways(tubes, chest, grid, here, z, THICKNESS)
        hu[k] = scan(scanner, grid, here.hu, device)
    along = chest.height * (BASE - APEX) / max(slices - 1, 1)
    return hu, mask, (grid.pixel, along)


def write_nifti(path: Path, voxels: NDArray[Any], spacing: tuple[float, float]) -> None:
    """Writes slices (k, row, column) as a gzipped NIfTI volume without a time stamp."""
    nibabel = library("nibabel", "the phantom")
    across, along = spacing
    half = across * (voxels.shape[1] - 1) / 2
    # Columns run to the patient's left and rows to the back; NIfTI runs to the right and front.
    affine = np.diag([-across, -across, along, 1.0])
    affine[:3, 3] = [half, half, 0]
    image = nibabel.Nifti1Image(np.ascontiguousarray(voxels.transpose(2, 1, 0)), affine)
    image.header.set_xyzt_units("mm")
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=packed, mtime=0) as file:
        file.write(image.to_bytes())
    writing.write_atomically(path, lambda file: file.write(packed.getbuffer()))
