"""Reads CSV as spreadsheets write it: rows of text with line numbers.

The delimiter is comma, semicolon or tab: the one that finds most known columns in the header (Excel writes a semicolon
where the comma is the decimal sign). The encoding must be UTF-8, because another encoding could turn a name into a
different name. Cells are text without surrounding spaces. An empty cell leaves the attribute out, so that a CSV file
cannot clear an attribute.

A spreadsheet changes long numbers before it saves them (``4,2555E+10``). Such a cell is an error, because its digits
are lost. This module cannot see a dropped leading zero; the rules of the dial plan check the number of digits.
"""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from reconciler.config.csv_columns import Columns
from reconciler.config.csv_header import DELIMITERS, CsvTable, read_header, split_line
from reconciler.config.redaction import HIDDEN, is_secret_name
from reconciler.config.source_text import Mistakes, decode
from reconciler.model.diagnostics import Diagnostic, Position

SAVE_AS_UTF8 = 'Save the file as UTF-8. In Excel, use "Save As" with the file type "CSV UTF-8 (Comma delimited)".'
MAX_BYTES = 64 * 1024 * 1024

_MANGLED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]\d{1,3}")
_MANGLED_SOMEWHERE = re.compile(r"\d[eE][+-]\d")
_SPREADSHEET_ERROR = re.compile(r"#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!)|#{3,}")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: text by column name, without empty cells."""

    table: CsvTable
    line: int
    values: Mapping[str, str]
    damaged: frozenset[str] = frozenset()
    """Columns whose cells already have an error."""

    def cells(self) -> tuple[str, ...]:
        """Return all cells as they are written, also those of ignored columns."""
        written = split_line(self.table.source.line(self.line), self.table.delimiter)
        cells = [cell.strip() for cell in written[: len(self.table.headers)]]
        return (*cells, *[""] * (len(self.table.headers) - len(cells)))

    def position(self, path: tuple[str | int, ...] = (), *, on_key: bool = False) -> Position:
        """Return the place of the cell for the first part of ``path``; without a path, the start of the row."""
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
        return self.table.error(self.position(path), summary, detail, remedy, address)


@dataclass(frozen=True, slots=True)
class CsvRows:
    """The rows of a file by column, without an object for each row."""

    table: CsvTable
    lines: Sequence[int]
    cells: Mapping[str, Sequence[str]]
    """By column: the text of each row; '' for an empty cell."""
    damaged: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """By row: columns whose cells already have an error."""

    def __len__(self) -> int:
        return len(self.lines)

    def row(self, number: int) -> CsvRow:
        """Return one row, counted from 0."""
        values = {name: text for name, column in self.cells.items() if (text := column[number])}
        return CsvRow(self.table, self.lines[number], values, self.damaged.get(number, frozenset()))


def read_csv(file: str, content: bytes, columns: Columns) -> tuple[tuple[CsvRow, ...], tuple[Diagnostic, ...]]:
    """Return the readable rows of a file and the errors in its form."""
    rows, found = read_columns(file, content, columns)
    return tuple(map(rows.row, range(len(rows)))) if rows is not None else (), found


def read_columns(file: str, content: bytes, columns: Columns) -> tuple[CsvRows | None, tuple[Diagnostic, ...]]:
    """Return the readable rows of a file by column (None without a header), and the errors in its form."""
    if len(content) > MAX_BYTES:
        detail = f"The file has {len(content):,} bytes. The limit for a CSV file is {MAX_BYTES:,}."
        return None, (Diagnostic("File too large", detail, "Split the file.", position=Position(file)),)
    source = decode(file, content, remedy=SAVE_AS_UTF8)
    if isinstance(source, Diagnostic):
        return None, (source,)
    if unseen := source.unseen():
        return None, unseen
    found = Mistakes(file)
    table, start = read_header(source, columns, found)
    if table is None:
        return None, found.diagnostics()
    rows = _rows(table, start, frozenset(columns.known), found)
    if not len(rows) and not found:
        detail = "The file has a header, but no rows."
        remedy = "Add a row, or remove the entry that names this file."
        place = Position(file, table.header_line)
        found.add(lambda: source.at(place, "No rows", detail, remedy))
    return rows, found.diagnostics()


# --- rows ------------------------------------------------------------------------------------------------------------


_CHUNK = 2000
"""How many rows are turned into columns at once."""


def _rows(table: CsvTable, start: int, known: frozenset[str], found: Mistakes) -> CsvRows:
    numbers = {name: number for name, number in table.numbers.items() if name in known}
    columns: dict[str, list[str]] = {name: [] for name in numbers}
    lines, damaged = array("L"), dict[int, frozenset[str]]()
    readable = _readable(table, start, tuple(numbers.values()), found)
    while chunk := list(islice(readable, _CHUNK)):
        damaged |= {row: wrong for row, (_, _, wrong) in enumerate(chunk, len(lines)) if wrong}
        lines.extend(line for line, _, _ in chunk)
        cells = list(zip(*(row for _, row, _ in chunk), strict=True))
        for name, number in numbers.items():
            columns[name] += map(str.strip, cells[number])
    return CsvRows(table, lines, columns, damaged)


def _readable(
    table: CsvTable, start: int, numbers: Sequence[int], found: Mistakes
) -> Iterator[tuple[int, list[str], frozenset[str]]]:
    """Yield the line, the cells and the damaged columns of each row with a value in one of the columns ``numbers``."""
    count, nothing = len(table.columns), frozenset[str]()
    is_suspicious = any(one.search(table.source.text) for one in (_MANGLED_SOMEWHERE, _SPREADSHEET_ERROR))
    for line, cells in _records(table, start, found):
        if len(cells) == count or _fits(table, line, cells, found):
            damaged = _damaged(table, line, cells, found) if is_suspicious else nothing
            if any(cells[number].strip() for number in numbers):
                yield line, cells, damaged


def _records(table: CsvTable, start: int, found: Mistakes) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with its first line; stop at an unclosed quote."""
    reader = csv.reader(io.StringIO(table.source.text[start:], newline=""), delimiter=table.delimiter, strict=True)
    line = table.header_line + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            found.add(partial(_unreadable, table, line, error))
            return
        if cells is None:
            return
        following = table.header_line + 1 + reader.line_num
        if following > line + 1:
            detail = f"A value of this row continues on the next line. The row ends in line {following - 1}."
            remedy = "Remove the line break from the value, or close the quote."
            place = Position(table.source.file, line)
            found.add(partial(table.error, place, "Line break in value", detail, remedy))
        elif cells:
            yield line, cells
        line = following


