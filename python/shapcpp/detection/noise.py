"""Label noise with a known answer: the same share of each class flipped."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import _core, checks
from shapcpp.storage.features import Features

__all__ = ["add_noise", "flip_labels"]


def flip_labels(
    y: ArrayLike, rate: float, seed: int = 0
) -> tuple[NDArray[np.integer | np.bool_], NDArray[np.bool_]]:
    """Flips the same share of the labels of each class.

    Of the n_k samples of class k, ``floor(rate * n_k + 1/2)`` are drawn without
    replacement: the first entries of ``permutation(n_k, seed, k)``, indices into the
    samples of the class in their order, where k is 0 for the smaller label and 1 for
    the larger. The draw is the same on every machine.

    Parameters
    ----------
    y : array_like of int or bool, shape (n,)
        Labels, exactly two different ones.
    rate : float
        Share of each class to flip, from 0 to 1.
    seed : int, default 0
        From 0 to 2^64 - 1.

    Returns
    -------
    noisy : ndarray, shape (n,)
        The labels with those flipped, of the type of `y`.
    flipped : ndarray of bool, shape (n,)
        Which labels differ from `y`.

    Raises
    ------
    TypeError
        If `y` does not hold integers or booleans, or `rate` is not a number.
    ValueError
        If `y` does not hold exactly two different labels, or `rate` or `seed` is out of
        range.

    Notes
    -----
    The protocol of Enshaei et al., *Data Shapley value for handling noisy labels*.

    Examples
    --------
    >>> noisy, flipped = flip_labels([0, 0, 0, 0, 1, 1], rate=0.5)
    >>> int(flipped.sum())
    3
    """
    labels = checks.labels("y", y)
    classes = checks.two_classes("y", labels)
    rate = checks.real("rate", rate)
    if not 0 <= rate <= 1:
        hint = f" ({rate:g}% is {rate / 100:g})" if 1 < rate <= 100 else ""
        raise ValueError(f"rate must lie between 0 and 1, got {rate:g}{hint}")
    seed = checks.seed(seed)
    flipped = np.zeros(len(labels), dtype=bool)
    for k, label in enumerate(classes):
        members = np.flatnonzero(labels == label)
        count = math.floor(rate * len(members) + 0.5)
        flipped[members[_core.permutation(len(members), seed, k)[:count]]] = True
    other = np.where(labels == classes[0], classes[1], classes[0])
    noisy = np.where(flipped, other, labels).astype(np.asarray(y).dtype)
    return noisy, flipped


def add_noise(features: Features, rate: float, seed: int = 0) -> Features:
    """Flips the same share of each class of the training rows; see `flip_labels`.

    Parameters
    ----------
    features : Features
        Other splits are left as they are.
    rate, seed
        As for `flip_labels`.

    Returns
    -------
    Features
        A copy with noisy labels and the field ``true_label``: the labels before, or the
        true labels that `features` already knew.

    Raises
    ------
    TypeError, ValueError
        As for `flip_labels`, or if there are no training rows.
    """
    train = features.mask("train")
    labels = features.rows["label"][train]
    checks.two_classes(f"{features.source}: label of the training rows", labels.astype(np.int64))
    noisy, _ = flip_labels(labels, rate, seed)
    return features.relabelled(train, noisy)
