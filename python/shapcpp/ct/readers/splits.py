"""The third stage of reading: training, validation and test slices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.readers.slice_index import SliceIndex
from shapcpp.ct.readers.split_drawing import Counts, draw_splits
from shapcpp.ct.slices import TWO

__all__ = [
    "RULES",
    "SplitPlan",
    "check_patients",
    "check_splits",
    "choose_rule",
    "shared_patients",
]

Array = NDArray[Any]

RULES = ("file", "patient", "random")
FEWEST_PATIENTS = 3  # one for each split


@dataclass(frozen=True)
class SplitPlan:
    """The way to split slices.

    Attributes
    ----------
    rule : str
        One of `RULES`.
    counts : mapping or None
        As for `draw_splits`.
    seed : int
        As for `draw_splits`.
    needed : sequence of str
        Splits that must hold both classes.
    """

    rule: str
    counts: Counts | None
    seed: int
    needed: Sequence[str]

    def splits(self, index: SliceIndex) -> NDArray[np.str_]:
        """Returns the split of each slice, from its file or drawn.

        Raises
        ------
        ValueError
            If splits cannot be drawn as asked, or a split that is needed lacks a class.
        """
        if self.rule == "file":
            splits = index.splits
        else:
            patients = index.patients if self.rule == "patient" else None
            splits = draw_splits(index.labels, patients, self.counts, self.seed, index.classes)
        check_splits(splits, index.labels, self.needed, index.classes)
        return splits


def choose_rule(
    stored: NDArray[np.str_],
    patient: Array | None,
    asked: str | None,
    counts: Counts | None,
    source: str,
    note: Callable[[str], None],
) -> str:
    """Chooses the source of splits: "file", or draws by "patient" or at "random".

    Parameters
    ----------
    stored : ndarray of str, shape (n,)
        The splits of the file, "" if it names none.
    patient : ndarray, shape (n,), or None
        Patients, where known.
    asked : str or None
        One of `RULES`, or None for the first of them that the slices allow.
    counts : mapping or None
        As for `draw_splits`; if given, splits are drawn.
    source : str
        The name of the slices in error messages.
    note : callable
        Called with a sentence on the rule chosen, if none is asked for.

    Raises
    ------
    ValueError
        If `asked` is unknown, conflicts with `counts`, or needs splits or patients that do not
        exist, or if it is "patient" and the file has a patient in two splits.
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
                "counts go with splits that are drawn, and split 'file' takes those of the file: "
                "leave out one of them"
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
    beside = ": adjacent slices both train and test, which flatters" if patients else ""
    note(f"split: at random, since {why}{beside}{unused}")
    return "random"


def shared_patients(splits: NDArray[np.str_], patient: Array) -> list[tuple[str, list[str]]]:
    """Lists patients with slices in more than one split, with these splits."""
    pairs = np.unique(np.stack([patient.astype("U"), splits])[:, splits != ""], axis=1)
    of_patient: dict[str, list[str]] = {}
    for one, split in pairs.T.tolist():
        of_patient.setdefault(one, []).append(split)
    return [(one, found) for one, found in of_patient.items() if len(found) > 1]


def check_patients(splits: NDArray[np.str_], patient: Array, source: str) -> None:
    """Raises ValueError if a patient is in two splits."""
    shared = shared_patients(splits, patient)
    if shared:
        one, found = shared[0]
        raise ValueError(
            f"{source}: patient {one!r} is in the splits {' and '.join(found)}"
            + (f", and so are {len(shared) - 1} more" if len(shared) > 1 else "")
            + "; a split by patient keeps each in one"
        )


def check_splits(
    splits: NDArray[np.str_],
    label: NDArray[np.int64],
    needed: Sequence[str],
    classes: tuple[Any, ...] = TWO,
) -> None:
    """Raises ValueError if a split that is needed lacks a class, or has fewer than two of many."""
    for split in needed:
        members = label[splits == split]
        if classes != TWO:
            if len(np.unique(members)) < 2:
                held = f"all labelled {classes[members[0]]}" if len(members) else "in no class"
                raise ValueError(
                    f"split {split!r} holds {len(members)} slices, {held}: two classes are needed"
                )
            continue
        for missing, noun in ((1, "positive"), (0, "negative")):
            if not (members == missing).any():
                raise ValueError(
                    f"split {split!r} holds {len(members)} slices and none of them is {noun}; "
                    "counts says how many each split should have"
                )
