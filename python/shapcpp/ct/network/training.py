"""Training of the capsule network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from shapcpp import checks
from shapcpp.ct.network.augmentation import Augmentation
from shapcpp.ct.network.capsules import CapsuleNetwork, NetworkOptions
from shapcpp.ct.network.devices import find_device
from shapcpp.ct.network.losses import class_weights, weighted_margin_loss
from shapcpp.ct.network.model_file import CURVE
from shapcpp.ct.network.ranking import class_auc
from shapcpp.ct.network.trained import Trained, evaluated, fingerprints, scores_of
from shapcpp.ct.network.training_state import TrainingState
from shapcpp.ct.slices import TWO, Slices
from shapcpp.labels import class_labels
from shapcpp.progress import nothing, silent
from shapcpp.storage import writing
from shapcpp.storage.files import PathLike

__all__ = ["TRAINING", "train"]

# Raise this with every change after which the same call gives another network: networks trained
# before, even in part, are then trained anew.
TRAINING = 2


def train(
    slices: Slices,
    labels: NDArray[Any] | None = None,
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
    note: Callable[[str], None] = silent,
) -> Trained:
    """Trains the capsule network of Enshaei et al. on the training slices.

    Adam minimises the class-weighted margin loss; each picture is transformed anew every time it
    is seen. After each epoch, the running mean of the weights over about one epoch of steps is
    evaluated: single steps are so unsteady, above all with noisy labels, that a few validation
    slices would choose among them by luck. The training stops after `patience` epochs without a
    better validation loss and keeps the mean weights of the best epoch.

    Parameters
    ----------
    slices : Slices
        Rows with split "train" train; rows with split "val" decide when to stop.
    labels : ndarray, shape (n_train,), optional
        Labels for the training rows in their order, such as noisy ones; default: those of
        `slices`.
    options : NetworkOptions, optional
        Choices that the paper leaves open.
    epochs : int, default 100
        Most epochs.
    patience : int, default 5
        Epochs without a better validation loss before the training stops.
    batch : int, default 16
        Pictures per step.
    learning_rate : float, default 1e-3
        Learning rate of Adam.
    augmentation : Augmentation, optional
        Ranges of the random transforms.
    device : str, default "cpu"
        "cpu", "cuda", or "cuda:1" and so on.
    seed : int, default 0
        Seed of initial weights, order and transforms. On the CPU, with the same number of
        threads, the same seed gives the same network.
    checkpoint : path-like, optional
        A file written after each epoch: the same call, repeated after an interruption or a
        kill, continues from it to the same network.
    progress : callable, optional
        Called with ``(done, total)`` steps, where the total counts all epochs allowed.
    note : callable, optional
        Called with a sentence after each epoch, with its losses and AUC, and with the epoch
        that `checkpoint` continues from.

    Returns
    -------
    Trained

    Raises
    ------
    TypeError, ValueError
        If a split is empty or the training labels hold one class only, for numbers below 1,
        an unknown or absent device, a size below 8 pixels, or a checkpoint that is damaged or
        belongs to another training (`OtherTrainingError`).
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
    K, of_val = len(slices.classes), slices.of_class[val]
    y_train, y_val = torch.from_numpy(y).to(place), torch.from_numpy(of_val).to(place)
    weights = class_weights(y_train, K)
    # The class weights of the validation loss come from the validation labels. With those of noisy
    # training labels, a network that merely leans to one class would have the least loss.
    val_weights = class_weights(y_val, K) if len(np.unique(of_val)) == K else weights
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = CapsuleNetwork(slices.size, options, K)
    network.to(place)
    steps = -(-len(rows) // batch)
    mean = AveragedModel(network, avg_fn=partial(_running_mean, steps), use_buffers=True)
    generator = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(network.parameters(), learning_rate)

    assert isinstance(mean.module, CapsuleNetwork)
    state = TrainingState(network, mean, adam, generator)
    if checkpoint is not None:
        writing.check_writable(checkpoint)
        training = {
            "version": TRAINING,
            "seed": seed,
            "batch": batch,
            "learning_rate": learning_rate,
            "size": slices.size,
            **asdict(options),
            **asdict(augmentation),
            "slices": [len(rows), len(val)],
            "labels": _digest([y, of_val]),
            **({} if slices.classes == TWO else {"classes": list(slices.classes)}),
            "images": _digest(slices.images[row] for row in (*rows, *val)),
        }
        state.resume(checkpoint, training, epochs, patience)
        if state.curve:
            note(f"continues after epoch {len(state.curve)}")
    while not state.ends(epochs, patience):
        epoch = len(state.curve)
        network.train()
        total = 0.0
        order = torch.randperm(len(rows), generator=generator)
        for step, chosen in enumerate(torch.split(order, batch)):
            pictures = torch.from_numpy(slices.images[rows[chosen.numpy()]]).to(place)
            moved = augmentation(pictures, generator)
            adam.zero_grad()
            lengths = network(moved).norm(dim=2)
            loss = weighted_margin_loss(lengths, y_train[chosen.to(place)], weights)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            mean.update_parameters(network)
            total += loss.item() * len(chosen)
            progress(epoch * steps + step + 1, epochs * steps)
        capsules = torch.cat([c for _, c in evaluated(mean.module, slices.images, batch, val)])
        val_loss = weighted_margin_loss(capsules.norm(dim=2), y_val, val_weights).item()
        if not np.isfinite([total, val_loss]).all():
            raise FloatingPointError(f"the loss is not finite after epoch {epoch + 1}")
        val_auc = class_auc(scores_of(capsules.double().cpu().numpy()), of_val)
        state.note(total / len(rows), val_loss, val_auc)
        if checkpoint is not None:
            state.save(checkpoint, training)
        note(state.last)
    progress(epochs * steps, epochs * steps)
    network.load_state_dict(state.best_weights)
    seen = fingerprints(slices.images[row] for row in (*rows, *val))
    return Trained(network.eval(), np.array(state.curve, CURVE), batch, seen, slices.classes)


def _running_mean(steps: int, mean: Tensor, new: Tensor, before: Tensor) -> Tensor:
    """Averages over about the last `steps` steps, or over fewer at the beginning."""
    share = max(1 / steps, 9 / (10 + float(before)))
    return torch.lerp(mean, new, share) if mean.is_floating_point() else new


def _training_rows(
    slices: Slices, labels: NDArray[Any] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows that train, and the numbers of their classes."""
    rows = np.flatnonzero(slices.split == "train")
    if not len(rows):
        raise ValueError("slices have no row with split 'train'")
    if labels is None:
        y = slices.of_class[rows]
    else:
        given = class_labels("labels", labels)
        if len(given) != len(rows):
            raise ValueError(f"labels has {len(given)} entries for {len(rows)} training slices")
        classes = np.array(slices.classes)
        if (strange := ~np.isin(given, classes)).any():
            words = "0 or 1" if slices.classes == TWO else f"among {', '.join(map(str, classes))}"
            raise ValueError(f"labels must be {words}, got {given[strange][0]}")
        y = np.searchsorted(classes, given).astype(np.int64)
    if len(np.unique(y)) < 2:
        raise ValueError(
            f"all {len(y)} training slices are labelled {slices.classes[y[0]]}: two classes are "
            "needed"
        )
    return rows, y


def _digest(arrays: Iterable[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()
