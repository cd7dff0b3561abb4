from __future__ import annotations

import os
import platform
import signal

import numpy as np

import shapcpp
from shapcpp import _core

# A shell starts background jobs with SIGINT ignored, and then no test of Ctrl-C would ever end.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    sanitized = bool(_core.build()["sanitized"])
    if os.environ.get("SHAPCPP_EXPECT_SANITIZED") and not sanitized:
        raise RuntimeError("the engine under test was not built with sanitizers")
    return [
        f"shapcpp {shapcpp.__version__}, {_core.build()['compiler']}, "
        f"instruction set {_core.instruction_set()}, sanitized {sanitized}",
        f"python {platform.python_version()}, numpy {np.__version__}",
    ]