def _unreadable(table: CsvTable, line: int, error: csv.Error) -> Diagnostic:
    position = Position(table.source.file, line)
    if "field larger" in str(error):
        detail = "A value has more than 131,072 characters. A quote may be unclosed."
        return table.error(position, "Value too long", detail, "Close the quote, or shorten the value.")
    detail = "A quote in this row is not closed, or text follows a closing quote."
    remedy = 'Write each quote inside a value twice (""). Close the value with a quote directly before the delimiter.'
    return table.error(position, "Unclosed quote", detail, remedy)


def _fits(table: CsvTable, line: int, cells: list[str], found: Mistakes) -> bool:
    """True where the row has only extra cells that are empty. Report any other row, except an empty one."""
    count = len(table.columns)
    if not any(cell.strip() for cell in cells):
        return False
    if len(cells) > count and not any(cell.strip() for cell in cells[count:]):
        del cells[count:]
        return True
    found.add(partial(_wrong_number, table, line, len(cells)))
    return False


def _wrong_number(table: CsvTable, line: int, number: int) -> Diagnostic:
    count, noun = len(table.columns), DELIMITERS.get(table.delimiter, "delimiter")
    detail = f"The row has {number} values. The header has {count} columns."
    remedy = (
        f"Put each value that contains a {noun} in quotes."
        if number > count
        else f"Write a {noun} for each empty value too."
    )
    position = table.place(line, count) if number > count else Position(table.source.file, line)
    return table.error(position, "Wrong number of values", detail, remedy)


def _damaged(table: CsvTable, line: int, cells: list[str], found: Mistakes) -> frozenset[str]:
    """Report the cells that a spreadsheet damaged; return their columns."""
    damaged: set[str] = set()
    for name, number in table.numbers.items():
        cell = cells[number].strip()
        if _MANGLED.fullmatch(cell):
            found.add(partial(_mangled, table, line, number, cell))
            damaged.add(name)
        elif _SPREADSHEET_ERROR.fullmatch(cell):
            found.add(partial(_error_value, table, line, number, cell))
            damaged.add(name)
    return frozenset(damaged)


def _mangled(table: CsvTable, line: int, number: int, cell: str) -> Diagnostic:
    name = table.headers[number]
    detail = f'"{name}" is "{_shown(name, cell)}". A spreadsheet changed a long number to this form and lost digits.'
    remedy = "Format the column as Text in the spreadsheet, type the number again and save the file."
    return table.error(table.place(line, number), "Number changed by a spreadsheet", detail, remedy)


def _error_value(table: CsvTable, line: int, number: int, cell: str) -> Diagnostic:
    name = table.headers[number]
    detail = f'"{name}" is "{_shown(name, cell)}". A spreadsheet writes this where it has no value to show.'
    remedy = "Correct the formula or widen the column, and save the file again."
    return table.error(table.place(line, number), "Spreadsheet error value", detail, remedy)


def _shown(name: str, cell: str) -> str:
    return HIDDEN if is_secret_name(name) else cell
