"""The capsule network of the paper: two convolutions, then two capsule layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from shapcpp.ct.network.convolutions import convolved, interruptible
from shapcpp.machine.memory import InsufficientMemoryError, available_memory, readable

__all__ = [
    "LARGEST_SIZE",
    "CapsuleLayer",
    "CapsuleNetwork",
    "NetworkOptions",
    "n_primary",
    "route",
    "squash",
]

CHANNELS = 64  # of both convolutions; a primary capsule is what they say of one place
LOSSES = ("margin", "cross-entropy")
# Far beyond all use: what a file claims must not take for ever.
LARGEST_SIZE = 4096  # pixels
MOST = {"capsules": 4096, "dimension": 1024, "routing": 100}
READOUTS = ("positive", "longest", "both")
# The places of a picture are so many that their sum, squashed, is a unit vector whatever they
# hold, and then nothing is learned. So the hidden capsules begin as transforms of the mean, at
# every size; the factor is moved from the weights to the inputs, to let steps of Adam count.
FASTER = 2.0
CLASS_GAIN = 3.0  # makes up for hidden capsules that begin shorter than one
# Of each weight in a training: itself, its gradient, Adam's two, its running mean and the best one,
# and what a step has on its way; as measured.
COPIES = 11


@dataclass(frozen=True)
class NetworkOptions:
    """What the paper leaves open about its network.

    Attributes
    ----------
    capsules : int, default 32
        Hidden capsules.
    dimension : int, default 16
        Numbers of a hidden and of a class capsule.
    routing : int, default 3
        Routing iterations of both capsule layers.
    shared : bool, default True
        One weight matrix for all input capsules of a layer, or one for each. The latter has
        `capsules` * `dimension` * 64 weights per primary capsule, of which there are 900 at
        64 pixels: 29 million weights.
    loss : {"margin", "cross-entropy"}, default "margin"
        Loss on the lengths of the class capsules.
    readout : {"positive", "longest", "both"}, default "positive"
        What the features are: the numbers of the positive class's capsule, those of the
        longer of the two, or all of both.

    Raises
    ------
    ValueError
        For an unknown name, or a number below 1 or beyond all use.
    """

    capsules: int = 32
    dimension: int = 16
    routing: int = 3
    shared: bool = True
    loss: str = "margin"
    readout: str = "positive"

    def __post_init__(self) -> None:
        for name in ("capsules", "dimension", "routing"):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise ValueError(f"{name} must be an integer of at least 1, got {number!r}")
            if number > MOST[name]:
                raise ValueError(f"{name} must be at most {MOST[name]}, got {number}")
        for name, known in (("loss", LOSSES), ("readout", READOUTS)):
            if getattr(self, name) not in known:
                given = getattr(self, name)
                raise ValueError(f"{name} must be {' or '.join(map(repr, known))}, got {given!r}")


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
    """Routing by agreement, whatever way its sums are taken.

    The coupling of an input capsule to the output capsules is the softmax of its agreements
    with the outputs of the iteration before. The agreements are overwritten at each
    iteration, not summed.

    Parameters
    ----------
    n_out : int
        Output capsules.
    iterations : int
        How often the outputs are computed, at least once.
    uniform : callable
        Sum over inputs of the predictions, shape (batch, n_out, d).
    combine : callable
        From couplings (batch, n_in, n_out), the coupled sums of the predictions.
    agree : callable
        From outputs (batch, n_out, d), the inner product of each with each prediction,
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
    """Input capsules to output capsules by routing, without bias.

    With shared weights the predictions W_j u_i of all inputs for all outputs are never
    stored: their coupled sum is W_j (sum_i c_ij u_i), and an agreement is
    u_i . (W_j^T v_j), so only the couplings (n_in, n_out) take memory. With a matrix for each
    input, the predictions are stored if there is more than one iteration: each is looked at
    again, and computing it anew would cost as much as all else.

    Parameters
    ----------
    n_in, d_in : int
        Input capsules and their numbers.
    n_out, d_out : int
        Output capsules and their numbers.
    routing : int
        Iterations.
    shared : bool
        One weight matrix for all input capsules, or one for each.
    scale : float, default 1
        The inputs are multiplied by it; the weights can undo that.
    gain : float, default 1
        The initial weights are multiplied by it.
    """

    def __init__(
        self,
        n_in: int,
        d_in: int,
        n_out: int,
        d_out: int,
        *,
        routing: int,
        shared: bool,
        scale: float = 1.0,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.routing, self.shared, self.scale = routing, shared, scale
        one = (n_out, d_out, d_in)
        self.weight = nn.Parameter(torch.empty(one if shared else (n_in, *one)))
        bound = gain * math.sqrt(6 / (d_in + n_out * d_out))  # Glorot and Bengio 2010
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, u: Tensor) -> Tensor:
        """Shape (batch, n_in, d_in) to (batch, n_out, d_out)."""
        weight, n_out = self.weight, self.weight.shape[-3]
        u = interruptible(self.scale * u)
        if self.shared:

            def transform(sums: Tensor) -> Tensor:
                return torch.einsum("jkd,bjd->bjk", weight, sums)

            return route(
                n_out,
                self.routing,
                lambda: torch.einsum("jkd,bd->bjk", weight, u.sum(1)),
                lambda c: transform(c.transpose(1, 2) @ u),
                lambda v: u @ torch.einsum("jkd,bjk->bdj", weight, v),
            )
        if self.routing == 1:
            matrices, columns = weight.flatten(1, 2), u.permute(1, 2, 0)
            total = torch.addbmm(u.new_zeros(matrices.shape[1], len(u)), matrices, columns)
            return squash(total.T.reshape(len(u), n_out, -1) / n_out)
        predictions = torch.einsum("ijkd,bid->bijk", weight, u)
        return route(
            n_out,
            self.routing,
            lambda: predictions.sum(1),
            lambda c: torch.einsum("bij,bijk->bjk", c, predictions),
            lambda v: torch.einsum("bijk,bjk->bij", predictions, v),
        )


