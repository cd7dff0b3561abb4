"""From scans to labelled slices: the single entry point to all readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np

from shapcpp.ct.readers.bad_slices import BadSlices, silent
from shapcpp.ct.readers.columns import anonymised, extra_columns
from shapcpp.ct.readers.indexing import index_slices
from shapcpp.ct.readers.kinds import IMAGE
from shapcpp.ct.readers.labelling import check_labelled, with_mask_labels, with_table_labels
from shapcpp.ct.readers.lesion_values import LesionValues
from shapcpp.ct.readers.manifest import Columns
from shapcpp.ct.readers.pixels import with_pixels
from shapcpp.ct.readers.split_drawing import Counts
from shapcpp.ct.readers.splits import SplitPlan, choose_rule
from shapcpp.ct.slices import Slices
from shapcpp.progress import nothing
from shapcpp.storage.files import PathLike

__all__ = ["READING", "read_scans"]

# Raise this with every change after which the same files give other slices.
READING = 3


def read_scans(
    path: PathLike,
    *,
    size: int = 512,
    labels: PathLike | None = None,
    label_column: str | Sequence[str] = "label",
    file_column: str | None = None,
    positive: str | Sequence[str] = (),
    masks: PathLike | None = None,
    min_lesion: int = 1,
    lesion_values: str | float | Sequence[float] | None = None,
    split: str | None = None,
    counts: Counts | None = None,
    seed: int = 0,
    anonymous: bool = False,
    skip_bad: bool = False,
    one_class: bool = False,
    raw: bool = False,
    needed: Sequence[str] = (),
    progress: Callable[[int, int], None] = nothing,
    note: Callable[[str], None] = silent,
) -> Slices:
    """Reads CT slices with labels: DICOM, NIfTI volumes or images.

    Parameters
    ----------
    path : path-like
        One of

        - a manifest: a table (CSV, or an Excel workbook if openpyxl is installed) with a row
          per slice or volume and the column ``file`` (relative to the manifest), then ``label``
          or ``mask``, and optional ``slice``, ``split``, ``patient`` and others, which are
          carried along. A row of a NIfTI volume with ``slice`` empty stands for all its slices;
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
        A table of labels for the scans: ``file``, `label_column`, and the optional columns of a
        manifest. An entry of ``file`` is a path relative to this file's folder or to `path`, or
        else the end of a path, or a name without suffix, that only one file has. Slices without a
        label there are left out, and `note` is told.
    label_column : str or sequence of str, default "label"
        The column of the labels. Two columns name two readers: the first one's labels are used,
        the second one's where the first gave none, and both are carried along as columns of 0 and
        1, with nan where a reader gave no label.
        With `anonymous` the readers are called ``reader_1`` and ``reader_2``.
    file_column : str, optional
        The column of the files; default: ``file``, or else the one whose entries name files.
    positive : str or sequence of str, optional
        Labels that are positive, such as "COVID"; all others are then negative. Default: labels
        are 0 and 1, or yes and no, true and false, positive and negative; three other labels or
        more, of two rows or more each, are as many classes.
    masks : path-like, optional
        The folder of lesion masks.
    min_lesion : int, default 1
        Number of mask pixels that make a slice positive. A given label overrides the mask.
    lesion_values : str, float or sequence of float, optional
        The values of masks that are lesions: numbers, such as 3 or "1,2", or a bound, such as
        ">=0.5" for probabilities or 0 where the background is white. Default: all but zero.
    split : {"file", "patient", "random"}, optional
        "file" takes the column ``split``. "patient" takes it too but checks that no
        patient is in two splits; without that column, or with `counts`, it draws patients.
        "random" draws slices. Default: "file" if the column has entries, else
        "patient" with three or more patients, else "random".
    counts : mapping of str to (int, int) or to a mapping, optional
        What to draw for "train", "val" and "test": positives and negatives, or numbers by class,
        as in ``{"train": {"normal": 400, "epidural": 19}}``, for any number of classes; default:
        half, a quarter and a quarter of each class. Slices that are not drawn have split "".
    seed : int, default 0
        Determines which slices are drawn.
    anonymous : bool, default False
        Patients become numbers in order of appearance, and ids of files become hashes. Of the
        further columns only slice numbers, true labels and columns of zeros and ones are kept, and
        a column ``anonymous`` of ones is added. SOPInstanceUIDs stay. `note` is told if a dropped
        column, such as the scanner, tells the labels apart.
    skip_bad : bool, default False
        Leave out slices that cannot be read, that occur twice, or whose position in their series
        is unknown, and volumes of a folder without a mask; `note` names them.
    one_class : bool, default False
        Accept slices that are all positive or all negative, from which nothing can be learned.
    raw : bool, default False
        Keep Hounsfield units, and grey levels from 0 to 1 of images, in place of standardising
        each slice, so that encoders can look at them through windows.
    needed : sequence of str, default ()
        Splits that must hold both classes, such as "train" and "val" for training. They are
        checked before pixels are read.
    progress : callable, optional
        Called with the slices done and their total.
    note : callable, optional
        Called with each sentence worth telling, such as the split chosen by default.

    Returns
    -------
    Slices
        DICOM and NIfTI in Hounsfield units from -1024 to 3071, images in grey, then padded to
        squares, resized, and standardised slice by slice. DICOM files that are no axial CT
        images, such as localizers or dose reports, are left out, and `note` is told.

    Raises
    ------
    ImportError
        If a library or a decoder is not installed; it is named.
    OSError
        If `path`, `labels` or `masks` does not exist, or the temporary file for many slices
        does not fit on the disk.
    ValueError
        If a slice cannot be read, labels are missing, not 0 or 1, or (without `one_class`)
        all equal, a mask does not cover the voxels of its volume, a slice is listed twice, or
        splits cannot be drawn as asked or lack a class that is `needed`.
    """
    _check(size=size, min_lesion=min_lesion)
    if seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}")
    lesions = LesionValues.parsed(lesion_values)
    bad = BadSlices(skip_bad, note)
    words = (positive,) if isinstance(positive, str) else tuple(positive)
    labelled_by = (label_column,) if isinstance(label_column, str) else tuple(label_column)
    if not 1 <= len(labelled_by) <= 2 or len({*labelled_by}) < len(labelled_by):
        raise ValueError(f"label_column must be one or two different ones, got {label_column!r}")
    columns = Columns(labelled_by[0], file_column, words, labelled_by if labelled_by[1:] else ())
    index = index_slices(path, columns, masks, bad)
    if labels is not None:
        index = with_table_labels(index, labels, columns, note)
    index = check_labelled(index, columns, bad)

    unlabelled = sum(ref.label is None for ref in index.slices)
    advance = _Advance(progress, len(index) + unlabelled)
    if min_lesion > 1 and not unlabelled:
        note(
            f"{min_lesion} pixels of a lesion have no effect: every slice has a label, so no mask "
            "is looked at"
        )
    listed = len(index)
    index = with_mask_labels(index, lesions, min_lesion, bad, advance)
    advance(listed - len(index))  # slices left out need not be read
    why = f": by their masks, with min_lesion {min_lesion}" if unlabelled else ""
    index.check_classes(one_class, why)

    rule = choose_rule(index.splits, index.patients, split, counts, index.source, note)
    plan = SplitPlan(rule, counts, seed, needed)
    splits = plan.splits(index)  # before pixels are read, since it may refuse

    labelled = len(index)
    index, images = with_pixels(index, size, bad, advance, raw)
    if len(index) < labelled:
        index.check_classes(one_class, why)
        splits = plan.splits(index)

    slices = Slices(
        images=images,
        label=np.array(index.classes)[index.labels],
        split=splits,
        id=index.ids,
        patient=index.patients,
        extra=MappingProxyType(extra_columns(index.slices, note)),
        hounsfield=np.array([ref.kind != IMAGE for ref in index.slices]) if raw else None,
        classes=index.classes,
    )
    return anonymised(slices, index.slices, note, columns.readers) if anonymous else slices


class _Advance:
    """Adds up the steps done, and reports them."""

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
