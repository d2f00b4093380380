"""Builds the CSV rows that accept drift.

Each row is rewritten with the cells that differ. Then all files are loaded with the new rows, and a row is offered only
if it declares the observed values. A null becomes an empty cell, which is not compared. Where a default would fill that
cell, or a column is missing, no row is offered.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.config.csv_reader import CsvRow, read_csv
from reconciler.config.environment import Environment
from reconciler.config.row_tables import columns_for
from reconciler.config.source_text import Files
from reconciler.config.written import as_cell
from reconciler.model.abilities import Rows
from reconciler.model.diagnostics import Position
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address, Resource
from reconciler.model.values import EMPTY, UNSET
from reconciler.plan.drift import AcceptedRow, DriftEntry, DriftReport

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class _Written:
    """A new row."""

    file: str
    place: Position
    columns: tuple[str, ...]
    text: str

    def accepted(self) -> AcceptedRow:
        return AcceptedRow(replace(self.place, column=1), self.columns, self.text)


Loaded = Callable[[Files], Environment | None]
"""Returns the environment that files declare; None where they have errors."""


def with_rows(report: DriftReport, files: Files, loaded: Loaded, types: Sequence[ResourceType]) -> DriftReport:
    """Return the report with a CSV row for each acceptable entry that a CSV file declares.

    Args:
        files: the files of the report.
        loaded: loads these files, and the files with the new rows.
    """
    kinds = {kind.name: kind for kind in types if isinstance(kind, Rows)}
    asked = [entry for entry in report.entries if is_row(entry) and entry.address.type in kinds]
    if not asked:
        return report
    before = loaded(files)
    if before is None:
        return report
    written = {entry.address: row for entry, row in _written(asked, files, kinds, before.row_columns)}
    proved = _proved(asked, written, files, before, loaded)
    entries = tuple(
        replace(entry, row=written[entry.address].accepted()) if entry.address in proved else entry
        for entry in report.entries
    )
    return replace(report, entries=entries)


def is_row(entry: DriftEntry) -> bool:
    """True for an acceptable entry that a row of a CSV file declares."""
    return bool(entry.accept and entry.position is not None and entry.position.file.lower().endswith(".csv"))


def _written(
    asked: Iterable[DriftEntry],
    files: Files,
    kinds: Mapping[str, Rows],
    row_columns: Mapping[str, Mapping[str, str]],
) -> Iterator[tuple[DriftEntry, _Written]]:
    """Yield each entry with its new row, where the file has the columns; an empty row is to be deleted."""
    tables: dict[tuple[str, str], Mapping[int, CsvRow]] = {}
    for entry in asked:
        assert entry.position is not None
        kind, file = kinds[entry.address.type], entry.position.file.removeprefix(files.prefix)
        if (kind.name, file) not in tables:
            columns = columns_for(kind, row_columns.get(file, EMPTY))
            rows = read_csv(file, files.contents[file], columns)[0] if file in files.contents else ()
            tables[kind.name, file] = {row.line: row for row in rows}
        row = tables[kind.name, file].get(entry.position.line)
        if row is not None and (text := _row_text(row, entry)) is not None:
            yield entry, _Written(file, entry.position, row.table.headers, text)


def _row_text(row: CsvRow, entry: DriftEntry) -> str | None:
    """Return the new line, '' to delete it; None where the file cannot say it, or where the line may hold secrets."""
    if not entry.changes or entry.is_removed:
        return ""
    observed = {change.attribute: change.observed for change in entry.changes}
    lacking = [name for name, value in observed.items() if name not in row.table.columns and value is not None]
    if lacking or row.table.has_secrets or any(value is UNSET for value in observed.values()):
        return None
    between = "|" if row.table.delimiter == ";" else "; "
    there = row.cells()
    cells = [
        as_cell(observed[name], between) if name in observed else cell
        for name, cell in zip(row.table.columns, there, strict=True)
    ]
    line = io.StringIO()
    csv.writer(line, delimiter=row.table.delimiter, lineterminator="").writerow(cells)
    return line.getvalue()


# --- the proof -------------------------------------------------------------------------------------------------------


def _proved(
    asked: Iterable[DriftEntry],
    written: Mapping[Address, _Written],
    files: Files,
    before: Environment,
    loaded: Loaded,
) -> frozenset[Address]:
    """Return the addresses whose new rows declare the observed values."""
    contents = dict(files.contents)
    for file in {row.file for row in written.values()}:
        rows = {row.place.line: row.text for row in written.values() if row.file == file}
        contents[file] = _replaced(contents[file], rows)
    after = loaded(replace(files, contents=contents))
    if after is None:
        return frozenset()
    # A row may use another name of the mailbox than its address.
    keys = {one.position: one.key for declared in before.declared.values() for one in declared.values()}
    return frozenset(
        entry.address
        for entry in asked
        if entry.address in written
        if (key := keys.get(entry.position)) is not None
        if _says(after.declared[entry.address.type].get(key), entry)
    )


def _says(declared: Resource | None, entry: DriftEntry) -> bool:
    """True where a declaration has the observed values; an attribute that is left out equals null."""
    if declared is None or entry.is_removed:
        return declared is None and entry.is_removed
    return all(declared.get(change.attribute) == change.observed for change in entry.changes)


def _replaced(content: bytes, rows: Mapping[int, str]) -> bytes:
    """Return a file with new lines, by number from 1; an empty text deletes the line."""
    lines = _LINE.findall(content.decode("utf-8"))
    for number, text in rows.items():
        ending = lines[number - 1][len(lines[number - 1].rstrip("\r\n")) :]
        lines[number - 1] = text + ending if text else ""
    return "".join(lines).encode("utf-8")
