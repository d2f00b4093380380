"""Reads CSV as spreadsheets write it: rows of text with line numbers.

The delimiter is the one of comma, semicolon and tab that finds most known columns in the header (Excel writes a
semicolon where the comma is the decimal sign). The encoding must be UTF-8: in any other, a name would silently become
another name. Cells are text, without the blanks around them; an empty cell means that the attribute is not written, so
that a CSV file cannot clear an attribute.

A spreadsheet damages long numbers before it saves them (``4,2555E+10``): such a cell is an error, since the digits are
lost. A leading zero that it dropped cannot be seen here; the number of digits is checked where the dial plan is known.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.diagnostics import Diagnostic, Position
from reconciler.source_text import SECRET_NAME, SourceText, decode, did_you_mean, limited

SAVE_AS_UTF8 = 'Save it as UTF-8: in Excel, "Save As", file type "CSV UTF-8 (Comma delimited)".'
MAX_BYTES = 64 * 1024 * 1024

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_MANGLED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]\d{1,3}")
_MANGLED_SOMEWHERE = re.compile(r"\d[eE][+-]\d")
_SPREADSHEET_ERROR = re.compile(r"#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!)|#{3,}")
_SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\n|\r)")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A file's header, and what is needed to find a cell again."""

    source: SourceText
    delimiter: str
    columns: tuple[str, ...]
    header_line: int

    def position(self, line: int, column: str | None = None) -> Position:
        """Return where the cell of ``column`` begins in the row at ``line``; the line's begin without a column."""
        if column is None or column not in self.columns:
            return Position(self.source.file, line, 1)
        return self.place(line, self.columns.index(column))

    def place(self, line: int, number: int) -> Position:
        """Return where the cell ``number``, from 0, begins."""
        starts = _cell_starts(self.source.line(line), self.delimiter)
        return Position(self.source.file, line, starts[min(number, len(starts) - 1)] + 1)

    def told(
        self, position: Position, summary: str, detail: str, remedy: str, address: str | None = None
    ) -> Diagnostic:
        """Return an error with the line shown, unless a column of the file is one for secrets."""
        if any(SECRET_NAME.search(name) for name in self.columns):
            return Diagnostic(summary, detail, remedy, address=address, position=position)
        return self.source.at(position, summary, detail, remedy, address)


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: column name to text, without the cells that are empty."""

    table: CsvTable
    line: int
    values: Mapping[str, str]
    damaged: frozenset[str] = frozenset()
    """Columns whose cells are told to be wrong already."""

    def position(self, path: tuple[str | int, ...] = (), *, on_key: bool = False) -> Position:
        """Return where the cell of the attribute that ``path`` begins with stands; the row's line without one."""
        return self.table.position(self.line, str(path[0]) if path else None)

    def diagnostic(
        self,
        summary: str,
        detail: str,
        remedy: str = "",
        *,
        path: tuple[str | int, ...] = (),
        on_key: bool = False,
        address: str | None = None,
    ) -> Diagnostic:
        """Return an error at the cell of ``path``."""
        return self.table.told(self.position(path), summary, detail, remedy, address)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the header of a file may and must name."""

    known: Collection[str]
    required: Sequence[str] = ()
    extra: Collection[str] = field(default=())
    """Allowed and left out of the rows: read by people alone."""


def read_csv(file: str, content: bytes, columns: Columns) -> tuple[tuple[CsvRow, ...], tuple[Diagnostic, ...]]:
    """Return the rows of a file that could be read, and everything that is wrong with its form."""
    if len(content) > MAX_BYTES:
        detail = f"It has {len(content):,} bytes; a CSV file may have {MAX_BYTES:,}."
        return (), (Diagnostic("File too large", detail, "Split it.", position=Position(file)),)
    source = decode(file, content, remedy=SAVE_AS_UTF8)
    if isinstance(source, Diagnostic):
        return (), (source,)
    if unseen := source.unseen():
        return (), unseen
    found: list[Diagnostic] = []
    table, start = _header(source, columns, found)
    if table is None:
        return (), tuple(found)
    rows = tuple(_rows(table, start, frozenset(columns.known), found))
    if not rows and not found:
        detail = "The file has a header and no rows below it."
        remedy = "Write a row, or remove the entry that names this file."
        found.append(source.at(Position(file, table.header_line), "No rows", detail, remedy))
    return rows, tuple(limited(found, file))


# --- header ----------------------------------------------------------------------------------------------------------


def _header(source: SourceText, columns: Columns, found: list[Diagnostic]) -> tuple[CsvTable | None, int]:
    """Return the table, and the index in the text where its rows begin."""
    start, line, delimiter = 0, 1, None
    if match := _SEPARATOR_LINE.match(source.text):
        start, line, delimiter = match.end(), 2, match[1]
    while start < len(source.text) and not source.line(line).strip():
        start, line = _line_after(source, start), line + 1
    header = source.line(line)
    if not header.strip():
        remedy = "Write a header with the names of the columns, and a row for each resource."
        found.append(source.at(Position(source.file), "File is empty", "The file has no text.", remedy))
        return None, 0
    delimiter = delimiter or _delimiter(header, columns.known)
    names = tuple(name.strip() for name in _split(header, delimiter))
    while len(names) > 1 and not names[-1]:
        names = names[:-1]
    table = CsvTable(source, delimiter, names, line)
    _check_header(table, columns, found)
    return table, _line_after(source, start)


def _line_after(source: SourceText, start: int) -> int:
    match = re.compile(r"\r\n|\n|\r").search(source.text, start)
    return match.end() if match else len(source.text)


def _delimiter(header: str, known: Collection[str]) -> str:
    def worth(delimiter: str) -> tuple[int, int]:
        names = [name.strip() for name in _split(header, delimiter)]
        return sum(name in known for name in names), len(names)

    return max(_DELIMITERS, key=worth)


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _check_header(table: CsvTable, columns: Columns, found: list[Diagnostic]) -> None:
    line = table.header_line
    allowed = {*columns.known, *columns.extra}
    missing = [name for name in columns.required if name not in table.columns]
    for number, name in enumerate(table.columns):
        if not name:
            detail = f"Column {number + 1} has no name."
            found.append(table.told(table.place(line, number), "Column without name", detail, "Name it, or delete it."))
        elif name not in allowed:
            detail = f'"{name}" is no attribute of what this file declares.'
            remedy = did_you_mean(name, allowed, otherwise="Or delete the column.")
            found.append(table.told(table.place(line, number), "Unknown column", detail, remedy))
    for name, count in Counter(table.columns).items():
        if name and count > 1:
            first = table.columns.index(name)
            second = table.columns.index(name, first + 1)
            detail = f'"{name}" stands in columns {first + 1} and {second + 1}.'
            found.append(
                table.told(table.place(line, second), "Column written twice", detail, "Delete one of the two columns.")
            )
    for name in missing:
        detail = f'The header has no column "{name}"; it has: {", ".join(filter(None, table.columns))}.'
        remedy = (
            f'Add the column "{name}"; columns are divided by a {_DELIMITERS.get(table.delimiter, "delimiter")} here.'
        )
        found.append(table.told(Position(table.source.file, line), "Missing column", detail, remedy))


# --- rows ------------------------------------------------------------------------------------------------------------


def _rows(table: CsvTable, start: int, known: frozenset[str], found: list[Diagnostic]) -> Iterator[CsvRow]:
    columns = table.columns
    kept = [(number, name) for number, name in enumerate(columns) if name in known and columns.index(name) == number]
    is_whole = len(kept) == len(columns)
    suspicious = _MANGLED_SOMEWHERE.search(table.source.text) or _SPREADSHEET_ERROR.search(table.source.text)
    for line, cells in _records(table, start, found):
        if len(cells) != len(columns) and not _fits(table, line, cells, found):
            continue
        damaged = _damaged(table, line, cells, found) if suspicious else frozenset[str]()
        if is_whole:
            values = {name: text for name, cell in zip(columns, cells, strict=False) if (text := cell.strip())}
        else:
            values = {name: text for number, name in kept if (text := cells[number].strip())}
        if values:
            yield CsvRow(table, line, values, damaged)


def _records(table: CsvTable, start: int, found: list[Diagnostic]) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with the line it begins in; stops at quotes that do not pair."""
    reader = csv.reader(io.StringIO(table.source.text[start:], newline=""), delimiter=table.delimiter, strict=True)
    line = table.header_line + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            found.append(_unreadable(table, line, error))
            return
        if cells is None:
            return
        following = table.header_line + 1 + reader.line_num
        if following > line + 1:
            detail = f"A value of this row goes on in the next line; the row ends in line {following - 1}."
            remedy = "Remove the line break from the value, or close the quote."
            found.append(table.told(Position(table.source.file, line), "Line break in value", detail, remedy))
        elif cells:
            yield line, cells
        line = following


