"""The command line as the tests call it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

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
    return {
        str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and os.access(p, os.R_OK)
    }


def sides(folder: Path) -> tuple[shapcpp.Samples, shapcpp.Samples]:
    return shapcpp.read_features(folder / "features.npy").sides()


def wait_for_work(process: subprocess.Popen[str], seconds: float = 2.0) -> None:
    """Return once the process has computed for this long, however busy the machine is.

    Two seconds are enough for the start of the command line and for some permutations.
    """
    while _cpu_seconds(process.pid) < seconds:
        assert process.poll() is None, "the process has ended"
        time.sleep(0.02)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
