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
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

from reconciler.config.redaction import HIDDEN, has_secret_name, is_secret_name
from reconciler.config.source_text import Mistakes, SourceText, decode, did_you_mean, nearest
from reconciler.model.diagnostics import Diagnostic, Position

SAVE_AS_UTF8 = 'Save it as UTF-8: in Excel, "Save As", file type "CSV UTF-8 (Comma delimited)".'
MAX_BYTES = 64 * 1024 * 1024

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_MANGLED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]\d{1,3}")
_MANGLED_SOMEWHERE = re.compile(r"\d[eE][+-]\d")
_SPREADSHEET_ERROR = re.compile(r"#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!)|#{3,}")
_NAMED_COLUMNS = 20
"""Of a header, how many columns a message names."""
_SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\n|\r)")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A file's header, and what is needed to find a cell again."""

    source: SourceText
    delimiter: str
    columns: tuple[str, ...]
    header_line: int
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The columns by name, each with the place of its first, from 0."""
    has_secrets: bool = False
    """A column is one for secrets, so that no line is shown."""

    @classmethod
    def of(cls, source: SourceText, delimiter: str, columns: tuple[str, ...], header_line: int) -> CsvTable:
        numbers = {name: number for number, name in reversed(list(enumerate(columns)))}
        return cls(source, delimiter, columns, header_line, numbers, has_secret_name(columns))

    def position(self, line: int, column: str | None = None) -> Position:
        """Return where the cell of ``column`` begins in the row at ``line``; the line's begin without a column."""
        if column is None or column not in self.numbers:
            return Position(self.source.file, line, 1)
        return self.place(line, self.numbers[column])

    def place(self, line: int, number: int) -> Position:
        """Return where the cell ``number``, from 0, begins."""
        starts = _cell_starts(self.source.line(line), self.delimiter)
        return Position(self.source.file, line, starts[min(number, len(starts) - 1)] + 1)

    def told(
        self, position: Position, summary: str, detail: str, remedy: str, address: str | None = None
    ) -> Diagnostic:
        """Return an error with the line shown, unless a column of the file is one for secrets."""
        if self.has_secrets:
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
    found = Mistakes(file)
    table, start = _header(source, columns, found)
    if table is None:
        return (), found.told()
    rows = tuple(_rows(table, start, frozenset(columns.known), found))
    if not rows and not found:
        detail = "The file has a header and no rows below it."
        remedy = "Write a row, or remove the entry that names this file."
        place = Position(file, table.header_line)
        found.add(lambda: source.at(place, "No rows", detail, remedy))
    return rows, found.told()


# --- header ----------------------------------------------------------------------------------------------------------


def _header(source: SourceText, columns: Columns, found: Mistakes) -> tuple[CsvTable | None, int]:
    """Return the table, and the index in the text where its rows begin."""
    start, line, delimiter = 0, 1, None
    if match := _SEPARATOR_LINE.match(source.text):
        start, line, delimiter = match.end(), 2, match[1]
    while start < len(source.text) and not source.line(line).strip():
        start, line = _line_after(source, start), line + 1
    header = source.line(line)
    if not header.strip():
        remedy = "Write a header with the names of the columns, and a row for each resource."
        found.add(lambda: source.at(Position(source.file), "File is empty", "The file has no text.", remedy))
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
        # The one that is meant may be misspelt, or the first row may be no header: all else would only follow.
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
    return table.told(place, "Column without name", detail, "Name it, or delete it.")


def _twice(table: CsvTable, name: str, number: int) -> Diagnostic:
    detail = f'"{name}" stands in columns {table.numbers[name] + 1} and {number + 1}.'
    place = table.place(table.header_line, number)
    return table.told(place, "Column written twice", detail, "Delete one of the two columns.")


def _unknown_column(table: CsvTable, name: str, number: int, allowed: Collection[str]) -> Diagnostic:
    detail = f'"{name}" is no attribute of what this file declares.'
    remedy = did_you_mean(name, allowed, otherwise="Or delete the column.")
    return table.told(table.place(table.header_line, number), "Unknown column", detail, remedy)


def _missing_column(table: CsvTable, name: str, allowed: Collection[str]) -> Diagnostic:
    there = [column for column in table.columns[:_NAMED_COLUMNS] if column]
    more = ", ..." if len(table.columns) > _NAMED_COLUMNS else ""
    detail = f'The header has no column "{name}"; it has: {", ".join(there)}{more}.'
    noun = _DELIMITERS.get(table.delimiter, "delimiter")
    remedy = f'Add the column "{name}"; columns are divided by a {noun} here.'
    if near := nearest(name, [column for column in table.columns if column and column not in allowed], count=1):
        remedy = f'Write "{name}" instead of "{near[0]}", or add the column; columns are divided by a {noun} here.'
    elif not any(column in allowed for column in table.columns):
        remedy = f"Write a header above the first row: {', '.join([name, *sorted({*allowed} - {name})][:5])}, ..."
    return table.told(Position(table.source.file, table.header_line), "Missing column", detail, remedy)


# --- rows ------------------------------------------------------------------------------------------------------------


def _rows(table: CsvTable, start: int, known: frozenset[str], found: Mistakes) -> Iterator[CsvRow]:
    columns = table.columns
    kept = [(number, name) for name, number in table.numbers.items() if name in known]
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


def _records(table: CsvTable, start: int, found: Mistakes) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with the line it begins in; stops at quotes that do not pair."""
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
            detail = f"A value of this row goes on in the next line; the row ends in line {following - 1}."
            remedy = "Remove the line break from the value, or close the quote."
            place = Position(table.source.file, line)
            found.add(partial(table.told, place, "Line break in value", detail, remedy))
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


def _fits(table: CsvTable, line: int, cells: list[str], found: Mistakes) -> bool:
    """True where only empty cells are too many or the row is empty; else the row is told."""
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
    detail = f"The row has {number} values, the header {count} columns."
    remedy = (
        f"Put a value that holds a {noun} in quotes."
        if number > count
        else f"Write a {noun} for each value that is left empty."
    )
    position = table.place(line, count) if number > count else Position(table.source.file, line)
    return table.told(position, "Wrong number of values", detail, remedy)


def _damaged(table: CsvTable, line: int, cells: list[str], found: Mistakes) -> frozenset[str]:
    """Keep the mistakes of cells that a spreadsheet damaged; return their columns."""
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
    detail = f'"{name}" is "{_shown(name, cell)}": a spreadsheet turned a long number into this and dropped digits.'
    remedy = "Format the column as Text in the spreadsheet, type the number again, and save."
    return table.told(table.place(line, number), "Number changed by a spreadsheet", detail, remedy)


def _error_value(table: CsvTable, line: int, number: int, cell: str) -> Diagnostic:
    name = table.columns[number]
    detail = f'"{name}" is "{_shown(name, cell)}", which a spreadsheet writes where it has no value to show.'
    remedy = "Correct the formula or widen the column, and save again."
    return table.told(table.place(line, number), "Error value of a spreadsheet", detail, remedy)


def _shown(name: str, cell: str) -> str:
    return HIDDEN if is_secret_name(name) else cell


@lru_cache(maxsize=2)
def _cell_starts(line: str, delimiter: str) -> tuple[int, ...]:
    """Return where each cell of a line begins, behind the blanks before it; one line is asked for many cells."""
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
