"""Reads the header of a CSV file: which column holds which attribute, and where the cells of a row begin."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial

from reconciler.config.csv_columns import IGNORE, Columns
from reconciler.config.redaction import has_secret_name
from reconciler.config.source_text import Mistakes, SourceText
from reconciler.model.diagnostics import Diagnostic, Position, Severity, did_you_mean, listed, nearest
from reconciler.model.values import folded

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_NAMED_COLUMNS = 20
"""The number of columns that a message names."""
_SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\n|\r)")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The header of a file, with the means to find the place of a cell."""

    source: SourceText
    delimiter: str
    columns: tuple[str, ...]
    """The attribute of each column; '' for a column without one."""
    headers: tuple[str, ...]
    """The name of each column as it is written."""
    header_line: int
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The index of each attribute, from 0; of two columns for it, the first."""
    has_secrets: bool = False
    """True where a column holds secrets: messages then show no line."""
    is_misspelt: bool = False
    """True where a column has nearly the name of an attribute."""

    @classmethod
    def of(
        cls, source: SourceText, delimiter: str, headers: tuple[str, ...], header_line: int, columns: Columns
    ) -> CsvTable:
        meanings = columns.meanings(headers)
        return cls(
            source,
            delimiter,
            meanings,
            headers,
            header_line,
            {name: meanings.index(name) for name in meanings if name},
            has_secrets=has_secret_name(headers),
            is_misspelt=bool(columns.misspelt(headers, meanings)),
        )

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


def read_header(source: SourceText, columns: Columns, found: Mistakes) -> tuple[CsvTable | None, int]:
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
    delimiter = delimiter or _delimiter(header, columns)
    names = tuple(name.strip() for name in split_line(header, delimiter))
    while len(names) > 1 and not names[-1]:
        names = names[:-1]
    table = CsvTable.of(source, delimiter, names, line, columns)
    _check_header(table, columns, found)
    return table, _line_after(source, start)


def _line_after(source: SourceText, start: int) -> int:
    match = re.compile(r"\r\n|\n|\r").search(source.text, start)
    return match.end() if match else len(source.text)


def _delimiter(header: str, columns: Columns) -> str:
    def worth(delimiter: str) -> tuple[int, int]:
        names = [name.strip() for name in split_line(header, delimiter)]
        return sum(map(bool, columns.meanings(names))), len(names)

    return max(DELIMITERS, key=worth)


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _check_header(table: CsvTable, columns: Columns, found: Mistakes) -> None:
    if missing := [name for name in columns.required if name not in table.numbers]:
        # A misspelt name or a file without header causes this. Other errors of the header would only follow from it.
        for name in missing:
            found.add(partial(_missing_column, table, name, columns))
        return
    first = {name: number for number, name in reversed(list(enumerate(table.headers)))}
    misspelt = columns.misspelt(table.headers, table.columns)
    for number, name in enumerate(table.headers):
        if not name:
            found.add(partial(_without_name, table, number))
        elif first[name] != number or (table.columns[number] and table.numbers[table.columns[number]] != number):
            found.add(partial(_twice, table, number, first[name]))
        elif name in misspelt:
            found.add(partial(_unknown_column, table, number, misspelt[name]))
    there = {*map(folded, table.headers)}
    for name in columns.named:
        if folded(name) not in there:
            found.add(partial(_not_there, table, name))


def _without_name(table: CsvTable, number: int) -> Diagnostic:
    detail = f"Column {number + 1} has no name."
    place = table.place(table.header_line, number)
    return table.error(place, "Column without name", detail, "Name it, or delete it.")


def _twice(table: CsvTable, number: int, first: int) -> Diagnostic:
    if first == number:
        first = table.numbers[table.columns[number]]
        detail = f'Columns {first + 1} and {number + 1} both mean "{table.columns[number]}".'
    else:
        detail = f'Columns {first + 1} and {number + 1} are both named "{table.headers[number]}".'
    place = table.place(table.header_line, number)
    return table.error(place, "Duplicate column", detail, "Delete one of the two columns.")


def _unknown_column(table: CsvTable, number: int, meant: str) -> Diagnostic:
    name = table.headers[number]
    place, apart = table.place(table.header_line, number), f"columns: {{{name}: {IGNORE}}}"
    if not meant:
        detail = f'The column "{name}" may hold secrets. reconciler needs none in a file of rows.'
        remedy = f"Delete the column. If it holds no secrets, write beside the name of the file: {apart}"
        return table.error(place, "Unknown column", detail, remedy)
    if folded(name) == meant:
        detail = (
            f'"{meant}" says that an object ends. "{name}" means something else in other exports, so it is not taken.'
        )
        remedy = f'Name the column "{meant}" if it says so. Otherwise write beside the name of the file: {apart}'
        return table.error(place, "Unknown column", detail, remedy)
    detail = f'The rows of this file have no attribute "{name}".'
    remedy = f'Did you mean "{meant}"? To ignore the column, write beside the name of the file: {apart}'
    return table.error(place, "Unknown column", detail, remedy)


def _not_there(table: CsvTable, name: str) -> Diagnostic:
    detail = f'"columns" names the column "{name}", which the header does not have. {_headers(table)}'
    remedy = did_you_mean(name, [header for header in table.headers if header])
    return table.error(Position(table.source.file, table.header_line), "Missing column", detail, remedy)


def _missing_column(table: CsvTable, name: str, columns: Columns) -> Diagnostic:
    detail = f'The header has no column "{name}". {_headers(table)}'
    noun = DELIMITERS.get(table.delimiter, "delimiter")
    remedy = f'Add the column "{name}". In this file, a {noun} separates the columns.'
    left = [header for header, meant in zip(table.headers, table.columns, strict=True) if header and not meant]
    if near := nearest(name, left, most=1):
        remedy = (
            f'Write "{name}" instead of "{near[0]}", or add the column. In this file, a {noun} separates the columns.'
        )
    elif not any(table.columns):
        names = [name, *sorted({*columns.known} - {name})][:5]
        remedy = f"Add a header above the first row: {', '.join(names)}, ..."
    elif others := columns.aliases.get(name):
        remedy = f"{remedy} It may also be called {listed(others, 4)}."
    return table.error(Position(table.source.file, table.header_line), "Missing column", detail, remedy)


def _headers(table: CsvTable) -> str:
    there = [column for column in table.headers[:_NAMED_COLUMNS] if column]
    return f"Its columns are: {', '.join(there)}{', ...' if len(table.headers) > _NAMED_COLUMNS else ''}."


def ignored_columns(table: CsvTable, columns: Columns) -> Diagnostic | None:
    """Return a note about columns without a meaning, unless the environment or the type says that they have none."""
    left = [
        header
        for header, meant in zip(table.headers, table.columns, strict=True)
        if header and not meant and not columns.is_ignored(header)
    ]
    if not left:
        return None
    has = "has a column" if len(left) == 1 else "has columns"
    detail = f"{table.source.file} {has} without a meaning here: {listed(left)}."
    remedy = (
        "Nothing, if this is right. If a column means an attribute, write beside the name of the file: "
        f"columns: {{{left[0]}: ATTRIBUTE}}"
    )
    place = Position(table.source.file, table.header_line)
    return Diagnostic("Columns ignored", detail, remedy, severity=Severity.NOTE, position=place)


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
