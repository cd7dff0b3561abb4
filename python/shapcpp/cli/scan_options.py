"""Options that the commands `features` and `reproduce` share: reading scans, training on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import click

from shapcpp.cli.console import PATH

__all__ = ["scan_options"]

OPTIONS = (
    click.option(
        "--labels",
        type=PATH,
        metavar="FILE.csv",
        help="A table of labels for the scans.",
    ),
    click.option(
        "--label-column",
        "label_column",
        multiple=True,
        default=["label"],
        show_default=True,
        metavar="NAME",
        help="Given twice, it names two readers: the first one's labels are used, the second "
        "one's where the first gave none; both are kept.",
    ),
    click.option(
        "--file-column",
        metavar="NAME",
        help="Default: file, or else the column whose entries name files.",
    ),
    click.option(
        "--positive",
        multiple=True,
        metavar="LABEL",
        help="A label that is positive, such as COVID; all others are then negative. Repeatable. "
        "Default: 1, yes or true; three other labels or more are as many classes.",
    ),
    click.option("--masks", type=PATH, metavar="DIR", help="Lesion masks of NIfTI volumes."),
    click.option(
        "--min-lesion",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        metavar="PIXELS",
        help="A slice with this many mask pixels is positive.",
    ),
    click.option(
        "--lesion-values",
        metavar="VALUES",
        help="Mask values that are lesions, as in 1,2 or '>=0.5'. Default: all but 0.",
    ),
    click.option(
        "--split",
        type=click.Choice(["file", "patient", "random"]),
        help="Default: the manifest's column split, else by patient, else at random.",
    ),
    click.option("--anonymous", is_flag=True, help="Numbers in place of patient ids."),
    click.option("--skip-bad", is_flag=True, help="Leave out slices that cannot be read."),
    click.option(
        "--epochs", type=click.IntRange(min=1), default=100, show_default=True, help="At most."
    ),
    click.option(
        "--patience",
        type=click.IntRange(min=1),
        default=5,
        show_default=True,
        metavar="EPOCHS",
        help="Stop after this many without a better validation loss.",
    ),
    click.option(
        "--routing",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        help="Routing iterations.",
    ),
    click.option("--device", default="cpu", show_default=True, metavar="cpu|cuda"),
)


def scan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a command with these options, most of which it passes on by name unread."""
    return reduce(lambda given, option: option(given), reversed(OPTIONS), command)
