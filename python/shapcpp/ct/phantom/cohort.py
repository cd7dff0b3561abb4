"""The phantom's patients, their splits, and their diseased slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PAPER_COUNTS", "Patient", "cohort"]

# Positives and negatives of Enshaei et al., *Data Shapley value for handling noisy labels*.
PAPER_COUNTS: Mapping[str, tuple[int, int]] = {
    "train": (100, 400),
    "val": (50, 200),
    "test": (241, 759),
}
VOLUME = 25  # slices of a patient, on average
ILL = 0.6  # share of the patients with any diseased slice


@dataclass(frozen=True)
class Patient:
    """One volume: its name, its split and its diseased slices, from the base upwards."""

    name: str
    split: str
    positive: NDArray[np.bool_]


def cohort(counts: Mapping[str, tuple[int, int]], rng: np.random.Generator) -> list[Patient]:
    """Draws patients whose slices are exactly `counts` (positives, negatives) in each split."""
    split_of, volumes = [], []
    for split, (positives, negatives) in counts.items():
        sizes = volume_sizes(positives + negatives, rng)
        shares = diseased(positives, sizes, rng)
        for size, share in zip(sizes, shares, strict=True):
            split_of.append(split)
            volumes.append(stretches(int(share), int(size), rng))
    # Names are shuffled over splits, so that a name reveals nothing.
    order = rng.permutation(len(volumes))
    width = max(3, len(str(len(volumes))))
    return [
        Patient(f"P{number:0{width}d}", split_of[i], volumes[i])
        for number, i in enumerate(order, start=1)
    ]


def volume_sizes(slices: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draws the numbers of slices of a split's patients, about `VOLUME` each."""
    patients = max(1, round(slices / VOLUME))
    sizes = np.full(patients, slices // patients)
    sizes[: slices % patients] += 1
    for i in range(0, patients - 1, 2):
        moved = int(rng.integers(min(5, sizes[i])))
        sizes[i] -= moved
        sizes[i + 1] += moved
    return sizes


def diseased(
    positives: int, sizes: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draws the number of diseased slices of each patient: none in some, many in others."""
    order = rng.permutation(len(sizes))
    room = np.cumsum(sizes[order])
    # Ill patients have healthy slices too, if there are enough of them.
    enough = int(np.searchsorted(0.75 * room, positives)) + 1
    ill = order[: min(len(sizes), max(round(ILL * len(sizes)), enough))]
    shares = np.zeros(len(sizes), dtype=np.int64)
    weights = rng.uniform(0.4, 1.0, size=len(ill))
    for _ in range(positives):
        left = np.where(shares[ill] < sizes[ill], weights * sizes[ill] / (1 + shares[ill]), 0)
        shares[ill[np.argmax(left)]] += 1
    return shares


def stretches(positives: int, slices: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draws diseased slices in one or two stretches, anywhere.

    The volume is treated as a ring, on which the stretches begin at a random slice: every level
    is then diseased with the same probability, and a slice's position reveals nothing.
    """
    positive = np.zeros(slices, dtype=bool)
    first = int(rng.integers(positives + 1))
    gap = int(rng.integers(slices - positives + 1))
    positive[:first] = True
    positive[first + gap : gap + positives] = True
    return np.roll(positive, int(rng.integers(slices)))
