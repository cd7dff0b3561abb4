"""The paper's figures as files, and the page's panels as pictures inside the page."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core
from shapcpp.metrics import Metric
from shapcpp.report import drawing
from shapcpp.report.words import called, metrics_shown
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.valuation import Valuation
from shapcpp.storage import files, writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Panel", "agreement", "convergence", "figure2", "figure3", "removal", "sorted_values"]

WIDTH, HEIGHT = 3.6, 2.8  # inches, of one panel
# Pictures contain no dates and no random names, so that equal runs give equal pages, to the byte.
STYLE = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "svg.hashsalt": "shapcpp",
    "svg.fonttype": "path",
    "figure.constrained_layout.use": True,
    "axes.formatter.limits": (-3, 4),
    "text.parse_math": False,  # ids are not formulas, and typesetting numbers is slow
}


Run = Valuation | FoldedValuation


class Panel(NamedTuple):
    """A picture for the page: its data URI, its size in pixels, and a description in words."""

    uri: str
    width: int
    height: int
    alt: str


def figure2(
    valuations: Mapping[str, Valuation],
    samples: Sequence[int] | NDArray[np.int64] | None = None,
    path: files.PathLike | None = None,
) -> Figure:
    """Convergence: running estimates of single samples' values, with 95% bands.

    Parameters
    ----------
    valuations : mapping of str to Valuation
        Each gets a row of panels named by its key, with one panel per metric. All must have
        been run with ``trace``.
    samples : sequence of int, optional
        Row numbers of at most three samples. Default: see `two_samples`.
    path : path-like, optional
        The file to save the figure to, in the format of its suffix: ``.png``, ``.svg``, ``.pdf``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a run has no trace.
    OSError
        If the file cannot be written.

    Notes
    -----
    Figure 2 of Enshaei et al. The band at P of N permutations is Student's 95% interval of the
    whole run, widened by sqrt(N / P). The first hundredth of the permutations is left out: its
    spread would flatten the rest. A value whose error cannot be believed (`Valuation.trusted`)
    has no band.
    """
    for name, v in valuations.items():
        if v.trace_counts is None:
            raise ValueError(f"run {name!r} has no trace: value it with trace=50")
    first = next(iter(valuations.values()))
    metrics = metrics_shown(first)
    chosen = two_samples(first) if samples is None else np.asarray(samples, dtype=np.int64)
    with _figure(len(valuations), len(metrics)) as figure:
        grid = figure.subplots(len(valuations), len(metrics), squeeze=False)
        for row, (name, v) in zip(grid, valuations.items(), strict=True):
            for axes, metric in zip(row, metrics, strict=True):
                drawing.convergence(axes, v, metric, chosen)
                axes.set_title(name, fontsize=8)
        _save(figure, path)
    return figure


def figure3(v: Run, path: files.PathLike | None = None) -> Figure:
    """Values in rising order, coloured by given label (left) and true label (right).

    Parameters
    ----------
    v : Valuation
        The run; without true labels there is no right column.
    path : path-like, optional
        The file to save the figure to, in the format of its suffix: ``.png``, ``.svg``, ``.pdf``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OSError
        If the file cannot be written.

    Notes
    -----
    Figure 3 of Enshaei et al. Below each panel, one lane per label shows the positions of its
    samples, so that nothing depends on colour alone.
    """
    columns = _labels_shown(v)
    metrics = metrics_shown(v)
    with _figure(len(metrics), len(columns)) as figure:
        places = figure.subfigures(len(metrics), len(columns), squeeze=False)
        for row, metric in zip(places, metrics, strict=True):
            for place, (what, labels) in zip(row, columns.items(), strict=True):
                _sorted_values(place, v, metric, labels, what)
        _save(figure, path)
    return figure


def two_samples(v: Valuation) -> NDArray[np.int64]:
    """One sample of each label, at most three, chosen by permutation 0 of seed 0, not by hand."""
    order = _core.permutation(len(v.labels), 0, 0)
    return np.array([order[np.argmax(v.labels[order] == label)] for label in v.classes[:3]])


def convergence(v: Valuation, metric: str | Metric) -> Panel:
    """One panel of Figure 2."""
    samples = two_samples(v)
    with _figure(1, 1) as figure:
        drawing.convergence(figure.subplots(), v, metric, samples)
        ends = " and ".join(f"{v[metric][i]:.3g} for {v.ids[i]}" for i in samples)
        return _panel(
            figure,
            f"Running value by {called(metric)} of {len(samples)} samples against the number of "
            f"permutations, with 95% bands that narrow; after {v.n_permutations} permutations it "
            f"is {ends}.",
        )


def sorted_values(v: Run, metric: str | Metric) -> list[Panel]:
    """The panels of Figure 3 for one metric: by given label and, where known, by true label."""
    panels = []
    order = np.argsort(v[metric], kind="stable")
    tenth = max(1, len(order) // 10)
    for what, labels in _labels_shown(v).items():
        low, high = (_most(labels[part], v) for part in (order[:tenth], order[-tenth:]))
        with _figure(1, 1) as figure:
            _sorted_values(figure, v, metric, labels, what)
            panels.append(
                _panel(
                    figure,
                    f"Values by {called(metric)} in rising order, by {what} label: among the "
                    f"lowest tenth {low}, among the highest tenth {high}.",
                )
            )
    return panels


def _most(labels: NDArray[Any], v: Run) -> str:
    """The number of labels that are the larger of two classes, or the most frequent of more."""
    counts = [int((labels == label).sum()) for label in v.classes]
    k = 1 if len(counts) == 2 else int(np.argmax(counts))
    return f"{counts[k]} of {len(labels)} are {v.classes[k]}"


def agreement(v: Run) -> Panel:
    """Values by recall against values by specificity."""
    with _figure(1.25, 1.25) as figure:
        drawing.agreement(figure.subplots(), v)
        alike = [metric for metric in ("rec", "spc") if not np.ptp(v[metric])]
        if alike:
            more = f"all values by {called(alike[0])} are the same"
        else:
            more = f"their correlation is {np.corrcoef(v['rec'], v['spc'])[0, 1]:.2f}"
        return _panel(
            figure,
            f"Each sample's value by recall against its value by specificity; {more}.",
        )


def removal(
    curves: Mapping[str, Any], score: str, verb: str, which: str, limits: tuple[float, float]
) -> Panel:
    """One panel: a validation score as samples are dropped or relabelled."""
    with _figure(1, 1) as figure:
        axes = figure.subplots()
        drawing.removal(axes, curves, score, verb)
        axes.set_ylim(*limits)
        ends = []
        for name, curve in curves.items():
            mean = curve[curve["score"] == score]["mean"]
            chosen = "at random" if name == "random" else f"by {called(name)}"
            ends.append(f"{chosen} from {mean[0]:.2f} to {mean[-1]:.2f}")
        return _panel(
            figure,
            f"Validation {called(score)} as samples of {which} value are {verb}: "
            f"{'; '.join(ends)}.",
        )


def _labels_shown(v: Run) -> dict[str, NDArray[Any]]:
    return {"given": v.labels} | ({} if v.true_labels is None else {"true": v.true_labels})


def _sorted_values(
    place: Any, v: Run, metric: str | Metric, labels: NDArray[Any], what: str
) -> None:
    above, below = place.subplots(2, 1, sharex=True, height_ratios=(5, 1))
    drawing.sorted_values(above, v, metric, labels, f"{what} label")
    drawing.class_lanes(below, v, metric, labels)


@contextmanager
def _figure(rows: float, columns: float) -> Iterator[Figure]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    class Shown(Figure):
        """A figure that a notebook shows even if pyplot was not imported."""

        def _repr_png_(self) -> bytes:
            content = io.BytesIO()
            self.savefig(content, format="png", dpi=120)
            return content.getvalue()

    with rc_context(STYLE):  # type: ignore[arg-type]
        yield Shown(figsize=(WIDTH * columns, HEIGHT * rows))


def _save(figure: Figure, path: files.PathLike | None) -> None:
    if path is None:
        return
    kind = os.path.splitext(os.fspath(path))[1].lstrip(".").lower()
    if kind not in ("png", "svg", "pdf"):
        raise ValueError(f"a figure is written as .png, .svg or .pdf, got {os.fspath(path)}")
    undated = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=200, metadata=undated)
    writing.write_atomically(path, lambda file: file.write(content.getvalue()))


def _panel(figure: Figure, alt: str) -> Panel:
    content = io.BytesIO()
    figure.savefig(
        content, format="svg", dpi=200, metadata={"Date": None, "Creator": None}, transparent=True
    )
    width, height = (round(96 * float(inches)) for inches in figure.get_size_inches())
    uri = "data:image/svg+xml;base64," + base64.b64encode(content.getvalue()).decode()
    return Panel(uri, width, height, alt)
