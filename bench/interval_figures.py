"""The figures of docs/statistics.md: python bench/interval_figures.py.

bench/coverage.py and bench/trust.py measure the numbers behind them, in results/.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RESULTS = Path(__file__).parent / "results"
COLOURS = {"acc": "#d62728", "rec": "#1f77b4", "spc": "#2ca02c"}
STYLE: dict[Any, Any] = {"font.size": 8, "savefig.dpi": 110}

Row = dict[str, str]


def read(name: str) -> list[Row]:
    """The rows of a table of results."""
    with (RESULTS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def write(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a table of results, in which the rows of problems not among these stay."""
    lines = [[str(cell) for cell in row] for row in rows]
    measured = {problem for problem, *_ in lines}
    kept = [[*row.values()] for row in read(name) if row[heads[0]] not in measured]
    with (RESULTS / name).open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([heads, *lines, *kept])


def draw_coverage(rows: list[Row], path: Path) -> None:
    """Draws shares of intervals that missed: a panel for each level, a point for each problem."""
    from matplotlib.figure import Figure

    kinds = list(dict.fromkeys(row["interval"] for row in rows))
    problems = list(dict.fromkeys(row["problem"] for row in rows))
    levels = list(dict.fromkeys(row["level"] for row in rows))
    page = Figure(figsize=(8, 3.4), layout="constrained")
    panels = page.subplots(1, len(levels), sharey=True)
    for axes, level in zip(panels, levels, strict=True):
        for k, problem in enumerate(problems):
            missed = {r["interval"]: 100 * float(r["missed"]) for r in rows
                      if (r["level"], r["problem"]) == (level, problem)}  # fmt: skip
            places = [i + 0.1 * (k - (len(problems) - 1) / 2) for i in range(len(kinds))]
            axes.plot(places, [missed[kind] for kind in kinds], "o", markersize=4, label=problem)
        allowed = 100 * (1 - float(level))
        axes.axhline(allowed, color="black", linewidth=0.8, linestyle="--")
        axes.set_title(f"level {100 * float(level):g}%: {allowed:g}% may miss")
        axes.set_xticks(range(len(kinds)), [kind.replace(" ", "\n") for kind in kinds])
        axes.grid(axis="y", alpha=0.3)
    panels[0].set_ylabel("% missed")
    panels[-1].legend(title="samples, classes, convention, metric", fontsize=7)
    page.savefig(path)


def draw_trust(rows: list[Row], path: Path) -> None:
    """Draws shares of 95% intervals that hold, a panel for each problem; full: those trusted."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    problems = list(dict.fromkeys(row["problem"] for row in rows))
    page = Figure(figsize=(8, 9), layout="constrained")
    panels = page.subplots(-(-len(problems) // 2), 2, sharey=True).ravel()
    for axes, problem in zip(panels, problems, strict=False):
        _draw_problem(axes, [row for row in rows if row["problem"] == problem])
        axes.set_title(problem)
    for axes in panels[len(problems) :]:
        axes.set_axis_off()
    for axes in panels[::2]:
        axes.set_ylabel("% that hold")
    handles = [Line2D([], [], color=colour, marker="o", linestyle="", label=metric)
               for metric, colour in COLOURS.items()]  # fmt: skip
    fills: list[tuple[Literal["none", "full"], str]] = [
        ("none", "all samples"), ("full", "those trusted"),
    ]  # fmt: skip
    for fill, label in fills:
        handles.append(Line2D([], [], color="black", marker="o", linestyle="", label=label))
        handles[-1].set_fillstyle(fill)
    page.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    page.savefig(path)


def _draw_problem(axes: Axes, rows: list[Row]) -> None:
    runs = list(dict.fromkeys((row["sampler"], row["orders"]) for row in rows))
    for row in rows:
        shift = 0.2 * (list(COLOURS).index(row["metric"]) - 1)
        place, colour = runs.index((row["sampler"], row["orders"])) + shift, COLOURS[row["metric"]]
        everyone = 100 * float(row["all"])
        if row["trusted"]:
            trusted = 100 * float(row["trusted"])
            axes.plot([place, place], [everyone, trusted], color=colour, linewidth=0.8)
            axes.plot(place, trusted, "o", color=colour, markersize=4)
        axes.plot(place, everyone, "o", color=colour, markersize=4, fillstyle="none")
    axes.axhline(95, color="black", linewidth=0.8, linestyle="--")
    axes.set_ylim(15, 102)
    shown = [f"{int(orders):,}" for _, orders in runs]
    for sampler in dict.fromkeys(sampler for sampler, _ in runs):
        first = [name for name, _ in runs].index(sampler)
        shown[first] += f"\n{sampler}"
        if first:
            axes.axvline(first - 0.5, color="grey", linewidth=0.6)
    axes.set_xticks(range(len(runs)), shown, ha="center")
    axes.grid(axis="y", alpha=0.3)


def main() -> None:
    """Draws both figures."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        draw_coverage(read("coverage.csv"), RESULTS / "coverage.png")
        draw_trust(read("trust.csv"), RESULTS / "trust.png")


if __name__ == "__main__":
    main()
