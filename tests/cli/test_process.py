"""The command as a process: Ctrl-C, terminals, closed pipes, daemon threads."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import shapcpp_cli, wait_for_work


def test_a_closed_pipe_is_no_error(folder: Path) -> None:
    command = f"{sys.executable} -m shapcpp value features.npy --perms 60 | head -1"
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


def test_a_daemon_thread_does_not_abort_the_process(folder: Path) -> None:
    code = """
import threading, time, numpy as np, shapcpp
X, y = np.random.default_rng(0).normal(size=(300, 5)), np.arange(300) % 2
threading.Thread(target=lambda: shapcpp.value(X, y, X, y, 10**6, threads=2), daemon=True).start()
time.sleep(0.5)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_warnings_are_notes_also_where_they_are_errors(folder: Path) -> None:
    rows = np.load(folder / "features.npy")
    train = rows["split"] == "train"
    rare = np.flatnonzero(train & (rows["label"] == 1))[3:]
    np.save(folder / "rare.npy", np.delete(rows, rare))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "shapcpp", "value", "rare.npy", "--C", "1e-6",
         "--sampler", "permutations", "--perms", "20", "-o", "run.npz"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Note: the classifier of all samples calls every test sample 0" in done.stderr
    assert "(--scale standard), --class-weight balanced or" in done.stderr
    assert "halving needs far fewer (--sampler halving)" in done.stderr
    assert shapcpp.load(folder / "run.npz").n_permutations == 20
