"""Training of the capsule network, and what comes out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shapcpp import checks, files
from shapcpp.ct.augmentation import Augmentation
from shapcpp.ct.capsules import CapsuleNetwork, NetworkOptions
from shapcpp.ct.losses import class_weights, loss_of
from shapcpp.ct.ranking import auc
from shapcpp.ct.slices import Slices
from shapcpp.ct.training_state import TrainingState
from shapcpp.files import PathLike
from shapcpp.progress import nothing

__all__ = ["CURVE", "NetworkOptions", "Trained", "find_device", "train"]

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
        With the weights of the epoch of the least validation loss.
    curve : structured ndarray, shape (epochs,)
        Fields ``epoch`` (from 1), ``train_loss``, ``val_loss``, ``val_auc``.
    batch : int
        Pictures to look at together.
    """

    network: CapsuleNetwork
    curve: Array
    batch: int = 16

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
        for rows, part in _evaluated(self.network, images, self.batch):
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
        from shapcpp.ct.model_file import save_model

        save_model(path, self)


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


def train(
    slices: Slices,
    labels: NDArray[np.int64] | None = None,
    *,
    options: NetworkOptions | None = None,
    epochs: int = 100,
    patience: int = 5,
    batch: int = 16,
    learning_rate: float = 1e-3,
    augmentation: Augmentation | None = None,
    device: str = "cpu",
    seed: int = 0,
    checkpoint: PathLike | None = None,
    progress: Callable[[int, int], None] = nothing,
) -> Trained:
    """Trains the capsule network of Enshaei et al. on the training slices.

    Adam on the class-weighted loss, each picture transformed anew every time it is seen. The
    training stops after `patience` epochs without a better validation loss and keeps the
    weights of the best epoch.

    Parameters
    ----------
    slices : Slices
        Rows with split "train" train, those with "val" decide when to stop.
    labels : ndarray of int64, shape (n_train,), optional
        Labels of the training rows in their order, such as noisy ones, in place of theirs.
    options : NetworkOptions, optional
        What the paper leaves open.
    epochs : int, default 100
        At most so many.
    patience : int, default 5
        Epochs without a better validation loss before the training stops.
    batch : int, default 16
        Pictures per step.
    learning_rate : float, default 1e-3
        Of Adam.
    augmentation : Augmentation, optional
        Ranges of the random transforms.
    device : str, default "cpu"
        "cpu", "cuda", or "cuda:1" and so on.
    seed : int, default 0
        Of initial weights, order and transforms. On the CPU, with the same number of
        threads, the same seed gives the same network.
    checkpoint : path-like, optional
        Written after each epoch: the same call again, killed or not, goes on from it, to the
        same network.
    progress : callable, optional
        Told ``(done, total)`` steps, where the total counts all epochs allowed.

    Returns
    -------
    Trained

    Raises
    ------
    TypeError, ValueError
        If a split is empty or the training labels hold one class only, for numbers below 1,
        an unknown or absent device, a size below 8 pixels, or a checkpoint that is damaged or
        of another training.
    OSError
        If the checkpoint cannot be written.
    FloatingPointError
        If the loss becomes nan or infinite.
    """
    options = NetworkOptions() if options is None else options
    augmentation = Augmentation() if augmentation is None else augmentation
    for name, number in (("epochs", epochs), ("patience", patience), ("batch", batch)):
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")
    if not learning_rate > 0:
        raise ValueError(f"learning_rate must be above 0, got {learning_rate}")
    seed = checks.seed(seed)
    place = find_device(device)
    rows, y = _training_rows(slices, labels)
    val = np.flatnonzero(slices.split == "val")
    if not len(val):
        raise ValueError("slices have no row with split 'val', and the training stops by those")
    y_train, y_val = torch.from_numpy(y).to(place), torch.from_numpy(slices.label[val]).to(place)
    weights = class_weights(y_train)
    # By the shares of the classes where it is measured: with those of noisy training labels a
    # network that has learned nothing, but leans to one class, would have the least loss.
    val_weights = class_weights(y_val) if len(np.unique(slices.label[val])) == 2 else weights
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = CapsuleNetwork(slices.size, options)
    network.to(place)
    generator = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(network.parameters(), learning_rate)

    state = TrainingState(network, adam, generator)
    training = {
        "seed": seed,
        "batch": batch,
        "learning_rate": learning_rate,
        "size": slices.size,
        "options": asdict(options),
        "augmentation": asdict(augmentation),
        "labels": hashlib.sha256(y.tobytes()).hexdigest(),
    }
    if checkpoint is not None:
        files.check_writable(checkpoint)
        state.resume(checkpoint, training)
    steps = -(-len(rows) // batch)
    for epoch in range(len(state.curve), epochs):
        if state.since >= patience:
            break
        network.train()
        total = 0.0
        order = torch.randperm(len(rows), generator=generator)
        for step, chosen in enumerate(torch.split(order, batch)):
            pictures = torch.from_numpy(slices.images[rows[chosen.numpy()]]).to(place)
            moved = augmentation(pictures, generator)
            adam.zero_grad()
            lengths = network(moved).norm(dim=2)
            loss = loss_of(options.loss, lengths, y_train[chosen.to(place)], weights)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            total += loss.item() * len(chosen)
            progress(epoch * steps + step + 1, epochs * steps)
        capsules = torch.cat([c for _, c in _evaluated(network, slices.images, batch, val)])
        val_loss = loss_of(options.loss, capsules.norm(dim=2), y_val, val_weights).item()
        if not np.isfinite([total, val_loss]).all():
            raise FloatingPointError(f"the loss is not finite after epoch {epoch + 1}")
        val_auc = auc(scores_of(capsules.double().cpu().numpy()), slices.label[val])
        state.note(total / len(rows), val_loss, val_auc)
        if checkpoint is not None:
            state.save(checkpoint, training)
    progress(epochs * steps, epochs * steps)
    network.load_state_dict(state.best_weights)
    return Trained(network.eval(), np.array(state.curve, CURVE), batch)


def find_device(name: str) -> torch.device:
    """The device of a name; ValueError in one sentence where it is unknown or absent."""
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device must be cpu or cuda, got {name!r}") from None
    if device.type == "cuda":
        found = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= found:
            has = f"{found} CUDA devices" if found else "no CUDA device that PyTorch can use"
            raise ValueError(f"device is {name!r}, but this machine has {has}")
    elif device.type != "cpu":
        raise ValueError(f"device must be cpu or cuda, got {name!r}")
    return device


def _training_rows(
    slices: Slices, labels: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = np.flatnonzero(slices.split == "train")
    if not len(rows):
        raise ValueError("slices have no row with split 'train'")
    if labels is None:
        y = slices.label[rows]
    else:
        y = checks.labels("labels", labels)
        if len(y) != len(rows):
            raise ValueError(f"labels has {len(y)} entries for {len(rows)} training slices")
        if not np.isin(y, (0, 1)).all():
            raise ValueError(f"labels must be 0 or 1, got {y[~np.isin(y, (0, 1))][0]}")
    if len(np.unique(y)) < 2:
        raise ValueError(
            f"all {len(y)} training slices are labelled {y[0]}: two classes are needed"
        )
    return rows, y


def _evaluated(
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
