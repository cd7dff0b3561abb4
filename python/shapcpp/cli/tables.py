"""Tables that the command line prints on stdout, and the CSV of the same rows."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from shapcpp import _core
from shapcpp.ct.network.ranking import is_chance, is_inverted
from shapcpp.detection.queue import in_words
from shapcpp.machine.processors import available_processors
from shapcpp.metrics import long_name
from shapcpp.problem.models import MODELS, Model
from shapcpp.results import index_ranges
from shapcpp.results.folded import FoldedValuation, components_of
from shapcpp.results.sample_table import SampleTable
from shapcpp.results.valuation import Valuation
from shapcpp.storage.csv_files import write_csv

Run = Valuation | FoldedValuation
MEANING = {
    "joins": "joins to coalitions",
    "coalitions": "coalitions scored by an optimum",
    "without_pass": "coalitions certified without a pass over their members",
    "passes": "passes over the members of a coalition",
    "hessian_builds": "Hessians built",
    "fits": "fits by Newton's method to the rounding floor",
    "references": "directions at which all test margins were computed",
    "test_evaluations": "test margins computed",
}
NUMBERS = ("value", "stderr", "95% interval")
ROWS_SHOWN = 10
CLASSES_SHOWN = 12
METRICS_SHOWN = 5  # without being asked for; all metrics of three labels
KINDS_SHOWN = 10  # kinds of label errors shown for each share of the values
PIPE_WIDTH = 160


def make_console() -> Console:
    """Makes a console for tables on stdout; brackets in ids are not markup."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def make_table(columns: Sequence[str], left: Sequence[str] = ()) -> Table:
    """Makes an empty table whose columns are right-aligned except those in `left`."""
    table = Table()
    for column in columns:
        table.add_column(column, justify="left" if column in left else "right", overflow="fold")
    return table


def few_metrics(names: Sequence[str]) -> list[str]:
    """All metrics of three labels or fewer; of more labels only those of all labels together."""
    if len(names) <= METRICS_SHOWN:
        return list(names)
    return [name for name in names if not name.startswith("rec:")]


def _per_class(v: Run, numbers: Sequence[Any]) -> str:
    of_class = [f"{n} labelled {k}" for k, n in zip(v.classes.tolist(), numbers, strict=True)]
    if len(of_class) > CLASSES_SHOWN:
        return f"{len(of_class)} classes: {', '.join(of_class[:CLASSES_SHOWN])}, ..."
    return ", ".join(of_class)


def show_valuation(v: Run, metrics: Sequence[str]) -> None:
    """Shows the run, and the lowest samples or groups by each metric."""
    console = make_console()
    s = v.settings
    units = f" in {_n_players(v)} groups" if s["by_group"] else ""
    sizes = [int(np.sum(v.labels == k)) for k in v.classes]
    weight = s["class_weight"]
    if isinstance(weight, list):
        pairs = zip(v.classes.tolist(), weight, strict=True)
        weight = ", ".join(f"{k}={w:g}" for k, w in list(pairs)[:CLASSES_SHOWN])
    console.print(
        f"{len(v.labels)} training samples{units} ({_per_class(v, sizes)}), judged by {_judge(v)}"
    )
    how = ", halved" if s["sampler"] == "halving" else ""
    model = "" if s["model"] == "logistic" else f"model {s['model']}, "
    uses = Model(s["model"]).uses if s["model"] in MODELS else set()
    if "C" in uses:
        model += f"C {s['C']:g}, "
    if "class_weight" in uses:
        model += f"class weight {weight or 'equal'}, "
    reduced = "" if s["components"] is None else f"components {_directions(v)}, "
    if s["kernel"] is not None:
        reduced = f"kernel {s['kernel']}, "
    if s["gamma"] is not None:
        reduced += f"gamma {s['gamma']:.12g}, "
    console.print(
        f"permutations {v.n_permutations}{how}, seed {s['seed']}, {model}"
        f"scale {s['scale'] or 'none'}, {reduced}empty {_empty(s['empty'])}, "
        f"single class {s['single_class']}"
    )
    for metric in metrics:
        title = f"\nLowest values by {long_name(metric)}{_reliability(v, metric)}"
        console.print(title, style="bold")
        console.print(_lowest_groups(v, metric) if s["by_group"] else _lowest_samples(v, metric))


def show_how_many(v: Run, n_labels: int) -> None:
    """Says how many labels of the file were valued, and how many of these are probably wrong."""
    console = make_console()
    n = len(v.labels)
    if n < n_labels:
        console.print(
            f"\n{n:,} of the {n_labels:,} labels of the file are valued, those of split train; "
            "--folds 5 values all of them"
        )
    if v.doubts is not None:
        low, high = v.doubts.total_interval()
        expected = f"{v.doubts.n_expected:.0f}"
        verb = "is" if expected == "1" else "are"
        console.print(
            f"\nAbout {expected} of these {n:,} labels {verb} probably wrong (95%: "
            f"{low:.0f} to {high:.0f}), which is a different question from what samples are worth"
        )


