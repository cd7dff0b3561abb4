"""Draws training, validation and test slices: stratified, at random or by patient, by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.storage import cells

__all__ = ["Counts", "draw_splits"]

Array = NDArray[Any]
Counts = Mapping[str, tuple[int, int] | Mapping[Any, int]]

NAMES = ("train", "val", "test")
SHARES = np.array([0.5, 0.25, 0.25])
# Numbers of orders of the patients to try, more while slices are missing; the best is kept.
ORDERS, MOST_ORDERS = 64, 1024
NAMED = 12  # classes in a sentence


def draw_splits(
    label: NDArray[np.int64],
    patient: Array | None,
    counts: Counts | None = None,
    seed: int = 0,
    classes: Sequence[Any] | Array = (),
) -> NDArray[np.str_]:
    """Draws splits with the same share of each class, 50/25/25 unless `counts` says otherwise.

    Parameters
    ----------
    label : ndarray of int64, shape (n,)
        Numbers of classes, from 0: negative and positive, if there are two.
    patient : ndarray, shape (n,), or None
        If given, all slices of a patient go to one split, and the shares are as close to those
        wanted as the patients allow.
    counts : mapping of str to (int, int) or to a mapping, optional
        Of each split: positives and negatives, or the number of slices by class, 0 for those that
        are left out. Slices beyond these numbers are in no split ("").
    seed : int, default 0
        Determines which slices or patients are drawn.
    classes : sequence, shape (K,), optional
        The names of the classes; numbers if left out.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    ValueError
        If there are fewer slices than `counts` asks for, or fewer than three patients.
    """
    random = np.random.default_rng(seed)
    nouns = _nouns(label, classes, counts)
    wanted = _wanted(label, counts, nouns)
    if patient is None:
        splits = _at_random(label, np.cumsum(wanted, axis=0), random)
    else:
        splits = _by_patient(label, patient, wanted, counts is not None, random)
    if counts is not None:
        _thin_out(splits, label, wanted, nouns, random)
    return splits


def _nouns(
    label: NDArray[np.int64], classes: Sequence[Any] | Array, counts: Counts | None
) -> list[str]:
    """What slices of each class are called; negative and positive, unless `counts` has names."""
    n_classes = max(2, int(label.max(initial=0)) + 1, len(classes))
    named = any(isinstance(of_split, Mapping) for of_split in (counts or {}).values())
    if n_classes == 2 and not named:
        return ["negative", "positive"]
    return [str(classes[k]) if k < len(classes) else str(k) for k in range(n_classes)]


def _wanted(label: NDArray[np.int64], counts: Counts | None, nouns: list[str]) -> NDArray[np.int64]:
    """Counts the slices wanted in each split, shape (splits, classes)."""
    there = np.bincount(label, minlength=len(nouns))
    if counts is None:
        ends = np.floor(np.cumsum(SHARES)[:, None] * there + 0.5).astype(np.int64)
        shared: NDArray[np.int64] = np.diff(ends, axis=0, prepend=0)
        return shared
    unknown = [name for name in counts if name not in NAMES]
    if unknown:
        raise ValueError(f"counts names the split {unknown[0]!r}; it may name {', '.join(NAMES)}")
    rows = [_of_split(name, counts.get(name, {}), nouns) for name in NAMES]
    for column in reversed(range(len(nouns))):
        asked = sum(row[column] for row in rows)
        if asked > there[column]:
            raise ValueError(
                f"counts asks for {asked} {nouns[column]} slices, and there are {there[column]}"
            )
    return np.array(rows, dtype=np.int64)


def _of_split(name: str, given: Any, nouns: list[str]) -> list[int]:
    """The slices of each class that `counts` asks for in a split."""
    if not isinstance(given, Mapping):
        pair = tuple(given) if isinstance(given, (Sequence, np.ndarray)) else (given,)
        if len(pair) != 2 or not all(isinstance(n, (int, np.integer)) and n >= 0 for n in pair):
            raise ValueError(
                f"counts has {given} for {name}; it must be two numbers, of positives and "
                "negatives, or a number for each class by its name"
            )
        if len(nouns) > 2:
            raise ValueError(
                f"counts has {given[0]} positives and {given[1]} negatives for {name}, and there "
                f"are {len(nouns)} classes: name them, {', '.join(nouns[:NAMED])}"
                + ("" if len(nouns) <= NAMED else ", ...")
            )
        return [int(n) for n in pair[::-1]]
    numbers = {cells.same(noun): 0 for noun in nouns}  # names as they are read
    known = set(numbers)
    for one, n in given.items():
        key = cells.same(str(one))
        if key not in numbers:
            raise ValueError(
                f"counts of {name} names the class {str(one)!r}, and the classes are "
                f"{', '.join(nouns[:NAMED])}" + ("" if len(nouns) <= NAMED else ", ...")
            )
        if key not in known:
            raise ValueError(f"counts of {name} names the class {str(one)!r} twice")
        known.remove(key)
        numbers[key] = checks.natural(f"counts of {name}", n)
    return list(numbers.values())


def _at_random(
    label: NDArray[np.int64], ends: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.str_]:
    splits = np.full(len(label), "", dtype="U5")
    for column in range(ends.shape[1]):
        members = random.permutation(np.flatnonzero(label == column))
        for name, part in zip(NAMES, np.split(members, ends[:, column]), strict=False):
            splits[part] = name
    return splits


def _by_patient(
    label: NDArray[np.int64],
    patient: Array,
    wanted: NDArray[np.int64],
    in_full: bool,
    random: np.random.Generator,
) -> NDArray[np.str_]:
    """Draws splits of whole patients, as close as possible to the numbers of slices wanted.

    With `in_full`, a draw that holds all slices wanted is preferred to one that is closer.
    """
    patients, of_slice = np.unique(patient, return_inverse=True)
    asked = np.flatnonzero(wanted.sum(axis=1))
    if len(patients) < len(asked):
        raise ValueError(
            f"a split by patient into {len(asked)} needs as many patients, and there are "
            f"{len(patients)}: split at random instead"
        )
    held = np.stack(
        [
            np.bincount(of_slice, label == column, len(patients))
            for column in range(wanted.shape[1])
        ],
        axis=1,
    )
    # Every patient goes to some split, so the targets add up to the number of all slices.
    target = wanted[asked] * (held.sum(axis=0) / np.maximum(wanted.sum(axis=0), 1))
    needed = wanted[asked] if in_full else np.sign(wanted[asked])
    best, plan = (np.inf, np.inf), np.zeros(0, dtype=np.int64)
    for tried in range(MOST_ORDERS):
        if tried >= ORDERS and best[0] == 0:
            break
        score, new = _shared_out(held, target, needed, random.permutation(len(patients)))
        if score < best:
            best, plan = score, new
    return np.array(NAMES)[asked[plan]][of_slice].astype("U5")


def _shared_out(
    held: NDArray[np.integer],
    target: NDArray[np.float64],
    needed: NDArray[np.int64],
    order: NDArray[np.int64],
) -> tuple[tuple[float, float], NDArray[np.int64]]:
    """Puts each patient, the largest first, into the split that it brings closest to its target.

    Returns the number of required slices that are missing, the distance of all splits from their
    targets, and the split of each patient.
    """
    worth = 1 / np.maximum(held.sum(axis=0), 1) ** 2
    sizes = (held / np.maximum(held.sum(axis=0), 1)).max(axis=1)
    # Sizes within a factor of two count as equal, so that the seed decides their order.
    rank = np.floor(np.log2(np.maximum(sizes, 1e-9)))
    order = order[np.argsort(-rank[order], kind="stable")]
    filled, plan = np.zeros_like(target), np.zeros(len(held), dtype=np.int64)
    for left, one in zip(range(len(order), 0, -1), order, strict=True):
        change = ((filled + held[one] - target) ** 2 - (filled - target) ** 2) @ worth
        without = ~filled.any(axis=1)
        if without.sum() >= left:  # the last patients go to splits that have none
            change[~without] = np.inf
        plan[one] = int(np.argmin(change))
        filled[plan[one]] += held[one]
    missing = float(np.maximum(needed - filled, 0).sum())
    return (missing, float((((filled - target) ** 2) @ worth).sum())), plan


def _thin_out(
    splits: NDArray[np.str_],
    label: NDArray[np.int64],
    wanted: NDArray[np.int64],
    nouns: list[str],
    random: np.random.Generator,
) -> None:
    """Removes surplus slices from their splits, at random."""
    for row, name in enumerate(NAMES):
        for column in reversed(range(len(nouns))):
            members = np.flatnonzero((splits == name) & (label == column))
            asked = int(wanted[row, column])
            if len(members) < asked:
                raise ValueError(
                    f"counts asks for {asked} {nouns[column]} slices in {name}, and the patients "
                    f"drawn for it hold {len(members)}: ask for fewer, or take another seed"
                )
            splits[random.permutation(members)[asked:]] = ""
