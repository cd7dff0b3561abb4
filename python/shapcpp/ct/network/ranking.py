"""The area under the ROC curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHANCE", "auc", "class_auc", "is_chance", "is_inverted"]

# With some hundred validation slices, an AUC no further from 0.5 may come from guessing.
CHANCE = 0.6


def is_chance(score: float) -> bool:
    """True if an AUC is too near to 0.5 to differ from guessing."""
    return abs(score - 0.5) < CHANCE - 0.5


def is_inverted(score: float) -> bool:
    """True if an AUC is so far below 0.5 that the scores rank the classes the wrong way round."""
    return score < 0.5 and not is_chance(score)


def auc(scores: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Computes the area under the ROC curve: the chance that a positive scores above a negative.

    Parameters
    ----------
    scores : ndarray, shape (n,)
        Scores; ties count half.
    labels : ndarray of int, shape (n,)
        0 or 1.

    Returns
    -------
    float
        nan if one of the classes is absent.
    """
    positive, negative = scores[labels == 1], np.sort(scores[labels == 0])
    if not len(positive) or not len(negative):
        return float("nan")
    below = np.searchsorted(negative, positive, "left")
    upto = np.searchsorted(negative, positive, "right")
    return float((below + upto).mean() / (2 * len(negative)))


def class_auc(scores: NDArray[np.floating], of_class: NDArray[np.int64]) -> float:
    """Computes the area for two classes, or the mean of those of each class against the rest.

    Parameters
    ----------
    scores : ndarray, shape (n,) or (n, classes)
        Scores of the positive class, or of each class.
    of_class : ndarray of int64, shape (n,)
        Numbers of classes, from 0.

    Returns
    -------
    float
        nan if there is only one class. Classes that do not occur count for nothing.
    """
    if scores.ndim == 1:
        return auc(scores, of_class)
    areas = [auc(column, (of_class == k).astype(np.int64)) for k, column in enumerate(scores.T)]
    known = [area for area in areas if not np.isnan(area)]
    return float(np.mean(known)) if known else float("nan")