def _directions(v: Run) -> str:
    """How many directions stand for all features, which may be fewer than were asked for."""
    kept, asked = components_of(v), v.settings["components"]
    few, shares = min(len(c.directions) for c in kept), [c.share for c in kept]
    low, high = f"{min(shares):.0%}", f"{max(shares):.0%}"
    number = f"{asked}" if few == asked else f"{few} of {asked} asked for"
    return f"{number} ({low if low == high else f'{low} to {high}'} of the variance)"


def _empty(rule: str | list[Any]) -> str:
    return rule if isinstance(rule, str) else f"label {rule[1]}"


def _judge(v: Run) -> str:
    if isinstance(v, FoldedValuation):
        return f"one another in {len(v.parts)} folds"
    return f"{v.test_counts.sum()} test samples ({_per_class(v, v.test_counts.tolist())})"


def _n_players(v: Run) -> int:
    return int(v.players.max()) + 1


def _reliability(v: SampleTable, metric: str) -> str:
    """The reliability in brackets after a metric's name; empty where it is unknown."""
    known = v.reliability(metric)
    return "" if np.isnan(known) else f" (reliability {known:.2f})"


def _lowest_samples(v: Run, metric: str) -> Table:
    extra = [] if v.groups is None else ["group"]
    table = make_table(["id", "label", *extra, *NUMBERS], left=["id", "group"])
    columns = v.columns([metric])
    for i in v.lowest(metric, 1.0)[:ROWS_SHOWN]:
        cells = (str(columns[name][i]) for name in ("id", "label", *extra))
        table.add_row(*cells, *_numbers(columns, metric, i))
    return table


def _lowest_groups(v: Run, metric: str) -> Table:
    table = make_table(["group", "samples", *NUMBERS], left=["group"])
    columns = v.columns([metric])
    order = v.lowest(metric, 1.0)
    _, first = np.unique(v.players[order], return_index=True)
    for i in order[np.sort(first)[:ROWS_SHOWN]]:
        size = int(np.sum(v.players == v.players[i]))
        table.add_row(str(columns["group"][i]), str(size), *_numbers(columns, metric, i))
    return table


def _numbers(columns: dict[str, NDArray[Any]], metric: str, i: int) -> list[str]:
    value, error, low, high, trusted = (
        columns[f"{metric}{suffix}"][i] for suffix in ("", "_stderr", "_low", "_high", "_trusted")
    )
    interval = f"{low:+.2e} to {high:+.2e}" if trusted else "?"
    if np.isnan(error):
        interval = "unknown"
    return [f"{value:+.3e}", f"{error:.1e}", interval]


def show_merged(v: Run, n_runs: int) -> None:
    """Shows the result of a merge."""
    if isinstance(v, FoldedValuation):
        ranges = f"in each of {len(v.parts)} folds: {index_ranges.shown(v.parts[0].ranges)}"
    else:
        ranges = index_ranges.shown(v.ranges)
    make_console().print(
        f"{n_runs} run{'s' * (n_runs > 1)} put together: {v.n_permutations} of "
        f"{v.settings['permutations']} permutations asked for ({ranges}), "
        f"seed {v.settings['seed']}, {len(v.labels)} training samples"
    )


def show_stats(v: Run) -> None:
    """Shows the work of the engine, in all and per joined sample."""
    console = make_console()
    unit = "group" if v.settings["by_group"] else "sample"
    joins = v.stats.get("joins", v.n_permutations * _n_players(v))
    how = "halved " if v.settings["sampler"] == "halving" else ""
    console.print(
        f"\nWhat the engine did while {joins} {unit}s joined "
        f"({v.n_permutations} {how}permutations of {_n_players(v)})",
        style="bold",
    )
    table = make_table(["what", "number", f"per joined {unit}"], left=["what"])
    for name, number in v.stats.items():
        table.add_row(MEANING.get(name, name), str(number), f"{number / joins:.3g}")
    console.print(table)
    if v.stats.get("coalitions"):
        share = v.stats.get("without_pass", 0) / v.stats["coalitions"]
        console.print(f"{share:.1%} of coalitions were certified without a pass over their members")


