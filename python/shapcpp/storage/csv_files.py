"""CSV files, written so that no spreadsheet runs their contents as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from shapcpp.storage import files, writing

__all__ = ["unescaped", "write_csv"]

# Spreadsheets run a cell that begins like this as a formula, unless an apostrophe precedes it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "'")


def _escaped(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def unescaped(cell: str) -> str:
    """Removes the apostrophe that `write_csv` puts before a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def write_csv(
    path: files.PathLike,
    header: Iterable[str],
    rows: Iterable[Sequence[object]],
    raw: bool = False,
) -> None:
    """Writes a CSV file, UTF-8 with Unix line ends, whole or not at all.

    Unless `raw`, text that a spreadsheet would run as a formula gets an apostrophe, which
    `read_table` removes again; numbers stay numbers.
    """
    lines = [_line(row if raw else map(_escaped, row)) for row in (header, *rows)]
    writing.write_atomically(path, lambda file: file.write("".join(lines).encode()))


def _line(row: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(row)  # whose characters it quotes in cells
    return line.getvalue()[:-2] + "\n"
