"""The command line: every command is one call of the public API, and a table of what it says."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import click
import numpy as np

import shapcpp
from shapcpp import files, tables
from shapcpp.memory import InsufficientMemoryError
from shapcpp.metrics import Metric, available, resolve

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130

Path = click.Path(path_type=str)


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(shapcpp.__version__, package_name="shapcpp")
@click.pass_context
def cli(context: click.Context) -> None:
    """Tells which training labels to doubt: exact data Shapley values, fast.

    \b
    A first session:
      shapcpp value features.npy -o run.npz     value every training sample
      shapcpp detect run.npz                    which labels to look at first
    \b
    With label errors of known answer:
      shapcpp noise features.npy --rate 0.2 -o noisy.npy
      shapcpp value noisy.npy -o run.npz
      shapcpp detect run.npz

    A features file is one .npy with a row per sample: its features, label and split
    ("train" rows are valued, "test" rows judge).
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@cli.command()
@click.argument("features", type=Path)
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME",
    help="acc, rec, spc or bal (accuracy, recall, specificity, balanced_accuracy). Repeatable; "
    "default: all. One run serves them all; your own are for Python.",
)  # fmt: skip
@click.option(
    "--perms",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="Permutations to walk.",
)
@click.option("--seed", default=0, show_default=True, help="Which permutations.")
@click.option("--threads", type=int, help="Default: all processors. Never changes the result.")
@click.option(
    "--C", "C", default=1.0, show_default=True, help="Inverse strength of the L2 penalty."
)
@click.option(
    "--class-weight", metavar="balanced|LABEL=WEIGHT,...", help="Weights of the labels' losses."
)
@click.option(
    "--scale", metavar="standard",
    help="Standardise features by the training rows. Changes the values: never done unasked.",
)  # fmt: skip
@click.option(
    "--empty", default="majority", show_default=True, metavar="majority|none|LABEL",
    help="What the coalition of no samples predicts.",
)  # fmt: skip
@click.option(
    "--single-class", default="constant", show_default=True, metavar="constant|carry",
    help="What coalitions of one class score: their class as the constant prediction, or still "
    "the score of the empty coalition.",
)  # fmt: skip
@click.option("--by-group", is_flag=True, help="Samples of the same group (patient) join together.")
@click.option("-o", "--output", type=Path, metavar="RUN.npz", help="Save the whole result.")
@click.option("--csv", "csv_path", type=Path, metavar="VALUES.csv", help="Save a row per sample.")
@click.option("--stats", is_flag=True, help="Show what the engine did, after the values.")
@click.option(
    "--estimate", "only_estimate", is_flag=True,
    help="Show the time and memory the run would take, by a few seconds of measuring, and stop.",
)  # fmt: skip
@click.option("--labels", type=Path, help="Training labels of a plain 2-D .npy.")
@click.option("--test-features", type=Path, help="Test features of a plain 2-D .npy.")
@click.option("--test-labels", type=Path, help="Test labels of a plain 2-D .npy.")
def value(
    features: str,
    metrics: tuple[str, ...],
    perms: int,
    seed: int,
    threads: int | None,
    C: float,
    class_weight: str | None,
    scale: str | None,
    empty: str,
    single_class: str,
    by_group: bool,
    output: str | None,
    csv_path: str | None,
    stats: bool,
    only_estimate: bool,
    labels: str | None,
    test_features: str | None,
    test_labels: str | None,
) -> None:
    """Value every training sample of a features file, and show the lowest.

    FEATURES is a structured .npy (fields features, label, split; optional id, group,
    true_label), an .npz with X_train, y_train, X_test, y_test, or a plain 2-D .npy with
    --labels, --test-features and --test-labels. Ctrl-C stops within a second and keeps
    what is done.

    \b
    Examples:
      shapcpp value features.npy --metric acc --perms 2000
      shapcpp value features.npy -o run.npz --csv values.csv
      shapcpp value features.npy --scale standard --C 0.1 --by-group
      shapcpp value features.npy --perms 20000 --estimate
      shapcpp value X.npy --labels y.npy --test-features Xt.npy --test-labels yt.npy
    """
    companions = {"labels": labels, "test_features": test_features, "test_labels": test_labels}
    _check_outputs([output, csv_path], inputs=[features, *filter(None, companions.values())])
    asked = [resolve(name) for name in metrics]
    data = shapcpp.read_features(features, **companions)
    train, test = data.sides()
    if by_group and train.groups is None:
        raise ValueError(f"--by-group needs groups, and {features} holds none")
    shown = _metrics_to_show(asked, train.y, test.y)
    run: dict[str, Any] = {
        "X": train.X,
        "y": train.y,
        "X_test": test.X,
        "y_test": test.y,
        "permutations": perms,
        "seed": seed,
        "C": C,
        "class_weight": _parse_class_weight(class_weight),
        "scale": scale,
        "empty": _parse_empty(empty),
        "single_class": single_class,
        "groups": train.groups,
        "ids": train.ids,
        "threads": threads,
        "by_group": by_group,
        "true_labels": train.true_labels,
    }
    if only_estimate:
        click.echo(shapcpp.estimate(**run))
        return
    try:
        v = shapcpp.value(**run, progress=True)
    except shapcpp.Interrupted as stop:
        _keep_partial("interrupted", stop.partial, output)
        sys.exit(EXIT_INTERRUPTED)
    except shapcpp.ConvergenceError as error:
        if error.partial.n_permutations > 0:
            _keep_partial("failed", error.partial, output)
        raise
    if output is not None:
        v.save(output)
    if csv_path is not None:
        v.to_csv(csv_path, shown)
    if v.uncertified:
        _warn(f"{v.uncertified} predictions had a margin below the rounding floor; "
              "they count as the smaller label")  # fmt: skip
    tables.show_valuation(v, [m.name for m in shown])
    if stats:
        tables.show_stats(v)
    if output is not None:
        click.echo(f"\nSaved to {output}. Next: shapcpp detect {output}")


