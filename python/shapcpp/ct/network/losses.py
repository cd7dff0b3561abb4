"""Losses on the lengths of class capsules, with a weight for each class."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

__all__ = ["class_weights", "cross_entropy", "loss_of", "margin_loss"]

UPPER, LOWER, ABSENT = 0.9, 0.1, 0.5


def class_weights(labels: Tensor) -> Tensor:
    """Weight 1 - n_k / N of each class k: 0.8 and 0.2 where one sample in five is positive.

    Parameters
    ----------
    labels : Tensor of int, shape (n,)
        0 or 1.

    Returns
    -------
    Tensor, shape (2,)
    """
    return 1 - labels.bincount(minlength=2) / len(labels)


def margin_loss(lengths: Tensor, labels: Tensor) -> Tensor:
    """Margin loss of Sabour, Frosst and Hinton (2017), per sample.

    The squared shortfall of the true class's length from 0.9, and half the squared excess of
    the other's over 0.1.

    Parameters
    ----------
    lengths : Tensor, shape (n, 2)
        Lengths of the class capsules.
    labels : Tensor of int, shape (n,)
        0 or 1.

    Returns
    -------
    Tensor, shape (n,)
    """
    present = functional.one_hot(labels, 2)
    short, over = (UPPER - lengths).relu().square(), (lengths - LOWER).relu().square()
    return (present * short + ABSENT * (1 - present) * over).sum(1)


def cross_entropy(lengths: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy of each length as the probability of its class, summed per sample.

    Parameters and result as for `margin_loss`.
    """
    present = functional.one_hot(labels, 2).to(lengths.dtype)
    # A length can round to 1, and then the logarithm of the rest would be infinite.
    probability = lengths.clamp(1e-6, 1 - 1e-6)
    return functional.binary_cross_entropy(probability, present, reduction="none").sum(1)


def loss_of(name: str, lengths: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Mean over samples of the named loss times the weight of the sample's class.

    Parameters
    ----------
    name : {"margin", "cross-entropy"}
        Which loss.
    lengths, labels : Tensor
        As for `margin_loss`.
    weights : Tensor, shape (2,)
        Weight of each class.

    Returns
    -------
    Tensor, shape ()
    """
    each = margin_loss if name == "margin" else cross_entropy
    return (weights[labels] * each(lengths, labels)).mean()
