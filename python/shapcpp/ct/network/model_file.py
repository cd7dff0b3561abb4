"""Trained networks on disk: weights, options and curve, read without running any code in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shapcpp import checks
from shapcpp.ct.network.capsules import LARGEST_SIZE, CapsuleNetwork, NetworkOptions
from shapcpp.ct.network.torch_file import DAMAGED, read_torch, write_torch
from shapcpp.ct.slices import TWO
from shapcpp.labels import MOST_CLASSES
from shapcpp.storage import files

__all__ = ["CURVE", "StoredModel", "read_model", "write_model"]

NETWORK = "shapcpp capsule network"
FORMAT = f"{NETWORK} 3"
CURVE = np.dtype(
    [("epoch", np.int64), ("train_loss", float), ("val_loss", float), ("val_auc", float)]
)


class StoredModel(NamedTuple):
    """The content of a model file; see `shapcpp.ct.network.trained.Trained`."""

    network: CapsuleNetwork
    curve: NDArray[Any]
    batch: int
    seen: NDArray[np.uint64]
    classes: tuple[Any, ...] = TWO


def write_model(path: files.PathLike, model: StoredModel) -> None:
    """Writes a trained network, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    content = {
        "format": FORMAT,
        "size": model.network.size,
        "batch": model.batch,
        "options": asdict(model.network.options),
        "curve": [list(row) for row in model.curve.tolist()],
        "seen": torch.from_numpy(model.seen.view(np.int64).copy()),
        **({} if model.classes == TWO else {"classes": list(model.classes)}),
        "weights": {name: t.cpu() for name, t in model.network.state_dict().items()},
    }
    write_torch(path, content)


def read_model(path: files.PathLike) -> StoredModel:
    """Reads a file of `write_model`; the network is on the CPU, ready to evaluate.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is damaged or of another kind.
    """
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
        classes = _classes(content.get("classes", TWO))
        options, weights = NetworkOptions(**content["options"]), dict(content["weights"])
        with torch.device("meta"):  # takes no memory, whatever the numbers say
            _check_weights(weights, CapsuleNetwork(size, options, len(classes)).state_dict())
        network = CapsuleNetwork(size, options, len(classes))
        network.load_state_dict(weights)
        curve = np.array([tuple(row) for row in content["curve"]], CURVE)
        seen = content["seen"].numpy().astype(np.int64, casting="safe").view(np.uint64)
    network.eval()
    return StoredModel(network, curve, batch, seen, classes)


def _classes(stored: Any) -> tuple[Any, ...]:
    classes = tuple(stored)
    kinds = {type(label) for label in classes}
    if not 2 <= len(classes) <= MOST_CLASSES or kinds not in ({int}, {str}):
        raise ValueError("its classes are no list of numbers or words")
    if list(classes) != sorted({*classes}):
        raise ValueError("its classes are not sorted, or name one twice")
    return classes


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