def n_primary(size: int) -> int:
    """Primary capsules of a square picture: the places left by two convolutions and pooling."""
    return ((size - 4) // 2) ** 2


class CapsuleNetwork(nn.Module):
    """Pictures to two class capsules, whose lengths are the scores of the classes.

    Convolution (64 of 3x3), batch norm, ReLU, convolution (64 of 3x3), ReLU, max-pooling
    by 2, hidden capsules, class capsules: Enshaei et al., with the layers' details as
    in the group's COVID-FACT.

    Parameters
    ----------
    size : int
        Height and width of the pictures, at least 8 pixels.
    options : NetworkOptions
        What the paper leaves open.

    Raises
    ------
    ValueError
        If the pictures are too small or too large.
    InsufficientMemoryError
        If weights that are not shared do not fit in memory.
    """

    def __init__(self, size: int, options: NetworkOptions) -> None:
        super().__init__()
        if size < 8:
            raise ValueError(f"size must be at least 8 pixels, got {size}")
        if size > LARGEST_SIZE:
            raise ValueError(f"size must be at most {LARGEST_SIZE} pixels, got {size}")
        _check_weights_fit(size, options)
        self.size, self.options = size, options
        self.first = nn.Conv2d(1, CHANNELS, 3)
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.second = nn.Conv2d(CHANNELS, CHANNELS, 3)
        layer: dict[str, Any] = {"routing": options.routing, "shared": options.shared}
        hidden, d = options.capsules, options.dimension
        places = n_primary(size)
        mean: dict[str, Any] = {"scale": FASTER * hidden / places, "gain": 1 / FASTER}
        self.hidden = CapsuleLayer(places, CHANNELS, hidden, d, **layer, **mean)
        self.classes = CapsuleLayer(hidden, d, 2, d, **layer, gain=CLASS_GAIN)
        for convolution in (self.first, self.second):
            nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, pictures: Tensor) -> Tensor:
        """Shape (batch, size, size) to (batch, 2, dimension)."""
        x = convolved(self.first, self.norm, self.second, pictures)
        out: Tensor = self.classes(self.hidden(x.permute(0, 2, 3, 1).flatten(1, 2)))
        return out


def _check_weights_fit(size: int, options: NetworkOptions) -> None:
    """Refuses weights that are not shared where what a training keeps of them does not fit."""
    if options.shared:
        return
    needed = COPIES * 4 * n_primary(size) * options.capsules * options.dimension * CHANNELS
    available = available_memory()
    if available is not None and needed > available:
        raise InsufficientMemoryError(
            f"weights that are not shared take {readable(needed)} in training at {size} pixels, "
            f"and {readable(available)} are available: share them, or take smaller slices"
        )
