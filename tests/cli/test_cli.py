"""The command line as a user types it: results, files, sentences, exit statuses."""

from __future__ import annotations

import csv
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from command import fails, shapcpp_cli, sides, wait_for_work


def test_the_command_of_the_contract_works_as_typed(folder: Path) -> None:
    done = shapcpp_cli("value", "features.npy", "--metric", "acc", "--perms", "2000", cwd=folder)
    train, test = sides(folder)
    v = shapcpp.value(train.X, train.y, test.X, test.y, 2000, ids=train.ids)
    assert "Labels to doubt first by accuracy" in done.stdout
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
    kept = shapcpp.load(folder / "run.npz")
    np.testing.assert_array_equal(v.gains, kept.gains)
    assert kept.settings["until"] == rule
    assert f"Note: {rule}: reached after {v.n_permutations} permutations." in done.stderr
    again = shapcpp_cli("value", "features.npy", "--sampler", "permutations", "-o", "plain.npz",
                        cwd=folder)  # fmt: skip
    assert "reliability >= 0.95: " in again.stderr
    assert shapcpp.load(folder / "plain.npz").settings["sampler"] == "permutations"
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
    w = shapcpp.load(folder / "run.npz")
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
    assert shapcpp.load(folder / "run.npz").gains.shape == (20, 2)


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
    v = shapcpp.load(folder / "run.npz")
    table = shapcpp.detection_table(v, v.labels, before["label"][train], (0.2,))
    with (folder / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["found"]) for row in rows] == table.found.tolist()
    assert list(rows[0]) == ["fraction", "direction", "metric", "flipped", "found", "share"]
    done = shapcpp_cli("detect", "run.npz", "--queue", "--metric", "rec", cwd=folder)
    assert re.search(r"by recall \(reliability 0.9\d\): the 6 lowest of 60 samples", done.stdout)
    assert "positives labelled negative" not in done.stdout


def test_detect_shows_the_review_queue_where_truth_is_unknown(folder: Path) -> None:
    shapcpp_cli("value", "features.npy", "--perms", 20, "-o", "run.npz", cwd=folder)
    done = shapcpp_cli("detect", "run.npz", "--metric", "recall", "--fraction", "0.3", "--csv", "q.csv",
                       cwd=folder)  # fmt: skip
    v = shapcpp.load(folder / "run.npz")
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
    runs = [shapcpp.load(folder / f"{name}.npz") for name in "abc"]
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
    done = shapcpp_cli("value", "positives.npy", "--perms", 5, cwd=folder)
    assert done.stderr == "Note: the test set holds one class only: spc, bal left out.\n"
    assert "metric 'spc' is not defined" in fails(
        "value", "positives.npy", "--metric", "spc", cwd=folder
    )


def spoil(folder: Path, name: str, change: Any) -> str:
    rows: NDArray[Any] = np.load(folder / "features.npy")
    np.save(folder / name, change(rows))
    return name


def set_feature(rows: NDArray[Any]) -> NDArray[Any]:
    rows["features"][17, 2] = np.inf
    return rows


def without_label(rows: NDArray[Any]) -> NDArray[Any]:
    return np.array(rows[["features", "split"]])


def of_one_class(rows: NDArray[Any]) -> NDArray[Any]:
    rows["label"] = 1
    return rows


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (set_feature, "bad.npy: features has inf at row 17, column 2"),
        (without_label, "bad.npy lacks the field label; it has features, split"),
        (
            of_one_class,
            "bad.npy: label of the training rows holds one class only: every label is 1",
        ),
        (lambda rows: rows[rows["split"] == "train"], "bad.npy has no row with split 'test'"),
        (lambda rows: rows[rows["split"] == "test"], "bad.npy has no row with split 'train'"),
        (lambda rows: rows[:0], "bad.npy has no row with split 'train'"),
    ],
)
def test_bad_features_files(change: Any, sentence: str, folder: Path) -> None:
    assert sentence in fails("value", spoil(folder, "bad.npy", change), "-o", "run.npz", cwd=folder)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("value",), "Missing argument 'FEATURES'"),
        (("value", "absent.npy"), "absent.npy: no such file or directory"),
        (("value", "."), ".: is a directory"),
        (
            ("value", "features.npy", "--perms", "0"),
            "Invalid value for '--perms': 0 is not in the range",
        ),
        (("value", "features.npy", "--perms", "-3"), "'--perms': -3 is not in the range x>=1"),
        (("value", "features.npy", "--perms", "many"), "'many' is not a valid integer"),
        (("value", "features.npy", "--C", "0"), "C must be positive and finite, got 0.0"),
        (
            ("value", "features.npy", "--metric", "f1"),
            "metric 'f1' is unknown; known: acc, rec, spc, bal",
        ),
        (("value", "features.npy", "--seed", "-1"), "seed must lie between 0 and 2^64 - 1, got -1"),
        (
            ("value", "features.npy", "--scale", "x"),
            "scale must be one of None, 'standard'; got 'x'",
        ),
        (("value", "features.npy", "--empty", "5"), "empty is label 5, which y lacks"),
        (("value", "features.npy", "--class-weight", "0=1"), "--class-weight lacks label 1"),
        (
            ("value", "features.npy", "--class-weight", "0=a"),
            "class-weight must be 'balanced' or LABEL=",
        ),
        (
            ("value", "features.npy", "-o", "absent/run.npz"),
            "absent/run.npz: its folder does not exist",
        ),
        (("value", "features.npy", "-o", "."), ".: it is a directory"),
        (
            ("value", "features.npy", "-o", "features.npy"),
            "features.npy is named twice and would be overwritten",
        ),
        (("value", "features.npy", "--csv", "/proc/values.csv"), "/proc/values.csv: "),
        (
            ("noise", "features.npy", "--rate", "2", "-o", "n.npy"),
            "rate must lie between 0 and 1, got 2 (2% is 0.02)",
        ),
        (("noise", "features.npy", "-o", "n.npy"), "Missing option '--rate'"),
        (
            ("noise", "features.npy", "--rate", "0.1", "-o", "n.csv"),
            "is written as .npy, got n.csv",
        ),
        (
            ("noise", "features.npy", "--rate", "0.1", "-o", "test_labels.csv"),
            "is written as .npy, got test_labels.csv",
        ),
        (
            ("detect", "features.npy"),
            "features.npy is not a readable .npz file but a .npy file: `shapcpp value FEATURES.npy",
        ),
        (("frobnicate",), "No such command 'frobnicate'"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], sentence: str, folder: Path) -> None:
    assert sentence in fails(*arguments, cwd=folder)


