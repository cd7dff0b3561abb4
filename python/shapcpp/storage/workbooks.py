"""Excel workbooks as tables of text, if openpyxl is installed (extra ``excel``)."""

from __future__ import annotations

import datetime
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

from shapcpp.extras import installs

__all__ = ["is_workbook", "read_workbook"]

OLD_EXCEL = b"\xd0\xcf\x11\xe0"
SAVE = "save it as CSV (CSV UTF-8 in the list of kinds)"


def is_workbook(path: Path) -> bool:
    """True for a workbook that can be read; raises ValueError for other kinds of spreadsheets."""
    with open(path, "rb") as file:
        begin = file.read(4)
    if begin == OLD_EXCEL:
        raise ValueError(f"it is a workbook of an old Excel (.xls): {SAVE}, or as .xlsx")
    if begin != b"PK\3\4":
        return False
    with zipfile.ZipFile(path) as archive:
        if "xl/workbook.xml" in archive.namelist():
            return True
    raise ValueError(f"it is a packed file and no table that is read here: {SAVE}")


def read_workbook(path: Path) -> list[tuple[int, list[str]]]:
    """Reads the first sheet as numbered lines of cells.

    Raises
    ------
    ValueError
        If openpyxl is not installed, or the workbook has several sheets with text.
    """
    try:
        openpyxl: Any = import_module("openpyxl")
    except ImportError:
        raise ValueError(
            f"it is an Excel workbook, which needs openpyxl ({installs('excel')}): or {SAVE}"
        ) from None
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheets = {
            sheet.title: [
                (number, [_text(cell) for cell in line])
                for number, line in enumerate(sheet.iter_rows(values_only=True), 1)
            ]
            for sheet in book.worksheets
        }
    finally:
        book.close()
    full = {name: lines for name, lines in sheets.items() if any(any(line) for _, line in lines)}
    if len(full) > 1:
        names = ", ".join(map(repr, full))
        raise ValueError(f"it has {len(full)} sheets with text ({names}): keep one, or {SAVE}")
    return next(iter(full.values()), [])


def _text(value: object) -> str:
    """Returns the text of a cell as a CSV file would hold it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat()
    return str(value).strip()
