"""The command `shapcpp doubt`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import shapcpp
from shapcpp.cli.console import PATH, RAW_CSV, check_outputs, note, save
from shapcpp.cli.tables import make_console, make_table
from shapcpp.storage.labelled_rows import read_labelled_rows

__all__ = ["doubt"]

ROWS_SHOWN = 10
PAIRS_SHOWN = 10


@click.command()
@click.argument("features", type=PATH)
@click.option("--fraction", type=float, metavar="F",
              help="Share of labels to list.")  # fmt: skip
@click.option("--expected", is_flag=True,
              help="List as many labels as are expected to be wrong: the default.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Which samples are landmarks.")
@click.option("--threads", type=int, help="Default: all processors. Never changes the result.")
@click.option("--compare", is_flag=True,
              help="Also ask other detectors, and show how they do, or how they agree. Needs "
              "scikit-learn.")  # fmt: skip
@click.option("-o", "--output", type=PATH, metavar="DOUBTS.npz", help="Save the whole result.")
@click.option("--csv", "csv_path", type=PATH, metavar="DOUBTS.csv",
              help="Save the listed samples; with --fraction 1 all of them.")  # fmt: skip
@RAW_CSV
@click.option("--labels", type=PATH, help="Labels of a plain 2-D .npy.")
def doubt(
    features: str,
    fraction: float | None,
    expected: bool,
    seed: int,
    threads: int | None,
    compare: bool,
    output: str | None,
    csv_path: str | None,
    raw_csv: bool,
    labels: str | None,
) -> None:
    """Show which labels are probably wrong, and how many.

    Every labelled row of FEATURES is judged by all others, whatever its split; no test set is
    needed. A label of any kind will do, and any number of classes.

    \b
    Examples:
      shapcpp doubt features.npy
      shapcpp doubt features.npy --fraction 0.05 -o doubts.npz --csv doubts.csv
    """
    if expected and fraction is not None:
        raise ValueError("expected and fraction name two lengths of one list: leave one out")
    check_outputs([output, csv_path], inputs=[features, *filter(None, [labels])])
    rows = read_labelled_rows(features, labels)
    if rows.missing:
        note(f"{rows.missing} rows without a label are left out")
    d = shapcpp.doubt(
        rows.X, rows.y, rows.groups, rows.ids, rows.true_labels, seed, threads,
        progress=sys.stderr.isatty(),
    )  # fmt: skip
    if d.settings["varying"] < d.settings["features"]:
        dropped = d.settings["features"] - d.settings["varying"]
        note(f"{dropped} constant features are left out")
    order = d.expected_wrong() if fraction is None else d.lowest(fraction)
    if output is not None:
        output = save(output, d.save)
    if csv_path is not None:
        save(csv_path, lambda path: d.to_csv(path, order, raw=raw_csv))
    _show_numbers(d)
    _show_list(d, order, csv_path is not None)
    if compare:
        scores = {"doubt": d.score, **shapcpp.baselines(rows.X, rows.y, seed)}
        wrong = None if d.true_labels is None else d.labels != d.true_labels
        _show_comparison(shapcpp.compare_detectors(scores, d.n_expected, wrong))
    if output is not None:
        click.echo(f"\nSaved to {output}")


def _show_numbers(d: shapcpp.Doubts) -> None:
    console = make_console()
    low, high = d.total_interval()
    console.print(
        f"{len(d)} labels of {len(d.classes)} classes, each judged by all others: about "
        f"{d.n_expected:.0f} are wrong (95%: {low:.0f} to {high:.0f})"
    )
    console.print(f"{d.shift[0].upper()}{d.shift[1:]}.")
    pairs = d.expected()
    pairs = pairs[pairs.number >= 0.5]
    if not len(pairs):
        return
    table = make_table(["given", "probably", "labels", "95% interval"], left=["given", "probably"])
    for row in pairs[:PAIRS_SHOWN]:
        table.add_row(
            str(row.given),
            str(row.suggested),
            f"{row.number:.0f}",
            f"{row.low:.0f} to {row.high:.0f}",
        )
    console.print(table)
    if len(pairs) > PAIRS_SHOWN:
        console.print(f"... and {len(pairs) - PAIRS_SHOWN} more pairs")


def _show_list(d: shapcpp.Doubts, order: NDArray[np.int64], saved: bool) -> None:
    console = make_console()
    if not len(order):
        console.print("\nNo label is expected to be wrong; --fraction lists the least likely ones")
        return
    console.print(f"\nLabels to doubt first: {len(order)} of {len(d)}", style="bold")
    extra = ["group"] if d.groups is not None else []
    truth = ["true_label"] if d.true_labels is not None else []
    heads = ["id", *extra, "label", *truth, "suggestion", "probability"]
    table = make_table(heads, left=["id", "group", "label", "true_label", "suggestion"])
    columns = d.columns()
    for i in order[:ROWS_SHOWN]:
        cells = [str(columns[name][i]) for name in heads[:-1]]
        table.add_row(*cells, f"{d.probability[i]:.3f}")
    console.print(table)
    if len(order) > ROWS_SHOWN and not saved:
        console.print(f"... and {len(order) - ROWS_SHOWN} more: --csv saves them all")
    if d.true_labels is not None:
        wrong = d.labels != d.true_labels
        console.print(
            f"Of {int(wrong.sum())} labels known to be wrong, {int(wrong[order].sum())} are among "
            f"these {len(order)}"
        )


def _show_comparison(rows: np.recarray[Any, Any]) -> None:
    names: Sequence[str] = rows.dtype.names or ()
    table = make_table(list(names), left=["detector"])
    for row in rows:
        table.add_row(str(row.detector), *(f"{row[name]:.3f}" for name in names[1:]))
    make_console().print("\nBeside other detectors", style="bold")
    make_console().print(table)
