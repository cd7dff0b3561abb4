"""The command as a process: Ctrl-C, terminals, closed pipes, daemon threads."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import Reporting, after, shapcpp_cli


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
    stdout, stderr = Reporting(*arguments, cwd=folder).stopped_by(signal.SIGINT)
    assert "Traceback" not in stderr
    assert stdout == ""
    if not output:
        assert "nothing saved, since no -o was given" in stderr
        return
    assert "they are saved in run.npz, marked as partial" in stderr
    v = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    assert 0 < v.n_permutations < 10**8
    assert not v.complete
    done = shapcpp_cli("detect", "run.npz", cwd=folder)
    assert f"run.npz is partial: {v.n_permutations:,} of 100,000,000 permutations" in done.stderr


@pytest.mark.parametrize(
    ("perms", "shown"), [(300, b"300/300"), (10**8, b"/s")], ids=["to the end", "on the way"]
)
def test_a_terminal_sees_progress(perms: int, shown: bytes, folder: Path) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "shapcpp", "value", "features.npy", "--perms", str(perms)],
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
        if shown not in seen and shown in seen + chunk and perms > 1000:
            process.send_signal(signal.SIGINT)
        seen += chunk
    assert process.wait() == (130 if perms > 1000 else 0)
    os.close(master)
    assert b"permutations" in seen
    assert shown in seen


def test_ctrl_c_pressed_many_times_still_keeps_what_is_done(folder: Path) -> None:
    arguments = ("value", "features.npy", "--perms", "100000000", "-o", "r.npz")
    running = Reporting(*arguments, cwd=folder)
    for _ in range(5):
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    running.stopped_by(signal.SIGINT)
    assert shapcpp.load(folder / "r.npz", shapcpp.Valuation).n_permutations > 0


def test_a_daemon_thread_does_not_abort_the_process(folder: Path) -> None:
    code = """
import threading, numpy as np, shapcpp
X, y, begun = np.random.default_rng(0).normal(size=(300, 5)), np.arange(300) % 2, threading.Event()
def value():
    try: shapcpp.value(X, y, X, y, 10**8, threads=2, progress=lambda *_: begun.set())
    finally: begun.set()
threading.Thread(target=value, daemon=True).start()
begun.wait()
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
    assert re.search(
        r"--perms \d+ would be enough, and far fewer with halving \(--sampler halv", done.stderr
    )
    assert shapcpp.load(folder / "run.npz", shapcpp.Valuation).n_permutations == 20


@pytest.mark.parametrize("argv", [["shapcpp"], ["-m"], ["mine.py"]])
def test_ctrl_c_while_the_command_is_loading_is_no_traceback(argv: list[str]) -> None:
    # The interrupt comes as soon as numpy is asked for. A script of the user's own gets its own.
    code = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "numpy":
            os.kill(os.getpid(), signal.SIGINT)
sys.argv, sys.orig_argv = {argv}, ["python", "-m", "shapcpp"]
sys.meta_path.insert(0, Interrupting())
import shapcpp
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ("KeyboardInterrupt" in done.stderr) == (argv == ["mine.py"])
    if argv != ["mine.py"]:
        assert (done.returncode, done.stderr) == (130, "")


# The work of a library that goes on after Ctrl-C, and an end of the process that would wait for it.
ASIDE = """
import atexit, os, signal, threading, time
from shapcpp.problem import reduction
def directions(rows, count):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(100.0)
reduction.principal_directions = directions
atexit.register(time.sleep, 100.0)
"""


def test_an_end_by_ctrl_c_does_not_wait_for_a_library(folder: Path) -> None:
    command = after(ASIDE, "value", "features.npy", "--components", 1, "--no-doubt")
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "\nNote: interrupted.\n"
