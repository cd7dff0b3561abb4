"""The phantom's patients, their splits, and their diseased slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.phantom import sources
from shapcpp.ct.phantom.sources import ONE, Source

__all__ = ["PAPER_COUNTS", "Patient", "cohort"]

# Positives and negatives of Enshaei et al., *Data Shapley value for handling noisy labels*.
PAPER_COUNTS: Mapping[str, tuple[int, int]] = {
    "train": (100, 400),
    "val": (50, 200),
    "test": (241, 759),
}
ILL = 0.6  # share of the patients with any diseased slice


@dataclass(frozen=True)
class Patient:
    """One volume: its name, split, diseased slices from the base upwards, and hospital."""

    name: str
    split: str
    positive: NDArray[np.bool_]
    source: Source = ONE


def cohort(
    counts: Mapping[str, tuple[int, int]], rng: np.random.Generator, *, two_sources: bool = False
) -> list[Patient]:
    """Draws patients whose slices are exactly `counts` (positives, negatives) in each split.

    From two sources, a patient's slices are all diseased, of source A, or all well, of source B.
    """
    drawn: list[tuple[str, NDArray[np.bool_], Source]] = []
    for split, (positives, negatives) in counts.items():
        if two_sources:
            for slices, source in ((positives, sources.ILL), (negatives, sources.WELL)):
                sizes = volume_sizes(slices, rng, source.volume)
                ill = source is sources.ILL
                drawn += [(split, np.full(size, ill), source) for size in sizes]
            continue
        sizes = volume_sizes(positives + negatives, rng, ONE.volume)
        shares = diseased(positives, sizes, rng)
        for size, share in zip(sizes, shares, strict=True):
            drawn.append((split, stretches(int(share), int(size), rng), ONE))
    # Names are shuffled over splits, so that a name reveals nothing.
    order = rng.permutation(len(drawn))
    width = max(3, len(str(len(drawn))))
    return [Patient(f"P{number:0{width}d}", *drawn[i]) for number, i in enumerate(order, start=1)]


def volume_sizes(slices: int, rng: np.random.Generator, each: int) -> NDArray[np.int64]:
    """Draws the numbers of slices of a split's patients, about `each`."""
    if not slices:
        return np.zeros(0, dtype=np.int64)
    patients = max(1, round(slices / each))
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
