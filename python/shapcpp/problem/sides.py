"""The two sides of a problem: training samples, and the test samples that judge them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks, labels
from shapcpp.labels import Labels

__all__ = ["Sides", "sides_of"]


class Sides(NamedTuple):
    """Features and labels of both sides, and the positions of the labels among the classes."""

    X: NDArray[np.float64]
    y: Labels
    X_test: NDArray[np.float64]
    y_test: Labels
    classes: Labels
    train_classes: NDArray[np.int64]
    test_classes: NDArray[np.int64]


def sides_of(X: ArrayLike, y: ArrayLike, X_test: ArrayLike, y_test: ArrayLike) -> Sides:
    """Checks the arrays in this order; raises TypeError or ValueError naming the first at fault."""
    features = checks.features("X", X)
    y = labels.class_labels("y", y)
    checks.same_length("y", y, "labels", "X", features)
    classes, train_classes = labels.several_classes("y", y)
    checks.same_columns("X_test", X_test, "X", X)
    test_features = checks.matching_features("X_test", X_test, features)
    y_test = labels.class_labels("y_test", y_test)
    checks.same_length("y_test", y_test, "labels", "X_test", test_features)
    test_classes = labels.class_indices("y_test", y_test, classes)
    return Sides(features, y, test_features, y_test, classes, train_classes, test_classes)
