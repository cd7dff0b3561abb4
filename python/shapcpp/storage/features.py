"""Features: samples with labels and splits, checked, with their training and test sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks
from shapcpp.groups import with_unknown
from shapcpp.labels import (
    class_indices,
    class_labels,
    is_missing,
    several_classes,
    shown,
    truth,
)
from shapcpp.storage import files
from shapcpp.storage.reviewed import FIELD, decisions_of, is_kept

__all__ = ["Features", "Samples"]

Array = NDArray[Any]

SPLITS = ("train", "val", "test", "")
NEEDED = ("features", "label", "split")
FIELD_KINDS = {
    "label": ("biufUS", "integers, booleans, strings or whole floats"),
    "true_label": ("biufUS", "integers, booleans, strings or whole floats"),
    "id": ("biuUS", "integers or strings"),
    "group": ("biuUS", "integers or strings"),
}


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples of one split.

    Attributes
    ----------
    X : ndarray of float64, shape (n, d)
        Features.
    y : ndarray of int64, bool or str, shape (n,)
        Labels as given; whole floats as integers.
    ids : ndarray, shape (n,)
        Identifiers, or row numbers in the file if it has none.
    groups, true_labels : ndarray of shape (n,), or None
        Group ids and true labels, if the file has them.
    reviewed : ndarray of str, shape (n,), or None
        Reviewers' decision on each label, "" if none, if the file has them.
    """

    X: NDArray[np.float64]
    y: Array
    ids: Array
    groups: Array | None
    true_labels: Array | None
    reviewed: Array | None = None


