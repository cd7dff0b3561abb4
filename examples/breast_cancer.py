"""Writes the Wisconsin diagnostic breast cancer data as a features file.

    python examples/breast_cancer.py breast-cancer.npy

569 samples with 30 features, malignant is 1 ("positive"). Every third sample of each class judges,
the others are valued.

The table breast_cancer.csv beside this file: W. H. Wolberg, O. L. Mangasarian, N. Street and
W. Street, Breast Cancer Wisconsin (Diagnostic), UCI Machine Learning Repository, 1993,
doi:10.24432/C5DW2B, licensed CC BY 4.0; only the order of its columns and their names were changed.
"""

import sys
from pathlib import Path

import numpy as np

import shapcpp

table = np.loadtxt(Path(__file__).with_suffix(".csv"), delimiter=",", skiprows=1)
X, label = table[:, 1:], table[:, 0].astype(int)
judges = np.zeros(len(label), dtype=bool)
for k in (0, 1):
    judges[np.flatnonzero(label == k)[::3]] = True
features = shapcpp.Features.from_splits(
    X[~judges],
    label[~judges],
    X[judges],
    label[judges],
    ids=[f"sample {i}" for i in np.flatnonzero(~judges)],
)
shapcpp.write_features(sys.argv[1], features)
