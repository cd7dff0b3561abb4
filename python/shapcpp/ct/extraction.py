"""From scans to a features file, in one call."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.ct.encoders.encoding import DEFAULT_BATCH, encode
from shapcpp.ct.encoders.encoding import DEFAULT_SIZE as DEFAULT_ENCODED
from shapcpp.ct.encoders.finding import CAPSULES, Encode, found
from shapcpp.ct.encoders.windows import parsed
from shapcpp.ct.libraries import library
from shapcpp.ct.network.ranking import CHANCE, is_chance, is_inverted
from shapcpp.progress import nothing, silent
from shapcpp.storage import files
from shapcpp.storage.csv_files import write_csv
from shapcpp.storage.features import Features
from shapcpp.storage.sources import coincidences

if TYPE_CHECKING:
    from shapcpp.ct.network.capsules import NetworkOptions
    from shapcpp.ct.network.trained import Trained
    from shapcpp.ct.readers.split_drawing import Counts
    from shapcpp.ct.slices import Slices

__all__ = ["extract_features", "features_of", "save_curve"]

Array = NDArray[Any]
# Fields of the features file that no further column may replace.
OWN = ("features", "label", "split", "id", "group")
DEFAULT_SIZE = 128  # the paper's 512 needs a GPU


def write_there(path: files.PathLike, write: Callable[[str], object]) -> None:
    """Writes a file at its own path."""
    write(os.fspath(path))


def extract_features(
    scans: files.PathLike,
    *,
    size: int | None = None,
    labels: files.PathLike | None = None,
    label_column: str | Sequence[str] = "label",
    file_column: str | None = None,
    positive: Sequence[str] = (),
    masks: files.PathLike | None = None,
    min_lesion: int = 1,
    lesion_values: str | None = None,
    split: str | None = None,
    counts: Counts | None = None,
    anonymous: bool = False,
    skip_bad: bool = False,
    encoder: str | Encode = CAPSULES,
    windows: str | Sequence[Sequence[float]] | None = None,
    model: files.PathLike | None = None,
    options: NetworkOptions | None = None,
    epochs: int = 100,
    patience: int = 5,
    batch: int | None = None,
    device: str = "cpu",
    seed: int = 0,
    save_model: files.PathLike | None = None,
    curve: files.PathLike | None = None,
    checkpoint: files.PathLike | None = None,
    progress: Callable[[int, int], None] = nothing,
    stage: Callable[[str], None] = silent,
    note: Callable[[str], None] = silent,
    keep: Callable[[files.PathLike, Callable[[str], object]], object] = write_there,
) -> Features:
    """Reads scans, trains the capsule network on them or takes an encoder, and makes features.

    Parameters
    ----------
    scans : path-like
        Volumes, series, pictures or a manifest, as for `read_scans`.
    size : int, optional
        Height and width of the slices; default: 128, that of `model`, or 224 for an `encoder`.
    labels, label_column, file_column, positive, masks, min_lesion, lesion_values, split, counts,
    anonymous, skip_bad
        As for `read_scans`.
    encoder : str or callable, default "capsules"
        What makes the features, as for `encode`; the default is the capsule network, trained here.
        With any other nothing is trained, and the slices may all be of one class.
    windows : str or sequence of 3 pairs, optional
        As for `encode`.
    model : path-like, optional
        A trained network to use as it is. Then nothing is trained, and the slices may all be of
        one class.
    options, epochs, patience, device
        As for `train`.
    batch : int, optional
        Slices processed together; default: 16, or the number that `model` was trained with.
    seed : int, default 0
        Determines the split and the training.
    save_model : path-like, optional
        The file to write the trained network to.
    curve : path-like, optional
        The CSV file to write the training curve to.
    checkpoint : path-like, optional
        The file that keeps the training after each epoch, as for `train`, or the features of an
        encoder, as for `encode`: the same call continues from it. A checkpoint of another
        training is replaced, and `stage` is told.
    progress : callable, optional
        Called with ``(done, total)`` of the current stage.
    stage : callable, optional
        Called with one sentence after each stage.
    note : callable, optional
        Called with one sentence after each epoch.
    keep : callable, optional
        Called with the path of the network or of the curve, and a function that writes it to a
        path; it decides how to handle failures. Default: writes to that path, or raises.

    Returns
    -------
    Features
        One row per slice, with ``id``, ``group`` (the patient, where known) and the further
        columns of the manifest.

    Raises
    ------
    ImportError
        If a library of the extra ``ct`` is missing, or an encoder cannot be imported.
    OSError, TypeError, ValueError
        As for `read_scans`, `load_model`, `train` and `encode`; if `size` is not that of `model`;
        or if `model` or an encoder is given together with arguments that it does not use.
    """
    from shapcpp.ct.readers.reading import read_scans

    of_training = {"options": options, "save_model": save_model, "curve": curve}
    read = partial(
        read_scans,
        scans,
        labels=labels,
        label_column=label_column,
        file_column=file_column,
        positive=positive,
        masks=masks,
        min_lesion=min_lesion,
        lesion_values=lesion_values,
        split=split,
        counts=counts,
        seed=seed,
        anonymous=anonymous,
        skip_bad=skip_bad,
        progress=progress,
        note=stage,
    )
    if encoder != CAPSULES:
        _check_unused("an encoder", of_training | {"model": model})
        model_of = found(encoder, device)  # before long work
        parsed(windows)
        slices = read(size=size or DEFAULT_ENCODED, one_class=True, raw=True)
        stage(f"read {len(slices)} slices of {slices.size} pixels")
        of_encoder = encode(
            slices, model_of, windows=windows, batch=batch or DEFAULT_BATCH,
            checkpoint=checkpoint, progress=progress, note=stage,
        )  # fmt: skip
        stage(f"encoded {len(slices)} slices by {model_of.name}: {of_encoder.shape[1]} features")
        features = features_of(slices, of_encoder)
        _tell_of_sources(features, "a classifier may learn", stage)
        return features
    if windows is not None:
        raise ValueError("windows go with an encoder: leave out windows")
    library("torch", "the capsule network")
    from shapcpp.ct.network.devices import find_device
    from shapcpp.ct.network.trained import load_model

    find_device(device)
    trained = None
    if model is not None:
        _check_unused("model", of_training | {"checkpoint": checkpoint})
        trained = load_model(model, device)
        if size not in (None, trained.size):
            raise ValueError(f"size is {size}, but {model} was trained at {trained.size} pixels")
        if batch is not None:
            trained = replace(trained, batch=checks.positive("batch", batch))
    slices = read(
        size=trained.size if trained is not None else size or DEFAULT_SIZE,
        one_class=trained is not None,
        needed=() if trained is not None else ("train", "val"),
    )
    stage(f"read {len(slices)} slices of {slices.size} pixels")
    if trained is None:
        trained = _train(
            slices,
            checkpoint,
            stage,
            options=options,
            epochs=epochs,
            patience=patience,
            batch=DEFAULT_BATCH if batch is None else batch,
            device=device,
            seed=seed,
            progress=progress,
            note=note,
        )
        _tell_how_it_went(trained, stage)
        if save_model is not None:
            keep(save_model, trained.save)
        if curve is not None:
            keep(curve, lambda path: save_curve(path, trained))
    else:
        _tell_what_was_seen(slices, trained, stage)
    features = features_of(slices, trained.features(slices.images, progress))
    _tell_of_sources(features, "the network may have learned", stage)
    return features


def _tell_of_sources(features: Features, learns: str, stage: Callable[[str], None]) -> None:
    for sentence in coincidences(features):
        stage(f"{sentence}: {learns} the source, not the disease")


def _tell_how_it_went(trained: Trained, stage: Callable[[str], None]) -> None:
    best = trained.curve[int(np.argmin(trained.curve["val_loss"]))]
    n, score = len(trained.curve), float(best["val_auc"])
    stage(
        f"trained for {n} epoch{'s' * (n > 1)}; the best was epoch {best['epoch']}, with a "
        f"validation AUC of {score:.3f}"
    )
    if is_chance(score):
        stage(
            f"an AUC between {1 - CHANCE:g} and {CHANCE:g} may be chance: values of these features "
            "would say little"
        )
    elif is_inverted(score):
        stage("an AUC well below 0.5 means inverted scores: the network has hardly trained")


def _check_unused(what: str, arguments: Mapping[str, object]) -> None:
    given = [name for name, value in arguments.items() if value is not None]
    if given:
        raise ValueError(f"{what} trains nothing: leave out {' and '.join(given)}")


def _tell_what_was_seen(slices: Slices, trained: Trained, stage: Callable[[str], None]) -> None:
    from shapcpp.ct.network.trained import fingerprints

    rows = np.flatnonzero(slices.split == "test")
    # All constant slices become zeros: having seen one says nothing about the others.
    varied = (slices.images[row] for row in rows if slices.images[row].any())
    again = np.isin(fingerprints(varied), trained.seen).sum()
    if again:
        stage(
            f"{again} of {len(rows)} test slices are among those the network was trained or "
            "selected on, and flatter it: test it on others"
        )


def _train(
    slices: Slices,
    checkpoint: files.PathLike | None,
    stage: Callable[[str], None],
    **how: Any,
) -> Trained:
    """Trains, continuing from a checkpoint if it belongs to this training."""
    from shapcpp.ct.network.training import train
    from shapcpp.ct.network.training_state import OtherTrainingError

    try:
        return train(slices, checkpoint=checkpoint, **how)
    except OtherTrainingError as error:
        stage(f"{error}: training starts anew")
    assert checkpoint is not None
    os.remove(checkpoint)
    return train(slices, checkpoint=checkpoint, **how)


def features_of(
    slices: Slices,
    features: NDArray[np.floating],
    labels: Array | None = None,
) -> Features:
    """Joins the features of slices with all their other columns.

    Parameters
    ----------
    slices : Slices
        The slices.
    features : ndarray of float, shape (n, d)
        Their features.
    labels : ndarray of int, shape (n_train,), optional
        Labels for the training rows, such as noisy ones; the labels of `slices` then go to the
        field ``true_label``.

    Returns
    -------
    Features
        Fields ``features, label, split, id``, ``group`` where patients are known, and the
        columns of ``slices.extra``, except any with the name of another field.
    """
    columns: dict[str, Array] = {
        "features": features,
        "label": slices.label,
        "split": slices.split.astype("U5"),
        "id": slices.id,
    }
    if slices.patient is not None:
        columns["group"] = slices.patient
    columns |= {name: column for name, column in slices.extra.items() if name not in OWN}
    rows = np.empty(
        len(slices), [(name, column.dtype, column.shape[1:]) for name, column in columns.items()]
    )
    for name, column in columns.items():
        rows[name] = column
    made = Features(rows)
    if labels is None:
        return made
    return made.relabelled(slices.split == "train", labels)


def save_curve(path: files.PathLike, trained: Trained) -> None:
    """Writes the training curve as CSV: epoch, train_loss, val_loss, val_auc."""
    write_csv(path, trained.curve.dtype.names or (), trained.curve.tolist())
