"""Columns that say where samples come from, and whether they alone tell the labels apart."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.storage.features import Features

__all__ = ["coincidences", "coincidences_among"]

Array = NDArray[Any]

# A column is looked at if its name has one of these words: "source", "scanner_model",
# "InstitutionName".
WORDS = frozenset({
    "source", "origin", "site", "hospital", "clinic", "institution", "institute", "centre",
    "center", "scanner", "machine", "device", "manufacturer", "vendor", "station", "kernel",
    "protocol", "dataset",
})  # fmt: skip
LEAST_AUC = 0.7  # of labels told by the source alone; a fifth of wrong labels leaves about as much
CHANCE = 4.0  # deviations by which chi-squared must exceed its mean
# Where words meet in the names of DICOM and in such as "CTScanner".
BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
EXACT = 2.0**53  # beyond it, neighbouring whole numbers are the same float
SHOWN = 4  # sources named in a sentence


def coincidences(features: Features) -> list[str]:
    """Says which columns of sources tell labels apart, so that a classifier may learn the source.

    Parameters
    ----------
    features : Features
        Samples, of which the training rows are looked at, or all if there are none. True labels
        count where they are known: where they are among the given labels.

    Returns
    -------
    list of str
        A sentence without its full stop for each such column whose AUC for some label is at
        least 0.7, beyond chance: the AUC of a guess that knows the source alone.
    """
    rows = features.rows
    columns = {name: rows[name] for name in rows.dtype.names or ()}
    return coincidences_among(columns, rows["label"], rows["split"])


def coincidences_among(
    columns: Mapping[str, Array], label: Array, split: Array, *, named: bool = True
) -> list[str]:
    """Says the same of columns with the samples' labels and splits.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (n, ...)
        Columns, of which ``true_label`` has true labels.
    label, split : ndarray, shape (n,)
        The given labels and the splits.
    named : bool, default True
        False keeps the names of the sources out of the sentences.
    """
    train = split == np.array("train", split.dtype)
    rows = train if train.any() else np.ones(len(split), bool)
    labels = _texts(label)
    if "true_label" in columns:
        true = _texts(columns["true_label"])
        labels = np.where(np.isin(true, labels), true, labels)
    found = []
    for name, column in columns.items():
        if not WORDS & set(re.split(r"[^a-z]+", BORDER.sub(" ", name).lower())):
            continue
        if column.ndim != 1 or column.dtype.kind not in "biufUS":
            continue
        texts = _texts(column)
        known = rows & (texts != "")
        sentence = _sentence(name, texts[known], labels[known], named)
        if sentence:
            found.append(sentence)
    return found


def _texts(column: Array) -> NDArray[np.str_]:
    """A column as text: "" for gaps, and 3 for 3.0, since gaps make floats of whole numbers."""
    if column.dtype.kind == "S":
        return np.char.decode(column, "utf-8")
    texts = column.astype(str)
    if column.dtype.kind == "f":
        numbers = column.astype(np.float64)  # EXACT is more than half precision holds
        whole = (np.abs(numbers) < EXACT) & (numbers == np.trunc(numbers))
        texts[whole] = numbers[whole].astype(np.int64).astype(str)
        texts[np.isnan(numbers)] = ""
    return texts


def _sentence(name: str, texts: NDArray[np.str_], labels: NDArray[np.str_], named: bool) -> str:
    """The sentence about one column, or nothing."""
    sources, source = np.unique(texts, return_inverse=True)
    classes, label = np.unique(labels, return_inverse=True)
    if len(sources) < 2 or len(classes) < 2:
        return ""
    counts = np.zeros((len(sources), len(classes)))
    np.add.at(counts, (source, label), 1)
    if not _beyond_chance(counts):
        return ""
    aucs = [_auc(counts[:, k], counts.sum(axis=1) - counts[:, k]) for k in range(len(classes))]
    # Of two labels each tells as much as the other: the second one is the positive.
    best = len(aucs) - 1 - int(np.argmax(aucs[::-1]))
    if aucs[best] < LEAST_AUC:
        return ""
    told = (
        f"the column {name} alone tells label {classes[best]} from the others with an AUC of "
        f"{aucs[best]:.2f}"
    )
    if not named:
        return told
    largest = np.argsort(-counts.sum(axis=1), kind="stable")[:SHOWN]
    each = [
        f"{sources[s]}: {counts[s, best]:,.0f} of {counts[s].sum():,.0f}" for s in sorted(largest)
    ]
    more = f", ... of {len(sources)}" if len(sources) > SHOWN else ""
    return f"{told} ({', '.join(each)}{more})"


def _beyond_chance(counts: NDArray[np.float64]) -> bool:
    """True if chi-squared is far above what it is where sources and labels are independent."""
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    freedom = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    above = float(((counts - expected) ** 2 / expected).sum()) - freedom
    return bool(above > CHANCE * math.sqrt(2 * freedom))


def _auc(of: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """The area under the ROC curve of the share of a label in each sample's source."""
    share = of / (of + others)
    order = np.argsort(share, kind="stable")
    share, of, others = share[order], of[order], others[order]
    higher = share[:, None] > share
    tied = share[:, None] == share
    return float(of @ (higher + 0.5 * tied) @ others / (of.sum() * others.sum()))
