"""The state of a training, kept on disk so that a training killed after any epoch continues."""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel

from shapcpp.ct.network.capsules import CapsuleNetwork
from shapcpp.ct.network.model_file import CURVE
from shapcpp.ct.network.torch_file import DAMAGED, read_torch, write_torch
from shapcpp.storage import files

__all__ = ["OtherTrainingError", "TrainingState", "epochs_kept"]

Row = tuple[float, ...]
SHORT = 40  # characters; longer values, such as a hash, are not shown


class OtherTrainingError(ValueError):
    """A checkpoint of another training, which cannot be continued."""


class TrainingState:
    """The state that the next epochs depend on.

    Parameters
    ----------
    network : CapsuleNetwork
        The network, with its weights before the first epoch.
    mean : AveragedModel
        The running mean of its weights.
    adam : torch.optim.Adam
        The optimiser of those weights.
    generator : torch.Generator
        The source of orders and transforms.

    Attributes
    ----------
    curve : list of tuple
        Epoch, training loss, validation loss, validation AUC.
    best_weights : dict
        The mean weights of the least validation loss.
    """

    def __init__(
        self,
        network: CapsuleNetwork,
        mean: AveragedModel,
        adam: torch.optim.Adam,
        generator: torch.Generator,
    ) -> None:
        self._network, self._mean, self._adam, self._generator = network, mean, adam, generator
        self.curve: list[Row] = []
        self.best_weights: dict[str, Any] = copy.deepcopy(network.state_dict())

    def note(self, train_loss: float, val_loss: float, val_auc: float) -> None:
        """Records the end of an epoch."""
        self.curve.append((len(self.curve) + 1, train_loss, val_loss, val_auc))
        if since_best(self.curve) == 0:
            self.best_weights = copy.deepcopy(self._mean.module.state_dict())

    @property
    def last(self) -> str:
        """The last epoch in words."""
        epoch, train_loss, val_loss, val_auc = self.curve[-1]
        losses = f"training loss {train_loss:.4f}, validation loss {val_loss:.4f}"
        return f"epoch {epoch}: {losses}" + ("" if math.isnan(val_auc) else f", AUC {val_auc:.3f}")

    def ends(self, epochs: int, patience: int) -> bool:
        """True if a training of `epochs` and `patience` ends here."""
        return ends(self.curve, epochs, patience)

    def save(self, path: files.PathLike, training: Mapping[str, Any]) -> None:
        """Writes the state and the identity of this training, whole or not at all."""
        content = {
            "training": json.dumps(training),
            "network": self._network.state_dict(),
            "mean": self._mean.state_dict(),
            "adam": self._adam.state_dict(),
            "generator": self._generator.get_state(),
            "curve": [list(row) for row in self.curve],
            "best_weights": self.best_weights,
        }
        write_torch(path, content)

    def resume(
        self, path: files.PathLike, training: Mapping[str, Any], epochs: int, patience: int
    ) -> None:
        """Continues from the file that `save` wrote, if there is one.

        Raises
        ------
        OtherTrainingError
            If the file belongs to another training, or to one that should have ended before.
        ValueError
            If the file is damaged.
        """
        if not os.path.exists(path):
            return
        with _told(path):
            content = _content(path)
            kept = json.loads(content["training"])
            curve: list[Row] = [tuple(map(float, row)) for row in content["curve"]]
            if any(len(row) != len(CURVE.names or ()) for row in curve):
                raise ValueError("its curve has rows of other columns")
            difference = _difference(kept, json.loads(json.dumps(training)))
        if difference is None and any(
            ends(curve[:done], epochs, patience) for done in range(len(curve))
        ):
            difference = f"of more than {epochs} epochs, or with a patience above {patience}"
        if difference is not None:
            raise OtherTrainingError(f"checkpoint {path} is of a training {difference}")
        with _told(path):
            self._network.load_state_dict(content["network"])
            self._mean.load_state_dict(content["mean"])
            self._adam.load_state_dict(content["adam"])
            self._generator.set_state(content["generator"])
            best = content["best_weights"]
            if best.keys() != self.best_weights.keys():
                raise ValueError("its best weights are not those of the network")
            self.curve, self.best_weights = curve, best


def epochs_kept(path: files.PathLike) -> int:
    """Counts the epochs that a checkpoint holds; 0 if there is no such file."""
    if not os.path.exists(path):
        return 0
    with _told(path):
        return len(_content(path)["curve"])


def since_best(curve: Sequence[Row]) -> int:
    """Counts the epochs since the first with the least validation loss."""
    losses = [val_loss for _, _, val_loss, _ in curve]
    return len(losses) - 1 - losses.index(min(losses))


def ends(curve: Sequence[Row], epochs: int, patience: int) -> bool:
    """True if a training with this curve is at its end."""
    return len(curve) >= epochs or (bool(curve) and since_best(curve) >= patience)


def _told(path: files.PathLike) -> AbstractContextManager[None]:
    return files.told(f"checkpoint {path} cannot be taken up (without it the training starts anew)")


def _content(path: files.PathLike) -> Any:
    content, intact = read_torch(path)
    if not intact:
        raise ValueError(DAMAGED)
    return content


def _difference(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    for name, value in wanted.items():
        if kept.get(name) != value:
            short = max(len(str(value)), len(str(kept.get(name)))) <= SHORT
            return f"with {name} {kept.get(name)}, not {value}" if short else f"on other {name}"
    return None
