"""A trained capsule network, and what it says of pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shapcpp.ct.network.capsules import CapsuleNetwork, NetworkOptions
from shapcpp.ct.network.ranking import auc
from shapcpp.ct.slices import Slices
from shapcpp.progress import nothing
from shapcpp.storage.files import PathLike

__all__ = ["CURVE", "Trained", "evaluated", "fingerprints", "read_out", "scores_of"]

Array = NDArray[Any]

CURVE = np.dtype(
    [("epoch", np.int64), ("train_loss", float), ("val_loss", float), ("val_auc", float)]
)


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained capsule network.

    Attributes
    ----------
    network : CapsuleNetwork
        With the mean weights of the epoch of the least validation loss.
    curve : structured ndarray, shape (epochs,)
        Fields ``epoch`` (from 1), ``train_loss``, ``val_loss``, ``val_auc``.
    batch : int
        Pictures to look at together.
    seen : ndarray of uint64
        `fingerprints` of the pictures it learned from and was chosen by.
    """

    network: CapsuleNetwork
    curve: Array
    batch: int = 16
    seen: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    @property
    def options(self) -> NetworkOptions:
        """What the paper leaves open, as it was chosen."""
        return self.network.options

    @property
    def size(self) -> int:
        """Height and width of the pictures it was trained on, in pixels."""
        return self.network.size

    def capsules(
        self, images: NDArray[np.float32], progress: Callable[[int, int], None] = nothing
    ) -> NDArray[np.float64]:
        """Both class capsules of each picture.

        Parameters
        ----------
        images : ndarray of float32, shape (n, size, size)
            Each standardised by its own mean and deviation.
        progress : callable, optional
            Told ``(done, total)`` pictures.

        Returns
        -------
        ndarray of float64, shape (n, 2, dimension)

        Raises
        ------
        ValueError
            If the pictures have another size than those of the training.
        """
        if images.ndim != 3 or images.shape[1:] != (self.size, self.size):
            raise ValueError(
                f"images must have shape (n, {self.size}, {self.size}), as those the network was "
                f"trained on, got {images.shape}"
            )
        out = np.empty((len(images), 2, self.options.dimension))
        for rows, part in evaluated(self.network, images, self.batch):
            out[rows] = part.cpu().numpy()
            progress(rows.stop, len(images))
        return out

    def features(
        self, images: NDArray[np.float32], progress: Callable[[int, int], None] = nothing
    ) -> NDArray[np.float64]:
        """What ``options.readout`` takes of the class capsules.

        Parameters and errors as for `capsules`.

        Returns
        -------
        ndarray of float64, shape (n, 16), or (n, 32) with readout "both"
        """
        return read_out(self.capsules(images, progress), self.options.readout)

    def scores(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        """Length of the positive capsule less that of the negative one, shape (n,), in -1 to 1.

        Parameters and errors as for `capsules`.
        """
        return scores_of(self.capsules(images))

    def auc(self, slices: Slices, split: str) -> float:
        """Area under the ROC curve of the scores in a split; nan where it lacks a class."""
        rows = np.flatnonzero(slices.split == split)
        return auc(self.scores(slices.images[rows]), slices.label[rows])

    def save(self, path: PathLike) -> None:
        """Writes the network to a file that `load_model` reads, whole or not at all."""
        from shapcpp.ct.network.model_file import save_model

        save_model(path, self)


def fingerprints(images: Iterable[NDArray[np.float32]]) -> NDArray[np.uint64]:
    """Of each picture eight bytes that hardly any other has; they say nothing of what is on it."""
    digests = (hashlib.sha256(image.tobytes()).digest()[:8] for image in images)
    return np.frombuffer(b"".join(digests), np.uint64)


def read_out(capsules: NDArray[np.float64], readout: str) -> NDArray[np.float64]:
    """The features that a readout takes of class capsules of shape (n, 2, dimension)."""
    if readout == "both":
        return capsules.reshape(len(capsules), -1)
    n = len(capsules)
    chosen = np.ones(n, np.int64) if readout == "positive" else np.square(capsules).sum(2).argmax(1)
    features: NDArray[np.float64] = capsules[np.arange(n), chosen]
    return features


def scores_of(capsules: NDArray[np.float64]) -> NDArray[np.float64]:
    """Length of the positive class's capsule less that of the negative one's."""
    lengths = np.sqrt(np.square(capsules).sum(2))
    difference: NDArray[np.float64] = lengths[:, 1] - lengths[:, 0]
    return difference


def evaluated(
    network: CapsuleNetwork,
    images: NDArray[np.float32],
    batch: int,
    rows: NDArray[np.int64] | None = None,
) -> Iterator[tuple[slice, Tensor]]:
    """The class capsules of some rows, a batch at a time."""
    network.eval()
    n = len(images) if rows is None else len(rows)
    device = next(network.parameters()).device
    for start in range(0, n, batch):
        part = slice(start, min(start + batch, n))
        chosen = images[part] if rows is None else images[rows[part]]
        with torch.inference_mode():
            yield part, network(torch.from_numpy(np.ascontiguousarray(chosen)).to(device))
