"""The command line: every command is one call of the public API and prints its result."""

from __future__ import annotations

import io
import os
import signal
import stat
import sys
import traceback
import warnings
from contextlib import suppress
from functools import reduce
from typing import Any, NoReturn

import click
import numpy as np

import shapcpp
from shapcpp.cli import tables
from shapcpp.cli.console import (
    EXIT_BAD_INPUT,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    PATH,
    STOPS,
    check_outputs,
    note,
    note_left_out,
    save,
    with_options,
)
from shapcpp.cli.detect import detect
from shapcpp.cli.doubt import doubt
from shapcpp.cli.features import features
from shapcpp.cli.knn import knn
from shapcpp.cli.report import relabel, report
from shapcpp.cli.reproduce import reproduce
from shapcpp.cli.value import value
from shapcpp.errors import reason
from shapcpp.labels import is_missing
from shapcpp.machine.memory import InsufficientMemoryError
from shapcpp.machine.threads import is_one_aside
from shapcpp.results.folded import load_run
from shapcpp.results.signs import UncertifiedError
from shapcpp.storage.matrices import read_matrix


class BadInput(click.ClickException):
    """A sentence about an argument or a file."""

    exit_code = EXIT_BAD_INPUT


class FailedRun(click.ClickException):
    """A sentence about a run that failed."""

    exit_code = EXIT_FAILED


