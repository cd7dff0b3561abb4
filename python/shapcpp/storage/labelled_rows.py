"""All labelled rows of a features file, whatever their split: the input of doubts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.labels import is_missing
from shapcpp.storage import files
from shapcpp.storage.features_file import read_features
from shapcpp.storage.reviewed import REMOVE, decisions_of

__all__ = ["LabelledRows", "read_labelled_rows"]

Array = NDArray[Any]
COMPANIONS = {"ids": "id", "groups": "group", "true_labels": "true_label"}


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Features and labels of the rows that have a label, with whatever else is known of them.

    `rows` are their row numbers in the file. `missing` counts the rows without a label, `removed`
    those that reviewers removed; `reviewed` has the decisions on the other rows, if the file keeps
    them. `others` has the labels of further fields, which these rows have too.
    """

    X: Array
    y: Array
    rows: NDArray[np.int64]
    ids: Array
    groups: Array | None
    true_labels: Array | None
    missing: int
    reviewed: Array | None = None
    removed: int = 0
    others: tuple[Array, ...] = ()


def read_labelled_rows(
    path: files.PathLike, labels: files.PathLike | None = None, fields: Sequence[str] = ("label",)
) -> LabelledRows:
    """Reads a features file of any form; labels may be numbers or text.

    Parameters
    ----------
    path : path-like
        A structured ``.npy`` with fields ``features`` and ``label``, a ``.npz`` with ``X_train,
        y_train, X_test, y_test``, or a plain 2-D ``.npy``.
    labels : path-like, optional
        A ``.npy`` of labels, which goes with a plain 2-D `path`.
    fields : sequence of str, default ("label",)
        The field of the labels, and further fields of labels, such as a second reader's.

    Raises
    ------
    OSError
        If a file cannot be opened.
    TypeError, ValueError
        If a file is damaged or lacks fields.
    """
    content = files.read_npy(path) if files.is_npy(path) else read_features(path).rows
    names = content.dtype.names
    further: list[Array] = []
    if names is None:
        if content.ndim != 2:
            raise ValueError(f"{path} is no matrix of features: its shape is {content.shape}")
        if labels is None:
            raise ValueError(f"{path} is a plain matrix, which needs --labels")
        y, X, others = files.read_npy(labels), content, {}
        if y.shape != content.shape[:1]:
            raise ValueError(
                f"{labels} has shape {y.shape} and {path} {content.shape}: one label per row"
            )
    else:
        if labels is not None:
            raise ValueError(f"{path} holds its own labels: leave out --labels")
        missing = [name for name in ("features", *fields) if name not in names]
        if missing or content.ndim != 1:
            has = files.shown(", ".join(names))
            raise ValueError(
                f"{path} is no features file with these fields: it lacks "
                f"{', '.join(missing) or 'rows'}; it has {has}"
            )
        X, (y, *further) = content["features"], (content[name] for name in fields)
        others = {ours: content[field] for ours, field in COMPANIONS.items() if field in names}
    missing_label = np.any([is_missing(column) for column in (y, *further)], axis=0)
    decisions = None if names is None else decisions_of(content)
    is_removed = np.zeros(len(y), dtype=bool) if decisions is None else decisions == REMOVE
    rows = np.flatnonzero(~missing_label & ~is_removed)
    if not len(rows):
        raise ValueError(f"{path} has no labelled row")
    _check_features(path, X, rows)
    kept = {name: column[rows] for name, column in others.items()}
    true = kept.get("true_labels")
    return LabelledRows(
        X=X[rows],
        y=y[rows],
        rows=rows,
        ids=kept.get("ids", rows),
        groups=kept.get("groups"),
        true_labels=None if true is not None and is_missing(true).any() else true,
        missing=int(missing_label.sum()),
        reviewed=None if decisions is None else decisions[rows],
        removed=int((is_removed & ~missing_label).sum()),
        others=tuple(column[rows] for column in further),
    )


def _check_features(path: files.PathLike, X: Array, rows: NDArray[np.int64]) -> None:
    """ValueError that names the row of the file, not its number among those with a label."""
    if X.ndim != 2 or X.dtype.kind not in "fiu":
        return
    if (bad := checks.bad_entry(X[rows])) is not None:
        row, column = int(rows[bad[0]]), bad[1]
        value = float(X[row, column])
        raise ValueError(
            f"{path}: features has {value} at row {row}, column {column}; {checks.wanted_of(value)}"
        )
