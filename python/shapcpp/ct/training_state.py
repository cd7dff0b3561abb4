"""A training on its way, kept on disk: killed after any epoch, it goes on from there."""

from __future__ import annotations

import copy
import json
import os
import pickle
from collections.abc import Mapping
from typing import Any

import torch

from shapcpp import files
from shapcpp.ct.capsules import CapsuleNetwork

__all__ = ["TrainingState"]


class TrainingState:
    """Everything that the next epochs depend on.

    Parameters
    ----------
    network : CapsuleNetwork
        With its weights before the first epoch.
    adam : torch.optim.Adam
        Of those weights.
    generator : torch.Generator
        Of orders and transforms.

    Attributes
    ----------
    curve : list of tuple
        Epoch, training loss, validation loss, validation AUC.
    best : float
        The least validation loss.
    since : int
        Epochs since then.
    best_weights : dict
        The weights of then.
    """

    def __init__(
        self, network: CapsuleNetwork, adam: torch.optim.Adam, generator: torch.Generator
    ) -> None:
        self._network, self._adam, self._generator = network, adam, generator
        self.curve: list[tuple[float, ...]] = []
        self.best, self.since = float("inf"), 0
        self.best_weights: dict[str, Any] = copy.deepcopy(network.state_dict())

    def note(self, train_loss: float, val_loss: float, val_auc: float) -> None:
        """The end of an epoch."""
        self.curve.append((len(self.curve) + 1, train_loss, val_loss, val_auc))
        self.since += 1
        if val_loss < self.best:
            self.best, self.since = val_loss, 0
            self.best_weights = copy.deepcopy(self._network.state_dict())

    def save(self, path: files.PathLike, training: Mapping[str, Any]) -> None:
        """Writes it, whole or not at all, with what tells this training from others."""
        content = {
            "training": json.dumps(training),
            "network": self._network.state_dict(),
            "adam": self._adam.state_dict(),
            "generator": self._generator.get_state(),
            "curve": [list(row) for row in self.curve],
            "best": self.best,
            "since": self.since,
            "best_weights": self.best_weights,
        }
        files.write_atomically(path, lambda file: torch.save(content, file))

    def resume(self, path: files.PathLike, training: Mapping[str, Any]) -> None:
        """Takes up what `save` wrote, where there is such a file.

        Raises
        ------
        ValueError
            If it is damaged, or of another training.
        """
        if not os.path.exists(path):
            return
        with files.told(f"checkpoint {path} cannot be taken up"):
            try:
                content: Any = torch.load(path, map_location="cpu", weights_only=True)
            except pickle.UnpicklingError:
                raise ValueError("it is not what a training writes") from None
            kept = json.loads(content["training"])
            for name, value in json.loads(json.dumps(training)).items():
                if kept[name] != value:
                    raise ValueError(f"it is of a training with {name} {kept[name]}, not {value}")
            self._network.load_state_dict(content["network"])
            self._adam.load_state_dict(content["adam"])
            self._generator.set_state(content["generator"])
            self.curve = [tuple(row) for row in content["curve"]]
            self.best, self.since = content["best"], content["since"]
            self.best_weights = content["best_weights"]
