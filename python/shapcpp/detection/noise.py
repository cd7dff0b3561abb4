"""Label noise with a known answer: a share of each class is flipped."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import _core, checks
from shapcpp.conversion import real_matrix
from shapcpp.labels import Labels, class_labels, is_missing, several_classes
from shapcpp.storage.features import Features

__all__ = ["add_noise", "flip_labels"]

OF_CHOICES = 1 << 32  # seeds of permutations that choose other labels begin here, plus the class


def flip_labels(
    y: ArrayLike, rate: float | None = None, seed: int = 0, matrix: ArrayLike | None = None
) -> tuple[Labels, NDArray[np.bool_]]:
    """Flips the same share of the labels of each class, or shares given by a matrix.

    Of the n_k samples of class k, ``floor(rate * n_k + 1/2)`` are drawn without
    replacement: the first entries of ``permutation(n_k, seed, k)``, used as indices into the
    samples of the class in their order, where k counts the sorted labels from 0. With two classes
    each drawn sample gets the other label; with more it gets one of the other labels at random,
    each equally likely. With a matrix, ``floor(matrix[k, j] * n_k + 1/2)`` of them get label j: the
    first get label 0, the next label 1, and so on. The draw is the same on every machine.

    Parameters
    ----------
    y : array_like, shape (n,)
        Labels of any kind that sorts, two different ones or more.
    rate : float, optional
        Share of each class to flip, from 0 to 1. Needed unless there is a matrix.
    seed : int, default 0
        From 0 to 2^64 - 1.
    matrix : array_like of float, shape (K, K), optional
        Shares of each class (row: the true label) that are given each other label (column), in the
        order of the sorted labels. The diagonal is ignored.

    Returns
    -------
    noisy : ndarray, shape (n,)
        The labels after flipping, with the type of `y`.
    flipped : ndarray of bool, shape (n,)
        True where the label differs from `y`.

    Raises
    ------
    TypeError
        If `y` holds no labels, or `rate` is not a number.
    ValueError
        If `y` holds fewer than two different labels; if `rate`, a share or `seed` is out of
        range; or if both or neither of `rate` and `matrix` are given.

    Notes
    -----
    The protocol of Enshaei et al., *Data Shapley value for handling noisy labels*.

    Examples
    --------
    >>> noisy, flipped = flip_labels([0, 0, 0, 0, 1, 1], rate=0.5)
    >>> int(flipped.sum())
    3
    """
    given = np.asarray(y)
    y = class_labels("y", y)
    classes, of_class = several_classes("y", y)
    if rate is None and matrix is None:
        raise ValueError("rate or matrix says how many labels to flip: pass one of them")
    if rate is not None and matrix is not None:
        raise ValueError("rate and matrix name two kinds of noise: pass one or the other")
    shares = None if matrix is None else _shares(matrix, classes)
    if rate is not None:
        rate = _rate(rate)
    seed = checks.seed(seed)
    new = of_class.copy()
    for k in range(len(classes)):
        members = np.flatnonzero(of_class == k)
        order = members[_core.permutation(len(members), seed, k)]
        if shares is not None:
            others = np.repeat(np.arange(len(classes)), _counts(shares[k], len(members)))
        else:
            assert rate is not None
            count = math.floor(rate * len(members) + 0.5)
            others = _other_classes(k, len(classes), count, seed)
        new[order[: len(others)]] = others
    noisy = classes[new]
    if given.dtype.kind == "S":
        noisy = np.char.encode(noisy, "utf-8")
    return noisy.astype(given.dtype if given.dtype.kind in "biufUS" else classes.dtype), (
        new != of_class
    )


def add_noise(
    features: Features,
    rate: float | None = None,
    seed: int = 0,
    matrix: ArrayLike | None = None,
) -> Features:
    """Flips labels of the training rows; see `flip_labels`.

    Parameters
    ----------
    features : Features
        The rows; those outside the training split, and those without a label, are left as they
        are.
    rate, seed, matrix
        As for `flip_labels`.

    Returns
    -------
    Features
        A copy with noisy labels and the field ``true_label``: the labels before flipping, or
        the true labels that `features` already had.

    Raises
    ------
    TypeError, ValueError
        As for `flip_labels`, or if there are no training rows.
    """
    features.without_missing()[0].classes()  # names the file where it has too few
    train = features.mask("train") & ~is_missing(features.rows["label"])
    noisy, _ = flip_labels(features.labels(train), rate, seed, matrix)
    return features.relabelled(train, noisy)


def _rate(rate: float) -> float:
    rate = checks.real("rate", rate)
    if not 0 <= rate <= 1:
        hint = f" ({rate:g}% is {rate / 100:g})" if 1 < rate <= 100 else ""
        raise ValueError(f"rate must lie between 0 and 1, got {rate:g}{hint}")
    return rate


def _shares(matrix: ArrayLike, classes: NDArray[Any]) -> NDArray[np.float64]:
    K = len(classes)
    shares = np.array(real_matrix("matrix", matrix), dtype=np.float64)
    if shares.shape != (K, K):
        raise ValueError(
            f"matrix must have shape ({K}, {K}), as y has {K} labels, got {shares.shape}"
        )
    np.fill_diagonal(shares, 0.0 * shares.diagonal())  # but nan stays
    wrong = ~((shares >= 0) & (shares <= 1))
    if wrong.any():
        k, j = (int(at) for at in np.argwhere(wrong)[0])
        raise ValueError(
            f"matrix has {shares[k, j]:g} at row {k}, column {j}; shares lie between 0 and 1"
        )
    if (sums := shares.sum(axis=1)).max() > 1 + 1e-9:
        k = int(np.argmax(sums))
        raise ValueError(f"matrix flips {sums[k]:g} of label {classes[k]} (row {k}), more than all")
    return shares


def _counts(shares: NDArray[np.float64], size: int) -> NDArray[np.int64]:
    """Numbers of samples of a class that get each other label; their sum is at most all of them."""
    counts = np.floor(shares * size + 0.5).astype(np.int64)
    while counts.sum() > size:  # several halves were rounded up
        counts[np.argmax(counts)] -= 1
    return counts


def _other_classes(k: int, K: int, count: int, seed: int) -> NDArray[np.int64]:
    """One of the other classes for each sample drawn of class k, in balanced numbers."""
    others = np.delete(np.arange(K), k)
    if K == 2:
        return np.repeat(others, count)
    rounds = -(-count // (K - 1)) if count else 0
    shuffled = [
        others[_core.permutation(K - 1, seed, OF_CHOICES * (k + 1) + i)] for i in range(rounds)
    ]
    return np.concatenate([*shuffled, np.empty(0, dtype=np.int64)])[:count]
