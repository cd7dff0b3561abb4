"""Tables with injected errors, drawn by the published protocol."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TABLES = ("pol", "2dplanes", "phoneme", "wind", "cpu_act")
CLOSED = ("two planes", "friedman")
SCANS = ("ct-ich at random", "ct-ich by patient")
PHANTOM = "phantom"
MANY_CLASSES = ("digits", "wine")
TRAIN, TEST = 1000, 100
BLOCKS = 16  # a slice becomes this many means of blocks each way
SLICES = {"all": (360, 840)}  # of the phantom: with lesions, and without


class Draw(NamedTuple):
    """Training rows with given and true labels, and test rows with true ones."""

    X: Floats
    y: Integers
    truth: Integers
    X_test: Floats
    y_test: Integers


def data_folder() -> Path | None:
    """The folder of real data, if there is one."""
    place = os.environ.get("SHAPCPP_DATA")
    return Path(place) if place and Path(place).is_dir() else None


def known_sets() -> list[str]:
    """The sets that can be drawn here."""
    folder = data_folder()
    tables = [t for t in TABLES if folder and (folder / "openml" / f"{t}.npz").exists()]
    scans = list(SCANS) if folder and (folder / "ct-ich" / "manifest.csv").exists() else []
    return [*tables, *CLOSED, *MANY_CLASSES, *scans, PHANTOM]


def draw(name: str, rates: tuple[float, ...], seed: int) -> Draw:
    """A random part of a set; of each class a share of the labels becomes another, at random.

    `rates` has one share per class, or one for all. With two classes the other one is meant.
    """
    X, t, groups = whole(name)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(X))
    if groups is not None:  # whole patients, until there are enough
        place = rng.permutation(int(groups.max()) + 1)
        order = np.argsort(place[groups], kind="stable")
    test_size = min(TEST, len(X) // 4)
    inside, outside = order[: min(TRAIN, len(X) - test_size)], order[-test_size:]
    K = int(t.max()) + 1
    truth = t[inside]
    y = truth.copy()
    for k in range(K):
        members = np.flatnonzero(truth == k)
        count = int(rates[k if len(rates) > 1 else 0] * len(members) + 0.5)
        moved = rng.choice(members, count, replace=False)
        y[moved] = (k + rng.integers(1, K, count)) % K
    return Draw(X[inside], y, truth, X[outside], t[outside])


@cache
def whole(name: str) -> tuple[Floats, Integers, Integers | None]:
    """Features, labels and, where draws take whole groups, groups."""
    if name in TABLES:
        with np.load(_folder() / "openml" / f"{name}.npz") as arrays:
            return arrays["X"].astype(float), arrays["y"].astype(np.int64), None
    if name in MANY_CLASSES:
        from sklearn import datasets

        X, y = {"digits": datasets.load_digits, "wine": datasets.load_wine}[name](return_X_y=True)
        return X, y.astype(np.int64), None
    if name in SCANS:
        X, y, patients = _slices()
        return X, y, patients if name == SCANS[1] else None
    if name == PHANTOM:
        return *_phantom(), None
    rng = np.random.default_rng(0)
    if name == "two planes":  # Breiman et al., 1984
        X = np.column_stack([rng.choice([-1, 1], 5000), rng.choice([-1, 0, 1], (5000, 9))])
        up = 3 + 3 * X[:, 1] + 2 * X[:, 2] + X[:, 3]
        down = -3 + 3 * X[:, 4] + 2 * X[:, 5] + X[:, 6]
        f = np.where(X[:, 0] == 1, up, down) + rng.normal(size=5000)
        return X.astype(float), (f > 0).astype(np.int64), None
    X = rng.random((5000, 10))  # Friedman, 1991
    f = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2
    f += 10 * X[:, 3] + 5 * X[:, 4] + rng.normal(size=5000)
    return X, (f > np.median(f)).astype(np.int64), None


def _folder() -> Path:
    folder = data_folder()
    assert folder is not None
    return folder


def _phantom() -> tuple[Floats, Integers]:
    """Means of blocks of imagined chest slices, and whether they hold a lesion."""
    from shapcpp.ct.phantom.cohort import cohort
    from shapcpp.ct.phantom.study import draw_volume

    patients = cohort(SLICES, np.random.default_rng([0, 0]))
    means = []
    for number, patient in enumerate(patients, start=1):
        units = draw_volume(patient, 4 * BLOCKS, np.random.SeedSequence([0, number]))[0]
        blocks = np.clip(units, -1000, 400).reshape(len(units), BLOCKS, 4, BLOCKS, 4)
        means.append(blocks.mean(axis=(2, 4)).reshape(len(units), -1))
    lesions = np.concatenate([patient.positive for patient in patients])
    return np.concatenate(means), lesions.astype(np.int64)


def _slices() -> tuple[Floats, Integers, Integers]:
    """Means of blocks of each slice of the haemorrhage scans, labels, patients."""
    from PIL import Image

    folder = _folder() / "ct-ich"
    with (folder / "manifest.csv").open(newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    X = np.empty((len(rows), BLOCKS * BLOCKS))
    for i, row in enumerate(rows):
        with Image.open(folder / row["file"]) as image:
            small = image.convert("L").resize((BLOCKS, BLOCKS), Image.Resampling.BOX)
        X[i] = np.asarray(small, dtype=float).ravel()
    patients = np.unique([row["patient"] for row in rows], return_inverse=True)[1]
    return X, np.array([int(row["label"]) for row in rows]), patients.astype(np.int64)