def show_detection(table: np.recarray[Any, Any], metrics: Sequence[str], v: SampleTable) -> None:
    """Shows the paper's table: shares found, one row per fraction and direction."""
    console = make_console()
    console.print("Known label errors among the lowest values: share found (number)", style="bold")
    shown = make_table(["lowest", "error", "flipped", *metrics], left=["error"])
    kinds = list(dict.fromkeys(table.direction.tolist()))
    for first in table[:: len(set(table.metric.tolist())) or 1]:
        if kinds.index(first.direction) >= KINDS_SHOWN:
            continue
        same = table[(table.fraction == first.fraction) & (table.direction == first.direction)]
        cells = [
            f"{row.share:.2f} ({row.found})" if row.flipped else "-"
            for row in same
            if row.metric in metrics
        ]
        shown.add_row(
            f"{100 * first.fraction:g}%", in_words(first.direction), str(first.flipped), *cells
        )
    console.print(shown)
    if len(kinds) > KINDS_SHOWN:
        console.print(
            f"... and {len(kinds) - KINDS_SHOWN} rarer kinds of errors: --csv saves them all"
        )
    if v.n_permutations > 1:
        each = ", ".join(f"{name} {v.reliability(name):.2f}" for name in metrics)
        console.print(f"Reliability of the rankings: {each}")


def show_table2(table: np.recarray[Any, Any], networks: Sequence[Mapping[str, Any]]) -> None:
    """Shows the paper's table with its numbers in brackets, one table per one-class rule."""
    console = make_console()
    for network in networks:
        epochs = network["epochs"]
        console.print(
            f"Noise {100 * network['noise']:g}%: {epochs} epoch{'s' * (epochs > 1)}, the best "
            f"{network['best_epoch']}; AUC {network['val_auc']:.3f} in validation, "
            f"{network['test_auc']:.3f} in test" + _doubt_about(network["val_auc"])
        )
    metrics = list(dict.fromkeys(table.metric.tolist()))
    papers = "" if np.isnan(table.paper).all() else " (the paper's)"
    for rule in dict.fromkeys(table.single_class.tolist()):
        console.print(
            f"\nTable 2, single class {rule}: share of the flipped labels among the lowest values"
            f"{papers}",
            style="bold",
        )
        shown = make_table(["noise", "lowest", "error", *metrics], left=["error"])
        part = table[table.single_class == rule]
        for first in part[:: len(metrics)]:
            same = part[
                (part.noise == first.noise)
                & (part.fraction == first.fraction)
                & (part.direction == first.direction)
            ]
            shown.add_row(
                f"{100 * first.noise:g}%",
                f"{100 * first.fraction:g}%",
                first.direction.replace("_", " "),
                *(_beside(row.found, row.paper) for row in same),
            )
        console.print(shown)


def _doubt_about(score: float) -> str:
    if is_chance(score):
        return "; that may be chance"
    return "; the scores are inverted: it has hardly trained" if is_inverted(score) else ""


def _beside(found: float, paper: float) -> str:
    own = "-" if np.isnan(found) else f"{found:.2f}"
    return own if np.isnan(paper) else f"{own} ({paper:.2f})"


def show_queue(queue: np.recarray[Any, Any], metrics: Sequence[str], v: SampleTable) -> None:
    """Shows the head of the queue of each of the metrics."""
    console = make_console()
    extra = [name for name in ("group",) if name in (queue.dtype.names or ())]
    for metric in metrics:
        rows = queue[queue.metric == metric]
        name = long_name(metric)
        title = (
            f"Review queue by {name}{_reliability(v, metric)}: the {len(rows)} lowest of "
            f"{len(v.labels)} samples"
        )
        if v.settings.get("by_group"):  # a row per group, as the value is the group's
            title += ", by group"
            rows = rows[np.sort(np.unique(v.players[rows["sample"]], return_index=True)[1])]
        console.print(title, style="bold")
        named = ["group"] if v.settings.get("by_group") else ["id", "label", *extra]
        heads = ["rank", *named, "value", "stderr", "certain"]
        table = make_table(heads, left=["id", "group", "certain"])
        for row in rows[:ROWS_SHOWN]:
            table.add_row(
                *(str(row[name]) for name in ("rank", *named)),
                f"{row.value:+.3e}",
                f"{row.stderr:.1e}" if row.trusted or np.isnan(row.stderr) else "?",
                row.certain,
            )
        console.print(table)
        if len(rows) > ROWS_SHOWN:
            console.print(f"... and {len(rows) - ROWS_SHOWN} more: --csv saves them all")
        console.print()


def save_rows(path: str, table: np.recarray[Any, Any], raw: bool) -> None:
    """Writes a table of `detection_table` or `review_queue` as CSV."""
    write_csv(path, table.dtype.names or (), table.tolist(), raw)


def show_info() -> None:
    """Shows one fact per line."""
    build = _core.build()
    facts = {
        "shapcpp": _core.__version__,
        "instruction set": _core.instruction_set(),
        "threads": available_processors(),
        "compiler": build["compiler"],
        "eigen": build["eigen"],
        "sanitized": build["sanitized"],
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    for name, fact in facts.items():
        print(f"{name}: {fact}")