@cli.command()
@click.argument("features", type=Path)
@click.option("--rate", type=float, required=True, help="Share of each class to flip, 0 to 1.")
@click.option("--seed", default=0, show_default=True, help="Which samples are drawn.")
@click.option("-o", "--output", type=Path, required=True, metavar="NOISY.npy",
              help="The features file to write.")  # fmt: skip
def noise(features: str, rate: float, seed: int, output: str) -> None:
    """Flip training labels, to see whether they are found again.

    The same share of each class is flipped, in training rows only. The labels before go
    to the field true_label; one that is there is kept.

    \b
    Example:
      shapcpp noise features.npy --rate 0.2 --seed 0 -o noisy.npy
    """
    _check_outputs([output], inputs=[features])
    if not output.endswith(".npy"):
        raise ValueError(f"a features file is written as .npy, got {output}")
    clean = shapcpp.read_features(features)
    noisy = shapcpp.add_noise(clean, rate, seed)
    shapcpp.write_features(output, noisy)
    train = clean.mask("train")
    before, after = clean.rows["label"][train], noisy.rows["label"][train]
    for label in np.unique(before):
        members = before == label
        flipped = int((after[members] != label).sum())
        click.echo(f"flipped {flipped} of {int(members.sum())} training samples labelled {label}")
    click.echo(f"wrote {output}")


@cli.command()
@click.argument("run", type=Path)
@click.option("--metric", "metrics", multiple=True, metavar="NAME",
              help="acc, rec, spc or bal. Repeatable; default: all.")  # fmt: skip
@click.option("--fraction", "fractions", multiple=True, type=float,
              help="Share of samples to look at. Repeatable; default: 0.1 and 0.3, or 0.1 for the "
              "review queue.")  # fmt: skip
@click.option(
    "--csv", "csv_path", type=Path, metavar="FILE.csv", help="Save every row, also those not shown."
)
def detect(
    run: str, metrics: tuple[str, ...], fractions: tuple[float, ...], csv_path: str | None
) -> None:
    """Show which labels to look at first, or how many known errors are found.

    With true labels in RUN: of the labels wrong in each direction, the share among the
    lowest values (the paper's table). Without: the review queue, lowest value first, and
    whether a sample is certainly among the lowest (at 95%, by each metric).

    \b
    Examples:
      shapcpp detect run.npz
      shapcpp detect run.npz --metric rec --fraction 0.05 --csv queue.csv
    """
    _check_outputs([csv_path], inputs=[run])
    asked = [resolve(name) for name in metrics]
    v = shapcpp.load(run)
    if v.n_permutations == 0:
        raise ValueError(f"{run} holds no completed permutation")
    for metric in asked:
        metric.on(v.test_counts)
    names = [metric.name for metric in asked] or v.metrics
    if not v.complete:
        _warn(f"{run} is partial: {v.n_permutations} of {v.settings['permutations']} permutations")
    if v.true_labels is not None:
        table = shapcpp.detection_table(v, v.labels, v.true_labels, fractions or (0.1, 0.3), names)
        if csv_path is not None:
            tables.save_rows(csv_path, table)
        tables.show_detection(table, names)
    else:
        queue = shapcpp.review_queue(v, max(fractions, default=0.1), names)
        if csv_path is not None:
            tables.save_rows(csv_path, queue)
        tables.show_queue(queue, v)


