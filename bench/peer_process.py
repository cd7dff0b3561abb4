"""Makes pyDVL's own environment on demand (it needs numpy < 2), and asks the server in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from data import Shape, make_data

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parent / ".venv-peers"
PINS = HERE / "peers-constraints.txt"


class NotAvailableError(RuntimeError):
    """The reason why pyDVL cannot run, in a few words for the report."""


def environment() -> Path:
    """The interpreter of an environment with pyDVL."""
    python = ENVIRONMENT / "bin" / "python"
    installed = ENVIRONMENT / "installed"
    if installed.exists() and installed.stat().st_mtime > PINS.stat().st_mtime:
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
        subprocess.run(
            [*pip, "--only-binary=:all:", "-c", str(PINS), "pydvl"], check=True, timeout=600
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        raise NotAvailableError("its packages could not be installed") from error
    installed.touch()
    return python


class PeerProcess:
    """The running server and the array files that it reads."""

    def __init__(self) -> None:
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [str(environment()), str(HERE / "peers.py")],
            env=os.environ | one_thread | {"PYTHONWARNINGS": "ignore"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.folder = tempfile.TemporaryDirectory()
        self.versions: dict[str, str] = self.ask({})

    def ask(self, request: dict[str, Any]) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError) as error:
            raise NotAvailableError("it stopped with an error") from error

    def file(self, shape: Shape) -> str:
        path = Path(self.folder.name) / ("-".join(map(str, shape)) + ".npz")
        if not path.exists():
            X, y, X_test, y_test = make_data(shape)
            np.savez(path, X=X, y=y, X_test=X_test, y_test=y_test)
        return str(path)

    def close(self) -> None:
        self.process.communicate()
        self.folder.cleanup()
