from __future__ import annotations

import os
import platform
import signal

# Each of several workers takes its share of the processors, and what it starts inherits that. Set
# before numpy, the engine and torch are loaded, since these look once.
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // workers)))

import numpy as np
import pytest

import shapcpp
from shapcpp import _core
from shapcpp.machine.processors import available_processors

# A shell starts background jobs with SIGINT ignored, and then no test of Ctrl-C would ever end.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker per processor; more than eight would hold much memory and find little to do."""
    return min(available_processors(), 8)


def pytest_report_header() -> list[str]:
    sanitized = bool(_core.build()["sanitized"])
    if os.environ.get("SHAPCPP_EXPECT_SANITIZED") and not sanitized:
        raise RuntimeError("the engine under test was not built with sanitizers")
    return [
        f"shapcpp {shapcpp.__version__}, {_core.build()['compiler']}, "
        f"instruction set {_core.instruction_set()}, sanitized {sanitized}",
        f"python {platform.python_version()}, numpy {np.__version__}",
    ]
