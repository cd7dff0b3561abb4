"""The figure: time of one permutation on one core, against samples and against features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data import Shape

COLOURS = {
    "cold": "#8c564b",
    "warm": "#e377c2",
    "pydvl": "#ff7f0e",
    "twin": "#7f7f7f",
    "dense": "#1f77b4",
    "shapcpp": "#d62728",
}


def draw(results: dict[str, Any], path: Path) -> None:
    """Draws measured points filled and estimated ones hollow."""
    from matplotlib.figure import Figure

    rows = [(Shape(*row["shape"]), row["figures"]["1"]) for row in results["shapes"]]
    page = Figure(figsize=(9.5, 4.4), layout="constrained")
    by_size, by_width = page.subplots(1, 2, sharey=True)
    panels = [
        (by_size, [r for r in rows if r[0].features == 16], "train", "training samples N"),
        (by_width, [r for r in rows if r[0].train == 4000], "features", "features"),
    ]
    for axes, shown, variable, label in panels:
        for key, name in results["names"].items():
            points = sorted(
                (
                    getattr(shape, variable),
                    f[key]["micros"] * shape.train / 1e6,
                    f[key]["estimated"],
                )
                for shape, f in shown
                if key in f
            )
            if not points:
                continue
            x, seconds, estimated = zip(*points, strict=True)
            colour = COLOURS[key]
            axes.plot(x, seconds, color=colour, linewidth=2 if key == "shapcpp" else 1, label=name)
            fill = ["white" if hollow else colour for hollow in estimated]
            axes.scatter(x, seconds, s=30, facecolors=fill, edgecolors=colour, zorder=3)
        ticks = sorted({getattr(shape, variable) for shape, _ in shown})
        axes.set(xscale="log", yscale="log", xlabel=label)
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    by_size.scatter([], [], s=30, facecolors="white", edgecolors="black", label="hollow: estimated")
    by_size.set_ylabel("seconds per permutation, one core")
    by_size.set_title("16 features")
    by_width.set_title("4,000 samples")
    by_size.legend(fontsize=8)
    page.savefig(path, dpi=130)
