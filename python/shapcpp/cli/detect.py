"""The command `shapcpp detect`."""

from __future__ import annotations

import click
import numpy as np
from numpy.typing import NDArray

import shapcpp
from shapcpp.cli import doubt_tables, tables
from shapcpp.cli.console import PATH, RAW_CSV, check_outputs, note, save, with_options
from shapcpp.results import trust
from shapcpp.results.exact import ExactValuation, load_exact
from shapcpp.results.folded import FoldedValuation, load_run
from shapcpp.results.notices import repeated_ids, warn

__all__ = ["detect"]

Run = shapcpp.Valuation | FoldedValuation | ExactValuation
FRACTIONS = (0.1, 0.3)


@click.command()
@click.argument("run", type=PATH)
@click.option("--metric", "metrics", multiple=True, metavar="NAME",
              help="Show only values, by acc, bal, rec:LABEL; with two labels rec, spc. "
              "Repeatable. Default: doubts first, then values by all.")  # fmt: skip
@click.option("--fraction", "fractions", multiple=True, type=float,
              help="Share of samples to look at. Repeatable. Default: as many doubts as are "
              "expected to be wrong; 0.1 and 0.3 of the values, or 0.1 in the queue.")  # fmt: skip
@click.option("--queue", is_flag=True, help="Show the review queue even if true labels are known.")
@click.option(
    "--csv", "csv_path", type=PATH, metavar="FILE.csv",
    help="Save every row of the table of values, also those not shown.",
)  # fmt: skip
@click.option("--doubts-csv", type=PATH, metavar="DOUBTS.csv", help="Save every doubted label.")
@RAW_CSV
@click.pass_context
def detect(
    context: click.Context,
    run: str,
    metrics: tuple[str, ...],
    fractions: tuple[float, ...],
    queue: bool,
    csv_path: str | None,
    doubts_csv: str | None,
    raw_csv: bool,
) -> None:
    """Show which labels are probably wrong, and what their samples are worth.

    First come the doubts that RUN keeps: how many labels are probably wrong, and the most
    doubtful ones with their values by every metric. Then come the lowest values. If RUN has
    true labels: the share of the labels wrong in each direction that are among the lowest
    values (the paper's table) and among the most doubted. Without true labels, or with
    --queue: the lowest values, and whether a sample is certainly among the lowest (at 95%, by
    each metric).

    \b
    Examples:
      shapcpp detect run.npz
      shapcpp detect run.npz --metric rec --fraction 0.05 --csv queue.csv
    """
    check_outputs([csv_path, doubts_csv], inputs=[run])
    exact = load_exact(run)
    v = load_run(run) if exact is None else exact
    if exact is None and v.n_permutations == 0:
        raise RuntimeError(f"{run} holds no completed permutation")
    if doubts_csv is not None and v.doubts is None:
        raise ValueError(f"{run} keeps no doubts (--doubts-csv): value it without --no-doubt")
    names = [metric.name for metric in v.chosen(metrics or None)]
    shown = names if metrics else tables.few_metrics(names)
    if not v.complete:
        note(
            f"{run} is partial: {v.n_permutations:,} of {v.settings['permutations']:,} permutations"
        )
    if v.doubts is not None and (not metrics or doubts_csv is not None):
        order = doubt_tables.order_of(v.doubts, max(fractions, default=None))
        if doubts_csv is not None:
            doubts = v.doubts
            save(doubts_csv, lambda path: doubts.to_csv(path, order, raw=raw_csv))
        if not metrics:
            _show_doubts(v, v.doubts, order, shown, doubts_csv)
    elif not metrics and not isinstance(v, ExactValuation):
        doubt_tables.show_agreement(v, max(fractions, default=0.1))
    if v.true_labels is not None and not queue:
        table = shapcpp.detection_table(v, v.labels, v.true_labels, fractions or FRACTIONS, names)
        if csv_path is not None:
            save(csv_path, lambda path: tables.save_rows(path, table, raw_csv))
        warn(repeated_ids(v))  # as the queue does
        tables.show_detection(table, shown, v)
        if v.doubts is not None and not metrics:
            doubt_tables.show_found(v.doubts, fractions or FRACTIONS)
    else:
        if (said := trust.message(v, names)) is not None:
            commands = context.find_root().command
            assert isinstance(commands, click.Group)
            note(with_options(said, commands))
        lowest = shapcpp.review_queue(v, max(fractions, default=0.1), names)
        if csv_path is not None:
            save(csv_path, lambda path: tables.save_rows(path, lowest, raw_csv))
        tables.show_queue(lowest, shown, v)
    if len(shown) < len(names):
        click.echo("Values by the recall of each label: --metric rec:LABEL")


def _show_doubts(
    v: Run,
    doubts: shapcpp.Doubts,
    order: NDArray[np.int64],
    names: list[str],
    saved: str | None,
) -> None:
    """Shows the doubts, each with the values of its sample."""
    values = {name: v[name] for name in names}
    beside = {
        f"value by {name}": [f"{one:+.2e}" for one in column] for name, column in values.items()
    }
    doubt_tables.show_numbers(doubts)
    doubt_tables.show_list(doubts, order, "--doubts-csv" if saved is None else None, beside)
    click.echo()
