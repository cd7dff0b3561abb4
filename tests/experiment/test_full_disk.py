"""A reproduction whose figures cannot be written keeps its values."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from reproductions import SMALL, content
from shapcpp.experiment import Reproduction, reproduce

module: Any = sys.modules[reproduce.__module__]


def test_a_figure_that_cannot_be_written_costs_no_value(
    done: Reproduction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done.folder, folder)
    (folder / "figure2.png").unlink()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device", "figure2.png")

    with monkeypatch.context() as broken:
        broken.setattr(module, "figure2", full)
        with pytest.raises(OSError, match="No space left") as raised:
            reproduce(folder, **SMALL)
    error: Any = raised.value
    assert error.partial.table.tolist() == done.table.tolist()
    reproduce(folder, **SMALL)
    assert content(folder) == content(done.folder)
