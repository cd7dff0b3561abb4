"""A trained capsule network: features and scores of pictures, saving and loading."""

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
from shapcpp.ct.network.devices import find_device
from shapcpp.ct.network.model_file import StoredModel, read_model, write_model
from shapcpp.ct.network.ranking import class_auc
from shapcpp.ct.slices import TWO, Slices
from shapcpp.progress import nothing
from shapcpp.storage.files import PathLike

__all__ = [
    "Trained",
    "evaluated",
    "features_of_capsules",
    "fingerprints",
    "load_model",
    "scores_of",
]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained capsule network.

    Attributes
    ----------
    network : CapsuleNetwork
        The network, with the mean weights of the epoch with the least validation loss.
    curve : structured ndarray, shape (epochs,)
        Fields ``epoch`` (from 1), ``train_loss``, ``val_loss``, ``val_auc``.
    batch : int
        Pictures evaluated together.
    seen : ndarray of uint64
        `fingerprints` of the pictures on which it was trained and selected.
    classes : tuple of int or of str, default (0, 1)
        The labels of its class capsules.
    """

    network: CapsuleNetwork
    curve: Array
    batch: int = 16
    seen: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    classes: tuple[Any, ...] = TWO

    @property
    def options(self) -> NetworkOptions:
        """The choices that the paper leaves open."""
        return self.network.options

    @property
    def size(self) -> int:
        """Height and width of the pictures it was trained on, in pixels."""
        return self.network.size

    def capsules(
        self, images: NDArray[np.float32], progress: Callable[[int, int], None] = nothing
    ) -> NDArray[np.float64]:
        """Computes the class capsules of each picture.

        Parameters
        ----------
        images : ndarray of float32, shape (n, size, size)
            Pictures, each standardised by its own mean and deviation.
        progress : callable, optional
            Called with ``(done, total)`` pictures.

        Returns
        -------
        ndarray of float64, shape (n, classes, dimension)

        Raises
        ------
        ValueError
            If the pictures are not of the size that the network was trained on.
        """
        if images.ndim != 3 or images.shape[1:] != (self.size, self.size):
            raise ValueError(
                f"images must have shape (n, {self.size}, {self.size}), as those the network was "
                f"trained on, got {images.shape}"
            )
        out = np.empty((len(images), len(self.classes), self.options.dimension))
        for rows, part in evaluated(self.network, images, self.batch):
            out[rows] = part.cpu().numpy()
            progress(rows.stop, len(images))
        return out

    def features(
        self, images: NDArray[np.float32], progress: Callable[[int, int], None] = nothing
    ) -> NDArray[np.float64]:
        """Computes the positive class's capsule of each picture, or all of more than two classes.

        Parameters and errors as for `capsules`.

        Returns
        -------
        ndarray of float64, shape (n, dimension) or (n, classes * dimension)
        """
        return features_of_capsules(self.capsules(images, progress))

    def scores(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        """Subtracts the negative capsule's length from the positive's: shape (n,), from -1 to 1.

        With more than two classes the scores are the lengths, shape (n, classes).

        Parameters and errors as for `capsules`.
        """
        return scores_of(self.capsules(images))

    def auc(self, slices: Slices, split: str) -> float:
        """Computes the area under the ROC curve in a split; nan if the split lacks a class.

        With more than two classes it is the mean of those of each class against the rest.
        """
        rows = np.flatnonzero(slices.split == split)
        return class_auc(self.scores(slices.images[rows]), slices.of_class[rows])

    def save(self, path: PathLike) -> None:
        """Writes the network to a file that `load_model` reads, whole or not at all."""
        stored = StoredModel(self.network, self.curve, self.batch, self.seen, self.classes)
        write_model(path, stored)


def load_model(path: PathLike, device: str = "cpu") -> Trained:
    """Reads a trained network.

    Parameters
    ----------
    path : path-like
        A file written by `Trained.save`.
    device : str, default "cpu"
        The device to put it on.

    Returns
    -------
    Trained

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is damaged or of another kind, or the device is unknown or absent.
    """
    place = find_device(device)
    stored = read_model(path)
    stored.network.to(place)
    return Trained(*stored)


def fingerprints(images: Iterable[NDArray[np.float32]]) -> NDArray[np.uint64]:
    """Hashes each picture to eight bytes, which reveal nothing about the picture."""
    digests = (hashlib.sha256(image.tobytes()).digest()[:8] for image in images)
    return np.frombuffer(b"".join(digests), np.uint64)


def features_of_capsules(capsules: NDArray[np.float64]) -> NDArray[np.float64]:
    """Selects the positive class's capsule of two; more are laid side by side."""
    if capsules.shape[1] == 2:
        return np.ascontiguousarray(capsules[:, 1])
    return capsules.reshape(len(capsules), -1)


def scores_of(capsules: NDArray[np.float64]) -> NDArray[np.float64]:
    """Subtracts the length of the first of two capsules from the second's; lengths of more."""
    lengths: NDArray[np.float64] = np.sqrt(np.square(capsules).sum(2))
    if lengths.shape[1] > 2:
        return lengths
    difference: NDArray[np.float64] = lengths[:, 1] - lengths[:, 0]
    return difference


def evaluated(
    network: CapsuleNetwork,
    images: NDArray[np.float32],
    batch: int,
    rows: NDArray[np.int64] | None = None,
) -> Iterator[tuple[slice, Tensor]]:
    """Yields the class capsules of some rows, a batch at a time."""
    network.eval()
    n = len(images) if rows is None else len(rows)
    device = next(network.parameters()).device
    for start in range(0, n, batch):
        part = slice(start, min(start + batch, n))
        chosen = images[part] if rows is None else images[rows[part]]
        with torch.inference_mode():
            yield part, network(torch.from_numpy(np.ascontiguousarray(chosen)).to(device))
