"""The command `shapcpp value`."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from functools import partial
from typing import Any

import click

import shapcpp
from shapcpp.cli import tables
from shapcpp.cli.console import (
    EXIT_INTERRUPTED,
    PATH,
    RAW_CSV,
    check_outputs,
    note,
    save,
    translated,
)
from shapcpp.cli.label_options import parse_class_weight, parse_empty
from shapcpp.cli.run_arguments import (
    arrays_of,
    classes_and_metrics,
    default_rule,
    metrics_to_show,
)
from shapcpp.cli.run_notes import (
    PATIENCE,
    check_begun,
    keep_partial,
    keep_what_failed,
    note_duration,
    note_slow_doubts,
    note_the_end,
)
from shapcpp.metrics import Metric
from shapcpp.plan import carry_out, plan
from shapcpp.problem.models import MODELS
from shapcpp.problem.sampling import SAMPLERS
from shapcpp.results.folded import FoldedValuation, load_run
from shapcpp.results.notices import warn_of
from shapcpp.running import transports

__all__ = ["value"]

Run = shapcpp.Valuation | FoldedValuation


@click.command()
@click.argument("features", type=PATH)
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME",
    help="acc, bal (accuracy, balanced_accuracy) or rec:LABEL, a label's recall; with two labels "
    "also rec, spc (recall, specificity). Repeatable. Default: all, or acc and bal beyond 12 "
    "labels. One run serves them all; Python takes metrics of your own.",
)  # fmt: skip
@click.option(
    "--perms",
    type=click.IntRange(min=1),
    metavar="P",
    help="Random orders to draw, in all. Default: until the ranking is reliable "
    "(--until 'reliability >= 0.95'), at most 2,000.",
)
@click.option("--first", default=0, show_default=True, metavar="K",
              help="Index of the first order; `shapcpp merge` puts ranges together.")  # fmt: skip
@click.option(
    "--sampler", type=click.Choice(SAMPLERS), default="halving", show_default=True,
    metavar="halving|permutations",
    help="Halve each order over and over, or let samples join one by one in that order (as in the "
    "paper). A halved order costs 7 to 10 times as much at 500 samples, but the same errors take "
    "a half to a twelfth of the time.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Seed of the permutations.")
@click.option("--threads", type=int, help="Default: all processors. Never changes the result.")
@click.option(
    "--C", "C", default=1.0, show_default=True, help="Inverse strength of the L2 penalty."
)
@click.option(
    "--model", type=click.Choice(MODELS), default="logistic", show_default=True,
    metavar="logistic|multinomial|ridge|lda|centroid|bayes",
    help="Logistic regression (with more than two labels, each against the rest, or one "
    "multinomial model, which takes longer); ridge regression, far faster; linear discriminant "
    "analysis; the nearest class mean; or Gaussian naive Bayes. Python also takes classifier "
    "objects.",
)  # fmt: skip
@click.option(
    "--class-weight", metavar="balanced|LABEL=WEIGHT,...", help="Weights of the labels' losses."
)
@click.option(
    "--scale", type=click.Choice(["standard"]), metavar="standard",
    help="Standardise features by the training rows. This changes the values; never done unasked.",
)  # fmt: skip
@click.option(
    "--components", type=int, metavar="R",
    help="Train on the features along this many principal directions of the training rows: another "
    "model, far faster where features are many.",
)  # fmt: skip
@click.option(
    "--kernel", type=click.Choice(["linear", "rbf"]), metavar="linear|rbf",
    help="Kernel logistic regression: rbf separates labels by curved surfaces, with a coefficient "
    "per sample. Its time grows fast with the samples: up to about 2,000.",
)  # fmt: skip
@click.option(
    "--gamma", type=float, metavar="G",
    help="Of --kernel rbf: exp(-G |x - y|^2). Default: 1 over the median squared distance of "
    "training rows, to four digits.",
)  # fmt: skip
@click.option(
    "--empty", default="majority", show_default=True, metavar="majority|none|label:LABEL",
    help="Prediction of the empty coalition.",
)  # fmt: skip
@click.option(
    "--single-class", type=click.Choice(["constant", "carry"]), default="constant",
    show_default=True, metavar="constant|carry",
    help="Score of coalitions of one class: that of always predicting their class, or still the "
    "score of the empty coalition.",
)  # fmt: skip
@click.option("--by-group", is_flag=True, help="Samples of the same group (patient) join together.")
@click.option(
    "--folds", type=int, metavar="K",
    help="Without a test set: value every labelled row, whatever its split, with each of K folds "
    "as the test set of the others. Default if no row has split test: 5.",
)  # fmt: skip
@click.option(
    "--until", metavar="RULE",
    help="Stop as soon as the results suffice: 'reliability >= 0.9', 'stderr<=1e-4', 'lowest 10% "
    "decided at 95%', 'rec below 0 decided at 95% but for 20'. --perms remains the limit.",
)  # fmt: skip
@click.option(
    "--trace", type=int, metavar="N",
    help="Keep in the result how the values settled: the sums after up to N numbers of "
    "permutations, evenly spaced on a logarithmic scale.",
)  # fmt: skip
@click.option("--max-time", type=float, metavar="SECONDS", help="Stop after this many seconds.")
@click.option(
    "--checkpoint", type=PATH, metavar="RUN.npz",
    help="Keep the result so far in this file; the same command continues from it.",
)  # fmt: skip
@click.option("--checkpoint-every", type=float, default=60.0, show_default=True, metavar="SECONDS")
@click.option(
    "--extend",
    type=PATH,
    metavar="RUN.npz",
    help="Continue from this result, to --perms in all or until the ranking is reliable.",
)
@click.option(
    "--dask", metavar="ADDRESS",
    help="Run on the workers of the Dask scheduler at this address, each with --threads threads "
    "(default: 1).",
)  # fmt: skip
@click.option("--no-doubt", is_flag=True,
              help="Do not look for labels that are probably wrong.")  # fmt: skip
@click.option("--no-votes", is_flag=True,
              help="Do not count what coalitions predict for samples outside them.")  # fmt: skip
@click.option("-o", "--output", type=PATH, metavar="RUN.npz", help="Save the whole result.")
@click.option("--csv", "csv_path", type=PATH, metavar="VALUES.csv", help="Save one row per sample.")
@click.option("--group-csv", type=PATH, metavar="GROUPS.csv",
              help="Save a row per group, with --by-group.")  # fmt: skip
@RAW_CSV
@click.option("--stats", is_flag=True, help="Show what the engine did, after the values.")
@click.option(
    "--estimate", "only_estimate", is_flag=True,
    help="Only show the time and memory the run would take, from a few seconds of measuring.",
)  # fmt: skip
@click.option("--labels", type=PATH, help="Training labels of a plain 2-D .npy.")
@click.option("--test-features", type=PATH, help="Test features of a plain 2-D .npy.")
@click.option("--test-labels", type=PATH, help="Test labels of a plain 2-D .npy.")
def value(
    features: str,
    metrics: tuple[str, ...],
    perms: int | None,
    first: int,
    sampler: str,
    seed: int,
    threads: int | None,
    C: float,
    model: str,
    class_weight: str | None,
    scale: str | None,
    components: int | None,
    kernel: str | None,
    gamma: float | None,
    empty: str,
    single_class: str,
    by_group: bool,
    folds: int | None,
    until: str | None,
    trace: int | None,
    max_time: float | None,
    checkpoint: str | None,
    checkpoint_every: float,
    extend: str | None,
    dask: str | None,
    no_doubt: bool,
    no_votes: bool,
    output: str | None,
    csv_path: str | None,
    group_csv: str | None,
    raw_csv: bool,
    stats: bool,
    only_estimate: bool,
    labels: str | None,
    test_features: str | None,
    test_labels: str | None,
) -> None:
    """Value every training sample of a features file, and show the lowest.

    FEATURES is a structured .npy (fields features, label, split; optional id, group,
    true_label), an .npz with X_train, y_train, X_test, y_test, or a plain 2-D .npy with
    --labels, --test-features and --test-labels. Without test rows, or with --folds, the
    rows are tested on one another. Ctrl-C stops within a second and keeps the result so far.

    \b
    Examples:
      shapcpp value features.npy --metric acc
      shapcpp value features.npy --metric acc --perms 2000
      shapcpp value features.npy -o run.npz --csv values.csv
      shapcpp value features.npy --scale standard --C 0.1 --by-group
      shapcpp value features.npy --folds 5
      shapcpp value features.npy --perms 20000 --estimate
      shapcpp value features.npy --perms 1000000 --until "lowest 10% decided at 95%"
      shapcpp value features.npy --perms 20000 --checkpoint run.npz
      shapcpp value features.npy --perms 1000000 --dask tcp://scheduler:8786
      shapcpp value X.npy --labels y.npy --test-features Xt.npy --test-labels yt.npy
    """
    companions = {"labels": labels, "test_features": test_features, "test_labels": test_labels}
    inputs = [features, *filter(None, companions.values())]
    for target in (output, checkpoint):
        check_outputs([target, csv_path, group_csv], inputs)
    _check_group_csv(group_csv, by_group)
    data = shapcpp.read_features(features, **companions)
    samples, arrays = arrays_of(data, folds, by_group)
    classes, asked = classes_and_metrics(data, samples, metrics)
    run: dict[str, Any] = {
        **arrays,
        "permutations": perms,
        "seed": seed,
        "C": C,
        "model": model,
        "class_weight": parse_class_weight(class_weight, classes),
        "scale": scale,
        "components": components,
        "kernel": kernel,
        "gamma": gamma,
        "empty": parse_empty(empty, classes),
        "metrics": asked or None,
        "single_class": single_class,
        "threads": threads,
        "by_group": by_group,
        "first": first,
        "sampler": sampler,
        "trace": trace,
        "votes": not no_votes,
    }
    if only_estimate:
        _show_cost(run, until, dask)
        return
    patience = None
    if perms is None and until is None:
        until = default_rule(asked)
        patience = PATIENCE if max_time is None else None
    kept = _kept(output, checkpoint, trace)
    earlier = None if extend is None else load_run(extend)
    went_on = checkpoint is not None and os.path.exists(checkpoint)
    try:
        with nullcontext() if dask is None else transports.dask(dask) as executor:
            asked_for = plan(
                **run,
                progress=True,
                until=until,
                max_time=max_time,
                patience=patience,
                checkpoint=checkpoint,
                checkpoint_every=checkpoint_every,
                extend=earlier,
                executor=executor,
                doubt=not no_doubt,
                reviewed=None if no_doubt else samples.reviewed,
                without_doubts=lambda why: note(f"no doubts are kept: {why}"),
                slow_doubts=note_slow_doubts,
            )
            listed = metrics_to_show(asked, asked_for)
            v = carry_out(asked_for, partial(note_duration, asked_for))
            warn_of(v, [m.name for m in listed])
    except shapcpp.Interrupted as stop:
        keep_partial("interrupted", stop.partial, kept)
        if stop.partial.n_permutations > 0:
            _save_tables(stop.partial, listed, csv_path, group_csv, raw_csv)
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        keep_what_failed(error, kept)
        if isinstance(error, (TypeError, ValueError)) and str(error).startswith("extend "):
            raise ValueError(f"--{str(error).replace('extend', f'extend {extend}', 1)}") from None
        raise
    check_begun(v, max_time)
    if kept is not None:
        kept = save(kept, v.save)  # a checkpoint may not have been written so far
    _save_tables(v, listed, csv_path, group_csv, raw_csv)
    note_the_end(v, max_time, checkpoint if went_on else None)
    _show(v, listed, bool(asked), len(data.rows), stats)
    if kept is not None:
        click.echo(f"\nSaved to {kept}. Next: shapcpp detect {kept}")


def _kept(output: str | None, checkpoint: str | None, trace: int | None) -> str | None:
    """The file that keeps the result, which a trace needs."""
    kept = output or checkpoint
    if trace is not None and kept is None:
        raise ValueError("--trace is kept in the result file: name one with -o or --checkpoint")
    return kept


def _show_cost(run: dict[str, Any], until: str | None, dask: str | None) -> None:
    if dask is not None:
        raise ValueError("--estimate measures on this machine: leave out --dask")
    click.echo(translated(shapcpp.estimate_cost(**run, until=until)))


def _check_group_csv(group_csv: str | None, by_group: bool) -> None:
    if group_csv is not None and not by_group:
        raise ValueError("--group-csv has a row per group: it goes with --by-group")


def _save_tables(
    v: Run, metrics: list[Metric], csv_path: str | None, group_csv: str | None, raw: bool
) -> None:
    """Writes the rows of samples, and those of groups."""
    for target, by_group in ((csv_path, False), (group_csv, True)):
        if target is not None:
            save(target, partial(v.to_csv, metrics=metrics, raw=raw, by_group=by_group))


def _show(v: Run, listed: list[Metric], asked: bool, n_labels: int, stats: bool) -> None:
    names = [metric.name for metric in listed]
    shown = names if asked else tables.few_metrics(names)
    tables.show_valuation(v, shown)
    if len(shown) < len(names):
        click.echo("Values by the recall of each label: --metric rec:LABEL, or --csv")
    tables.show_how_many(v, n_labels)
    if stats:
        tables.show_stats(v)
