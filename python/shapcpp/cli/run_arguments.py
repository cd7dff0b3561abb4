"""The samples, metrics and rule of a run, from the command line and from a features file."""

from __future__ import annotations

from typing import Any

import shapcpp
from shapcpp.cli.console import note, note_left_out
from shapcpp.labels import Labels, several_classes, truth
from shapcpp.metrics import Metric, available, resolve, shown_by_default
from shapcpp.plan import Plan
from shapcpp.problem.folds import DEFAULT_FOLDS
from shapcpp.problem.limits import DEFAULT_RULE
from shapcpp.results.rule_grammar import in_a_rule
from shapcpp.storage.reviewed import is_kept

__all__ = ["arrays_of", "classes_and_metrics", "default_rule", "labelled", "metrics_to_show"]


def labelled(data: shapcpp.Features, by_sides: bool = True) -> shapcpp.Features:
    """The rows with labels; notes how many have none, and how many a reviewer removed.

    `by_sides` says that one side is to be tested on the other: neither may lack all labels.
    """
    before, (data, missing) = data, data.without_missing()
    for split in ("train", "test") if by_sides else ():
        was_there, is_there = ((d.rows["split"].astype(str) == split).any() for d in (before, data))
        if was_there and not is_there:
            raise ValueError(f"{data.source} has no label in the rows of split {split!r}")
    note_left_out(missing, "without a label")
    note_left_out(int((~is_kept(data.rows)).sum()), "that a reviewer removed")
    return data


def arrays_of(
    data: shapcpp.Features, folds: int | None, by_group: bool
) -> tuple[shapcpp.Samples, dict[str, Any]]:
    """The samples to value, and the arguments of `shapcpp.value` taken from the file."""
    sides: dict[str, Any]
    known, _ = data.without_missing()
    by_sides = folds is None and (known.has_test or not len(known.rows))
    data = labelled(data, by_sides)
    if by_sides:
        samples, test = data.sides()
        sides = {"X_test": test.X, "y_test": test.y}
    else:
        samples = data.all_samples()
        sides = {"folds": DEFAULT_FOLDS if folds is None else folds}
        if folds is None:
            note(
                f"{data.source} has no test rows: its {len(samples.y):,} rows judge one another, "
                f"in {DEFAULT_FOLDS} folds (--folds)"
            )
    if samples.true_labels is not None:
        truth(f"{data.source}: true_label", samples.true_labels, samples.y, "label")
    if by_group and samples.groups is None:
        raise ValueError(f"--by-group needs groups, and {data.source} holds none")
    return samples, {
        "X": samples.X,
        "y": samples.y,
        "groups": samples.groups,
        "ids": samples.ids,
        "true_labels": samples.true_labels,
        **sides,
    }


def classes_and_metrics(
    data: shapcpp.Features, samples: shapcpp.Samples, names: tuple[str, ...]
) -> tuple[Labels, list[Metric]]:
    """The classes of the samples, and the metrics that were asked for."""
    classes, _ = several_classes(f"{data.source}: label", samples.y)
    return classes, [resolve(name, classes) for name in names]


def metrics_to_show(asked: list[Metric], p: Plan) -> list[Metric]:
    """The metrics asked for, or all that each test set defines; notes which are left out."""
    each = [(part.test_counts, part.classes) for _, part in p.parts()]
    if asked:
        return asked
    every = shown_by_default(each[0][1])
    defined = [metric for metric in every if all(metric in available(*part) for part in each)]
    left_out = [metric.name for metric in every if metric not in defined]
    if left_out:
        which = "the test set holds" if len(each) == 1 else "some folds hold"
        few = "one class only" if len(each[0][1]) == 2 else "no sample of some labels"
        note(f"{which} {few}: {', '.join(left_out)} left out")
    return defined


def default_rule(asked: list[Metric]) -> str:
    """The rule that ends a run for which no length was given."""
    names = dict.fromkeys(in_a_rule(metric.name) for metric in asked)
    return " ".join([", ".join(names), DEFAULT_RULE]).strip()
