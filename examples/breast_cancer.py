"""Writes the Wisconsin diagnostic breast cancer data as a features file.

569 samples with 30 features, malignant is 1 ("positive"). Every third sample of each class judges,
the others are valued.
"""

import sys

import numpy as np
from sklearn.datasets import load_breast_cancer

import shapcpp

data = load_breast_cancer()
label = 1 - data.target
judges = np.zeros(len(label), dtype=bool)
for k in (0, 1):
    judges[np.flatnonzero(label == k)[::3]] = True
features = shapcpp.Features.from_splits(
    data.data[~judges],
    label[~judges],
    data.data[judges],
    label[judges],
    ids=[f"sample {i}" for i in np.flatnonzero(~judges)],
)
shapcpp.write_features(sys.argv[1], features)
