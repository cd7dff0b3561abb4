from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from shapcpp.experiment import Reproduction
from shapcpp.experiment.tables import write_rows

PRINTED = {
    ("0.1", "0.1", "pos_as_neg"): ("1.0", "1.0", "0.0"),
    ("0.1", "0.1", "neg_as_pos"): ("0.28", "0.28", "0.68"),
    ("0.1", "0.3", "pos_as_neg"): ("1.0", "1.0", "0.0"),
    ("0.1", "0.3", "neg_as_pos"): ("0.3", "0.3", "0.78"),
    ("0.3", "0.3", "pos_as_neg"): ("0.97", "0.97", "0.0"),
    ("0.3", "0.3", "neg_as_pos"): ("0.35", "0.07", "1.0"),
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def errors(folder: Path, noise: str, rule: str) -> tuple[shapcpp.Valuation, dict[str, set[int]]]:
    percent = {"0.1": 10, "0.3": 30}[noise]
    v = shapcpp.load(
        folder / f"run-{percent}{'' if rule == 'constant' else '-carry'}.npz", shapcpp.Valuation
    )
    assert v.true_labels is not None
    wrong: dict[str, set[int]] = {"pos_as_neg": set(), "neg_as_pos": set()}
    for i, (given, true) in enumerate(zip(v.labels.tolist(), v.true_labels.tolist(), strict=True)):
        if given != true:
            wrong["pos_as_neg" if true == 1 else "neg_as_pos"].add(i)
    return v, wrong | {"either": wrong["pos_as_neg"] | wrong["neg_as_pos"]}


def lowest(v: shapcpp.Valuation, metric: str, fraction: str) -> set[int]:
    values = v[metric].tolist()
    ranked = sorted(range(len(values)), key=lambda i: (values[i], i))
    return set(ranked[: math.floor(float(fraction) * len(values) + 0.5)])


def test_table2_counted_by_hand(done: Reproduction) -> None:
    table = rows(done.folder / "table2.csv")
    assert [*table[0]] == [
        "noise", "fraction", "single_class", "direction", "metric", "found", "paper"
    ]  # fmt: skip
    looked_at = [("0.1", "0.1"), ("0.1", "0.3"), ("0.3", "0.3")]
    assert len(table) == 3 * 2 * 2 * 3
    assert {(row["noise"], row["fraction"]) for row in table} == set(looked_at)
    for row in table:
        v, wrong = errors(done.folder, row["noise"], row["single_class"])
        of_direction = wrong[row["direction"]]
        found = of_direction & lowest(v, row["metric"], row["fraction"])
        assert float(row["found"]) == len(found) / len(of_direction)
        printed = PRINTED[row["noise"], row["fraction"], row["direction"]]
        assert row["paper"] == printed[("acc", "rec", "spc").index(row["metric"])]


def test_the_result_holds_the_same_table(done: Reproduction) -> None:
    for row, own in zip(rows(done.folder / "table2.csv"), done.table, strict=True):
        assert [*row.values()] == [str(cell) for cell in own.tolist()]


def test_scores_by_hand(done: Reproduction) -> None:
    table = rows(done.folder / "scores.csv")
    assert len(table) == 2 * 2 * 3 * 3
    for row in table:
        v, wrong = errors(done.folder, row["noise"], row["single_class"])
        of_direction = wrong[row["direction"]]
        assert int(row["flipped"]) == len(of_direction)
        assert row["fraction"] == row["noise"]
        found = of_direction & lowest(v, row["metric"], row["fraction"])
        assert float(row["recall"]) == len(found) / len(of_direction)
        values = v[row["metric"]]
        pairs = [
            (values[i] < values[j]) + (values[i] == values[j]) / 2
            for i in of_direction
            for j in set(range(len(values))) - of_direction
        ]
        assert float(row["auroc"]) == pytest.approx(np.mean(pairs))
        assert 0 < float(row["auprc"]) <= 1
        assert 0 <= float(row["f1"]) <= 1


def test_networks(done: Reproduction) -> None:
    for row, network in zip(rows(done.folder / "networks.csv"), done.networks, strict=True):
        assert [*row] == ["noise", "epochs", "best_epoch", "val_auc", "test_auc"]
        assert {name: float(cell) for name, cell in row.items()} == {
            name: network[name] for name in row
        }


def test_what_is_not_known_is_empty(tmp_path: Path) -> None:
    write_rows(tmp_path / "t.csv", ("a", "b"), [(0.5, float("nan")), (1, "x")])
    assert (tmp_path / "t.csv").read_text() == "a,b\n0.5,\n1,x\n"
