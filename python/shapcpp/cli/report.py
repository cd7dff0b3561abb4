"""The commands `shapcpp report` and `shapcpp relabel`."""

from __future__ import annotations

from collections import Counter

import click

import shapcpp
from shapcpp.cli.console import PATH, check_outputs, note, note_left_out, save
from shapcpp.detection.relabelling import apply_decisions, read_decisions
from shapcpp.labels import is_missing
from shapcpp.storage.reviewed import DECISIONS, REMOVE

__all__ = ["relabel", "report"]


@click.command()
@click.argument("run", type=PATH)
@click.option("--features", type=PATH, metavar="FEATURES.npy",
              help="The features file that RUN was made of: says what was reviewed before, and "
              "shows what dropping or relabelling does on its validation rows.")  # fmt: skip
@click.option("--scans", type=PATH, metavar="DIR",
              help="The scans, for pictures in the review queue. Larger ones, and the slices above "
              "and below, go to REPORT-slices beside the page.")  # fmt: skip
@click.option("--masks", type=PATH, metavar="DIR",
              help="Lesion masks, if the scans were read with them.")  # fmt: skip
@click.option("--carry", type=PATH, metavar="RUN-CARRY.npz",
              help="The same run under the other rule for coalitions of one class.")  # fmt: skip
@click.option("--fraction", type=float, metavar="F",
              help="Share of samples to review. Default: as many as are expected to be wrong; "
              "without doubts 0.1 by each metric.")  # fmt: skip
@click.option("--most", default=500, show_default=True, help="Most samples in the queue.")
@click.option("--metric", "metrics", multiple=True, metavar="NAME",
              help="Show values by this metric. Repeatable; default: all.")  # fmt: skip
@click.option("--class-name", "class_names", multiple=True, metavar="LABEL=NAME",
              help="What a class is called, as in 1=pneumonia. Repeatable.")  # fmt: skip
@click.option("--neighbours", type=click.IntRange(min=0), default=3, show_default=True,
              help="Slices kept above and below each; 0: no folder beside the page.")  # fmt: skip
@click.option("--title", default="Which labels to doubt", show_default=True)
@click.option("-o", "--output", type=PATH, required=True, metavar="REPORT.html",
              help="The page to write.")  # fmt: skip
def report(
    run: str,
    features: str | None,
    scans: str | None,
    masks: str | None,
    carry: str | None,
    fraction: float | None,
    most: int,
    metrics: tuple[str, ...],
    class_names: tuple[str, ...],
    neighbours: int,
    title: str,
    output: str,
) -> None:
    """Show doubts and values as one offline page, with a queue of labels to review.

    RUN is a result of `shapcpp value` or of `shapcpp doubt`. The page shows how many labels
    are probably wrong, and which ones, each to keep, relabel or remove; for two readers, those
    on which they differ. For values it shows how the run was done, known errors found,
    convergence, values and labels, and the effect of dropping or relabelling samples. It needs
    no network. Decisions are exported as a CSV that `shapcpp relabel` applies.

    \b
    Examples:
      shapcpp report run.npz -o report.html
      shapcpp report run.npz --features features.npy --scans ct/ -o report.html
      shapcpp report doubts.npz --scans ct/ --class-name 1=pneumonia -o review.html
    """
    check_outputs([output], inputs=[path for path in (run, features, carry) if path is not None])
    from shapcpp.report import report as write
    from shapcpp.report.stacks import folder_of

    made_of = None if features is None else shapcpp.read_features(features)
    if made_of is not None:
        note_left_out(made_of.without_missing()[1], "without a label")
    write(
        run,
        made_of,
        scans,
        output,
        masks=masks,
        carry=carry,
        title=title,
        fraction=fraction,
        most=most,
        metrics=list(metrics) or None,
        class_names=_names(class_names, run) if class_names else None,
        neighbours=neighbours,
    )
    slices = folder_of(output)
    beside = f", and {slices} beside it" if scans and neighbours and slices.is_dir() else ""
    click.echo(f"wrote {output}{beside}")


def _names(entries: tuple[str, ...], run: str) -> dict[str, str]:
    """Reads names of classes from LABEL=NAME; either may hold an equals sign."""
    names = {}
    for entry in entries:
        at = [at for at, letter in enumerate(entry) if letter == "=" and 0 < at < len(entry) - 1]
        if not at:
            raise ValueError(f"--class-name must be LABEL=NAME, got {entry!r}")
        if len(at) > 1:
            known = set(map(str, shapcpp.load(run).classes.tolist()))
            at = [one for one in at if entry[:one] in known] or at
        names[entry[: at[0]]] = entry[at[0] + 1 :]
    return names


@click.command()
@click.argument("features", type=PATH)
@click.argument("decisions", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, metavar="FIXED.npy",
              help="The features file to write.")  # fmt: skip
def relabel(features: str, decisions: str, output: str) -> None:
    """Apply a reviewer's decisions to the labels of a features file.

    DECISIONS is a CSV as the report exports it, with the columns id and decision (keep, relabel,
    unsure, remove), optional label (as reviewed; needed for rows outside split train) and
    new_label. Rows to relabel get the other label, or new_label; rows to remove leave their
    split. The field reviewed remembers the decisions, so that later lists and pages do not ask
    again. An id that no row has is refused, and so is a row whose label is no longer the one
    reviewed.

    \b
    Example:
      shapcpp relabel features.npy decisions.csv -o fixed.npy
    """
    check_outputs([output], inputs=[features, decisions])
    if not output.endswith(".npy"):
        raise ValueError(f"a features file is written as .npy, got {output}")
    before = shapcpp.read_features(features)
    made = read_decisions(decisions, note)
    after = apply_decisions(before, made)
    kept = save(output, lambda path: shapcpp.write_features(path, after))
    if any(one.label is None for one in made):
        note(f"{decisions} has no column label: applied twice, it would undo itself")
    counts = {name: sum(one.decision == name for one in made) for name in DECISIONS}
    if not counts[REMOVE]:
        del counts[REMOVE]
    click.echo(", ".join(f"{name} {count}" for name, count in counts.items()))
    old, new = before.rows["label"], after.rows["label"]
    changed = (old != new) & ~is_missing(new)
    pairs = (map(_shown, column[changed].tolist()) for column in (old, new))
    for (one, other), number in sorted(Counter(zip(*pairs, strict=True)).items()):
        click.echo(f"relabelled {number} from {one} to {other}")
    click.echo(f"wrote {kept}. Next: shapcpp doubt {kept}")


def _shown(label: object) -> str:
    text = label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label)
    return text if text.strip() else "no label"