@cli.command()
def info() -> None:
    """Version, build, instruction set and threads."""
    tables.show_info()


def main() -> NoReturn:
    """Runs the command line; every error becomes one sentence and an exit status."""
    signal.signal(signal.SIGINT, _interrupt_once)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  closed by the shell
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    try:
        status = cli.main(prog_name="shapcpp", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
    except click.ClickException as error:
        _fail(error.format_message(), EXIT_BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        _warn("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # "| head" has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        place = "standard output" if error.filename is None else repr(error.filename).strip("'")
        _fail(f"{place or 'an empty name'}: {reason}", EXIT_BAD_INPUT)
    except (ValueError, TypeError) as error:
        _fail(str(error), EXIT_BAD_INPUT)
    except InsufficientMemoryError as error:
        _fail(str(error), EXIT_BAD_INPUT)
    except MemoryError as error:
        _fail(f"not enough memory ({error})", EXIT_FAILED)
    except RuntimeError as error:
        _fail(str(error), EXIT_FAILED)


def _interrupt_once(*_: object) -> NoReturn:
    """Ctrl-C stops the run; pressed again, it does not disturb the saving of what was done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _fail(sentence: str, status: int) -> NoReturn:
    click.echo(f"Error: {' '.join(sentence.split())}", err=True)
    sys.exit(status)


def _warn(sentence: str) -> None:
    click.echo(f"Note: {sentence}.", err=True)


def _check_outputs(outputs: Iterable[str | None], inputs: list[str]) -> None:
    """Before anything long starts: every output can be written and overwrites no input."""
    taken = {os.path.realpath(path) for path in inputs}
    for path in filter(None, outputs):
        files.check_writable(path)
        place = os.path.realpath(path)
        if place in taken:
            raise ValueError(f"{path} is named twice and would be overwritten: choose another name")
        if os.path.isfile(path) or not os.path.exists(path):
            taken.add(place)


def _metrics_to_show(asked: list[Metric], y: Any, y_test: Any) -> list[Metric]:
    counts = np.array([np.sum(y_test == label) for label in np.unique(y)])
    for metric in asked:
        metric.on(counts)
    if asked:
        return asked
    defined = available(counts)
    left_out = [name for name in shapcpp.metrics.NAMED if resolve(name) not in defined]
    if left_out:
        _warn(f"the test set holds one class only: {', '.join(left_out)} left out")
    return defined


def _keep_partial(how: str, v: shapcpp.Valuation, output: str | None) -> None:
    done = f"{how} after {v.n_permutations} of {v.settings['permutations']} permutations"
    if output is None:
        _warn(f"{done}; nothing saved, since no -o was given")
    elif v.n_permutations == 0:
        _warn(f"{done}; nothing to save")
    else:
        v.save(output)
        _warn(f"{done}; they are saved in {output}, marked as partial")


def _parse_class_weight(text: str | None) -> str | dict[int, float] | None:
    if text is None or text == "balanced":
        return text
    weights: dict[int, float] = {}
    for pair in text.split(","):
        label, _, weight = pair.partition("=")
        try:
            number, factor = int(label), float(weight)
        except ValueError:
            raise ValueError(
                f"class-weight must be 'balanced' or LABEL=WEIGHT,..., got {pair!r}"
            ) from None
        if number in weights:
            raise ValueError(f"class-weight names label {number} twice, in {text!r}")
        weights[number] = factor
    return weights


def _parse_empty(text: str) -> str | int:
    try:
        return int(text)
    except ValueError:
        return text
