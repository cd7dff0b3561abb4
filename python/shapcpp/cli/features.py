"""The command `shapcpp features`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

import click
import numpy as np
from click.core import ParameterSource

import shapcpp
from shapcpp.cli.console import (
    EXIT_INTERRUPTED,
    PATH,
    check_outputs,
    note,
    parse_counts,
    save,
    with_options,
)
from shapcpp.cli.scan_options import scan_options
from shapcpp.ct.slices import of_label
from shapcpp.machine import processors
from shapcpp.progress import progress_bar

__all__ = ["features"]

# Options that only training uses.
OF_TRAINING = ("epochs", "patience", "capsules", "routing", "save_model", "curve")


@click.command()
@click.argument("scans", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, metavar="FEATURES.npy",
              help="The features file to write.")  # fmt: skip
@click.option(
    "--size", type=click.IntRange(min=8), metavar="PIXELS",
    help="Height and width of the slices. Default: 128, the size --model was trained at, or 224 "
    "for --encoder; the paper's 512 needs a GPU.",
)  # fmt: skip
@click.option(
    "--counts", metavar="SPLIT=POSITIVE/NEGATIVE,...",
    help="Slices of each split, as in train=100/400,val=50/200; of several classes by name, as in "
    "train=normal:400/epidural:19/other:81. Default: 50, 25 and 25%.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Seed of the split and the training.")
@click.option(
    "--encoder", default="capsules", show_default=True, metavar="NAME|MODULE:CALLABLE",
    help="What makes the features: efficientnet-lite0, pretrained (extra encoders), or a function "
    "of yours from pictures (n, 3, size, size) to features (n, d).",
)  # fmt: skip
@click.option(
    "--windows", metavar="head|chest|C/W,C/W,C/W",
    help="Windows of an encoder's three channels, in Hounsfield units. Default: by their look.",
)  # fmt: skip
@click.option("--batch", type=click.IntRange(min=1),
              help="Slices per batch. Default: 16, or as --model was trained.")  # fmt: skip
@click.option("--capsules", type=click.IntRange(min=1), default=32, show_default=True,
              help="Hidden capsules.")  # fmt: skip
@click.option("--model", type=PATH, metavar="MODEL.pt", help="Use this network; train none.")
@click.option("--save-model", type=PATH, metavar="MODEL.pt", help="Save the trained network.")
@click.option("--curve", type=PATH, metavar="CURVE.csv", help="Save losses and AUC by epoch.")
@scan_options
def features(
    scans: str,
    output: str,
    size: int | None,
    counts: str | None,
    seed: int,
    batch: int | None,
    encoder: str,
    windows: str | None,
    capsules: int,
    routing: int,
    model: str | None,
    save_model: str | None,
    curve: str | None,
    label_column: tuple[str, ...],
    **shared: Any,
) -> None:
    """Make a features file from CT slices, by a capsule network trained on them or by any model.

    SCANS is a manifest (CSV with the columns file and label, optional slice, split,
    patient), or a folder: of NIfTI volumes with lesion masks, of DICOM series, of
    pictures. The network trains on the rows of split "train" and stops by those of "val";
    16 numbers per slice are written, or 16 per class of more than two. With --encoder nothing
    is trained. After a stop or a crash, the same command continues from the last epoch or slice,
    kept in FEATURES.npy.training until all is done.

    \b
    Examples:
      shapcpp features scans/ -o features.npy
      shapcpp features scans/manifest.csv --size 64 --split random -o features.npy
      shapcpp features scans/ --labels labels.csv --label-column covid -o features.npy
      shapcpp features scans/ --labels two.csv --label-column anna --label-column ben -o f.npy
      shapcpp features scans/ --save-model m.pt --curve curve.csv -o features.npy
      shapcpp features others/ --model m.pt -o others.npy
      shapcpp features scans/ --encoder efficientnet-lite0 -o features.npy
      shapcpp features scans/ --encoder mymodule:encode --size 256 -o features.npy
    """
    inputs = [scans, *filter(None, (shared["labels"], shared["masks"], model))]
    checkpoint = f"{output}.training" if model is None else None
    check_outputs([output, checkpoint, save_model, curve], inputs)
    if not output.endswith(".npy"):
        raise ValueError(f"a features file is written as .npy, got {output}")
    trains = model is None and encoder == "capsules"
    if not trains and (given := _given(OF_TRAINING)):
        which = "--model" if model is not None else "--encoder"
        raise ValueError(f"{which} trains nothing: leave out {' and '.join(given)}")
    split_counts = None if counts is None else parse_counts(counts)
    from shapcpp.ct.libraries import library

    torch = library("torch", "the capsule network" if trains else "a trained network")
    from shapcpp.ct.extraction import extract_features
    from shapcpp.ct.network.capsules import NetworkOptions
    from shapcpp.ct.network.training_state import epochs_kept

    torch.set_num_threads(min(torch.get_num_threads(), processors.available_processors()))
    options = NetworkOptions(capsules=capsules, routing=routing)
    epochs_told: list[str] = []
    commands = click.get_current_context().find_root().command
    assert isinstance(commands, click.Group)
    try:
        with progress_bar("") as progress:

            def tell(sentence: str) -> None:
                epochs_told.append(sentence)
                progress.tell(sentence)

            made = extract_features(
                scans,
                **shared,
                size=size,
                label_column=label_column,
                counts=split_counts,
                model=model,
                encoder=encoder,
                windows=windows,
                options=options if trains else None,
                batch=batch,
                seed=seed,
                save_model=save_model,
                curve=curve,
                checkpoint=checkpoint,
                progress=progress,
                stage=lambda sentence: click.echo(with_options(sentence, commands), err=True),
                note=tell,
                keep=lambda path, write: save(os.fspath(path), write),
            )
    except KeyboardInterrupt:
        if checkpoint is None or not epochs_told:
            raise
        done = epochs_kept(checkpoint)
        note(
            f"interrupted; the training is kept after epoch {done}, and the same command continues "
            "from there"
        )
        sys.exit(EXIT_INTERRUPTED)
    kept = save(output, lambda path: shapcpp.write_features(path, made))
    if checkpoint is not None:
        with suppress(FileNotFoundError):
            os.remove(checkpoint)
    _show(made)
    click.echo(f"Saved to {kept}. Next: shapcpp value {kept}")


def _given(names: tuple[str, ...]) -> list[str]:
    """Lists the options that were given, spelled as on the command line."""
    source = click.get_current_context().get_parameter_source
    given = [name for name in names if source(name) is not ParameterSource.DEFAULT]
    return ["--" + name.replace("_", "-") for name in given]


def _show(made: shapcpp.Features) -> None:
    two = np.isin(made.rows["label"], (0, 1)).all()
    classes = [1, 0] if two else np.unique(made.rows["label"]).tolist()
    names = {1: "positive", 0: "negative"} if two else {}
    for split in ("train", "val", "test", ""):
        of_split = made.rows["label"][made.rows["split"] == split]
        if len(of_split):
            counts = [
                of_label(int(np.sum(of_split == one)), names.get(one, one)) for one in classes
            ]
            click.echo(f"{split or 'in none'}: {len(of_split)} slices, {', '.join(counts)}")
    valued = int(np.sum(made.rows["split"] == "train"))
    if 0 < valued < len(made.rows):
        click.echo(
            f"{valued} of {len(made.rows)} labels are in train, which `shapcpp value` values; with "
            "--folds 5 it values all, and `shapcpp doubt` judges all"
        )