@dataclass(frozen=True, eq=False)
class Features:
    """Samples with features, labels and splits: the content of a features file.

    Attributes
    ----------
    rows : structured ndarray, shape (n,)
        One row per sample with fields ``features`` (float, shape (d,)), ``label`` (integers,
        booleans, strings or whole floats), ``split`` ("train", "val", "test" or ""), optional
        ``id``, ``group``, ``true_label``, and any others, which are kept.
    source : str
        Origin of the rows, as error messages name it.
    """

    rows: Array
    source: str = "features"

    def __repr__(self) -> str:
        counts = [
            f"{int((self._splits == split).sum())} {split or 'in no split'}"
            for split in SPLITS
            if (self._splits == split).any()
        ]
        fields = ", ".join(name for name in self.rows.dtype.names or () if name not in NEEDED)
        width = self.rows["features"].shape[1]
        return (
            f"Features({len(self.rows)} rows of {width} features: {', '.join(counts)}"
            f"{f'; also {fields}' if fields else ''})"
        )

    def __post_init__(self) -> None:
        names = self.rows.dtype.names or ()
        missing = [name for name in NEEDED if name not in names]
        if missing:
            has = f"; it has {files.shown(', '.join(names))}" if names else ""
            raise ValueError(f"{self.source} lacks the field {', '.join(missing)}{has}")
        if self.rows.ndim != 1:
            raise ValueError(f"{self.source} must be one row per sample, got {self.rows.shape}")
        features = self.rows["features"]
        if features.dtype.kind != "f" or features.ndim != 2:
            raise TypeError(
                f"{self.source}: field features must be float of shape (d,), got dtype "
                f"{features.dtype} and shape {features.shape[1:]}"
            )
        for name in FIELD_KINDS.keys() & set(names):
            column, (kinds, noun) = self.rows[name], FIELD_KINDS[name]
            if column.dtype.kind not in kinds or column.ndim != 1:
                raise TypeError(
                    f"{self.source}: field {name} must hold {noun}, one per row, got dtype "
                    f"{column.dtype} and shape {column.shape[1:]}"
                )
        splits = self.rows["split"]
        if splits.dtype.kind not in "US" or splits.ndim != 1:
            raise TypeError(
                f"{self.source}: field split must hold text, one per row, got dtype {splits.dtype} "
                f"and shape {splits.shape[1:]}"
            )
        unknown = ~np.any([self._splits == split for split in SPLITS], axis=0)
        if unknown.any():
            row = int(np.argmax(unknown))
            raise ValueError(
                f"{self.source}: split is {str(self._splits[row])!r} at row {row}; it must be one "
                "of 'train', 'val', 'test' or ''"
            )
        used = np.isin(self._splits, ("train", "test"))
        bad = checks.bad_entry(features[used])
        if bad is not None:
            row, place = int(np.flatnonzero(used)[bad[0]]), bad[1]
            value = float(features[row, place])
            at = f"{self.source}: features has {value} at row {row}, column {place}"
            raise ValueError(f"{at}; {checks.wanted_of(value)}")

    @classmethod
    def from_splits(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        X_test: ArrayLike | None = None,
        y_test: ArrayLike | None = None,
        *,
        ids: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        true_labels: ArrayLike | None = None,
        source: str = "features",
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> Features:
        """Joins a training and a test side, if there is one.

        Parameters
        ----------
        X, y, X_test, y_test : array_like
            Features and labels of both sides, as for `value`; the test side may be left out.
        ids, groups, true_labels : array_like of shape (n,), optional
            Those of the training samples. Test samples get the empty string or -1 as id, the empty
            string or a negative number of their own as group, and their label as true label.
        source : str, default "features"
            Name of the whole in error messages.
        names : mapping of str to str, optional
            Names of single arguments in error messages.

        Returns
        -------
        Features

        Raises
        ------
        TypeError, ValueError
            As for `value`.
        """

        def name(argument: str) -> str:
            return names.get(argument, argument)

        table, X = X, checks.features(name("X"), X)
        y = class_labels(name("y"), y)
        checks.same_length(name("y"), y, "labels", name("X"), X)
        classes, _ = several_classes(name("y"), y)
        if X_test is None or y_test is None:
            X_test, y_test = X[:0], y[:0]
        else:
            checks.same_columns(name("X_test"), X_test, name("X"), table)
            X_test = checks.matching_features(name("X_test"), X_test, X, name("X"))
            y_test = class_labels(name("y_test"), y_test)
            checks.same_length(name("y_test"), y_test, "labels", name("X_test"), X_test)
            class_indices(name("y_test"), y_test, classes, name("y"))
        extra: dict[str, tuple[Array, Any]] = {}
        if (column := checks.companion(name("ids"), ids, y)) is not None:
            extra["id"] = column, "" if column.dtype.kind == "U" else -1
        if (column := checks.companion(name("groups"), groups, y)) is not None:
            extra["group"] = with_unknown(column, len(y_test))
        if true_labels is not None:
            extra["true_label"] = truth(name("true_labels"), true_labels, y, name("y")), y_test
        dtype = [
            ("features", np.float64, (X.shape[1],)),
            ("label", y.dtype),
            ("split", "U5"),
            *(
                (field, np.result_type(column, of_test) if field == "true_label" else column.dtype)
                for field, (column, of_test) in extra.items()
            ),
        ]
        rows = np.empty(len(y) + len(y_test), dtype=dtype)
        rows["features"] = np.concatenate([X, X_test])
        rows["label"] = np.concatenate([y, y_test])
        rows["split"] = np.repeat(["train", "test"], [len(y), len(y_test)])
        for field, (column, of_test) in extra.items():
            rows[field][: len(y)] = column
            rows[field][len(y) :] = of_test
        return cls(rows, source)

    @property
    def _splits(self) -> NDArray[np.str_]:
        splits = self.rows["split"]
        return np.char.decode(splits, "latin-1") if splits.dtype.kind == "S" else splits

    def mask(self, split: str) -> NDArray[np.bool_]:
        """Marks the rows of a split, except those that were removed."""
        mask: NDArray[np.bool_] = (self._splits == split) & is_kept(self.rows)
        if not mask.any():
            has = ", ".join(repr(str(s)) for s in np.unique(self._splits)) or "none"
            raise ValueError(
                f"{self.source} has no row with split {split!r} (its splits are {has})"
            )
        return mask

    def samples(self, split: str) -> Samples:
        """The samples of a split.

        Parameters
        ----------
        split : str
            "train", "val" or "test".

        Raises
        ------
        ValueError
            If no row belongs to it.
        """
        return self._samples(self.mask(split))

    def all_samples(self, labelled: Sequence[str] = ()) -> Samples:
        """The samples of every row with labels in these fields, except those that were removed.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not len(self.rows):
            raise ValueError(f"{self.source} has no rows")
        mask = is_kept(self.rows)
        for name in {*labelled} & {*(self.rows.dtype.names or ())}:
            mask &= ~is_missing(self.rows[name])
        return self._samples(mask)

    @property
    def has_test(self) -> bool:
        """True if there are rows with split "test"."""
        return bool((self._splits == "test").any())

    def labels(self, mask: NDArray[np.bool_]) -> Array:
        """The labels of these rows, as `value` takes them.

        Raises
        ------
        TypeError, ValueError
            If one of them is missing, or is not a label; the message names the row.
        """
        column = self.rows["label"]
        # Labels of other rows do not matter: one of these stands in for each of them.
        alike = np.where(mask, column, column[np.argmax(mask)])
        return class_labels(f"{self.source}: label", alike)[mask]

    def without_missing(self) -> tuple[Features, int]:
        """The rows except those of a split that lack a label, and how many of them there are."""
        missing = is_missing(self.rows["label"]) & (self._splits != "")
        return Features(self.rows[~missing], self.source), int(missing.sum())

    def _samples(self, mask: NDArray[np.bool_]) -> Samples:
        rows = self.rows[mask]
        optional = {name: rows[name] for name in rows.dtype.names or ()}
        return Samples(
            X=np.ascontiguousarray(rows["features"], dtype=np.float64),
            y=self.labels(mask),
            ids=optional.get("id", np.flatnonzero(mask)),
            groups=optional.get("group"),
            true_labels=optional.get("true_label"),
            reviewed=decisions_of(rows),
        )

    def classes(self) -> Array:
        """The sorted labels of the training rows.

        Raises
        ------
        TypeError, ValueError
            If there are no training rows, or they have fewer than two or too many labels.
        """
        name = f"{self.source}: label of the training rows"
        return several_classes(name, self.labels(self.mask("train")))[0]

    def sides(self) -> tuple[Samples, Samples]:
        """The training and the test samples, ready to be valued.

        Raises
        ------
        ValueError
            If one of them is empty, if the training labels are fewer than two or too many, or if a
            test label is not among them.
        """
        train, test = self.samples("train"), self.samples("test")
        classes = self.classes()
        strange = ~np.isin(test.y, classes)
        if strange.any():
            at = int(np.argmax(strange))
            raise ValueError(
                f"{self.source}: test row {np.flatnonzero(self.mask('test'))[at]} has label "
                f"{test.y[at]}, which no training row has (their labels are {shown(classes)})"
            )
        return train, test

    def relabelled(self, mask: NDArray[np.bool_], labels: Array) -> Features:
        """A copy in which the rows of `mask` have new labels and ``true_label`` the known truth.

        ``true_label`` is kept if the rows have it; otherwise it becomes the old label. New labels
        are among the old ones. Reviewers' decisions on labels that change are forgotten.
        """
        rows = self.rows
        if "true_label" not in (rows.dtype.names or ()):
            descr = [(name, rows.dtype[name]) for name in rows.dtype.names or ()]
            wider = np.empty(len(rows), dtype=[*descr, ("true_label", rows["label"].dtype)])
            for name, _ in descr:
                wider[name] = rows[name]
            wider["true_label"] = rows["label"]
            rows = wider
        else:
            rows = rows.copy()
        is_bytes = rows["label"].dtype.kind == "S"
        new = np.char.encode(labels, "utf-8") if is_bytes else labels
        changed = np.flatnonzero(mask)[rows["label"][mask] != new]
        rows["label"][mask] = new
        if decisions_of(rows) is not None:
            rows[FIELD][changed] = ""
        return Features(rows, self.source)
