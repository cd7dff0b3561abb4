"""The network's two convolutions, one strip of the pictures at a time, so that Ctrl-C is heard.

At 512 pixels the output of either convolution takes a gigabyte per batch, and one pass over it
takes seconds. The batch norm between the two is therefore folded into the first: mean and variance
of its output follow from mean and covariance of its 3x3 input patches.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["convolved", "interruptible"]

SIDE = 3  # pixels along each side of a kernel
MARGIN = 2 * (SIDE - 1)  # rows lost to the two convolutions
# Pixels of a strip: its second convolution, and the gradient, take a tenth of a second each.
CHUNK = 1 << 16


def convolved(
    first: nn.Conv2d, norm: nn.BatchNorm2d, second: nn.Conv2d, pictures: Tensor
) -> Tensor:
    """Applies convolution, batch norm, ReLU, convolution, ReLU and max-pooling by 2.

    Parameters
    ----------
    first, norm, second : Module
        The layers. While `norm` trains, its running mean and variance follow, as in its own
        forward pass.
    pictures : Tensor, shape (batch, size, size)
        Constants: no gradient goes to them.

    Returns
    -------
    Tensor, shape (batch, channels, (size - 4) // 2, (size - 4) // 2)
        The output of the layers one after another, up to rounding.
    """
    size = pictures.shape[-1]
    parts = torch.split(pictures, max(1, CHUNK // size**2))
    kernel, bias = _normalised(first, norm, parts)

    def pooled(strip: Tensor) -> Tensor:
        x = torch.relu_(nn.functional.conv2d(strip[:, None], kernel, bias))
        # Max-pooling before ReLU gives the same numbers with a quarter of the work.
        return torch.relu_(nn.functional.max_pool2d(interruptible(second(x)), 2))

    rows = max(1, CHUNK // (2 * size))  # rows of a strip, after pooling
    starts = range(0, (size - MARGIN) // 2, rows)
    return torch.cat(
        [
            torch.cat([pooled(part[:, 2 * r :][:, : 2 * rows + MARGIN]) for r in starts], 2)
            for part in parts
        ]
    )


def _normalised(
    first: nn.Conv2d, norm: nn.BatchNorm2d, parts: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor]:
    """Folds the batch norm into the kernel and bias of the first convolution."""
    assert first.bias is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    weight = first.weight.flatten(1).double()
    if norm.training:
        count, patch, covariance = _patch_moments(parts)
        mean = weight @ patch + first.bias
        variance = ((weight @ covariance) * weight).sum(1)
        with torch.no_grad():
            momentum = norm.momentum or 0.0
            norm.running_mean.lerp_(mean.to(norm.running_mean), momentum)
            unbiased = variance * (count / max(1, count - 1))
            norm.running_var.lerp_(unbiased.to(norm.running_var), momentum)
    else:
        mean, variance = norm.running_mean.double(), norm.running_var.double()
    scale = norm.weight / (variance + norm.eps).sqrt()
    bias = (first.bias - mean) * scale + norm.bias
    kernel = (weight * scale[:, None]).view_as(first.weight)
    # The output of a convolution has the layout of its kernel; the second needs channels last.
    return kernel.to(parts[0], memory_format=torch.channels_last), bias.to(parts[0])


def _patch_moments(parts: tuple[Tensor, ...]) -> tuple[int, Tensor, Tensor]:
    """Computes number, mean and covariance of all patches.

    Double precision is needed because patches nearly coincide.
    """
    total = squares = torch.zeros((), dtype=torch.float64, device=parts[0].device)
    count = 0
    for part in parts:
        patches = nn.functional.unfold(part[:, None].double(), SIDE)
        count += patches.shape[0] * patches.shape[2]
        total = total + patches.sum((0, 2))
        squares = squares + (patches @ patches.transpose(1, 2)).sum(0)
    mean = total / count
    return count, mean, squares / count - torch.outer(mean, mean)


def interruptible(x: Tensor) -> Tensor:
    """Returns `x`, adding Python code to its backward pass so that signal handlers can run."""
    if x.requires_grad:
        x.register_hook(_let_signals_in)  # type: ignore[no-untyped-call]
    return x


def _let_signals_in(gradient: Tensor) -> Tensor:
    return gradient
