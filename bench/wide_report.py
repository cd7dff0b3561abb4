"""The tables and the figure of `bench/wide.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from report import number
from wide_data import Case

__all__ = ["draw", "markdown"]

Rows = dict[str, Any]

NOTES = """\
Microseconds of processor time of a join near k members, on one core, set-up apart; in brackets how
many times as long as shapcpp in the same row. Features are imagined embeddings: their variances
fall as 1/j or 1/sqrt(j), two classes overlap, a fifth of the labels is wrong; rows have length 1
("unit") or columns deviation 1 ("standard"); 1,000 test samples. **cold** is the usual loop around
`LogisticRegression()`, **warm** the fastest of three solvers with `warm_start=True`, named beside;
both stop at scikit-learn's default tolerance. Before a number is kept, the counts of every build
along the walk are equal, and those of the last coalition are those of scikit-learn's optimum at
tol=1e-12. Each walk is by itself, so that a join just beyond one and a half to two and a half
members for each feature, where the paths of many members are made, has that in it: a thread of a
run does it once. Seconds of a halved order are those of the whole call, set-up included; a dash is
one that took longer than it was given. Made by `make bench-wide`."""
OWN = {"checked", "solver"}
COLOURS = {"shapcpp": "#d62728", "cold": "#8c564b", "warm": "#e377c2"}
OTHERS = ("#1f77b4", "#2ca02c", "#9467bd")
SHOWN = 250  # members of the coalitions in the figure


def markdown(rows: Rows) -> str:
    """The whole report."""
    names = _names(rows)
    lines = ["# Wide features", "", NOTES, "", "![cost of a join against features](wide.png)", ""]
    lines += [f"| case | k | {' | '.join(names)} |", "|---|---:|" + "---:|" * len(names)]
    for case, row in rows.items():
        for size, cells in row["joins"].items():
            base = cells["shapcpp"]
            shown = [_cell(cells.get(name), base) for name in names]
            shown[names.index("warm")] += f" {cells['solver']}"
            lines.append(f"| {case} | {int(size):,} | {' | '.join(shown)} |")
    engines = [name for name in names if name not in ("cold", "warm")]
    lines += ["", "## Seconds of a halved order", ""]
    lines += [f"| case | {' | '.join(engines)} |", "|---|" + "---:|" * len(engines)]
    for case, row in rows.items():
        trees = row["trees"]
        shown = [_cell(trees.get(name), trees["shapcpp"]) for name in engines]
        lines.append(f"| {case} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _names(rows: Rows) -> list[str]:
    found = {
        name: None
        for row in rows.values()
        for cells in row["joins"].values()
        for name in cells
        if name not in OWN
    }
    engines = [name for name in found if name not in ("cold", "warm")]
    return ["cold", "warm", *engines]


def _cell(value: float | None, base: float | None) -> str:
    if value is None:
        return "-"
    ratio = "" if base is None else f" ({number(value / base)})"
    return number(value) + ratio


def draw(rows: Rows, path: Path) -> None:
    """Draws the cost of a join near 250 of 1,000 members against features, a panel per kind."""
    from matplotlib.figure import Figure

    cases = [(Case(*row["case"]), row["joins"]) for row in rows.values()]
    kinds = list(dict.fromkeys((case.power, case.scale) for case, _ in cases))
    page = Figure(figsize=(3.2 * max(len(kinds), 2), 3.6), layout="constrained")
    panels = page.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    names = _names(rows)
    engines = [name for name in names if name not in COLOURS]
    colours = COLOURS | dict(zip(engines, OTHERS, strict=False))
    for axes, kind in zip(panels, kinds, strict=True):
        of_kind = [
            (case.features, joins[str(SHOWN)])
            for case, joins in cases
            if (case.power, case.scale) == kind and case.train == 1000 and str(SHOWN) in joins
        ]
        for name in names:
            points = sorted((d, cells[name]) for d, cells in of_kind if name in cells)
            if points:
                axes.plot(*zip(*points, strict=True), "o-", color=colours.get(name), label=name)
        spectrum = "1/j" if kind[0] == 1 else "1/sqrt(j)"
        axes.set(xscale="log", yscale="log", xlabel="features", title=f"{spectrum}, {kind[1]}")
        ticks = sorted({d for d, _ in of_kind})
        axes.set_xticks(ticks, [f"{d:,}" for d in ticks])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    panels[0].set_ylabel(f"us of a join near {SHOWN} members")
    panels[0].legend(fontsize=8)
    page.savefig(path, dpi=130)
