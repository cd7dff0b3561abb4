"""The bench at its smallest: it runs, asserts what it should, and its tables are well formed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import report
import sampling

BENCH = Path(__file__).parents[2] / "bench"
CELL = re.compile(r"~?[\d,.]+ \([\d,.]+\)( [a-z-]+)?$|not available$")


def test_smallest_race_writes_tables_and_figure(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCH / "run.py"), "--smallest", "--out", str(tmp_path)]
    subprocess.run([*command, "--rounds", "1", "--budget", "0.1"], check=True, timeout=300)
    results = json.loads((tmp_path / "results.json").read_text())
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG")
    assert list(results["names"]) == ["cold", "warm", "twin", "dense", "shapcpp"]
    for cores in results["facts"]["core_counts"]:
        head, rule, *rows = report.table(results, cores)
        assert len(rows) == 1
        assert head.count("|") == rule.count("|") == rows[0].count("|")
        for cell in rows[0].strip("| ").split(" | ")[1:]:
            assert CELL.match(cell), cell
    assert (tmp_path / "results.md").read_text() == report.markdown(results)


def test_contenders_out_of_reach_are_not_available() -> None:
    assert report.cell(None, 1.0) == "not available"
    assert report.cell({"micros": 1234.5, "estimated": True}, 2.0) == "~1,234 (617)"


def test_estimate_is_exact_where_cost_is_a_line() -> None:
    n = 1000
    samples = sampling.probe(n, 5, 2, 0.0, lambda size: 3e-6 + 2e-9 * size)
    assert len(samples) == sampling.LEAST
    whole = np.mean(3e-6 + 2e-9 * np.arange(1, n + 1))
    assert sampling.mean_cost(n, samples) == pytest.approx(whole)


def test_sampled_sizes_are_spread_evenly() -> None:
    sizes = np.array([sampling.coalition_size(100, i) for i in range(50)])
    assert sizes.min() >= 1
    assert sizes.max() <= 100
    assert np.histogram(sizes, bins=5, range=(0, 100))[0].min() >= 8
