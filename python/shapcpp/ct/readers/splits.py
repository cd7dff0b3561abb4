"""Training, validation and test slices: stratified, at random or by patient, by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "RULES",
    "Counts",
    "check_patients",
    "check_splits",
    "made_splits",
    "rule",
    "shared_patients",
]

Array = NDArray[Any]
Counts = Mapping[str, tuple[int, int]]

RULES = ("file", "patient", "random")
NAMES = ("train", "val", "test")
SHARES = np.array([0.5, 0.25, 0.25])
FEWEST_PATIENTS = 3  # one for each split
# Orders of the patients that are tried, and so many while slices asked for are missing; the best
# is kept.
ORDERS, MOST_ORDERS = 64, 1024


def rule(
    stored: NDArray[np.str_],
    patient: Array | None,
    asked: str | None,
    counts: Counts | None,
    source: str,
    note: Callable[[str], None],
) -> str:
    """Where splits come from: "file", or drawn by "patient" or at "random".

    Parameters
    ----------
    stored : ndarray of str, shape (n,)
        The splits of the file, "" where it has none.
    patient : ndarray, shape (n,), or None
        Patients, where known.
    asked : str or None
        One of `RULES`, or None for the first of them that there is reason for.
    counts : mapping or None
        As for `made_splits`; with them splits are drawn.
    source : str
        What error messages call the slices.
    note : callable
        Told in one sentence what is taken when nothing is asked.

    Raises
    ------
    ValueError
        If `asked` is unknown, does not go with `counts`, needs splits or patients that there
        are none of, or if by patient and the file has a patient in two splits.
    """
    has_splits = bool((stored != "").any())
    if asked is None:
        return _default_rule(has_splits, patient, counts, source, note)
    if asked not in RULES:
        raise ValueError(f"split is {asked!r}; it must be one of {', '.join(RULES)}")
    if asked == "file":
        if not has_splits:
            raise ValueError(f"{source} has no split: its column 'split' is missing or empty")
        if counts is not None:
            raise ValueError(
                "counts go with splits that are drawn, and split 'file' takes the file's: leave "
                "out one of them"
            )
    if asked == "patient":
        if patient is None:
            raise ValueError(f"{source} names no patients, which a split by patient needs")
        if has_splits and counts is None:
            check_patients(stored, patient, source)
            return "file"
    return asked


def _default_rule(
    has_splits: bool,
    patient: Array | None,
    counts: Counts | None,
    source: str,
    note: Callable[[str], None],
) -> str:
    if has_splits and counts is None:
        note(f"split: as the column 'split' of {source} says")
        return "file"
    unused = f"; the column 'split' of {source} is not used with counts" if has_splits else ""
    patients = 0 if patient is None else len(np.unique(patient))
    if patients >= FEWEST_PATIENTS:
        note(f"split: by patient, of whom there are {patients}{unused}")
        return "patient"
    known = {0: "no patients are known", 1: "there is one patient"}
    why = known.get(patients, f"there are {patients} patients")
    beside = ": slices that lie side by side train and judge, which flatters" if patients else ""
    note(f"split: at random, since {why}{beside}{unused}")
    return "random"


def made_splits(
    label: NDArray[np.int64],
    patient: Array | None,
    counts: Counts | None = None,
    seed: int = 0,
) -> NDArray[np.str_]:
    """Draws splits with the same share of each class, 50/25/25 unless `counts` says otherwise.

    Parameters
    ----------
    label : ndarray of int64, shape (n,)
        0 or 1.
    patient : ndarray, shape (n,), or None
        Where given, all slices of a patient go to one split: as near to the shares wanted as
        the patients allow.
    counts : mapping of str to (int, int), optional
        Positives and negatives of each split. Slices beyond them are in no split ("").
    seed : int, default 0
        Which slices or patients are drawn.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    ValueError
        If there are fewer slices than `counts` asks for, or no three patients.
    """
    random = np.random.default_rng(seed)
    wanted = _wanted(label, counts)
    if patient is None:
        splits = _at_random(label, np.cumsum(wanted, axis=0), random)
    else:
        splits = _by_patient(label, patient, wanted, counts is not None, random)
    if counts is not None:
        _thin_out(splits, label, wanted, random)
    return splits


def _wanted(label: NDArray[np.int64], counts: Counts | None) -> NDArray[np.int64]:
    """Slices of each class in each split, shape (splits, 2), columns negative and positive."""
    there = np.bincount(label, minlength=2)
    if counts is None:
        ends = np.floor(np.cumsum(SHARES)[:, None] * there + 0.5).astype(np.int64)
        shared: NDArray[np.int64] = np.diff(ends, axis=0, prepend=0)
        return shared
    unknown = [name for name in counts if name not in NAMES]
    if unknown:
        raise ValueError(f"counts names the split {unknown[0]!r}; it may name {', '.join(NAMES)}")
    wanted = np.zeros((len(NAMES), 2), dtype=np.int64)
    for row, name in enumerate(NAMES):
        pair = tuple(counts.get(name, (0, 0)))
        if len(pair) != 2 or min(pair) < 0:
            raise ValueError(
                f"counts has {pair} for {name}; it must be two numbers, of positives and negatives"
            )
        wanted[row] = pair[::-1]
    for column, noun in ((1, "positive"), (0, "negative")):
        asked = int(wanted[:, column].sum())
        if asked > there[column]:
            raise ValueError(
                f"counts asks for {asked} {noun} slices, and there are {there[column]}"
            )
    return wanted


def _at_random(
    label: NDArray[np.int64], ends: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.str_]:
    splits = np.full(len(label), "", dtype="U5")
    for column in (0, 1):
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
    """Patients to splits, as near to the shares wanted as can be, or with all that is wanted."""
    patients, of_slice = np.unique(patient, return_inverse=True)
    asked = np.flatnonzero(wanted.sum(axis=1))
    if len(patients) < len(asked):
        raise ValueError(
            f"a split by patient into {len(asked)} needs as many patients, and there are "
            f"{len(patients)}: split at random instead"
        )
    held = np.stack(
        [np.bincount(of_slice, label == column, len(patients)) for column in (0, 1)], axis=1
    )
    # All patients go somewhere, so the splits share out what there is.
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
    """Each patient to the split that it brings nearest to its target, the largest first.

    Returns how many slices are missing of those needed and how far all splits are from
    their targets, and the split of each patient.
    """
    worth = 1 / np.maximum(held.sum(axis=0), 1) ** 2
    sizes = (held / np.maximum(held.sum(axis=0), 1)).max(axis=1)
    # Patients are alike within a factor of two, so that the seed has a say in their order.
    rank = np.floor(np.log2(np.maximum(sizes, 1e-9)))
    order = order[np.argsort(-rank[order], kind="stable")]
    filled, plan = np.zeros_like(target), np.zeros(len(held), dtype=np.int64)
    for left, one in zip(range(len(order), 0, -1), order, strict=True):
        change = ((filled + held[one] - target) ** 2 - (filled - target) ** 2) @ worth
        without = ~filled.any(axis=1)
        if without.sum() >= left:  # the last patients, for splits that have none
            change[~without] = np.inf
        plan[one] = int(np.argmin(change))
        filled[plan[one]] += held[one]
    missing = float(np.maximum(needed - filled, 0).sum())
    return (missing, float((((filled - target) ** 2) @ worth).sum())), plan


def _thin_out(
    splits: NDArray[np.str_],
    label: NDArray[np.int64],
    wanted: NDArray[np.int64],
    random: np.random.Generator,
) -> None:
    for row, name in enumerate(NAMES):
        for column, noun in ((1, "positive"), (0, "negative")):
            members = np.flatnonzero((splits == name) & (label == column))
            asked = int(wanted[row, column])
            if len(members) < asked:
                raise ValueError(
                    f"counts asks for {asked} {noun} slices in {name}, and the patients drawn for "
                    f"it hold {len(members)}: ask for fewer, or take another seed"
                )
            splits[random.permutation(members)[asked:]] = ""


def shared_patients(splits: NDArray[np.str_], patient: Array) -> list[tuple[str, list[str]]]:
    """Patients with slices in more than one split, and those splits."""
    pairs = np.unique(np.stack([patient.astype("U"), splits])[:, splits != ""], axis=1)
    of_patient: dict[str, list[str]] = {}
    for one, split in pairs.T.tolist():
        of_patient.setdefault(one, []).append(split)
    return [(one, found) for one, found in of_patient.items() if len(found) > 1]


def check_patients(splits: NDArray[np.str_], patient: Array, source: str) -> None:
    """ValueError if a patient is in two splits."""
    shared = shared_patients(splits, patient)
    if shared:
        one, found = shared[0]
        raise ValueError(
            f"{source}: patient {one!r} is in the splits {' and '.join(found)}"
            + (f", and so are {len(shared) - 1} more" if len(shared) > 1 else "")
            + "; a split by patient keeps each in one"
        )


def check_splits(splits: NDArray[np.str_], label: NDArray[np.int64], needed: Sequence[str]) -> None:
    """ValueError, in one sentence, if one of these splits lacks a class."""
    for split in needed:
        members = label[splits == split]
        for missing, noun in ((1, "positive"), (0, "negative")):
            if not (members == missing).any():
                raise ValueError(
                    f"split {split!r} holds {len(members)} slices and none of them is {noun}; "
                    "counts says how many each split should have"
                )
