"""Columns that say where samples come from, and whether they alone tell the labels apart."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from shapcpp.storage.features import Features

__all__ = ["coincidences"]

# A column is looked at if its name has one of these words: "source", "scanner_model".
WORDS = frozenset({
    "source", "origin", "site", "hospital", "clinic", "institution", "institute", "centre",
    "center", "scanner", "machine", "device", "manufacturer", "vendor", "station", "kernel",
    "protocol", "dataset",
})  # fmt: skip
LEAST_AUC = 0.7  # of labels told by the source alone; a fifth of wrong labels leaves about as much
CHANCE = 4.0  # deviations by which chi-squared must exceed its mean
SHOWN = 4  # sources named in a sentence


def coincidences(features: Features) -> list[str]:
    """Says which columns of sources tell labels apart, so that a classifier may learn the source.

    Parameters
    ----------
    features : Features
        Samples, of which the training rows are looked at, or all if there are none. True labels
        count where they are known.

    Returns
    -------
    list of str
        A sentence without its full stop for each such column whose AUC for some label is at
        least 0.7, beyond chance: the AUC of a guess that knows the source alone.
    """
    rows = features.rows[features.rows["split"] == np.array("train", features.rows["split"].dtype)]
    rows = rows if len(rows) else features.rows
    names = rows.dtype.names or ()
    labels = rows["true_label" if "true_label" in names else "label"].astype(str)
    found = []
    for name in names:
        if not WORDS & set(re.split(r"[^a-z]+", name.lower())):
            continue
        column = rows[name]
        if column.ndim != 1 or column.dtype.kind not in "biuUS":
            continue
        texts = np.char.decode(column, "utf-8") if column.dtype.kind == "S" else column.astype(str)
        known = texts != ""
        sentence = _sentence(name, texts[known], labels[known])
        if sentence:
            found.append(sentence)
    return found


def _sentence(name: str, texts: NDArray[np.str_], labels: NDArray[np.str_]) -> str:
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
    largest = np.argsort(-counts.sum(axis=1), kind="stable")[:SHOWN]
    each = [
        f"{sources[s]}: {counts[s, best]:,.0f} of {counts[s].sum():,.0f}" for s in sorted(largest)
    ]
    more = f", ... of {len(sources)}" if len(sources) > SHOWN else ""
    return (
        f"the column {name} alone tells label {classes[best]} from the others with an AUC of "
        f"{aucs[best]:.2f} ({', '.join(each)}{more})"
    )


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
