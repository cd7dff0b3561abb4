"""Runs that are cut, killed, continued and put together, as a user types them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import LATE, after, fails, shapcpp_cli, wait_for_permutations


def assert_same(a: Path, b: Path) -> None:
    v, w = shapcpp.load(a, shapcpp.Valuation), shapcpp.load(b, shapcpp.Valuation)
    np.testing.assert_array_equal(v.gains, w.gains)
    np.testing.assert_array_equal(v.products, w.products)
    np.testing.assert_array_equal(v.trace_counts, w.trace_counts)
    np.testing.assert_array_equal(v.trace_gains, w.trace_gains)
    assert v.settings == w.settings
    assert v.ranges.tolist() == w.ranges.tolist()


def test_ranges_of_three_machines_merge_to_one_run(folder: Path) -> None:
    for name, first, perms in (("a", 0, 10), ("b", 10, 20), ("c", 30, 10)):
        shapcpp_cli("value", "features.npy", "--first", first, "--perms", perms, "-o", f"{name}.npz",
                    cwd=folder)  # fmt: skip
    done = shapcpp_cli("merge", "c.npz", "a.npz", "b.npz", "-o", "all.npz", cwd=folder)
    assert "40 of 40 permutations asked for (0 to 39)" in done.stdout
    shapcpp_cli("value", "features.npy", "--perms", 40, "-o", "one.npz", cwd=folder)
    assert_same(folder / "all.npz", folder / "one.npz")
    shapcpp_cli("value", "features.npy", "--perms", 60, "--extend", "all.npz", "-o", "more.npz",
                cwd=folder)  # fmt: skip
    shapcpp_cli("value", "features.npy", "--perms", 60, "-o", "sixty.npz", cwd=folder)
    assert_same(folder / "more.npz", folder / "sixty.npz")
    sentence = fails("merge", "a.npz", "b.npz", "a.npz", "-o", "x.npz", cwd=folder)
    assert (
        "a.npz cannot be merged with a.npz, b.npz: permutations 0 to 9 would be counted" in sentence
    )
    shapcpp_cli("value", "features.npy", "--first", 40, "--perms", 5, "--seed", 1, "-o", "d.npz",
                cwd=folder)  # fmt: skip
    assert "seed is 0, not 1" in fails("merge", "a.npz", "d.npz", "-o", "x.npz", cwd=folder)


def test_killed_again_and_again_the_integers_are_those_of_one_run(folder: Path) -> None:
    perms, kills = 20_000, 20
    command = ["value", "features.npy", "--perms", perms, "--sampler", "permutations", "--threads", 2,
               "--checkpoint", "run.npz", "--checkpoint-every", 0.05, "--trace", 30]  # fmt: skip
    rng = np.random.default_rng(0)
    before = 0
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-m", "shapcpp", *map(str, command)],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Soon after some of its writings: the first is at the start, others come on the way.
        for _ in range(rng.integers(1, 4)):
            wait_for_writing(process, folder / "run.npz")
        time.sleep(rng.uniform(0.0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = shapcpp.load(folder / "run.npz", shapcpp.Valuation).n_permutations
        assert done >= before
        before = done
    assert before > 0
    shapcpp_cli(*command, cwd=folder)
    shapcpp_cli("value", "features.npy", "--perms", perms, "--sampler", "permutations", "--trace", 30, "-o", "one.npz",
                cwd=folder)  # fmt: skip
    assert_same(folder / "run.npz", folder / "one.npz")


def wait_for_writing(process: subprocess.Popen[bytes], path: Path) -> None:
    """Return once the file is another, or the process has ended."""
    before = path.stat().st_ino if path.exists() else None
    while process.poll() is None and (path.stat().st_ino if path.exists() else None) == before:
        time.sleep(0.002)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_where_it_is_kept(folder: Path, stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "shapcpp", "value", "features.npy", "--perms", "1000000000",
               "--checkpoint", "run.npz", "--checkpoint-every", "0.1"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for_permutations(process, folder / "run.npz")
    process.send_signal(stop)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    kept = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    assert kept.n_permutations > 0
    assert f"interrupted after {kept.n_permutations:,} of 1,000,000,000" in err
    assert "saved in run.npz" in err


def test_a_checkpoint_is_gone_on_from_and_a_foreign_one_refused(folder: Path) -> None:
    shapcpp_cli("value", "features.npy", "--perms", 20, "--checkpoint", "run.npz", cwd=folder)
    done = shapcpp_cli("value", "features.npy", "--perms", 30, "--checkpoint", "run.npz", "-o", "run.npz",
                       cwd=folder)  # fmt: skip
    assert "continued from run.npz" in done.stderr
    assert "Saved to run.npz" in done.stdout
    sentence = fails("value", "features.npy", "--seed", 5, "--checkpoint", "run.npz", cwd=folder)
    assert "its --seed is 0, not 5" in sentence


def test_a_time_limit_is_said(folder: Path) -> None:
    command = after(LATE, "value", "features.npy", "--perms", 10**9, "--max-time", 3)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert "stopped by --max-time, after" in done.stderr
    assert "Lowest values by" in done.stdout


def test_a_rule_says_whether_it_was_met(folder: Path) -> None:
    command = ["value", "features.npy", "--perms", 2000, "--until"]
    done = shapcpp_cli(*command, "acc stderr <= 1e-9", cwd=folder)
    assert "acc stderr <= 1e-9: not reached within 2,000 permutations" in done.stderr
    done = shapcpp_cli(*command, "acc stderr <= 0.1", cwd=folder)
    assert "acc stderr <= 0.1: reached after 100 permutations" in done.stderr


def test_a_trace_is_kept_in_the_result(folder: Path) -> None:
    shapcpp_cli("value", "features.npy", "--perms", 20, "--trace", 5, "-o", "run.npz", cwd=folder)
    counts = shapcpp.load(folder / "run.npz", shapcpp.Valuation).trace_counts
    assert counts is not None
    assert counts.tolist() == [1, 2, 4, 9, 20]
    sentence = fails("value", "features.npy", "--perms", 20, "--trace", 5, cwd=folder)
    assert "--trace is kept in the result file: name one with -o or --checkpoint" in sentence


def test_what_cannot_be_extended_is_named(folder: Path) -> None:
    shapcpp_cli("value", "features.npy", "--perms", 20, "-o", "run.npz", cwd=folder)
    command = ["value", "features.npy", "-o", "more.npz", "--extend", "run.npz", "--perms"]
    assert "Error: --extend run.npz is of another run: its --seed is 0, not 1" in fails(
        *command, 40, "--seed", 1, cwd=folder
    )
    assert "Error: --extend run.npz holds permutations 10 to 19, beyond" in fails(
        *command, 10, cwd=folder
    )


def test_ids_of_several_samples_are_noted(folder: Path) -> None:
    command = ["value", "features.npy", "--perms", 60]
    assert shapcpp_cli(*command, cwd=folder).stderr == ""
    rows = np.load(folder / "features.npy")
    rows["id"][[3, 5, 7]] = "twin"
    np.save(folder / "features.npy", rows)
    done = shapcpp_cli(*command, cwd=folder)
    assert done.stderr == (
        "Note: id twin names 3 of the training samples (rows 3 and 5, ...): a decision about it "
        "could be applied to none of them.\n"
    )


def test_ctrl_c_keeps_the_csv_too(folder: Path) -> None:
    command = [sys.executable, "-m", "shapcpp", "value", "features.npy", "--perms", "1000000000",
               "--checkpoint", "run.npz", "--checkpoint-every", "0.1", "--csv", "values.csv"]  # fmt: skip
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
    wait_for_permutations(process, folder / "run.npz")
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    kept = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    kept.to_csv(folder / "expected.csv")
    assert (folder / "values.csv").read_bytes() == (folder / "expected.csv").read_bytes()
