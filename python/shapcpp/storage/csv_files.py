"""Tables of text on disk: CSV as spreadsheets write it, read; written with commas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from shapcpp.storage import files, writing

__all__ = ["need_columns", "read_csv", "write_csv"]

# Spreadsheets run a cell that begins like this as a formula, unless an apostrophe stands before it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "'")
# Where a comma stands in decimal numbers, spreadsheets separate columns by semicolons.
OTHER_SEPARATORS = (";", "\t")


def read_csv(path: files.PathLike) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file, UTF-8; empty lines do not count.

    Columns are separated by commas; where the header has none, by semicolons or tabs. An
    apostrophe before what a spreadsheet would run as a formula is taken away.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no such file, names a column twice, or has a row that is longer or shorter
        than its header; rows count from 0.
    """
    with (
        files.told(f"{path} is not a readable CSV file"),
        open(path, newline="", encoding="utf-8-sig") as file,
    ):
        content = file.read().lstrip("\r\n")
        separator = ","
        if content[:4] == "sep=":  # Excel's own
            first, _, content = content.partition("\n")
            separator = first[4:5]
        else:
            first = content.partition("\n")[0]
            others = [one for one in OTHER_SEPARATORS if one in first and "," not in first]
            separator = others[0] if others else separator
        try:
            lines = csv.reader(io.StringIO(content, newline=""), delimiter=separator, strict=True)
            header, *rows = [line for line in lines if line] or [[]]
        except csv.Error as error:
            raise ValueError(str(error)) from None
        header = [_unescaped(name.strip()) for name in header]
        rows = [[_unescaped(cell) for cell in row] for row in rows]
        for name in header:
            if header.count(name) > 1:
                raise ValueError(f"its column {name!r} is there twice")
        for number, row in enumerate(rows):
            if len(row) != len(header):
                raise ValueError(f"row {number} has {len(row)} entries, the header {len(header)}")
    return header, rows


def _escaped(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _unescaped(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def need_columns(
    path: files.PathLike, header: Sequence[str], needed: Iterable[str], why: str = ""
) -> None:
    """ValueError naming the columns that are missing and those there are."""
    missing = [repr(name) for name in needed if name not in header]
    if missing:
        has = files.shown(", ".join(header)) or "none"
        columns = f"column{'s' * (len(missing) > 1)} {' and '.join(missing)}"
        raise ValueError(f"{path} lacks the {columns}{why}; it has {has}")


def write_csv(
    path: files.PathLike,
    header: Iterable[str],
    rows: Iterable[Sequence[object]],
    raw: bool = False,
) -> None:
    """Writes a CSV file, UTF-8 with unix line ends, whole or not at all.

    Text that a spreadsheet would run as a formula gets an apostrophe, which `read_csv` takes
    away again, unless it is to be `raw`; numbers stay numbers.
    """
    lines = [_line(row if raw else map(_escaped, row)) for row in (header, *rows)]
    writing.write_atomically(path, lambda file: file.write("".join(lines).encode()))


def _line(row: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(row)  # whose characters it quotes in cells
    return line.getvalue()[:-2] + "\n"