def _unreadable(table: CsvTable, line: int, error: csv.Error) -> Diagnostic:
    position = Position(table.source.file, line)
    if "field larger" in str(error):
        detail = "A value has more than 131,072 characters; a quote may be left open."
        return table.told(position, "Value too long", detail, "Close the quote, or shorten the value.")
    detail = "A quote opens a value here and is not closed, or text follows a closing quote."
    remedy = 'Write a quote inside a value twice (""), and close the value with a quote before the delimiter.'
    return table.told(position, "Quotes do not pair", detail, remedy)


def _fits(table: CsvTable, line: int, cells: list[str], found: list[Diagnostic]) -> bool:
    """True where only empty cells are too many or the row is empty; else the row is told."""
    count = len(table.columns)
    if not any(cell.strip() for cell in cells):
        return False
    if len(cells) > count and not any(cell.strip() for cell in cells[count:]):
        del cells[count:]
        return True
    noun = _DELIMITERS.get(table.delimiter, "delimiter")
    detail = f"The row has {len(cells)} values, the header {count} columns."
    remedy = (
        f"Put a value that holds a {noun} in quotes."
        if len(cells) > count
        else f"Write a {noun} for each value that is left empty."
    )
    position = table.place(line, count) if len(cells) > count else Position(table.source.file, line)
    found.append(table.told(position, "Wrong number of values", detail, remedy))
    return False


