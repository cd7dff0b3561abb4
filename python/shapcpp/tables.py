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
            f"{100 * first.fraction:g}%", DIRECTION[first.direction], str(first.flipped), *cells
        )
    console.print(shown)


def show_queue(queue: np.recarray[Any, Any], v: Valuation) -> None:
    """The head of the queue of each metric."""
    console = _console()
    extra = [name for name in ("group",) if name in (queue.dtype.names or ())]
    for metric in dict.fromkeys(queue.metric.tolist()):
        rows = queue[queue.metric == metric]
        table = _table(
            f"Review queue by {LONG.get(metric, metric)}: {len(rows)} of {len(v.labels)} samples",
            ["rank", "id", "label", *extra, "value", "stderr"],
            left=["id", "group"],
        )
        for row in rows[:ROWS_SHOWN]:
            table.add_row(
                *(str(row[name]) for name in ("rank", "id", "label", *extra)),
                f"{row.value:+.3e}",
                f"{row.stderr:.1e}",
            )
        console.print(table)
        if len(rows) > ROWS_SHOWN:
            console.print(f"... and {len(rows) - ROWS_SHOWN} more: --csv saves them all")
        console.print()


def save_rows(path: str, table: np.recarray[Any, Any]) -> None:
    """A table of `detection_table` or `review_queue` as CSV."""
    content = csv_bytes(table.dtype.names or (), table.tolist())
    files.write_atomically(path, lambda file: file.write(content))


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
