"""What the command line prints: rich tables on stdout, and the CSV of the same rows."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from shapcpp import _core, files
from shapcpp.processors import available_processors
from shapcpp.result import Valuation, csv_bytes

LONG = {"acc": "accuracy", "rec": "recall", "spc": "specificity", "bal": "balanced accuracy"}
DIRECTION = {
    "pos_as_neg": "positives labelled negative",
    "neg_as_pos": "negatives labelled positive",
}
ROWS_SHOWN = 10
PIPE_WIDTH = 160


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def _table(title: str, columns: Sequence[str], left: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column in left else "right", overflow="fold")
    return table


def show_valuation(v: Valuation, metrics: Sequence[str]) -> None:
    """What was run, and the lowest samples by each metric."""
    console = _console()
    counts = ", ".join(f"{int(np.sum(v.labels == k))} labelled {k}" for k in v.classes)
    of_test = ", ".join(f"{n} labelled {k}" for k, n in zip(v.classes, v.test_counts, strict=True))
    s = v.settings
    units = f" in {len(v.gains)} groups" if s["by_group"] else ""
    console.print(f"{len(v.labels)} training samples{units} ({counts}), judged by "
                  f"{v.test_counts.sum()} test samples ({of_test})")  # fmt: skip
    console.print(f"{v.n_permutations} permutations, seed {s['seed']}; C {s['C']:g}, class weight "
                  f"{s['class_weight']}, scale {s['scale']}, empty {s['empty']}, single class "
                  f"{s['single_class']}")  # fmt: skip
    for metric in metrics:
        console.print()
        low, high = v.interval(metric)
        order = v.lowest(metric, 1.0)[:ROWS_SHOWN]
        extra = [] if v.groups is None else ["group"]
        table = _table(
            f"Labels to doubt first by {LONG.get(metric, metric)}",
            ["id", "label", *extra, "value", "stderr", "95% interval"],
            left=["id", "group"],
        )
        values, errors = v[metric], v.stderr(metric)
        for i in order:
            group = [] if v.groups is None else [str(v.groups[i])]
            table.add_row(str(v.ids[i]), str(v.labels[i]), *group, f"{values[i]:+.3e}",
                          f"{errors[i]:.1e}", f"{low[i]:+.2e} to {high[i]:+.2e}")  # fmt: skip
        console.print(table)


def show_detection(table: np.recarray[Any, Any], metrics: Sequence[str]) -> None:
    """The paper's table: shares found, one row per fraction and direction."""
    console = _console()
    shown = _table(
        "Known label errors among the lowest values: share found (number)",
        ["lowest", "error", "flipped", *metrics],
        left=["error"],
    )
    for first in table[:: len(metrics)]:
        same = table[(table.fraction == first.fraction) & (table.direction == first.direction)]
        cells = [f"{row.share:.2f} ({row.found})" if row.flipped else "-" for row in same]
        shown.add_row(
            f"{first.fraction:.0%}", DIRECTION[first.direction], str(first.flipped), *cells
        )
    console.print(shown)


def save_detection(path: str, table: np.recarray[Any, Any]) -> None:
    """The same rows as CSV."""
    content = csv_bytes(table.dtype.names or (), table.tolist())
    files.write_atomically(path, lambda file: file.write(content))


QUEUE_COLUMNS = (
    "metric", "fraction", "rank", "id", "label", "group", "value", "stderr", "low", "high"
)  # fmt: skip


def review_queue(
    v: Valuation, metrics: Sequence[str], fractions: Sequence[float]
) -> list[tuple[Any, ...]]:
    """The lowest fraction of samples by each metric, as rows of QUEUE_COLUMNS."""
    rows = []
    for metric in metrics:
        values, errors, (low, high) = v[metric], v.stderr(metric), v.interval(metric)
        for fraction in fractions:
            for rank, i in enumerate(v.lowest(metric, fraction), start=1):
                group = "" if v.groups is None else v.groups[i]
                rows.append((metric, fraction, rank, v.ids[i], v.labels[i], group,
                             float(values[i]), float(errors[i]), float(low[i]), float(high[i])))  # fmt: skip
    return rows


def show_queue(queue: list[tuple[Any, ...]], v: Valuation) -> None:
    """The head of the queue of each metric and fraction."""
    console = _console()
    for key in dict.fromkeys(row[:2] for row in queue):
        rows = [row for row in queue if row[:2] == key]
        metric, fraction = key
        title = (f"Review queue by {LONG.get(metric, metric)}: lowest {fraction:.0%} of "
                 f"{len(v.labels)} samples")  # fmt: skip
        table = _table(title, ["rank", "id", "label", "group", "value", "stderr"], ["id", "group"])
        for _, _, rank, name, label, group, value, error, _, _ in rows[:ROWS_SHOWN]:
            table.add_row(
                str(rank), str(name), str(label), str(group), f"{value:+.3e}", f"{error:.1e}"
            )
        console.print(table)
        if len(rows) > ROWS_SHOWN:
            console.print(f"... and {len(rows) - ROWS_SHOWN} more: --csv saves them all")
        console.print()


def save_queue(path: str, queue: list[tuple[Any, ...]]) -> None:
    """The whole queue as CSV."""
    files.write_atomically(path, lambda file: file.write(csv_bytes(QUEUE_COLUMNS, queue)))


def show_info() -> None:
    """One fact a line."""
    build = _core.build()
    facts = {
        "shapcpp": _core.__version__,
        "instruction set": _core.instruction_set(),
        "threads": available_processors(),
        "compiler": build["compiler"],
        "eigen": build["eigen"],
        "openmp": build["openmp"],
        "sanitized": build["sanitized"],
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    for name, fact in facts.items():
        print(f"{name}: {fact}")
