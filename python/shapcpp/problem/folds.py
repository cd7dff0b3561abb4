"""Without a test set: samples in folds, each of which judges all samples outside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks
from shapcpp.groups import numbered
from shapcpp.labels import Labels, class_labels
from shapcpp.permutations import permutation
from shapcpp.problem.problem import Problem
from shapcpp.problem.reduction import Reduction

__all__ = ["DEFAULT_FOLDS", "FoldedProblem", "stratified_folds"]

DEFAULT_FOLDS = 5
SCALE = 16  # to which the weight of the largest class is rounded, as an integer


@dataclass(frozen=True, eq=False)
class FoldedProblem:
    """One problem for each fold: players are the samples outside it, the fold is their test set.

    Attributes
    ----------
    whole : Problem
        All samples, judged by themselves: what a call without a test set checks and keeps.
    folds : ndarray of int64, shape (n,)
        The fold of each sample, from 0.
    options : dict
        The arguments of `Problem.of` that are the same in each part.
    reductions : tuple of (Reduction or None)
        The principal directions of each part, fitted to its own training rows, once.
    """

    whole: Problem
    folds: NDArray[np.int64]
    options: dict[str, Any]
    reductions: tuple[Reduction | None, ...]

    @classmethod
    def of(
        cls, X: ArrayLike, y: ArrayLike, *, folds: int, seed: int = 0, **options: Any
    ) -> FoldedProblem:
        """Checks the arguments of `value` that say what is valued, in that order."""
        X, y = checks.features("X", X), class_labels("y", y)
        whole = Problem.of(X, y, X, y, **options)
        of_sample = stratified_folds(whole.y, whole.groups, folds, checks.seed(seed))
        own = {"groups", "ids", "true_labels", "components", "kernel", "gamma"}
        same = {k: v for k, v in options.items() if k not in own}
        asked = options.get("components")
        each = (Reduction.of(asked, whole.X.shape[1]) for _ in range(int(of_sample.max()) + 1))
        return cls(whole, of_sample, same, tuple(each))

    @property
    def n_folds(self) -> int:
        """Number of folds, and of parts."""
        return int(self.folds.max()) + 1

    @cached_property
    def ids(self) -> NDArray[Any]:
        """Identifiers of the samples: the row number in the whole where none were given."""
        return np.arange(len(self.folds)) if self.whole.ids is None else self.whole.ids

    def part(self, fold: int) -> Problem:
        """The problem that this fold judges."""
        outside, inside = self.folds != fold, self.folds == fold
        whole = self.whole
        X, X_test = whole.X[outside], whole.X[inside]
        if whole.kernel is not None:
            X, X_test = (whole.kernel.among(side, outside) for side in (X, X_test))
        return Problem.of(
            X,
            whole.y[outside],
            X_test,
            whole.y[inside],
            groups=None if whole.groups is None else whole.groups[outside],
            ids=self.ids[outside],
            true_labels=None if whole.true_labels is None else whole.true_labels[outside],
            components=self.reductions[fold],
            kernel=whole.kernel,
            **self.options,
        )

    def parts(self) -> Iterator[Problem]:
        """The problem of each fold, one at a time: each holds most of the features."""
        return map(self.part, range(self.n_folds))


def stratified_folds(
    y: Labels, groups: NDArray[Any] | None, folds: int, seed: int
) -> NDArray[np.int64]:
    """Assigns samples to folds of equal size in which labels are as frequent as in all.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Labels.
    groups : ndarray of shape (n,), or None
        Samples of the same group go to the same fold.
    folds : int
        Number of folds, from 2 to the number of samples, or groups.
    seed : int
        Draws the order in which samples, or groups, are dealt.

    Returns
    -------
    ndarray of int64, shape (n,)
        From 0; each label occurs in two folds at least.

    Raises
    ------
    TypeError, ValueError
        If `folds` is out of range, or a label has fewer than two samples, or groups.
    """
    folds = checks.whole("folds", folds)
    units = np.arange(len(y)) if groups is None else numbered(groups)
    noun, n_units = "samples" if groups is None else "groups", int(units.max()) + 1
    classes, of_class = np.unique(y, return_inverse=True)
    of_unit = np.zeros((n_units, len(classes)), dtype=np.int64)
    np.add.at(of_unit, (units, of_class), 1)
    for label, count in zip(classes, (of_unit > 0).sum(axis=0), strict=True):
        if count < 2:
            raise ValueError(
                f"label {label} has {count} {noun[:-1]}: folds need at least 2 {noun} of each "
                "label; leave its samples out"
            )
    if not 2 <= folds <= n_units:
        raise ValueError(f"folds must lie between 2 and the {n_units} {noun}, got {folds}")
    order = permutation(n_units, seed)
    dealt = _deal(of_unit, order, folds) if groups is None else _pack(of_unit, order, folds)
    in_folds = np.array([len(np.unique(dealt[column > 0])) for column in of_unit.T])
    if (in_folds < 2).any():
        label = classes[np.argmin(in_folds)]
        raise ValueError(
            f"the groups of label {label} do not go apart into {folds} folds without parting those "
            "of others; ask for more folds"
        )
    return dealt[units]


def _deal(of_unit: NDArray[np.int64], order: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """Samples of one class after another, as cards to players."""
    order = order[np.argsort(of_unit.argmax(axis=1)[order], kind="stable")]
    dealt = np.empty(len(order), dtype=np.int64)
    dealt[order] = np.arange(len(order)) % folds
    return dealt


def _pack(of_unit: NDArray[np.int64], order: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """Groups one after another, each to the fold that then differs least from the others.

    Those of the rarest label come first, then those of several labels, then the largest: what is
    left over is easily placed. The last group of a label does not join all its others.
    """
    sizes, left = of_unit.sum(axis=1), (of_unit > 0).sum(axis=0)
    has = of_unit > 0
    rarest = np.where(has, left, len(of_unit)).min(axis=1)
    order = order[np.lexsort((-sizes[order], -has[order].sum(axis=1), rarest[order]))]
    # The sum of squared shares of each label, over folds, is to stay small. In integers, so that
    # every machine decides alike.
    totals = of_unit.sum(axis=0)
    weights = (SCALE * int(totals.max()) // totals) ** 2
    counts = np.zeros((folds, len(totals)), dtype=np.int64)
    dealt = np.empty(len(order), dtype=np.int64)
    for unit in order:
        own = of_unit[unit]
        costs = (counts * (own * weights)).sum(axis=1)
        last = has[unit] & (left == 1)
        barred = ((counts[:, last] > 0) & ((counts[:, last] > 0).sum(axis=0) == 1)).any(axis=1)
        allowed = ~barred if not barred.all() else np.ones(folds, dtype=bool)
        fold = min(np.flatnonzero(allowed), key=lambda f: (costs[f], counts[f].sum(), f))
        counts[fold] += own
        left -= has[unit]
        dealt[unit] = fold
    return dealt
