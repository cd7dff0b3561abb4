"""The command `shapcpp reproduce`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click

from shapcpp.cli import tables
from shapcpp.cli.console import EXIT_INTERRUPTED, PATH, note, parse_counts, with_options
from shapcpp.cli.institution_tables import show_institutions
from shapcpp.cli.scan_options import scan_options
from shapcpp.machine import processors

__all__ = ["reproduce"]


class SeveralRates(click.Command):
    """A command that also takes ``--noise 10 20 30``, since it has no positional arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(_each_with_its_option(args, "--noise")))


def _each_with_its_option(words: list[str], option: str) -> Iterator[str]:
    is_value = taking = False
    for word in words:
        if is_value:
            is_value = False
        elif word.startswith("-"):
            is_value = word == option
            taking = is_value or word.startswith(f"{option}=")
        elif taking:
            yield option
        yield word


@click.command(cls=SeveralRates)
@click.option("-o", "--output", type=PATH, required=True, metavar="DIR",
              help="The folder for all files; made if absent.")  # fmt: skip
@click.option("--data", type=PATH, default="phantom", show_default=True, metavar="phantom|PATH",
              help="Scans, as for shapcpp features; the phantom is made here.")  # fmt: skip
@click.option("--sources", type=click.Choice(["one", "two"]), default="one", show_default=True,
              help="Scanners of the phantom; two: one for positives, one for negatives, as the "
              "paper has.")  # fmt: skip
@click.option("--size", type=click.IntRange(min=8), default=64, show_default=True,
              metavar="PIXELS", help="Slice size; the paper's 512 needs a GPU.")  # fmt: skip
@click.option("--perms", type=click.IntRange(min=2), default=2000, show_default=True)
@click.option(
    "--noise", multiple=True, default=("10", "20", "30"), metavar="PERCENT...",
    help="Labels of each class to flip, as in 10 20 30 (the default) or 10,20,30.",
)  # fmt: skip
@click.option(
    "--counts", metavar="SPLIT=POSITIVE/NEGATIVE,...",
    help="Slices of each split, as in train=100/400,val=50/200,test=241/759: the phantom's "
    "default; of several classes by name, as in train=normal:400/epidural:19/other:81,...",
)  # fmt: skip
@click.option("--C", "C", type=float, default=1.0, show_default=True,
              help="Inverse strength of the penalty.")  # fmt: skip
@click.option("--scale", type=click.Choice(["none", "standard"]), default="none",
              show_default=True, help="Standardise the features.")  # fmt: skip
@click.option("--seed", default=0, show_default=True,
              help="Seed of phantom, split, flips, trainings, permutations.")  # fmt: skip
@click.option("--groups", metavar="COLUMN",
              help="A column of institutions, such as hospital in a manifest or group, the "
              "patient: value each, by all test slices and by each one's own.")  # fmt: skip
@scan_options
def reproduce(
    output: str,
    data: str,
    sources: str,
    size: int,
    perms: int,
    noise: tuple[str, ...],
    counts: str | None,
    C: float,
    scale: str,
    seed: int,
    groups: str | None,
    label_column: tuple[str, ...],
    **shared: Any,
) -> None:
    """Reproduce the paper: scans, label noise, network, values, Table 2, report.

    For each noise rate a capsule network learns noisy labels, its features are valued under
    both one-class rules, and the flipped labels are looked for among the lowest values.
    After a stop or a crash, the same command continues; a changed option repeats only the
    stages that depend on it.

    \b
    Examples:
      shapcpp reproduce -o paper
      shapcpp reproduce --sources two -o two-scanners
      shapcpp reproduce --data scans/ --groups hospital -o hospitals
      shapcpp reproduce --data scans/ --size 128 --split random -o mine
      shapcpp reproduce --data scans/ --noise 5 20 --perms 5000 --scale standard -o mine
    """
    rates = _parse_noise(noise)
    if len(label_column) > 1:
        raise ValueError("--label-column may be given once here: the paper has one reader")
    split_counts = None if counts is None else parse_counts(counts)
    from shapcpp.ct.libraries import library

    torch = library("torch", "the capsule network")
    from shapcpp.experiment import reproduce as run

    commands = click.get_current_context().find_root().command
    assert isinstance(commands, click.Group)
    torch.set_num_threads(min(torch.get_num_threads(), processors.available_processors()))
    try:
        done = run(
            output,
            data,
            **shared,
            sources=sources,
            size=size,
            permutations=perms,
            noise=rates,
            counts=split_counts,
            label_column=label_column[0],
            C=C,
            scale=None if scale == "none" else scale,
            seed=seed,
            groups=groups,
            progress=True,
            say=lambda line: click.echo(with_options(line, commands), err=True),
        )
    except KeyboardInterrupt:
        note(f"interrupted; the results so far are in {output}; the same command continues there")
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        if (values := getattr(error, "partial", None)) is not None:
            tables.show_table2(values.table, values.networks)
            note(f"the values are kept in {output}, and the same command makes the missing files")
        raise
    tables.show_table2(done.table, done.networks)
    if done.institutions:
        show_institutions(done.institutions)
    click.echo(f"Saved in {output}. Next: open {done.folder / 'report.html'}")


def _parse_noise(texts: tuple[str, ...]) -> list[float]:
    text = ",".join(texts)
    try:
        percents = [float(percent) for percent in text.split(",")]
    except ValueError:
        raise ValueError(f"noise must be percentages, got {text!r}") from None
    for percent in percents:
        if percent and not 1 <= percent < 100:
            raise ValueError(
                f"noise must be percentages from 1 to below 100, or 0, got {percent:g}"
            )
    return [percent / 100 for percent in percents]
