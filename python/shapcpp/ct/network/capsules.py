"""The capsule network of the paper: two convolutions, then two capsule layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from shapcpp.ct.network.convolutions import convolved, interruptible

__all__ = [
    "LARGEST_SIZE",
    "CapsuleLayer",
    "CapsuleNetwork",
    "NetworkOptions",
    "n_primary",
    "route",
    "squash",
]

CHANNELS = 64  # of both convolutions; a primary capsule holds the channels of one position
# Bounds far beyond any use, so that the claims of a file cannot cause endless work.
LARGEST_SIZE = 4096  # pixels
MOST = {"capsules": 4096, "dimension": 1024, "routing": 100}
# A picture has thousands of positions. The squashed sum over them is a unit vector whatever they
# hold, so that nothing is learned. Hidden capsules therefore start as transforms of the mean, at
# every size. FASTER moves a factor from the weights to the inputs, so that Adam's steps matter.
FASTER = 2.0
CLASS_GAIN = 3.0  # makes up for hidden capsules that start shorter than one


@dataclass(frozen=True)
class NetworkOptions:
    """Choices about the network that the paper leaves open.

    Attributes
    ----------
    capsules : int, default 32
        Number of hidden capsules.
    dimension : int, default 16
        Length of a hidden and of a class capsule, in numbers.
    routing : int, default 3
        Routing iterations of both capsule layers.

    Raises
    ------
    ValueError
        For a number below 1, or far beyond any use.
    """

    capsules: int = 32
    dimension: int = 16
    routing: int = 3

    def __post_init__(self) -> None:
        for name in ("capsules", "dimension", "routing"):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise ValueError(f"{name} must be an integer of at least 1, got {number!r}")
            if number > MOST[name]:
                raise ValueError(f"{name} must be at most {MOST[name]}, got {number}")


def squash(x: Tensor) -> Tensor:
    """Shortens vectors to below length 1, keeping their direction: x sqrt(s) / (1 + s).

    Parameters
    ----------
    x : Tensor, shape (..., d)
        The vectors; s is |x|^2 + 1e-7, so that the gradient at zero exists.

    Returns
    -------
    Tensor, shape (..., d)
    """
    s = x.square().sum(-1, keepdim=True) + 1e-7
    return x * (s.sqrt() / (1 + s))


def route(
    n_out: int,
    iterations: int,
    uniform: Callable[[], Tensor],
    combine: Callable[[Tensor], Tensor],
    agree: Callable[[Tensor], Tensor],
) -> Tensor:
    """Routes input capsules to output capsules by agreement.

    The coupling of an input capsule to the output capsules is the softmax of its agreements
    with the outputs of the previous iteration. The agreements are overwritten at each
    iteration, not summed.

    Parameters
    ----------
    n_out : int
        Number of output capsules.
    iterations : int
        Number of times that the outputs are computed, at least one.
    uniform : callable
        Returns the sum over inputs of the predictions, shape (batch, n_out, d).
    combine : callable
        Maps couplings (batch, n_in, n_out) to the coupled sums of the predictions.
    agree : callable
        Maps outputs (batch, n_out, d) to the inner product of each with each prediction,
        shape (batch, n_in, n_out).

    Returns
    -------
    Tensor, shape (batch, n_out, d)
    """
    out = squash(uniform() / n_out)
    for _ in range(iterations - 1):
        couplings = interruptible(agree(interruptible(out)).softmax(-1))
        out = squash(combine(couplings))
    return out


class CapsuleLayer(nn.Module):
    """Maps input capsules to output capsules by routing, without bias.

    All input capsules share one weight matrix W_j per output capsule. The predictions W_j u_i
    are never stored: their coupled sum is W_j (sum_i c_ij u_i), and an agreement is
    u_i . (W_j^T v_j), so only the couplings (n_in, n_out) take memory.

    Parameters
    ----------
    d_in : int
        Length of an input capsule.
    n_out, d_out : int
        Number of output capsules and their length.
    routing : int
        Number of routing iterations.
    scale : float, default 1
        Factor on the inputs, which the weights can undo.
    gain : float, default 1
        Factor on the initial weights.
    """

    def __init__(
        self,
        d_in: int,
        n_out: int,
        d_out: int,
        *,
        routing: int,
        scale: float = 1.0,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.routing, self.scale = routing, scale
        self.weight = nn.Parameter(torch.empty((n_out, d_out, d_in)))
        bound = gain * math.sqrt(6 / (d_in + n_out * d_out))  # Glorot and Bengio 2010
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, u: Tensor) -> Tensor:
        """Maps shape (batch, n_in, d_in) to (batch, n_out, d_out)."""
        weight = self.weight
        u = interruptible(self.scale * u)

        def transform(sums: Tensor) -> Tensor:
            return torch.einsum("jkd,bjd->bjk", weight, sums)

        return route(
            len(weight),
            self.routing,
            lambda: torch.einsum("jkd,bd->bjk", weight, u.sum(1)),
            lambda c: transform(c.transpose(1, 2) @ u),
            lambda v: u @ torch.einsum("jkd,bjk->bdj", weight, v),
        )


def n_primary(size: int) -> int:
    """Counts primary capsules: positions in a square picture after convolutions and pooling."""
    return ((size - 4) // 2) ** 2


class CapsuleNetwork(nn.Module):
    """Maps pictures to one capsule per class, whose lengths are the scores of the classes.

    Convolution (64 of 3x3), batch norm, ReLU, convolution (64 of 3x3), ReLU, max-pooling
    by 2, hidden capsules, class capsules: Enshaei et al., with the details of the layers
    taken from the same group's COVID-FACT.

    Parameters
    ----------
    size : int
        Height and width of the pictures, at least 8 pixels.
    options : NetworkOptions
        Choices that the paper leaves open.
    classes : int, default 2
        Number of class capsules.

    Raises
    ------
    ValueError
        If the pictures are too small or too large.
    """

    def __init__(self, size: int, options: NetworkOptions, classes: int = 2) -> None:
        super().__init__()
        if size < 8:
            raise ValueError(f"size must be at least 8 pixels, got {size}")
        if size > LARGEST_SIZE:
            raise ValueError(f"size must be at most {LARGEST_SIZE} pixels, got {size}")
        self.size, self.options = size, options
        self.first = nn.Conv2d(1, CHANNELS, 3)
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.second = nn.Conv2d(CHANNELS, CHANNELS, 3)
        hidden, d, routing = options.capsules, options.dimension, options.routing
        scale = FASTER * hidden / n_primary(size)
        self.hidden = CapsuleLayer(
            CHANNELS, hidden, d, routing=routing, scale=scale, gain=1 / FASTER
        )
        self.classes = CapsuleLayer(d, classes, d, routing=routing, gain=CLASS_GAIN)
        for convolution in (self.first, self.second):
            nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, pictures: Tensor) -> Tensor:
        """Maps shape (batch, size, size) to (batch, classes, dimension)."""
        x = convolved(self.first, self.norm, self.second, pictures)
        out: Tensor = self.classes(self.hidden(x.permute(0, 2, 3, 1).flatten(1, 2)))
        return out
