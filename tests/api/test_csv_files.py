"""Tables of text: what a spreadsheet would run goes out escaped and comes back as it was."""

from __future__ import annotations

import csv
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shapcpp.storage.csv_files import write_csv
from shapcpp.storage.tables import read_table

CELLS = st.text(alphabet=string.printable[:-2] + "é＝'=+-@\t", min_size=1, max_size=6).filter(
    lambda text: text.strip() == text
)


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    table = read_table(path, ("id", "value", "group"))
    return list(table.columns), [list(row.cells.values()) for row in table.rows]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'x", "'=x", "''", "＝1+1", "-", "="]
)
def test_what_a_spreadsheet_would_run_is_escaped_and_comes_back(text: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_csv(path, ["id", "value"], [(text, -1.5)])
    with path.open(newline="", encoding="utf-8") as file:
        assert next(row for row in csv.reader(file) if row[0] != "id") == [f"'{text}", "-1.5"]
    assert read(path) == (["id", "value"], [[text, "-1.5"]])


def test_raw_tables_are_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_csv(path, ["=id", "value"], [("=1", -1), ("x", float("nan"))], raw=True)
    assert path.read_text() == "=id,value\n=1,-1\nx,nan\n"
    write_csv(path, ["=id", "value"], [("=1", -1)])
    assert path.read_text() == "'=id,value\n'=1,-1\n"
    assert read(path)[0] == ["=id", "value"]


@settings(
    max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
def test_every_text_comes_back_exactly(rows: list[tuple[str, str]], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_csv(path, ["id", "group"], rows)
    assert read(path)[1] == [list(row) for row in rows]
