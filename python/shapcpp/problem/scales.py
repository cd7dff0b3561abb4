"""The features that keep double precision from telling the signs of margins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SMALL", "fault_of"]

LARGE = 1e4  # half the range of a feature, in units of 1 / sqrt(C): its weight is hardly penalised
SMALL = 1e-4  # half the range of all features: the penalty leaves margins as small as rounding
COMBINED = 1e-4  # share of a feature, beyond those before it, below which it is hardly one more
FAR = 1e-3  # of the farthest value: columns that reach this far are named
NAMED = 5


def fault_of(X: NDArray[np.float64], C: float | None, noun: str = "column") -> str:
    """Names the features at fault, and what to do about them, in a clause.

    `noun` says what a column of X is. No C: the model measures distances from means.
    """
    if C is None:
        return _fault_of_distances(X, noun)
    with np.errstate(all="ignore"):
        size = (X.max(axis=0) / 2 - X.min(axis=0) / 2) * np.sqrt(C)
    order = np.argsort(-size, kind="stable")
    large = order[size[order] > LARGE]
    if 0 < size.max() < SMALL:
        return (
            f"the {noun}s of X vary so little that the penalty with C={C:g} leaves nothing of "
            'their weights; standardise the features (scale="standard", --scale standard), rescale '
            "them, or raise C"
        )
    if not len(large):
        new = _new_shares(X)
        combined = np.flatnonzero(new < COMBINED)
        if not len(combined):
            combined = np.array([np.argmin(new)])
        some = _columns(noun, combined, "is nearly a combination", "are nearly combinations")
        return (
            f"{some} of others, and the penalty is too weak to hold the weights; drop such "
            f"features or lower C={C:g}"
        )
    return (
        f"{_columns(noun, large, 'varies', 'vary')} so much that the penalty with C={C:g} does not "
        'hold the weights; standardise the features (scale="standard", --scale standard), or drop '
        "or rescale them"
    )


def _fault_of_distances(X: NDArray[np.float64], noun: str) -> str:
    with np.errstate(all="ignore"):
        reach = np.abs(X - np.median(X, axis=0)).max(axis=0)
    order = np.argsort(-reach, kind="stable")
    far = order[reach[order] >= FAR * reach.max()]
    return (
        f"{_columns(noun, far, 'has', 'have')} values so far from the others that rounding hides "
        "how far samples are from the means of labels; drop or rescale such features, or leave out "
        "the samples that are so far away"
    )


def _columns(noun: str, which: NDArray[np.intp], one: str, several: str) -> str:
    names = ", ".join(str(j) for j in which[:NAMED])
    if len(which) > NAMED:
        names += f" and {len(which) - NAMED} more"
    return f"{noun}s {names} of X {several}" if len(which) > 1 else f"{noun} {names} of X {one}"


def _new_shares(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """The length of each feature beyond all combinations of those before it, over its own length.

    Features are centred, as the intercept does; one that is constant brings nothing new.
    """
    with np.errstate(all="ignore"):
        X = X / np.maximum(np.abs(X).max(axis=0), np.finfo(float).tiny)  # squares must fit
    X = X - X.mean(axis=0)
    lengths = np.sqrt(np.sum(X**2, axis=0))
    new = np.zeros(X.shape[1])
    diagonal = np.abs(np.diagonal(np.linalg.qr(X, mode="r")))
    new[: len(diagonal)] = diagonal
    shares: NDArray[np.float64] = np.where(lengths > 1e-12, new / np.maximum(lengths, 1e-300), 0.0)
    return shares
