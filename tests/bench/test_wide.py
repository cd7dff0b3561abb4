"""The bench of wide features at its smallest: equal integers, tables, and going on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import shapcpp
import wide_report
from wide_data import Case, make_wide

BENCH = Path(__file__).parents[2] / "bench"
CODE = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import wide
from wide_data import Case
wide.CASES[:] = [Case(60, 20, 1.0, "unit"), Case(70, 90, 0.5, "standard")]
wide.main()
"""


def test_builds_are_compared_and_the_bench_goes_on(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "bench").symlink_to(BENCH)
    (checkout / "python").symlink_to(Path(shapcpp.__file__).parents[1])
    command = [sys.executable, "-c", CODE, str(BENCH), "--out", str(tmp_path)]
    subprocess.run([*command, "--features", "20"], check=True, timeout=300)
    kept = json.loads((tmp_path / "wide.json").read_text())
    assert list(kept) == ["60 x 20, 1/j, unit"]
    subprocess.run([*command, "--engine", f"twin={checkout}"], check=True, timeout=300)
    rows = json.loads((tmp_path / "wide.json").read_text())
    assert len(rows) == 2
    for row in rows.values():
        assert row["trees"].keys() == {"shapcpp", "twin"}
        assert row["joins"]["50"].keys() >= {"shapcpp", "twin", "cold", "warm", "solver"}
        assert row["joins"]["50"]["checked"] == 60
    text = (tmp_path / "wide.md").read_text()
    table = [line for line in text.splitlines() if re.match(r"\| (60|70) x", line)]
    assert len(table) == 4
    assert text == wide_report.markdown(rows)
    assert (tmp_path / "wide.png").read_bytes().startswith(b"\x89PNG")
    subprocess.run(command, check=True, timeout=300)  # nothing is left to measure
    assert json.loads((tmp_path / "wide.json").read_text()) == rows


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_variances_fall_as_said(power: float) -> None:
    X, _, _, _ = make_wide(Case(4000, 32, power, "unit"))
    assert np.linalg.norm(X, axis=1) == pytest.approx(1.0)
    found = np.linalg.eigvalsh(np.cov(X.T))[::-1]
    slope = np.polyfit(np.log(np.arange(3, 33)), np.log(found[2:]), 1)[0]
    assert slope == pytest.approx(-power, abs=0.15)  # rows of length 1 bend it


def test_columns_are_standardised() -> None:
    X, y, _, _ = make_wide(Case(500, 16, 1.0, "standard"))
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X.std(axis=0), 1)
    assert set(y.tolist()) == {0, 1}
