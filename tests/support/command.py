"""The command line as the tests call it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import shapcpp


def shapcpp_cli(*arguments: object, cwd: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "shapcpp", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


def fails(*arguments: object, cwd: Path, status: int = 2) -> str:
    """The one sentence of a command that fails and writes nothing."""
    before = snapshot(cwd)
    done = shapcpp_cli(*arguments, cwd=cwd, status=status)
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(cwd) == before
    return done.stderr


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every readable file, but for what Python itself keeps of the modules that it imports."""
    return {
        str(p): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and os.access(p, os.R_OK) and p.parent.name != "__pycache__"
    }


def sides(folder: Path) -> tuple[shapcpp.Samples, shapcpp.Samples]:
    return shapcpp.read_features(folder / "features.npy").sides()


# Preludes to a command line. Its doubts report too, with a small total.
REPORTING = """
from shapcpp import progress
def report(self, done, total):
    if done >= 2 and total > 1000:
        with open("reports", "a") as file:
            file.write(".")
progress._Lines.__call__ = report
"""
FULL = """
import errno, os
sync = os.fsync
def fsync(file):
    if "/share/" in os.readlink(f"/proc/self/fd/{file}"):
        raise OSError(errno.ENOSPC, "No space left on device")
    sync(file)
os.fsync = fsync
"""
LATE = """
from types import SimpleNamespace
from shapcpp import progress
from shapcpp.running import runner
clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
runner.time = clock
def report(self, done, total):
    clock.now = 1e9 * (done >= 2 and total > 1000)
progress._Lines.__call__ = report
"""


def after(code: str, *arguments: object) -> list[str]:
    """The words of a command line that runs after some code, as in a process where that happened."""
    code = f"{code}\nfrom shapcpp.cli.main import main\nmain()"
    return [sys.executable, "-c", code, *map(str, arguments)]


class Reporting:
    """A command line under way, which leaves a file with a dot for each report of its progress.

    Reports come twenty times a second, or less often where the machine is busy.
    """

    def __init__(self, *arguments: object, cwd: Path) -> None:
        self._file = cwd / "reports"
        self.process = subprocess.Popen(
            after(REPORTING, *arguments), cwd=cwd,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while self.reports() == 0:
            assert self.process.poll() is None, "the process has ended"
            time.sleep(0.02)

    def reports(self) -> int:
        return self._file.stat().st_size if self._file.exists() else 0

    def stopped_by(self, stop: signal.Signals) -> tuple[str, str]:
        """Its words on stdout and stderr, stopped by this signal within a second's reports."""
        self.process.send_signal(stop)
        before = self.reports()
        said = self.process.communicate()
        assert self.reports() - before < 20
        self._file.unlink()
        assert self.process.returncode == 130
        return said


def wait_for_permutations(process: subprocess.Popen[Any], kept: Path) -> None:
    """Return once the checkpoint of this process holds some."""
    while not kept.exists() or shapcpp.load(kept, shapcpp.Valuation).n_permutations == 0:
        assert process.poll() is None, "the process has ended"
        time.sleep(0.02)
