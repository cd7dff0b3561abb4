"""The area under the ROC curve, against counting pairs."""

from __future__ import annotations

import math

import numpy as np

from shapcpp.ct.network.ranking import auc


def test_auc_counts_pairs_and_halves_ties() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.integers(0, 9, 60).astype(float), rng.integers(0, 2, 60)
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[labels == 1] for n in scores[labels == 0]]
    assert math.isclose(auc(scores, labels), float(np.mean(pairs)), rel_tol=1e-12)
    assert auc(labels.astype(float), labels) == 1.0


def test_one_class_has_no_auc() -> None:
    assert math.isnan(auc(np.arange(3.0), np.ones(3, dtype=np.int64)))