def _damaged(table: CsvTable, line: int, cells: list[str], found: list[Diagnostic]) -> frozenset[str]:
    """Tell the cells that a spreadsheet damaged; return their columns."""
    damaged: set[str] = set()
    for number, name in enumerate(table.columns):
        cell = cells[number].strip()
        if _MANGLED.fullmatch(cell):
            detail = f'"{name}" is "{cell}": a spreadsheet turned a long number into this and dropped digits.'
            remedy = "Format the column as Text in the spreadsheet, type the number again, and save."
            found.append(table.told(table.place(line, number), "Number changed by a spreadsheet", detail, remedy))
            damaged.add(name)
        elif _SPREADSHEET_ERROR.fullmatch(cell):
            detail = f'"{name}" is "{cell}", which a spreadsheet writes where it has no value to show.'
            remedy = "Correct the formula or widen the column, and save again."
            found.append(table.told(table.place(line, number), "Error value of a spreadsheet", detail, remedy))
            damaged.add(name)
    return frozenset(damaged)


def _cell_starts(line: str, delimiter: str) -> list[int]:
    """Return where each cell of a line begins, behind the blanks before it."""
    starts, is_quoted = [0], False
    for index, character in enumerate(line):
        if character == '"':
            is_quoted = not is_quoted
        elif character == delimiter and not is_quoted:
            starts.append(index + 1)
    return [start + len(line[start:]) - len(line[start:].lstrip(" ")) for start in starts]
