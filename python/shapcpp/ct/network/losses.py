"""The margin loss on the lengths of class capsules, with a weight for each class."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

__all__ = ["class_weights", "margin_loss", "weighted_margin_loss"]

UPPER, LOWER, ABSENT = 0.9, 0.1, 0.5


def class_weights(labels: Tensor, classes: int = 2) -> Tensor:
    """Gives class k the weight 1 - n_k / N: 0.2 and 0.8 if one sample in five is positive.

    Parameters
    ----------
    labels : Tensor of int, shape (n,)
        Numbers of classes, from 0.
    classes : int, default 2
        How many classes there are.

    Returns
    -------
    Tensor, shape (classes,)
    """
    return 1 - labels.bincount(minlength=classes) / len(labels)


def margin_loss(lengths: Tensor, labels: Tensor) -> Tensor:
    """Computes the margin loss of Sabour, Frosst and Hinton (2017), per sample.

    It is the squared shortfall of the true class's length from 0.9, plus half the squared
    excess of each other class's length over 0.1.

    Parameters
    ----------
    lengths : Tensor, shape (n, classes)
        Lengths of the class capsules.
    labels : Tensor of int, shape (n,)
        Numbers of classes, from 0.

    Returns
    -------
    Tensor, shape (n,)
    """
    present = functional.one_hot(labels, lengths.shape[1])
    short, over = (UPPER - lengths).relu().square(), (lengths - LOWER).relu().square()
    return (present * short + ABSENT * (1 - present) * over).sum(1)


def weighted_margin_loss(lengths: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Averages the margin loss over samples, each weighted by its class.

    Parameters
    ----------
    lengths, labels : Tensor
        As for `margin_loss`.
    weights : Tensor, shape (classes,)
        Weight of each class.

    Returns
    -------
    Tensor, shape ()
    """
    return (weights[labels] * margin_loss(lengths, labels)).mean()
