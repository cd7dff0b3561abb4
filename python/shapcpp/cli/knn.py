"""The command `shapcpp knn`."""

from __future__ import annotations

from typing import Any

import click

import shapcpp
from shapcpp.cli import tables
from shapcpp.cli.console import PATH, RAW_CSV, check_outputs, counted, save
from shapcpp.cli.run_arguments import labelled

__all__ = ["knn"]


@click.command()
@click.argument("features", type=PATH)
@click.option("--k", type=click.IntRange(min=1), default=5, show_default=True,
              help="Number of neighbours that vote.")  # fmt: skip
@click.option("--metric", "metrics", multiple=True, metavar="NAME",
              help="acc, bal, rec:LABEL; with two labels rec, spc. Repeatable; default: all."
              )  # fmt: skip
@click.option("--scale", type=click.Choice(["standard"]), metavar="standard",
              help="Standardise features by the training rows.")  # fmt: skip
@click.option("--components", type=int, metavar="R",
              help="Measure distances along this many principal directions of the training rows."
              )  # fmt: skip
@click.option("-o", "--output", type=PATH, metavar="KNN.npz", help="Save the whole result.")
@click.option("--csv", "csv_path", type=PATH, metavar="VALUES.csv", help="Save one row per sample.")
@RAW_CSV
@click.option("--labels", type=PATH, help="Training labels of a plain 2-D .npy.")
@click.option("--test-features", type=PATH, help="Test features of a plain 2-D .npy.")
@click.option("--test-labels", type=PATH, help="Test labels of a plain 2-D .npy.")
def knn(
    features: str,
    k: int,
    metrics: tuple[str, ...],
    scale: str | None,
    components: int | None,
    output: str | None,
    csv_path: str | None,
    raw_csv: bool,
    labels: str | None,
    test_features: str | None,
    test_labels: str | None,
) -> None:
    """Value training samples by their nearest neighbours, in closed form.

    The score is the share of the K nearest training samples that carry a test sample's label.
    Nothing is sampled: the values are exact and take seconds.

    \b
    Examples:
      shapcpp knn features.npy
      shapcpp knn features.npy --k 10 --scale standard -o knn.npz --csv values.csv
      shapcpp detect knn.npz
    """
    companions = {"labels": labels, "test_features": test_features, "test_labels": test_labels}
    check_outputs([output, csv_path], inputs=[features, *filter(None, companions.values())])
    train, test = labelled(shapcpp.read_features(features, **companions)).sides()
    options: dict[str, Any] = {
        "scale": scale, "groups": train.groups, "ids": train.ids, "true_labels": train.true_labels,
        "components": components,
    }  # fmt: skip
    v = shapcpp.knn_values(train.X, train.y, test.X, test.y, k, **options)
    names = [metric.name for metric in v.chosen(metrics or None)]
    shown = names if metrics else tables.few_metrics(names)
    lowest = shapcpp.review_queue(v, 0.1, shown)
    if output is not None:
        output = save(output, v.save)
    if csv_path is not None:
        save(csv_path, lambda path: v.to_csv(path, names, raw=raw_csv))
    click.echo(
        f"{counted(len(train.y), 'training sample')} by {counted(k, 'nearest neighbour')}, judged "
        f"by {counted(len(test.y), 'test sample')}, exact\n"
    )
    tables.show_queue(lowest, shown, v)
    if len(shown) < len(names):
        click.echo("Values by the recall of each label: --metric rec:LABEL, or --csv")
    if output is not None:
        click.echo(f"Saved to {output}. Next: shapcpp detect {output}")
