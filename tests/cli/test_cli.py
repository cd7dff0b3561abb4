"""The command line as a user types it: results, files, sentences, exit statuses."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import fails, shapcpp_cli, sides


def test_the_command_of_the_contract_works_as_typed(folder: Path) -> None:
    done = shapcpp_cli("value", "features.npy", "--metric", "acc", "--perms", "2000", cwd=folder)
    train, test = sides(folder)
    v = shapcpp.value(train.X, train.y, test.X, test.y, 2000, ids=train.ids)
    assert "Lowest values by accuracy" in done.stdout
    assert "recall" not in done.stdout
    found = re.findall(r"slice-\d+", done.stdout)
    assert found == [str(train.ids[i]) for i in v.lowest("acc", 1.0)[:10]]
    assert "permutations 2000, halved, seed 0" in done.stdout
    assert f"accuracy (reliability {v.reliability('acc'):.2f})" in done.stdout
    assert done.stderr == ""  # no progress bar where there is no terminal


def test_without_a_number_the_run_ends_when_its_ranking_is_reliable(folder: Path) -> None:
    done = shapcpp_cli("value", "features.npy", "--metric", "acc", "--metric", "recall",
                       "-o", "run.npz", cwd=folder)  # fmt: skip
    train, test = sides(folder)
    rule = "acc, rec reliability >= 0.95"
    v = shapcpp.value(train.X, train.y, test.X, test.y, until=rule)
    kept = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    np.testing.assert_array_equal(v.gains, kept.gains)
    assert kept.settings["until"] == rule
    assert f"Note: {rule}: reached after {v.n_permutations} permutations." in done.stderr
    again = shapcpp_cli("value", "features.npy", "--sampler", "permutations", "-o", "plain.npz",
                        cwd=folder)  # fmt: skip
    assert "reliability >= 0.95: " in again.stderr
    assert (
        shapcpp.load(folder / "plain.npz", shapcpp.Valuation).settings["sampler"] == "permutations"
    )
    queue = shapcpp_cli("detect", "run.npz", "--queue", "--metric", "acc", cwd=folder).stdout
    assert f"by accuracy (reliability {v.reliability('acc'):.2f}): the" in queue


def test_value_saves_the_run_and_a_csv(folder: Path) -> None:
    shapcpp_cli("value", "features.npy", "--perms", 50, "--seed", 9, "--C", 0.5, "--scale", "standard",
                "--class-weight", "balanced", "--empty", "none", "--single-class", "carry", "--threads", 2,
                "-o", "run.npz", "--csv", "values.csv", cwd=folder)  # fmt: skip
    train, test = sides(folder)
    v = shapcpp.value(
        train.X, train.y, test.X, test.y, 50, 9, 0.5, "balanced", "standard", "none", "carry"
    )
    w = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    np.testing.assert_array_equal(v.gains, w.gains)
    np.testing.assert_array_equal(v.products, w.products)
    assert w.ids.tolist() == train.ids.tolist()
    np.testing.assert_array_equal(w.groups, train.groups)
    with (folder / "values.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_array_equal([float(row["spc"]) for row in rows], v["spc"])
    assert [row["group"] for row in rows] == [str(i // 3) for i in range(60)]


def test_by_group_joins_and_shares(folder: Path) -> None:
    shapcpp_cli("value", "features.npy", "--perms", 5, "--by-group", "-o", "run.npz", cwd=folder)
    assert shapcpp.load(folder / "run.npz", shapcpp.Valuation).gains.shape == (20, 2)


def test_noise_then_value_then_detect_finds_the_flipped(folder: Path) -> None:
    done = shapcpp_cli(
        "noise", "features.npy", "--rate", 0.2, "--seed", 0, "-o", "noisy.npy", cwd=folder
    )
    assert "flipped 9 of 45 training samples labelled 0" in done.stdout
    assert "flipped 3 of 15 training samples labelled 1" in done.stdout
    before, after = (np.load(folder / name) for name in ("features.npy", "noisy.npy"))
    train = before["split"] == "train"
    noisy, _ = shapcpp.flip_labels(before["label"][train], 0.2, 0)
    np.testing.assert_array_equal(after["label"][train], noisy)
    np.testing.assert_array_equal(after["true_label"], before["label"])
    shapcpp_cli("value", "noisy.npy", "--perms", 200, "-o", "run.npz", cwd=folder)
    done = shapcpp_cli("detect", "run.npz", "--csv", "table.csv", "--fraction", 0.2, cwd=folder)
    assert "positives labelled negative" in done.stdout
    v = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    table = shapcpp.detection_table(v, v.labels, before["label"][train], (0.2,))
    with (folder / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["found"]) for row in rows] == table.found.tolist()
    fields = ["fraction", "direction", "true", "given", "metric", "flipped", "found", "share"]
    assert list(rows[0]) == fields
    done = shapcpp_cli("detect", "run.npz", "--queue", "--metric", "rec", cwd=folder)
    assert re.search(r"by recall \(reliability 0.9\d\): the 6 lowest of 60 samples", done.stdout)
    assert "positives labelled negative" not in done.stdout


def test_detect_shows_the_review_queue_where_truth_is_unknown(folder: Path) -> None:
    shapcpp_cli("value", "features.npy", "--perms", 20, "-o", "run.npz", cwd=folder)
    done = shapcpp_cli("detect", "run.npz", "--metric", "recall", "--fraction", "0.3", "--csv", "q.csv",
                       cwd=folder)  # fmt: skip
    v = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    expected = [str(v.ids[i]) for i in v.lowest("rec", 0.3)]
    assert re.findall(r"slice-\d+", done.stdout) == expected[:10]
    assert re.search(r"stderr\W+certain", done.stdout)
    assert done.stdout.count("undecided") == 10
    with (folder / "q.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == expected
    assert {row["certain"] for row in rows} == {"undecided"}


def test_plain_matrices_and_npz(folder: Path) -> None:
    train, test = sides(folder)
    for name, array in {"X": train.X, "y": train.y, "Xt": test.X, "yt": test.y}.items():
        np.save(folder / f"{name}.npy", array)
    np.savez(folder / "f.npz", X_train=train.X, y_train=train.y, X_test=test.X, y_test=test.y)
    companions = ("--labels", "y.npy", "--test-features", "Xt.npy", "--test-labels", "yt.npy")
    shapcpp_cli("value", "X.npy", *companions, "--perms", 5, "-o", "a.npz", cwd=folder)
    shapcpp_cli("value", "f.npz", "--perms", 5, "-o", "b.npz", cwd=folder)
    shapcpp_cli("value", "features.npy", "--perms", 5, "-o", "c.npz", cwd=folder)
    runs = [shapcpp.load(folder / f"{name}.npz", shapcpp.Valuation) for name in "abc"]
    for run in runs[:2]:
        np.testing.assert_array_equal(run.gains, runs[2].gains)
    for flag in companions[::2]:
        assert flag in fails("value", "X.npy", cwd=folder)
    assert "leave out --labels" in fails("value", "features.npy", "--labels", "y.npy", cwd=folder)


def test_info_says_what_this_build_is(folder: Path) -> None:
    done = shapcpp_cli("info", cwd=folder)
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert lines["shapcpp"] == shapcpp.__version__
    assert lines["instruction set"] == shapcpp._core.instruction_set()
    assert int(lines["threads"]) >= 1
    assert shapcpp.__version__ in shapcpp_cli("--version", cwd=folder).stdout


@pytest.mark.parametrize("command", [[], ["value"], ["noise"], ["detect"], ["info"], ["reproduce"]])
def test_help_shows_examples(command: list[str], folder: Path) -> None:
    done = shapcpp_cli(*command, "--help", cwd=folder)
    assert command == ["info"] or "shapcpp " + (command[0] if command else "value") in done.stdout


def test_metrics_without_test_samples(folder: Path) -> None:
    rows = np.load(folder / "features.npy")
    rows = rows[(rows["split"] == "train") | (rows["label"] == 1)]
    np.save(folder / "positives.npy", rows)
    done = shapcpp_cli("value", "positives.npy", "--perms", 60, cwd=folder)
    assert done.stderr == "Note: the test set holds one class only: spc, bal left out.\n"
    assert "metric 'spc' is not defined" in fails(
        "value", "positives.npy", "--metric", "spc", cwd=folder
    )


def test_brackets_in_ids_are_no_markup(folder: Path) -> None:
    rows = np.load(folder / "features.npy")
    rows["id"] = [f"[/b]{i % 10}[r]" for i in range(len(rows))]
    np.save(folder / "odd.npy", rows)
    done = shapcpp_cli("value", "odd.npy", "--perms", 3, "-o", "run.npz", cwd=folder)
    assert re.search(r"\[/b\]\d\[r\]", done.stdout)
    assert re.search(r"\[/b\]\d\[r\]", shapcpp_cli("detect", "run.npz", cwd=folder).stdout)


def test_without_a_command_the_help_is_shown(folder: Path) -> None:
    assert "Commands:" in shapcpp_cli(cwd=folder).stdout


def test_by_group_shows_a_row_per_group(folder: Path) -> None:
    done = shapcpp_cli(
        "value", "features.npy", "--perms", 5, "--metric", "acc", "--by-group", cwd=folder
    )
    cells = re.findall(r"^│ (\d+) +│ +3 │", done.stdout, flags=re.MULTILINE)
    assert len(cells) == len(set(cells)) == 10


def test_unknown_true_labels_do_not_matter_to_value(folder: Path) -> None:
    clean = np.load(folder / "features.npy")
    shapcpp_cli("noise", "features.npy", "--rate", 0, "-o", "known.npy", cwd=folder)
    rows = np.load(folder / "known.npy")
    rows["true_label"] = -1
    np.save(folder / "unknown.npy", rows)
    shapcpp_cli("value", "unknown.npy", "--perms", 3, "-o", "run.npz", cwd=folder)
    assert len(clean) == len(rows)
    assert "flipped" in shapcpp_cli("detect", "run.npz", cwd=folder).stdout


def test_votes_are_kept_unless_they_are_not_wanted(folder: Path) -> None:
    for flags, kept in (((), True), (("--no-votes",), False)):
        shapcpp_cli("value", "features.npy", "--perms", 3, *flags, "-o", "run.npz", cwd=folder)
        v = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
        assert (v.votes is not None) == kept
        assert v.settings["votes"] == kept
