"""Networks of torch as functions of arrays."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shapcpp.ct.network.devices import find_device

__all__ = ["TorchEncoder"]


class TorchEncoder:
    """Evaluates a network on a device, without gradients."""

    def __init__(self, network: nn.Module, device: str) -> None:
        self._device = find_device(device)
        self._network = network.to(self._device).eval()

    def __call__(self, pictures: NDArray[np.float32]) -> Tensor:
        """Maps pictures of shape (batch, 3, size, size) to whatever the network returns."""
        with torch.inference_mode():
            made: Tensor = self._network(torch.from_numpy(pictures).to(self._device))
        return made
