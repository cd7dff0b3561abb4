"""Single panels: each function draws into one pair of axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.detection.queue import mistakes
from shapcpp.metrics import Metric
from shapcpp.report.words import called
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.valuation import Valuation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["agreement", "class_lanes", "convergence", "removal", "sorted_values", "styles"]

# Okabe and Ito's colours, which most colour-blind readers can tell apart; shapes repeat them.
BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#6B7280", "#1F2933"
GREEN, SKY, YELLOW, PURPLE = "#009E73", "#56B4E9", "#F0E442", "#CC79A7"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, INK, GREY)
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*", "<")
OF_METRIC = {"acc": (INK, "o", "-"), "rec": (ORANGE, "^", "--"), "spc": (BLUE, "s", "-."),
             "bal": (GREEN, "D", ":")}  # fmt: skip
OF_SAMPLE = [OF_METRIC[name] for name in ("acc", "rec", "spc")]
OTHERS = ((PURPLE, "v", "--"), (SKY, "P", "-."), (GREY, "x", ":"))
# Markers: the first is the largest, and hollow, so that overlapping curves all show.
SIZES = {"acc": 6.5, "rec": 5.0, "spc": 3.0}
LANES_IN_FULL = 6  # classes whose names are written at full size
MOST_LABELS = 12  # labels that a panel tells apart; the most frequent ones of more
Run = Valuation | FoldedValuation
FEWEST_SHOWN = 10  # permutations
LONGEST = 24  # characters of an id in a legend
BESIDE = 20  # characters: legend entries of this total length fit side by side
MOST_VECTORS = 2000  # a panel draws up to this many points as shapes, and more as a bitmap


def styles(n_classes: int) -> list[tuple[str, str]]:
    """A colour and a marker for each class; colours recur with another marker."""
    return [(COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]) for k in range(n_classes)]


def convergence(axes: Axes, v: Valuation, metric: str | Metric, samples: NDArray[np.int64]) -> None:
    """The running estimate of some samples' values, with 95% bands (Figure 2).

    The band at P of N permutations is the interval of the whole run, widened by sqrt(N / P). A
    value whose interval cannot be believed has no band.
    """
    assert v.trace_counts is not None
    assert v.trace_gains is not None
    # The first few permutations vary so much that they would flatten the rest of the curve.
    shown = v.trace_counts >= min(v.n_permutations, max(FEWEST_SHOWN, v.n_permutations // 100))
    counts, gains = v.trace_counts[shown], v.trace_gains[shown]
    widening = np.sqrt(v.n_permutations / counts)
    (low, high), trusted = v.interval(metric), v.trusted(metric)
    [score] = v.chosen(metric)
    for sample, (colour, _, line) in zip(samples, OF_SAMPLE, strict=False):
        of_player = np.ascontiguousarray(gains[:, v.players[sample]])
        running = score.score(of_player, v.test_counts)
        running /= counts * v.settings["gain_unit"]
        reach = (high[sample] - low[sample]) / 2 * widening
        axes.plot(counts, running, color=colour, linestyle=line, linewidth=1.4,
                  label=f"{_short(v.ids[sample])}, labelled {v.labels[sample]}")  # fmt: skip
        if trusted[sample]:
            axes.fill_between(counts, running - reach, running + reach, color=colour, alpha=0.15,
                              linewidth=0)  # fmt: skip
        axes.axhline(running[-1], color=colour, linewidth=0.6, linestyle=":")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_formatter(
        ""
    )  # by default matplotlib labels the minor ticks of a short axis
    axes.set_xlabel("permutations")
    axes.set_ylabel(f"value by {called(metric)}")
    _legend(axes)


def _told_apart(
    v: Run, labels: NDArray[Any]
) -> list[tuple[str, NDArray[np.bool_], tuple[str, str]]]:
    """The name, samples, colour and marker of each label, or of the most frequent and the rest."""
    counts = np.array([int((labels == label).sum()) for label in v.classes])
    shown = np.sort(np.argsort(-counts, kind="stable")[:MOST_LABELS])
    parts = [
        (str(v.classes[k]), labels == v.classes[k], style)
        for k, style in zip(shown, styles(len(shown)), strict=True)
    ]
    if len(shown) < len(counts):
        rest = np.isin(labels, np.delete(v.classes, shown))
        parts.append((f"{len(counts) - len(shown)} others", rest, (GREY, ".")))
    return parts


def sorted_values(
    axes: Axes, v: Run, metric: str | Metric, labels: NDArray[Any], what: str
) -> None:
    """Draws values in rising order, coloured by a label (Figure 3)."""
    values = v[metric]
    order = np.argsort(values, kind="stable")
    ranks = np.arange(len(order))
    for label, of_label, (colour, marker) in _told_apart(v, labels):
        members = of_label[order]
        axes.scatter(ranks[members], values[order][members], s=9, color=colour, marker=marker,
                     linewidths=0, alpha=0.8, rasterized=len(order) > MOST_VECTORS,
                     label=f"{what} {label}")  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.set_ylabel(f"value by {called(metric)}")
    _legend(axes)


def class_lanes(axes: Axes, v: Run, metric: str | Metric, labels: NDArray[Any]) -> None:
    """Draws one lane per label under sorted values, with a stroke for each of its samples."""
    order = np.argsort(v[metric], kind="stable")
    parts = _told_apart(v, labels)
    for lane, (_, of_label, (colour, _)) in enumerate(parts):
        members = np.flatnonzero(of_label[order])
        axes.vlines(members, lane + 0.08, lane + 0.92, color=colour, linewidth=0.8,
                    rasterized=len(order) > MOST_VECTORS)  # fmt: skip
    names = [_short(label) for label, _, _ in parts]
    axes.set_yticks(np.arange(len(names)) + 0.5, names)
    if len(names) > LANES_IN_FULL:
        axes.tick_params(axis="y", labelsize=4)
    axes.set_ylim(0, len(names))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("rank, lowest value first")


def agreement(axes: Axes, v: Run) -> None:
    """Draws values by specificity against values by recall; known label errors stand out."""
    kinds: list[tuple[str, NDArray[np.bool_], dict[str, Any]]] = []
    wrong = np.zeros(len(v.labels), dtype=bool)
    if v.true_labels is not None:
        wrong = np.any(list(mistakes(v, v.labels, v.true_labels).values()), axis=0)
    for label, (colour, marker) in zip(v.classes, styles(len(v.classes)), strict=True):
        right = (v.labels == label) & ~wrong
        style: dict[str, Any] = {
            "marker": marker,
            "color": colour,
            "s": 10,
            "alpha": 0.45,
            "linewidths": 0,
        }
        kinds.append((f"labelled {label}", right, style))
    for label, (colour, marker) in zip(v.classes, styles(len(v.classes)), strict=True):
        style = {"marker": marker, "facecolors": "white", "edgecolors": colour, "s": 22}
        kinds.append((f"labelled {label}, wrongly", (v.labels == label) & wrong, style))
    for name, members, style in kinds:
        if members.any():
            axes.scatter(v["rec"][members], v["spc"][members], label=name,
                         rasterized=len(wrong) > MOST_VECTORS, **style)  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.axvline(0, color=GREY, linewidth=0.6)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel("value by recall")
    axes.set_ylabel("value by specificity")
    _legend(axes)


def removal(axes: Axes, curves: Mapping[str, Any], score: str, verb: str) -> None:
    """Draws a validation score against the share of samples changed, one curve per choice."""
    for name, curve in curves.items():
        rows = curve[curve["score"] == score]
        at, mean = 100 * rows["fraction"], rows["mean"]
        if name == "random":
            axes.plot(at, mean, color=GREY, linewidth=1.2, linestyle=":", label="random")
            axes.fill_between(at, mean - rows["deviation"], mean + rows["deviation"], color=GREY,
                              alpha=0.2, linewidth=0)  # fmt: skip
        else:
            colour, marker, line = _style(name, list(curves))
            axes.plot(at, mean, color=colour, marker=marker, linestyle=line, linewidth=1.2,
                      markersize=SIZES.get(name, 3.0),
                      markerfacecolor="none" if name == "acc" else colour,
                      label=f"by {called(name)}")  # fmt: skip
    axes.set_xlabel(f"% of samples {verb}")
    axes.set_ylabel(f"validation {called(score)}")
    _legend(axes)


def _style(name: str, names: list[str]) -> tuple[str, str, str]:
    """Colour, marker and line of a metric's curve."""
    others = [one for one in names if one not in OF_METRIC]
    return OF_METRIC.get(name) or OTHERS[others.index(name) % len(OTHERS)]


def _short(name: object) -> str:
    """Shortens an id to its end, where slices of a series differ, so that it fits a legend."""
    text = str(name)
    return text if len(text) <= LONGEST else "…" + text[1 - LONGEST :]


def _legend(axes: Axes) -> None:
    """Places the legend above the axes, where it hides nothing."""
    longest = max((len(text) for text in axes.get_legend_handles_labels()[1]), default=0)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=1 if longest > BESIDE else 2,
        fontsize=7, frameon=False, handlelength=2.4, columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip
