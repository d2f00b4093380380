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
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice

from reconciler.config.redaction import HIDDEN, has_secret_name, is_secret_name
from reconciler.config.source_text import Mistakes, SourceText, decode
from reconciler.model.diagnostics import Diagnostic, Position, did_you_mean, nearest

SAVE_AS_UTF8 = 'Save the file as UTF-8. In Excel, use "Save As" with the file type "CSV UTF-8 (Comma delimited)".'
MAX_BYTES = 64 * 1024 * 1024

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_MANGLED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]\d{1,3}")
_MANGLED_SOMEWHERE = re.compile(r"\d[eE][+-]\d")
_SPREADSHEET_ERROR = re.compile(r"#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!)|#{3,}")
_NAMED_COLUMNS = 20
"""The number of columns that a message names."""
_SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\n|\r)")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The header of a file, with the means to find the place of a cell."""

    source: SourceText
    delimiter: str
    columns: tuple[str, ...]
    header_line: int
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The index of each column by name, from 0; of two equal names, the first."""
    has_secrets: bool = False
    """True where a column holds secrets: messages then show no line."""
    is_suspicious: bool = False
    """True where the text may hold a cell that a spreadsheet damaged."""

    @classmethod
    def of(cls, source: SourceText, delimiter: str, columns: tuple[str, ...], header_line: int) -> CsvTable:
        numbers = {name: number for number, name in reversed(list(enumerate(columns)))}
        is_suspicious = any(one.search(source.text) for one in (_MANGLED_SOMEWHERE, _SPREADSHEET_ERROR))
        return cls(source, delimiter, columns, header_line, numbers, has_secret_name(columns), is_suspicious)

    def position(self, line: int, column: str | None = None) -> Position:
        """Return where the cell of ``column`` begins in row ``line``; without a column, where the line begins."""
        if column is None or column not in self.numbers:
            return Position(self.source.file, line, 1)
        return self.place(line, self.numbers[column])

    def place(self, line: int, number: int) -> Position:
        """Return where cell ``number`` (from 0) begins."""
        starts = _cell_starts(self.source.line(line), self.delimiter)
        return Position(self.source.file, line, starts[min(number, len(starts) - 1)] + 1)

    def error(
        self, position: Position, summary: str, detail: str, remedy: str, address: str | None = None
    ) -> Diagnostic:
        """Return an error that shows the line, unless a column of the file holds secrets."""
        if self.has_secrets:
            return Diagnostic(summary, detail, remedy, address=address, position=position)
        return self.source.at(position, summary, detail, remedy, address)


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: text by column name, without empty cells."""

    table: CsvTable
    line: int
    values: Mapping[str, str]
    damaged: frozenset[str] = frozenset()
    """Columns whose cells already have an error."""

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
class Columns:
    """The columns that a header may have and must have."""

    known: Collection[str]
    required: Sequence[str] = ()
    extra: Collection[str] = field(default=())
    """Columns for people: allowed, and left out of the rows."""


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

    def position(self, number: int) -> Position:
        """Return where a row begins."""
        return self.table.position(self.lines[number])


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
    table, start = _header(source, columns, found)
    if table is None:
        return None, found.diagnostics()
    rows = _rows(table, start, frozenset(columns.known), found)
    if not len(rows) and not found:
        detail = "The file has a header, but no rows."
        remedy = "Add a row, or remove the entry that names this file."
        place = Position(file, table.header_line)
        found.add(lambda: source.at(place, "No rows", detail, remedy))
    return rows, found.diagnostics()


# --- header ----------------------------------------------------------------------------------------------------------


def _header(source: SourceText, columns: Columns, found: Mistakes) -> tuple[CsvTable | None, int]:
    """Return the table, and the index of its first row in the text."""
    start, line, delimiter = 0, 1, None
    if match := _SEPARATOR_LINE.match(source.text):
        start, line, delimiter = match.end(), 2, match[1]
    while start < len(source.text) and not source.line(line).strip():
        start, line = _line_after(source, start), line + 1
    header = source.line(line)
    if not header.strip():
        remedy = "Write a header with column names, and a row for each resource."
        found.add(lambda: source.at(Position(source.file), "Empty file", "The file has no text.", remedy))
        return None, 0
    delimiter = delimiter or _delimiter(header, columns.known)
    names = tuple(name.strip() for name in _split(header, delimiter))
    while len(names) > 1 and not names[-1]:
        names = names[:-1]
    table = CsvTable.of(source, delimiter, names, line)
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


def _check_header(table: CsvTable, columns: Columns, found: Mistakes) -> None:
    allowed = {*columns.known, *columns.extra}
    if missing := [name for name in columns.required if name not in table.numbers]:
        # A misspelt name or a file without header causes this. Other errors of the header would only follow from it.
        for name in missing:
            found.add(partial(_missing_column, table, name, allowed))
        return
    for number, name in enumerate(table.columns):
        if not name:
            found.add(partial(_without_name, table, number))
        elif table.numbers[name] != number:
            found.add(partial(_twice, table, name, number))
        elif name not in allowed:
            found.add(partial(_unknown_column, table, name, number, allowed))


def _without_name(table: CsvTable, number: int) -> Diagnostic:
    detail = f"Column {number + 1} has no name."
    place = table.place(table.header_line, number)
    return table.error(place, "Column without name", detail, "Name it, or delete it.")


def _twice(table: CsvTable, name: str, number: int) -> Diagnostic:
    detail = f'Columns {table.numbers[name] + 1} and {number + 1} are both named "{name}".'
    place = table.place(table.header_line, number)
    return table.error(place, "Duplicate column", detail, "Delete one of the two columns.")


def _unknown_column(table: CsvTable, name: str, number: int, allowed: Collection[str]) -> Diagnostic:
    detail = f'The rows of this file have no attribute "{name}".'
    remedy = did_you_mean(name, allowed, otherwise="Or delete the column.")
    return table.error(table.place(table.header_line, number), "Unknown column", detail, remedy)


def _missing_column(table: CsvTable, name: str, allowed: Collection[str]) -> Diagnostic:
    there = [column for column in table.columns[:_NAMED_COLUMNS] if column]
    more = ", ..." if len(table.columns) > _NAMED_COLUMNS else ""
    detail = f'The header has no column "{name}". Its columns are: {", ".join(there)}{more}.'
    noun = _DELIMITERS.get(table.delimiter, "delimiter")
    remedy = f'Add the column "{name}". In this file, a {noun} separates the columns.'
    if near := nearest(name, [column for column in table.columns if column and column not in allowed], most=1):
        remedy = (
            f'Write "{name}" instead of "{near[0]}", or add the column. In this file, a {noun} separates the columns.'
        )
    elif not any(column in allowed for column in table.columns):
        remedy = f"Add a header above the first row: {', '.join([name, *sorted({*allowed} - {name})][:5])}, ..."
    return table.error(Position(table.source.file, table.header_line), "Missing column", detail, remedy)


# --- rows ------------------------------------------------------------------------------------------------------------


_CHUNK = 2000
"""How many rows are turned into columns at once."""


def _rows(table: CsvTable, start: int, known: frozenset[str], found: Mistakes) -> CsvRows:
    numbers = {name: table.numbers[name] for name in table.columns if name in known}
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
    for line, cells in _records(table, start, found):
        if len(cells) == count or _fits(table, line, cells, found):
            damaged = _damaged(table, line, cells, found) if table.is_suspicious else nothing
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
    count, noun = len(table.columns), _DELIMITERS.get(table.delimiter, "delimiter")
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
    for number, name in enumerate(table.columns):
        cell = cells[number].strip()
        if _MANGLED.fullmatch(cell):
            found.add(partial(_mangled, table, line, number, cell))
            damaged.add(name)
        elif _SPREADSHEET_ERROR.fullmatch(cell):
            found.add(partial(_error_value, table, line, number, cell))
            damaged.add(name)
    return frozenset(damaged)


def _mangled(table: CsvTable, line: int, number: int, cell: str) -> Diagnostic:
    name = table.columns[number]
    detail = f'"{name}" is "{_shown(name, cell)}". A spreadsheet changed a long number to this form and lost digits.'
    remedy = "Format the column as Text in the spreadsheet, type the number again and save the file."
    return table.error(table.place(line, number), "Number changed by a spreadsheet", detail, remedy)


def _error_value(table: CsvTable, line: int, number: int, cell: str) -> Diagnostic:
    name = table.columns[number]
    detail = f'"{name}" is "{_shown(name, cell)}". A spreadsheet writes this where it has no value to show.'
    remedy = "Correct the formula or widen the column, and save the file again."
    return table.error(table.place(line, number), "Spreadsheet error value", detail, remedy)


def _shown(name: str, cell: str) -> str:
    return HIDDEN if is_secret_name(name) else cell


@lru_cache(maxsize=2)
def _cell_starts(line: str, delimiter: str) -> tuple[int, ...]:
    """Return where each cell of a line begins, without leading spaces; cached for the many cells of a line."""
    starts, is_quoted, is_blank = [0], False, True
    for index, character in enumerate(line):
        if character == '"':
            is_quoted = not is_quoted
        if character == delimiter and not is_quoted:
            starts.append(index + 1)
            is_blank = True
        elif is_blank and character == " ":
            starts[-1] = index + 1
        else:
            is_blank = False
    return tuple(starts)
