"""Scans to labelled slices: the one door to all readers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.readers import columns, splits
from shapcpp.ct.readers.bad_slices import BadSlices, silent
from shapcpp.ct.readers.labelling import labelled
from shapcpp.ct.readers.listing import Listing, Scan, listed
from shapcpp.ct.readers.manifest import Manifest
from shapcpp.ct.readers.pixels import count_lesions, read_each
from shapcpp.ct.readers.preparation import allocate, prepared
from shapcpp.ct.slices import Slices
from shapcpp.progress import nothing

__all__ = ["READING", "read_scans"]

# To be raised with every change after which the same files give other slices.
READING = 2

PathLike = str | os.PathLike[str]


def read_scans(
    path: PathLike,
    *,
    size: int = 512,
    labels: PathLike | None = None,
    label_column: str = "label",
    masks: PathLike | None = None,
    min_lesion: int = 1,
    split: str | None = None,
    counts: splits.Counts | None = None,
    seed: int = 0,
    anonymous: bool = False,
    skip_bad: bool = False,
    one_class: bool = False,
    needed: Sequence[str] = (),
    progress: Callable[[int, int], None] = nothing,
    note: Callable[[str], None] = silent,
) -> Slices:
    """Reads CT slices with labels: DICOM, NIfTI volumes or images.

    Parameters
    ----------
    path : path-like
        One of

        - a manifest: a CSV with a row per slice or volume and the column ``file``
          (relative to the manifest), then ``label`` (0 or 1) or ``mask``, and optional
          ``slice``, ``split``, ``patient`` and others, which are carried along. A row of
          a NIfTI volume with ``slice`` empty stands for all its slices;
        - a folder with a ``manifest.csv``;
        - a folder of NIfTI volumes, with lesion masks under the same names in `masks`, or
          in the sub-folder ``masks``, ``labels`` or ``labelsTr`` beside ``images`` or
          ``imagesTr``, or beside them with names that end in ``_mask``, ``_seg`` or
          ``_label``;
        - a folder of DICOM files or of images, labelled by `labels` or by sub-folders
          named ``positive`` and ``negative``, or ``1`` and ``0``.

        Without a column ``patient``, DICOM files name their own; else each volume or series
        counts as one.
    size : int, default 512
        Pixels along each side that slices are resized to.
    labels : path-like, optional
        A CSV of labels that lie beside the scans: ``file``, `label_column`, and the optional
        columns of a manifest. An entry of ``file`` is a path relative to this file's
        folder or to `path`, or else a file name that occurs once. Slices it does not
        name are left out.
    label_column : str, default "label"
        The column with the labels.
    masks : path-like, optional
        The folder of lesion masks.
    min_lesion : int, default 1
        Pixels of a mask that make a slice positive. A label given as such goes first.
    split : {"file", "patient", "random"}, optional
        "file" takes the column ``split``. "patient" takes it too and checks that no
        patient is in two splits; without it, or with `counts`, it draws patients.
        "random" draws slices. Default: "file" where the column has entries, else
        "patient" with three or more patients, else "random".
    counts : mapping of str to (int, int), optional
        Positives and negatives to draw for "train", "val" and "test"; default: half, a
        quarter and a quarter of each class. Slices that are not drawn have split "".
    seed : int, default 0
        Of the draw.
    anonymous : bool, default False
        Patients become numbers in order of appearance, ids of files hashes, and
        of the further columns only slice numbers, true labels and those of zeros and ones are
        kept, beside a column ``anonymous`` of ones. SOPInstanceUIDs stay.
    skip_bad : bool, default False
        Leave out slices that cannot be read, that are there twice, or that do not say where
        they lie in their series, and volumes of a folder without a mask; `note` is told.
    one_class : bool, default False
        Accept slices that are all positive or all negative, of which nothing can be learned.
    needed : sequence of str, default ()
        Splits that must hold both classes, such as "train" and "val" for a training. Told
        before pixels are read.
    progress : callable, optional
        Called with slices done and to do.
    note : callable, optional
        Called with each sentence that is worth one line, such as the default split taken.

    Returns
    -------
    Slices
        DICOM in Hounsfield units from -1024 to 3071, NIfTI as scaled by its header, images
        in grey, then padded to squares, resized, and standardised slice by slice.

    Raises
    ------
    ImportError
        If a library or a decoder is not installed; it is named.
    OSError
        If `path`, `labels` or `masks` does not exist, or the temporary file for many slices
        does not fit on the disk.
    ValueError
        If a slice cannot be read, labels are missing, not 0 or 1, or (without `one_class`)
        all alike, a mask does not cover the voxels of its volume, a slice is listed twice, or
        splits cannot be made as asked or lack what is `needed`.
    """
    _check(size=size, min_lesion=min_lesion)
    if seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}")
    bad = BadSlices(skip_bad, note)
    listing = listed(path, label_column, masks, bad)
    names = columns.anonymous_ids(listing.scans) if anonymous else None
    position = {scan.id: number for number, scan in enumerate(listing.scans)}
    table = listing.manifest
    if labels is not None:
        listing, table = labelled(listing, labels, label_column, note)
    listing = _with_label_or_mask(listing, table, label_column, bad)
    scans = listing.scans
    unlabelled = [scan for scan in scans if scan.label is None]
    advance = _Advance(progress, len(scans) + len(unlabelled))
    if min_lesion > 1 and not unlabelled:
        note(
            f"{min_lesion} pixels of a lesion have no effect: every slice has a label, so no mask "
            "is looked at"
        )
    scans = _with_labels(scans, min_lesion, bad, advance)
    advance(len(listing.scans) - len(scans))  # those left out need not be read
    why = f": by their masks, with min_lesion {min_lesion}" if unlabelled else ""
    _check_classes(scans, listing, why, one_class)
    rule = splits.rule(_stored(scans), _patients(scans), split, counts, listing.source, note)
    # Before anything long, since these may refuse.
    splits.check_splits(_splits(scans, rule, counts, seed), _labels(scans), needed)

    images = allocate(len(scans), size)

    def keep(row: int, pixels: NDArray[np.generic]) -> None:
        images[row] = prepared(pixels, size)

    good = read_each(scans, keep, bad, advance)
    if not good.all():
        rows = np.flatnonzero(good)
        for to, row in enumerate(rows):
            images[to] = images[row]
        images = images[: len(rows)]
        scans = [scans[row] for row in rows]
        _check_classes(scans, listing, why, one_class)
    split_of = _splits(scans, rule, counts, seed)
    splits.check_splits(split_of, _labels(scans), needed)
    extra = columns.extra_columns(scans, note)
    patient = _patients(scans)
    return Slices(
        images=images,
        label=_labels(scans),
        split=split_of,
        id=np.array([s.id for s in scans])
        if names is None
        else names[[position[s.id] for s in scans]],
        patient=patient if patient is None or not anonymous else columns.numbered(patient),
        extra=MappingProxyType(columns.impersonal(extra, len(scans), note) if anonymous else extra),
    )


class _Advance:
    """Adds up what is done and tells it."""

    def __init__(self, progress: Callable[[int, int], None], total: int) -> None:
        self._progress, self._done, self._total = progress, 0, total
        progress(0, total)

    def __call__(self, count: int) -> None:
        if count:
            self._done += count
            self._progress(self._done, self._total)


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        if not isinstance(number, int | np.integer) or isinstance(number, bool):
            raise TypeError(f"{name} must be an integer, got {number!r}")
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")


def _with_label_or_mask(
    listing: Listing, table: Manifest | None, label_column: str, bad: BadSlices
) -> Listing:
    """The listing without volumes that no mask was found for; other slices must have a label."""
    lost = [scan for scan in listing.scans if scan.label is None and scan.mask is None]
    if not lost:
        return listing
    if table is not None:
        if not {label_column, "mask"} & set(table.columns):
            table.need((label_column,), " (and has no 'mask'; label_column names another)")
        raise ValueError(f"{lost[0].where} has neither {label_column} nor mask")
    if listing.masks_in:
        files = dict.fromkeys(scan.file for scan in lost)
        kept = [scan for scan in listing.scans if scan.file not in files]
        for file in files:
            sentence = (
                f"{file.relative_to(listing.root)} of {listing.source} has no mask, which was "
                f"looked for in {listing.masks_in}; name their folder by masks, or give labels"
            )
            if not kept:  # masks lie elsewhere, and nothing would be left to go on with
                raise ValueError(sentence)
            bad.left_out(sentence)
        return replace(listing, scans=kept)
    raise ValueError(
        f"{lost[0].where} of {listing.source} has no label: give labels, write a manifest.csv, or "
        "put slices in folders named positive and negative"
    )


def _with_labels(
    scans: Sequence[Scan], min_lesion: int, bad: BadSlices, advance: Callable[[int], None]
) -> list[Scan]:
    masked = [scan for scan in scans if scan.label is None]
    counts = dict(zip((s.id for s in masked), count_lesions(masked, bad, advance), strict=True))
    return [
        replace(scan, label=int(counts[scan.id] >= min_lesion)) if scan.id in counts else scan
        for scan in scans
        if counts.get(scan.id, 0) >= 0
    ]


def _check_classes(scans: Sequence[Scan], listing: Listing, why: str, one_class: bool) -> None:
    label = _labels(scans)
    if not len(label):
        raise ValueError(f"{listing.source} holds no slice that can be read")
    for missing, noun in ((1, "positive"), (0, "negative")):
        if not one_class and not (label == missing).any():
            raise ValueError(f"none of the {len(scans)} slices of {listing.source} is {noun}{why}")


def _labels(scans: Sequence[Scan]) -> NDArray[np.int64]:
    return np.array([scan.label for scan in scans], dtype=np.int64)


def _patients(scans: Sequence[Scan]) -> NDArray[np.str_] | None:
    known = [scan.patient for scan in scans]
    if not any(known):
        return None
    for scan in scans:
        if not scan.patient:
            raise ValueError(f"{scan.where} has no patient, and other slices have one")
    return np.array(known, dtype=np.str_)


def _stored(scans: Sequence[Scan]) -> NDArray[np.str_]:
    return np.array([scan.split or "" for scan in scans], dtype="U5")


def _splits(
    scans: Sequence[Scan], rule: str, counts: splits.Counts | None, seed: int
) -> NDArray[np.str_]:
    if rule == "file":
        return _stored(scans)
    patient = _patients(scans) if rule == "patient" else None
    return splits.made_splits(_labels(scans), patient, counts, seed)