def test_by_group_needs_groups(folder: Path) -> None:
    name = spoil(folder, "alone.npy", lambda rows: rows[["features", "label", "split"]].copy())
    assert "--by-group needs groups, and alone.npy holds none" in fails(
        "value", name, "--by-group", cwd=folder
    )


def test_a_failed_run_is_status_one(folder: Path) -> None:
    def enlarge(rows: NDArray[Any]) -> NDArray[Any]:
        rows["features"] *= 1e120
        return rows

    sentence = fails("value", spoil(folder, "far.npy", enlarge), "--C", "1e80", "-o", "run.npz",
                     cwd=folder, status=1)  # fmt: skip
    assert "missed its tolerance" in sentence


def test_a_closed_pipe_is_no_error(folder: Path) -> None:
    command = f"{sys.executable} -m shapcpp value features.npy --perms 5 | head -1"
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("60 training samples")
    assert done.stderr == ""


@pytest.mark.parametrize("output", [True, False])
def test_ctrl_c_keeps_what_is_done(output: bool, folder: Path) -> None:
    arguments = ["value", "features.npy", "--perms", "100000000"] + ["-o", "run.npz"] * output
    process = subprocess.Popen(
        [sys.executable, "-m", "shapcpp", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for_work(process)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(
        timeout=60
    )  # of hours: a second is promised, a loaded machine gets more
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert stdout == ""
    if not output:
        assert "nothing saved, since no -o was given" in stderr
        return
    assert "they are saved in run.npz, marked as partial" in stderr
    v = shapcpp.load(folder / "run.npz")
    assert 0 < v.n_permutations < 10**8
    assert not v.complete
    done = shapcpp_cli("detect", "run.npz", cwd=folder)
    assert f"run.npz is partial: {v.n_permutations} of 100000000 permutations" in done.stderr


def test_a_terminal_sees_progress(folder: Path) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "shapcpp", "value", "features.npy", "--perms", "3000"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=slave, env=os.environ | {"TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(slave)
    seen = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    assert process.wait(timeout=60) == 0
    os.close(master)
    text = seen.decode()
    assert "permutations" in text
    assert "3000/3000" in text
    assert "/s" in text


def test_ctrl_c_pressed_many_times_still_keeps_what_is_done(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "shapcpp", "value", "features.npy", "--perms", "100000000", "-o", "r.npz"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for_work(process)
    for _ in range(6):
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert shapcpp.load(folder / "r.npz").n_permutations > 0


def test_outputs_never_overwrite_each_other_or_an_input(folder: Path) -> None:
    assert "r.npz is named twice" in fails(
        "value", "features.npy", "-o", "r.npz", "--csv", "r.npz", cwd=folder
    )
    (folder / "q").write_bytes((folder / "features.npy").read_bytes())
    assert "q is named twice" in fails("value", "q", "-o", "q", cwd=folder)
    (folder / "link.npy").symlink_to("features.npy")
    assert "is named twice" in fails(
        "noise", "features.npy", "--rate", 0.1, "-o", "link.npy", cwd=folder
    )
    shapcpp_cli(
        "value", "features.npy", "--perms", 2, "-o", "/dev/null", "--csv", "/dev/null", cwd=folder
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


def test_a_daemon_thread_does_not_abort_the_process(folder: Path) -> None:
    code = """
import threading, time, numpy as np, shapcpp
X, y = np.random.default_rng(0).normal(size=(300, 5)), np.arange(300) % 2
threading.Thread(target=lambda: shapcpp.value(X, y, X, y, 10**6, threads=2), daemon=True).start()
time.sleep(0.5)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
