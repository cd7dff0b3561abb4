"""Runs on the processes of an MPI job."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mpi4py", reason="mpi4py is not installed")
MPIEXEC = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")

SCRIPT = """
from mpi4py.futures import MPIPoolExecutor

import shapcpp
from runs import CtrlC, assert_efficient, assert_same, run

if __name__ == "__main__":
    with MPIPoolExecutor() as executor:
        assert executor.num_workers == 2
        assert_same(run(2000, executor=executor), run(2000))
        try:
            run(10**8, executor=executor, progress=CtrlC())
        except shapcpp.Interrupted as stop:
            assert_efficient(stop.partial)
        assert_same(run(30, executor=executor, C=2.0), run(30, C=2.0))
    print("all is well")
"""


@pytest.mark.skipif(MPIEXEC is None, reason="mpiexec is not installed")
def test_the_processes_of_an_mpi_job_do_the_walks(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [str(MPIEXEC), "-n", "3", sys.executable, "-m", "mpi4py.futures", "script.py"],
        cwd=tmp_path,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "all is well\n"), done.stderr


def _environment() -> dict[str, str]:
    tests = str(Path(__file__).parents[1] / "support")
    path = os.pathsep.join(filter(None, (tests, os.environ.get("PYTHONPATH"))))
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return {**os.environ, **root, "PYTHONPATH": path}
