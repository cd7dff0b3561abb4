"""The command `shapcpp doubt`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
import numpy as np

import shapcpp
from shapcpp.cli import doubt_tables
from shapcpp.cli.console import PATH, RAW_CSV, check_outputs, note_left_out, save
from shapcpp.cli.tables import make_console, make_table
from shapcpp.labels import check_alike, class_labels, several_classes
from shapcpp.storage.labelled_rows import LabelledRows, read_labelled_rows

__all__ = ["doubt"]


@click.command()
@click.argument("features", type=PATH)
@click.option("--fraction", type=float, metavar="F",
              help="Share of labels to list.")  # fmt: skip
@click.option("--expected", is_flag=True,
              help="List as many labels as are expected to be wrong: the default.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Seed that draws the landmarks.")
@click.option("--threads", type=int, help="Default: all processors. Never changes the result.")
@click.option("--compare", is_flag=True,
              help="Also run other detectors, and show how well they do, or how far they agree. "
              "Needs scikit-learn.")  # fmt: skip
@click.option("-o", "--output", type=PATH, metavar="DOUBTS.npz", help="Save the whole result.")
@click.option("--csv", "csv_path", type=PATH, metavar="DOUBTS.csv",
              help="Save the listed samples; all samples with --fraction 1.")  # fmt: skip
@RAW_CSV
@click.option("--labels", type=PATH, help="Labels of a plain 2-D .npy.")
@click.option("--label-column", "columns", multiple=True, metavar="NAME",
              help="The field of the labels. Given twice, it names two readers, who are compared. "
              "Default: label.")  # fmt: skip
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
    columns: tuple[str, ...],
) -> None:
    """Show which labels are probably wrong, and how many.

    Every labelled row of FEATURES is judged by all others, whatever its split; no test set is
    needed. Labels may be of any kind, with any number of classes. With two label columns, two
    readers are compared: how far they agree, and for each disagreement which reader the other
    labels side with.

    \b
    Examples:
      shapcpp doubt features.npy
      shapcpp doubt features.npy --fraction 0.05 -o doubts.npz --csv doubts.csv
      shapcpp doubt features.npy --label-column anna --label-column ben -o readers.npz
    """
    if expected and fraction is not None:
        raise ValueError("--expected and --fraction name two lengths of one list: leave one out")
    check_outputs([output, csv_path], inputs=[features, *filter(None, [labels])])
    if len(columns) > 2:
        raise ValueError(f"--label-column names {len(columns)} readers: two can be compared")
    if len(columns) == 2 and columns[0] == columns[1]:
        raise ValueError(f"--label-column names {columns[0]} twice: two readers have two fields")
    if len(columns) == 2 and (fraction is not None or compare):
        option = "--compare" if fraction is None else "--fraction"
        raise ValueError(f"two readers are compared by all they disagree on: leave out {option}")
    rows = read_labelled_rows(features, labels, columns or ("label",))
    which = "a label of both readers" if len(columns) == 2 else "a label"
    note_left_out(rows.missing, f"without {which}")
    note_left_out(rows.removed, "that a reviewer removed")
    if len(columns) == 2:
        _compare_readers(rows, columns, seed, threads, output, csv_path, raw_csv)
        return
    name = labels or f"{features}: {(columns or ('label',))[0]}"
    y = class_labels(name, rows.y)
    several_classes(name, y)
    if rows.true_labels is not None:
        true_name = f"{features}: true_label"
        check_alike(true_name, class_labels(true_name, rows.true_labels), y, "label")
    d = shapcpp.doubt(
        rows.X, rows.y, rows.groups, rows.ids, rows.true_labels, seed, threads,
        progress=sys.stderr.isatty(), reviewed=rows.reviewed,
    )  # fmt: skip
    note_left_out(d.n_constant, "", "constant feature")
    order = doubt_tables.order_of(d, fraction)
    if output is not None:
        output = save(output, d.save)
    if csv_path is not None:
        save(csv_path, lambda path: d.to_csv(path, order, raw=raw_csv))
    doubt_tables.show_numbers(d)
    doubt_tables.show_list(d, order, None if csv_path is not None else "--csv")
    if compare:
        scores = {"doubt": d.score, **shapcpp.baselines(rows.X, rows.y, seed)}
        wrong = None if d.true_labels is None else d.labels != d.true_labels
        _show_comparison(shapcpp.compare_detectors(scores, d.n_expected, wrong))
    if output is not None:
        click.echo(f"\nSaved to {output}. Next: shapcpp report {output} -o report.html")


def _compare_readers(
    rows: LabelledRows,
    names: tuple[str, ...],
    seed: int,
    threads: int | None,
    output: str | None,
    csv_path: str | None,
    raw_csv: bool,
) -> None:
    [second] = rows.others
    r = shapcpp.compare_readers(
        rows.X, rows.y, second, names, rows.groups, rows.ids, seed, threads,
        progress=sys.stderr.isatty(), reviewed=rows.reviewed,
    )  # fmt: skip
    note_left_out(r.doubts[0].n_constant, "", "constant feature")
    if output is not None:
        output = save(output, r.save)
    if csv_path is not None:
        save(csv_path, lambda path: r.to_csv(path, raw=raw_csv))
    doubt_tables.show_readers(r, csv_path is not None)
    if output is not None:
        click.echo(f"\nSaved to {output}. Next: shapcpp report {output} -o report.html")


def _show_comparison(rows: np.recarray[Any, Any]) -> None:
    names: Sequence[str] = rows.dtype.names or ()
    table = make_table(list(names), left=["detector"])
    for row in rows:
        table.add_row(str(row.detector), *(f"{row[name]:.3f}" for name in names[1:]))
    make_console().print("\nBeside other detectors", style="bold")
    make_console().print(table)