class Commands(click.Group):
    """A group whose commands never prompt, and whose errors name options."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs a command; its errors about arguments speak of its options."""
        try:
            return super().invoke(ctx)
        except EOFError as error:  # click alone would take it for Ctrl-D
            raise RuntimeError(reason(error)) from error
        except (ValueError, TypeError) as error:
            ran = self.commands.get(ctx.invoked_subcommand or "")
            # An UncertifiedError is a ValueError, but of a run.
            kind = FailedRun if isinstance(error, UncertifiedError) else BadInput
            raise kind(with_options(reason(error), self, ran)) from error


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(shapcpp.__version__, package_name="shapcpp")
@click.pass_context
def cli(context: click.Context) -> None:
    """Find the training labels to doubt, and what each sample is worth.

    \b
    A first session:
      shapcpp doubt features.npy                which labels are probably wrong, and how many
      shapcpp value features.npy -o run.npz     what each training sample is worth to a classifier
      shapcpp detect run.npz                    both: the labels to look at first, and values
    \b
    Doubts, a review of them, and doubts again:
      shapcpp doubt features.npy -o doubts.npz
      shapcpp report doubts.npz -o review.html
      shapcpp relabel features.npy decisions.csv -o fixed.npy
    \b
    With label errors whose answer is known:
      shapcpp noise features.npy --rate 0.2 -o noisy.npy
      shapcpp value noisy.npy -o run.npz
      shapcpp detect run.npz

    A features file is one .npy with a row per sample: its features, label and split
    ("train" rows are valued, "test" rows are the test set).
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


cli.add_command(doubt)
cli.add_command(features)
cli.add_command(value)
cli.add_command(knn)
cli.add_command(detect)
cli.add_command(report)
cli.add_command(relabel)
cli.add_command(reproduce)


@cli.command()
@click.argument("features", type=PATH)
@click.option("--rate", type=float, help="Share of each class to flip, 0 to 1, to any other label.")
@click.option("--matrix", type=PATH, metavar="SHARES.csv",
              help="Instead: shares of each class (row: the true label) to give each other label "
              "(column), in the order of the sorted labels; .npy or .csv.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Seed that draws the samples.")
@click.option("-o", "--output", type=PATH, required=True, metavar="NOISY.npy",
              help="The features file to write.")  # fmt: skip
def noise(features: str, rate: float | None, matrix: str | None, seed: int, output: str) -> None:
    """Flip training labels, to see whether they are found again.

    The same share of each class is flipped, in training rows only. The labels before flipping
    go to the field true_label, unless the file already has one.

    \b
    Examples:
      shapcpp noise features.npy --rate 0.2 --seed 0 -o noisy.npy
      shapcpp noise features.npy --matrix shares.csv -o noisy.npy
    """
    if (rate is None) == (matrix is None):
        raise ValueError("--rate or --matrix says how many labels to flip: name one of them")
    check_outputs([output], inputs=[features, *filter(None, [matrix])])
    if not output.endswith(".npy"):
        raise ValueError(f"a features file is written as .npy, got {output}")
    clean = shapcpp.read_features(features)
    noisy = shapcpp.add_noise(clean, rate, seed, None if matrix is None else read_matrix(matrix))
    kept = save(output, lambda path: shapcpp.write_features(path, noisy))
    train = clean.mask("train")
    missing = is_missing(clean.rows["label"])
    note_left_out(int((train & missing).sum()), "without a label", "training row")
    before, after = (rows.labels(train & ~missing) for rows in (clean, noisy))
    if (before == after).all():
        what = matrix if rate is None else f"rate {rate}"
        note(f"{what} is less than half a sample of each class, so that no label is flipped")
    for label in np.unique(before):
        members = before == label
        flipped = int((after[members] != label).sum())
        click.echo(f"flipped {flipped} of {int(members.sum())} training samples labelled {label}")
    click.echo(f"wrote {kept}. Next: shapcpp value {kept}")


@cli.command()
@click.argument("runs", type=PATH, nargs=-1, required=True)
@click.option("-o", "--output", type=PATH, required=True, metavar="ALL.npz",
              help="The result file to write.")  # fmt: skip
def merge(runs: tuple[str, ...], output: str) -> None:
    """Put together runs over different permutations of one problem, in any order.

    The result has the same integers as one run over all of them.

    \b
    Example, on three machines and then one:
      shapcpp value features.npy --perms 1000 -o a.npz
      shapcpp value features.npy --first 1000 --perms 1000 -o b.npz
      shapcpp value features.npy --first 2000 --perms 1000 -o c.npz
      shapcpp merge a.npz b.npz c.npz -o all.npz
    """
    check_outputs([output], inputs=list(runs))
    loaded: list[tuple[str, Any]] = [(run, load_run(run)) for run in runs]
    merged = reduce(_merge_named, loaded)[1]
    parts = (part for _, v in loaded for part in getattr(v, "parts", [v]))
    if any(part.trace_counts is not None for part in parts):
        note("a merged run has no trace: its permutations have no order")
    kept = save(output, merged.save)
    tables.show_merged(merged, len(runs))
    click.echo(f"Saved to {kept}. Next: shapcpp detect {kept}")


def _merge_named(a: tuple[str, Any], b: tuple[str, Any]) -> tuple[str, Any]:
    try:
        return f"{a[0]}, {b[0]}", a[1].merge(b[1])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{b[0]} cannot be merged with {a[0]}: {error}") from None


@cli.command()
def info() -> None:
    """Version, build, instruction set and threads."""
    tables.show_info()


def main() -> NoReturn:
    """Runs the command line; every error becomes one sentence and an exit status."""
    try:
        _main()
    except SystemExit as end:
        if not is_one_aside():  # whose result nobody wants after Ctrl-C
            raise
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(end.code if isinstance(end.code, int) else EXIT_FAILED)


def _main() -> NoReturn:
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _interrupt_once)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup leaves it
        signal.signal(signal.SIGHUP, _hang_up)
    warnings.simplefilter("default", UserWarning)  # a note, also where PYTHONWARNINGS is "error"
    warnings.showwarning = lambda message, *_: _note_warning(message)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  closed by the shell
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):  # of a terminal that cannot show every id
        sys.stdout.reconfigure(errors="replace")
    try:
        status = cli.main(prog_name="shapcpp", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        note("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # "| head" has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        place = "standard output" if error.filename is None else repr(error.filename).strip("'")
        _fail(f"{place or 'an empty name'}: {reason(error)}", EXIT_BAD_INPUT)
    except (ImportError, InsufficientMemoryError) as error:  # of an extra
        _fail(reason(error), EXIT_BAD_INPUT)
    except Exception as error:
        _fail(reason(error), EXIT_FAILED)
    finally:
        # CPython remembers an interrupt inside an exec (modules that are being imported use it) and
        # would end the process by the signal although it was handled, unless another exec follows.
        exec("")


def _note_warning(message: Warning | str) -> None:
    context = click.get_current_context(silent=True)
    note(with_options(str(message), cli, None if context is None else context.command))


def _interrupt_once(*_: object) -> NoReturn:
    """Keeps a second Ctrl-C from disturbing the saving of the partial result."""
    for stop in STOPS:
        signal.signal(stop, signal.SIG_IGN)
    raise KeyboardInterrupt


def _hang_up(*_: object) -> NoReturn:
    """Sends output to /dev/null once the terminal is gone, so that saving goes on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(stream).st_mode):  # no pipe, no file
                os.dup2(nowhere, stream)
    _interrupt_once()


def _fail(sentence: str, status: int) -> NoReturn:
    if os.environ.get("SHAPCPP_DEBUG"):
        traceback.print_exc()
    click.echo(f"Error: {' '.join(sentence.split())}", err=True)
    sys.exit(status)
