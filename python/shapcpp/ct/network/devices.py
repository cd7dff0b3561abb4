"""The device on which a network computes: the CPU or a GPU, by name."""

from __future__ import annotations

import torch

__all__ = ["find_device"]


def find_device(name: str) -> torch.device:
    """Returns the device of a name; raises ValueError if it is unknown or absent."""
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device must be cpu or cuda, got {name!r}") from None
    if device.type == "cuda":
        found = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= found:
            has = f"{found} CUDA devices" if found else "no CUDA device that PyTorch can use"
            raise ValueError(f"device is {name!r}, but this machine has {has}")
    elif device.type != "cpu" or device.index:  # torch counts one CPU, whatever its cores
        raise ValueError(f"device must be cpu or cuda, got {name!r}")
    return device
