"""Trained networks on disk: weights, options and curve, read without running what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from shapcpp import checks
from shapcpp.ct.network.capsules import LARGEST_SIZE, CapsuleNetwork, NetworkOptions
from shapcpp.ct.network.devices import find_device
from shapcpp.ct.network.torch_file import DAMAGED, read_torch, write_torch
from shapcpp.ct.network.trained import CURVE, Trained
from shapcpp.storage import files

__all__ = ["load_model", "save_model"]

NETWORK = "shapcpp capsule network"
FORMAT = f"{NETWORK} 3"


def save_model(path: files.PathLike, trained: Trained) -> None:
    """Writes a trained network, whole or not at all.

    Parameters
    ----------
    path : path-like
        The file to write, by habit ``.pt``.
    trained : Trained
        What to write.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    content = {
        "format": FORMAT,
        "size": trained.size,
        "batch": trained.batch,
        "options": asdict(trained.options),
        "curve": [list(row) for row in trained.curve.tolist()],
        "seen": torch.from_numpy(trained.seen.view(np.int64).copy()),
        "weights": {name: t.cpu() for name, t in trained.network.state_dict().items()},
    }
    write_torch(path, content)


def load_model(path: files.PathLike, device: str = "cpu") -> Trained:
    """Reads a trained network.

    Parameters
    ----------
    path : path-like
        A file written by `Trained.save`.
    device : str, default "cpu"
        Where to put it.

    Returns
    -------
    Trained

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is damaged or something else, or the device is unknown or absent.
    """
    place = find_device(device)
    with files.told(f"{path} is not a readable model file"):
        content, intact = read_torch(path)
        written = content.get("format")
        if written != FORMAT:
            if str(written).startswith(NETWORK):
                raise ValueError("another version of shapcpp wrote it: train the network again")
            raise ValueError("shapcpp features --save-model did not write it")
        if not intact:
            raise ValueError(DAMAGED)
        size = checks.positive("size", content["size"], LARGEST_SIZE)
        batch = checks.positive("batch", content["batch"])
        options, weights = NetworkOptions(**content["options"]), dict(content["weights"])
        with torch.device("meta"):  # takes no memory, whatever the numbers say
            _check_weights(weights, CapsuleNetwork(size, options).state_dict())
        network = CapsuleNetwork(size, options)
        network.load_state_dict(weights)
        curve = np.array([tuple(row) for row in content["curve"]], CURVE)
        seen = content["seen"].numpy().astype(np.int64, casting="safe").view(np.uint64)
    network.to(place)
    return Trained(network.eval(), curve, batch, seen)


def _check_weights(weights: Mapping[str, Any], wanted: Mapping[str, Tensor]) -> None:
    if weights.keys() != wanted.keys():
        name = min(weights.keys() ^ wanted.keys())
        raise ValueError(f"{name} is {'no weight of the network' if name in weights else 'absent'}")
    for name, other in wanted.items():
        weight = weights[name]
        if not isinstance(weight, Tensor) or weight.dtype != other.dtype:
            raise ValueError(f"{name} does not hold {other.dtype}")
        if weight.shape != other.shape:
            raise ValueError(
                f"{name} has shape {tuple(weight.shape)}, but with its size and options it "
                f"should have {tuple(other.shape)}"
            )
        if not bool(weight.isfinite().all()):
            raise ValueError(f"{name} holds nan or infinity")
