"""A reproduction on a phantom whose positives and negatives come from two scanners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import shapcpp
from reproductions import SMALL
from scans import write_image_folder
from shapcpp.experiment import Reproduction, reproduce


def test_two_sources_make_another_phantom_and_the_page_warns(
    done: Reproduction, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small: dict[str, Any] = SMALL | {"noise": (0.1,), "epochs": 1, "progress": True}
    assert "Source and label coincide" not in (done.folder / "report.html").read_text()
    reproduce(tmp_path, **small, sources="two")
    assert "source" in (shapcpp.read_features(tmp_path / "features-10.npy").rows.dtype.names or ())
    page = (tmp_path / "report.html").read_text()
    assert "Source and label coincide" in page
    assert "the column source alone tells label 1 from the others with an AUC of 1.00" in page
    capsys.readouterr()
    reproduce(tmp_path, **small, sources="two")
    assert all(line.endswith("up to date") for line in capsys.readouterr().err.splitlines())
    reproduce(tmp_path, **small)
    assert "up to date" not in capsys.readouterr().err


def test_other_scans_have_sources_of_their_own(tmp_path: Path) -> None:
    scans = write_image_folder(tmp_path / "scans", patients=16, each=4)
    with pytest.raises(ValueError, match="sources says how the phantom is made"):
        reproduce(tmp_path / "out", **SMALL | {"data": scans}, sources="two")
