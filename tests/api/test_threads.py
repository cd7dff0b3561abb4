"""Threads that the system refuses: the run goes on with those it has, to the same integers."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import shapcpp
from shapcpp import _core
from shapcpp.machine import threads

PROGRAM = """
import json, os, resource, sys
import numpy as np, shapcpp
rng = np.random.default_rng(0)
X, y = rng.normal(size=(60, 3)), np.arange(60) % 2
def run(threads):
    return shapcpp.value(X, y, X[:9], y[:9], permutations=64, threads=threads).gains.tolist()
expected = run(1)
exec(sys.argv[1])
started = [0]
print(json.dumps(run(64) == expected))
"""
ADDRESS_SPACE = """
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + 64_000_000  # the stacks of a few threads
resource.setrlimit(resource.RLIMIT_AS, (most, most))
"""
PROCESSES = """
if os.getuid() == 0:  # whom no such limit binds
    os.setuid(54_321)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
"""


def test_libraries_are_spared_where_threads_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: object) -> None:
        raise RuntimeError("can't start new thread")

    assert threads.can_start(3) == 3
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for name in threads.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    threads.spare_libraries()  # numpy is here: nothing to do
    assert "OPENBLAS_NUM_THREADS" not in os.environ
    monkeypatch.setattr(threading.Thread, "start", refused)
    monkeypatch.delitem(sys.modules, "numpy")
    threads.spare_libraries()
    for name in threads.SETTINGS:
        assert os.environ.pop(name) == "1"


def test_a_pool_without_threads_works_on_the_one_that_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with threads.pool(2) as pool:
        assert pool.submit(threading.get_ident).result() != threading.get_ident()
    monkeypatch.setattr(threads, "can_start", lambda count: 0)
    with threads.pool(2) as pool:
        assert pool.submit(threading.get_ident).result() == threading.get_ident()
        assert isinstance(pool.submit(int, "x").exception(), ValueError)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
@pytest.mark.skipif(_core.build()["sanitized"], reason="sanitizers need address space for threads")
@pytest.mark.parametrize("limit", [ADDRESS_SPACE, PROCESSES], ids=["address space", "processes"])
def test_a_run_goes_on_with_the_threads_that_it_is_given(limit: str) -> None:
    root = Path(shapcpp.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, limit],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(root), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) is True
    assert resource.getrlimit(resource.RLIMIT_NPROC)[0] != 1
