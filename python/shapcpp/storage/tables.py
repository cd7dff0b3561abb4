"""Reading tables of text as other programs write them: CSV files and workbooks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shapcpp.storage import files, workbooks
from shapcpp.storage.csv_files import unescaped

__all__ = ["Table", "TableRow", "read_table"]

SEPARATORS = (",", ";", "\t", "|")
MOST_LOOKED_AT = 50  # lines that show the separator
MOST_ABOVE = 20  # lines that may stand above the header
# Byte order marks at the beginning of a file, which reveal its encoding.
MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
Lines = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class TableRow:
    """One row of a table.

    Attributes
    ----------
    cells : mapping of str to str
        Entries by column, without surrounding spaces.
    place : str
        File and line for messages, such as "labels.csv, line 4". Lines are counted as
        spreadsheets count them: from 1, with the header and empty lines.
    """

    cells: Mapping[str, str]
    place: str


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes
    ----------
    path : path
        The file.
    columns : tuple of str
        The names of the columns.
    rows : tuple of TableRow
        The rows; empty lines are left out.
    notes : tuple of str
        A sentence for each irregularity.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()

    def need(self, columns: Iterable[str], why: str = "") -> None:
        """Raises ValueError naming the columns that are missing and those that exist."""
        missing = [repr(name) for name in columns if name not in self.columns]
        if missing:
            has = files.shown(", ".join(self.columns)) or "none"
            noun = f"column{'s' * (len(missing) > 1)} {' and '.join(missing)}"
            raise ValueError(f"{self.path} lacks the {noun}{why}; it has {has}")


def read_table(path: files.PathLike, known: Sequence[str]) -> Table:
    """Reads a table: CSV with any usual separator and encoding, or an Excel workbook.

    Columns may be separated by commas, semicolons, tabs or bars. Text may be UTF-8, UTF-16 or
    UTF-32 with a mark at its beginning, UTF-16 without one, or Windows-1252. The header is the
    first line that names a known column, else the first line that is not empty. An apostrophe
    before text that a spreadsheet would run as a formula is removed.

    Parameters
    ----------
    path : path-like
        The file.
    known : sequence of str
        Columns that the caller looks for. A column whose name differs only in capitals or
        surrounding spaces gets the known name.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is not a table, names a column twice, or has a row that is longer or shorter
        than its header.
    """
    path = Path(path)
    notes: list[str] = []
    with files.told(f"{path} is not a readable table"):
        if workbooks.is_workbook(path):
            lines = workbooks.read_workbook(path)
        else:
            with open(path, "rb") as file:
                text, notes = _decoded(file.read())
            lines = _parsed(text, known)
        lines = [(number, list(map(unescaped, line))) for number, line in lines if any(line)]
        header, above = _header(lines, known)
        if above:
            lines_above = "a line stands" if above == 1 else f"{above} lines stand"
            notes.append(f"{lines_above} above the header")
        columns = _named(header, known)
        rows = list(_rows(lines[above + 1 :], len(header)))
        kept = [at for at, name in enumerate(columns) if name]
        if any(line[at] for _, line in rows for at in range(len(header)) if at not in kept):
            notes.append("columns without a name are left out")
        names = tuple(columns[at] for at in kept)
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"its column {name!r} is there twice")
    table_rows = (
        TableRow({columns[at]: line[at] for at in kept}, f"{path.name}, line {number}")
        for number, line in rows
    )
    said = tuple(f"{path.name}: {sentence}" for sentence in notes)
    return Table(path, names, tuple(table_rows), said)


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """Returns the text of a file, and a note if its encoding was guessed."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content.decode(encoding), []
    if b"\0" in content[:200]:
        # In UTF-16, a Latin letter has its zero byte second if little-endian, first if big-endian.
        is_little = content[1:200:2].count(0) >= content[:200:2].count(0)
        encoding = "utf-16-le" if is_little else "utf-16-be"
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise ValueError("it holds zero bytes, as no text does")
        return text, [f"its text is {encoding.upper()}, without the mark that says so"]
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        raise ValueError(
            "its text is neither UTF-8, nor UTF-16, nor Windows-1252: save it as CSV UTF-8"
        ) from None
    return text, ["its text is not UTF-8, and was read as Windows-1252: look at accented letters"]


def _parsed(text: str, known: Sequence[str]) -> Lines:
    """Splits text into numbered lines of cells; a cell may hold line breaks."""
    if text[:4] == "sep=":  # Excel's own first line, which it does not show
        first, _, text = text.partition("\n")
        return _cells(text, first[4:5])
    best = max(SEPARATORS, key=lambda separator: _fitness(text, separator, known))
    return _cells(text, best)


def _cells(text: str, separator: str, most: int | None = None) -> Lines:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines = []
    try:
        for number, line in enumerate(reader, 1):
            lines.append((number, [cell.strip() for cell in line]))
            if number == most:
                break
    except csv.Error as error:
        raise ValueError(f"{error} in line {len(lines) + 1}") from None
    return lines


def _fitness(text: str, separator: str, known: Sequence[str]) -> tuple[int, float, int]:
    """Rates a separator by the known columns that it yields, then by lines of equal length.

    Splitting at decimal commas, or at commas in a header, gives lines of many lengths; splitting
    at the separator does not.
    """
    try:
        lines = [(at, line) for at, line in _cells(text, separator, MOST_LOOKED_AT) if any(line)]
    except ValueError:
        return 0, 0.0, 0
    names = {name.casefold() for name in known}
    shown = len(names & {cell.casefold() for cell in _header(lines, known)[0]})
    wide = [len(line) for _, line in lines if len(line) > 1]
    if not wide:
        return shown, 0.0, 0
    usual = max(set(wide), key=lambda length: (wide.count(length), length))
    return shown, wide.count(usual) / len(lines), usual


def _header(lines: Lines, known: Sequence[str]) -> tuple[list[str], int]:
    """Returns the header and the number of lines above it."""
    names = {name.casefold() for name in known}
    for above, (_, line) in enumerate(lines[:MOST_ABOVE]):
        if names & {cell.casefold() for cell in line}:
            return line, above
    return (lines[0][1], 0) if lines else ([], 0)


def _named(header: Sequence[str], known: Sequence[str]) -> list[str]:
    wanted = {name.casefold(): name for name in known if name not in header}
    return [wanted.get(name.casefold(), name) for name in header]


def _rows(lines: Lines, width: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        while len(line) > width and not line[-1]:
            line.pop()
        if len(line) != width:
            raise ValueError(f"line {number} has {len(line)} entries, the header {width}")
        yield number, line
