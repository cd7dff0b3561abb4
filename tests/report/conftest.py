from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doubtful import TITLE, features, pictures, run
from shapcpp import Features, Valuation
from shapcpp.report import report


@pytest.fixture(name="noisy", scope="session")
def _noisy() -> Features:
    return features()


@pytest.fixture(name="v", scope="session")
def _v(noisy: Features) -> Valuation:
    return run(noisy, trace=20)


@pytest.fixture(name="write", scope="session")
def _write(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    folder = tmp_path_factory.mktemp("report")

    def write(
        run: Any, features: Any = None, scans: Any = None, *, name: str, **options: Any
    ) -> Path:
        report(run, features, scans, folder / name, **options)
        return folder / name

    return write


@pytest.fixture(name="page", scope="session")
def _page(v: Valuation, noisy: Features, write: Callable[..., Path]) -> Path:
    """Everything that a page can show."""
    carry = run(noisy, single_class="carry")
    return write(v, noisy, pictures(v), name="all.html", carry=carry, title=TITLE, fraction=0.3)
