"""Doubts as the command line prints them: the number of wrong labels, and the likeliest ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

import shapcpp
from shapcpp.cli.console import counted
from shapcpp.cli.tables import make_console, make_table
from shapcpp.detection.queue import in_words

__all__ = ["order_of", "show_agreement", "show_found", "show_list", "show_numbers", "show_readers"]

Run = shapcpp.Valuation | shapcpp.FoldedValuation
ROWS_SHOWN = 10
PAIRS_SHOWN = 10


def order_of(d: shapcpp.Doubts, fraction: float | None) -> NDArray[np.int64]:
    """The samples to list: as many as are expected to be wrong, or a given share of all.

    Labels that a reviewer has decided on are left out.
    """
    if fraction is None:
        return d.expected_wrong()
    order = d.lowest(fraction)
    return order[~d.decided[order]]


def show_numbers(d: shapcpp.Doubts) -> None:
    """Shows how many labels are probably wrong, and from which label to which."""
    console = make_console()
    console.print(
        f"{len(d)} labels of {len(d.classes)} classes, each judged by all others: {_wrong(d)}"
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


def _wrong(d: shapcpp.Doubts) -> str:
    """How many labels are wrong, as in "about 1 is wrong (95%: 0 to 3)"."""
    (low, high), expected = d.total_interval(), f"{d.n_expected:.0f}"
    verb = "is" if expected == "1" else "are"
    return f"about {expected} {verb} wrong (95%: {low:.0f} to {high:.0f})"


def show_list(
    d: shapcpp.Doubts,
    order: NDArray[np.int64],
    saved_by: str | None,
    beside: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Shows the head of a list of doubted labels.

    `saved_by` is the option that would save the whole list; `beside` has further columns, with one
    entry per sample.
    """
    console = make_console()
    if d.decided.any():
        before = int(d.decided.sum())
        verbs = ("was", "it is") if before == 1 else ("were", "they are")
        console.print(
            f"{counted(before, 'label')} {verbs[0]} reviewed before; {verbs[1]} not asked again"
        )
    if not len(order):
        left = "" if not d.decided.any() else " of those not reviewed"
        console.print(
            f"\nNo label{left} is expected to be wrong; --fraction lists the least likely ones"
        )
        return
    console.print(f"\nLabels to doubt first: {len(order)} of {len(d)}", style="bold")
    extra = ["group"] if d.groups is not None else []
    truth = ["true_label"] if d.true_labels is not None else []
    heads = ["id", *extra, "label", *truth, "suggestion", "probability"]
    others = beside or {}
    table = make_table([*heads, *others], left=["id", "group", "label", "true_label", "suggestion"])
    columns = d.columns()
    for i in order[:ROWS_SHOWN]:
        cells = [str(columns[name][i]) for name in heads[:-1]]
        table.add_row(*cells, f"{d.probability[i]:.3f}", *(column[i] for column in others.values()))
    console.print(table)
    if len(order) > ROWS_SHOWN and saved_by is not None:
        console.print(f"... and {len(order) - ROWS_SHOWN} more: {saved_by} saves them all")
    if d.true_labels is not None:
        wrong = d.labels != d.true_labels
        console.print(
            f"Of {int(wrong.sum())} labels known to be wrong, {int(wrong[order].sum())} are among "
            f"these {len(order)}"
        )


def show_found(d: shapcpp.Doubts, fractions: Sequence[float]) -> None:
    """Shows the paper's table for doubts: known errors among the labels doubted most."""
    assert d.true_labels is not None
    console = make_console()
    console.print("\nKnown label errors among the labels doubted most", style="bold")
    shown = make_table(["most doubted", "error", "flipped", "doubt"], left=["error"])
    cuts = {fraction: f"{100 * fraction:g}%" for fraction in fractions}
    expected = math.floor(d.n_expected + 0.5)
    if expected:
        cuts.setdefault(expected / len(d), f"{expected} as expected")
    for fraction, name in cuts.items():
        for row in shapcpp.detection_table(d, d.labels, d.true_labels, fraction):
            found = f"{row.share:.2f} ({row.found})" if row.flipped else "-"
            error = in_words(row.direction)
            shown.add_row(name, error, str(row.flipped), found)
    console.print(shown)


def show_readers(r: shapcpp.Readers, saved: bool) -> None:
    """Shows how far two readers agree, and which one the other labels side with elsewhere."""
    console = make_console()
    kappa = "unknown" if math.isnan(r.kappa) else f"{r.kappa:.2f}"
    console.print(
        f"{counted(len(r), 'sample')} with a label of both readers: {r.names[0]} and {r.names[1]} "
        f"agree on {len(r) - len(r.differ)} ({r.agreement:.1%}), Cohen's kappa {kappa}"
    )
    for name, d in zip(r.names, r.doubts, strict=True):
        console.print(f"{name}: of {counted(len(d), 'label')} {_wrong(d)}")
    found = r.disagreements()
    if not len(found):
        return
    sides = {name: int((found.sides_with == name).sum()) for name in (*r.names, "neither")}
    console.print(
        f"\nWhere they differ, the other labels side with {r.names[0]} {sides[r.names[0]]} times, "
        f"with {r.names[1]} {sides[r.names[1]]} times, with neither {sides['neither']} times",
        style="bold",
    )
    extra = ["group"] if "group" in (found.dtype.names or ()) else []
    heads = ["id", *extra, r.names[0], "wrong", r.names[1], "wrong", "the others side with"]
    table = make_table(heads, left=["id", "group", *r.names, "the others side with"])
    for row in found[:ROWS_SHOWN]:
        table.add_row(
            *(str(row[name]) for name in ("id", *extra, "first")),
            f"{row.first_wrong:.3f}",
            str(row.second),
            f"{row.second_wrong:.3f}",
            row.sides_with,
        )
    console.print(table)
    if len(found) > ROWS_SHOWN and not saved:
        console.print(f"... and {len(found) - ROWS_SHOWN} more: --csv saves them all")


def show_agreement(v: Run, fraction: float) -> None:
    """Of a run without doubts, the labels that fewest votes agree with; nothing without votes."""
    agreement = v.agreement()
    if np.isnan(agreement).all():
        return
    count = max(1, math.floor(fraction * len(agreement) + 0.5))
    console = make_console()
    console.print(
        "Labels that fewest models agree with which were trained without them (no doubts kept: "
        f"shapcpp doubt): {count} of {len(agreement)}",
        style="bold",
    )
    columns = {"id": v.ids, "label": v.labels}
    if v.groups is not None:
        columns["group"] = v.groups
    table = make_table([*columns, "agreement"], left=[*columns])
    for i in np.argsort(agreement, kind="stable")[: min(count, ROWS_SHOWN)]:
        table.add_row(*(str(column[i]) for column in columns.values()), f"{agreement[i]:.3f}")
    console.print(table)
    console.print()
