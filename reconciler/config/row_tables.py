"""Rows of a CSV file, read by column: an environment may declare a hundred thousand users.

The columns of a file are parsed as a whole. Only where a row has a problem are the rows of the file read one by one,
which finds the problem and its place.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from reconciler.config.csv_columns import Columns
from reconciler.config.csv_header import ignored_columns
from reconciler.config.csv_reader import CsvRow, CsvRows, read_columns
from reconciler.config.source_text import Located
from reconciler.model.abilities import Rows
from reconciler.model.attributes import AttributeKind, AttributeRole
from reconciler.model.diagnostics import MISSING_ATTRIBUTE, Diagnostic, Position
from reconciler.model.resource_types import Managed
from reconciler.model.resources import Resource, Resources
from reconciler.model.roster import Roster
from reconciler.model.values import EMPTY, UNSET

IDENTITY = "identity"
"""The key or column that names the resource of a row."""
STATE = "state"
"""The key or column that says whether the object has to exist. Rows with a state are few, and read one by one."""
STATES = ("present", "absent")
"""Its values; ``absent`` is the explicit end of the object."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared resource and its place."""

    resource: Resource
    place: Located
    is_end: bool = False
    """True with ``state: absent``: the object has to be removed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One declaration as written."""

    key: str
    data: Mapping[str, object]
    place: Located


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The valid rows of a file, by column. None of them has the key of another."""

    roster: Roster
    row: Callable[[int], CsvRow]
    """Returns a row as written."""

    def declarations(self) -> Iterator[Declaration]:
        """Yield each row as a declaration."""
        for row, resource in enumerate(Resources(roster=self.roster).values()):
            yield Declaration(resource, self.row(row))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The rows of a CSV file that name their resources, as written."""

    rows: CsvRows
    numbers: Sequence[int]
    """Those of ``rows`` that belong to it."""
    defaults: Mapping[str, object]
    several: frozenset[str]
    """Attributes of which a cell may hold several values."""
    is_keyed: bool
    """The identity is an attribute too."""

    def roster(self, resource_type: Rows) -> Roster | None:
        """Return the rows by column; None where one of them has to be read by itself."""
        if self.rows.damaged or STATE in self.defaults or not all(map(_is_text, self.defaults.values())):
            return None
        names = dict.fromkeys((*self.defaults, *self.rows.cells))
        names.pop(STATE, None)
        if not self.is_keyed:
            names.pop(IDENTITY)
        keys = self._column(IDENTITY)
        roster = resource_type.parse_all(list(map(str, keys)), {name: self._column(name) for name in names})
        lines = array("L", (self.rows.lines[number] for number in self.numbers))
        return None if roster is None else replace(roster, position=partial(_place, self.rows.table.source.file, lines))

    def _column(self, name: str) -> Sequence[object]:
        default = self.defaults.get(name, UNSET)
        cells = self.rows.cells.get(name)
        if cells is None:
            return [default] * len(self.numbers)
        if name in self.several:
            return [_items(cells[number]) if cells[number] else default for number in self.numbers]
        return [cells[number] or default for number in self.numbers]

    def row(self, row: int) -> CsvRow:
        """Return one row of the roster, as written."""
        return self.rows.row(self.numbers[row])

    def entries(self) -> Iterator[Entry]:
        """Yield each row by itself."""
        for row in map(self.rows.row, self.numbers):
            data: dict[str, object] = {**self.defaults, **row.values}
            if not self.is_keyed:
                del data[IDENTITY]
            data |= {name: _items(row.values[name]) for name in self.several & row.values.keys()}
            yield Entry(row.values[IDENTITY], data, row)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a file."""

    read: Sequence[Entry | Table]
    found: Sequence[Diagnostic]
    is_complete: bool = True
    """False where a part could not be read."""


def columns_for(resource_type: Managed, named: Mapping[str, str] = EMPTY) -> Columns:
    """Return the columns that a file of rows may have.

    Args:
        named: by column, the attribute that the environment says, or ``ignore``.
    """
    aliases = {name: one.called for name, one in resource_type.attributes.items() if one.called}
    foreign: tuple[str, ...] = ()
    if isinstance(resource_type, Rows):
        aliases[IDENTITY] = resource_type.key_called
        foreign = resource_type.foreign_columns
    known = {*declarable(resource_type), IDENTITY}
    return Columns(known, (IDENTITY,), {name: aliases[name] for name in aliases if name in known}, foreign, named)


def csv_rows(
    file: str, content: bytes, defaults: Mapping[str, object], resource_type: Managed, named: Mapping[str, str] = EMPTY
) -> Read:
    """Return the rows of a file: those that end a resource one by one, the others as a table."""
    several = frozenset(name for name, one in resource_type.attributes.items() if one.kind is not AttributeKind.SCALAR)
    columns = columns_for(resource_type, named)
    rows, found = read_columns(file, content, columns)
    if rows is None or IDENTITY not in rows.cells:
        return Read((), found, is_complete=not found)
    states = rows.cells.get(STATE) or [""] * len(rows)
    keyed = [number for number, identity in enumerate(rows.cells[IDENTITY]) if identity]
    plain = [number for number in keyed if not states[number]]
    unnamed = sorted(set(range(len(rows))).difference(keyed))
    is_keyed = IDENTITY in resource_type.attributes
    ends = Table(rows, sorted({*keyed}.difference(plain)), defaults, several, is_keyed)
    read: list[Entry | Table] = [Table(rows, plain, defaults, several, is_keyed), *ends.entries()]
    note = ignored_columns(rows.table, columns) if not found else None
    notes = [note] if note is not None else []
    missing = [_unnamed(rows.row(number)) for number in unnamed]
    return Read(read, (*found, *missing, *notes), is_complete=not found)


def _unnamed(row: CsvRow) -> Diagnostic:
    detail = f'The row has no "{IDENTITY}", so it names no resource.'
    return row.diagnostic(MISSING_ATTRIBUTE, detail, f"Add {IDENTITY}, or delete the row.", path=(IDENTITY,))


def _place(file: str, lines: Sequence[int], row: int) -> Position:
    return Position(file, lines[row], 1)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _items(cell: str) -> list[str]:
    """Return the values in a cell, separated by ``;`` or ``|``."""
    return [item for part in cell.replace("|", ";").split(";") if (item := part.strip())]


def declarable(resource_type: Managed) -> list[str]:
    """Return the attributes that a declaration may set, and its state."""
    found = [name for name, one in resource_type.attributes.items() if one.role is not AttributeRole.READ_ONLY]
    return [*found, STATE] if resource_type.can_end else found
