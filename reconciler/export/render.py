"""Writes a description as the files of a new environment: YAML by section, users as CSV.

    environment.yaml      the name, the connections, and what was not read
    dial_plans.yaml, ...  one file for each section, with the sections of its parts (``Managed.filed_with``)
    mailboxes.yaml        names the CSV file, and the users that are left out
    mailboxes.csv         one row for each user

What is left out stands as a comment, with the reason and the declaration that it would have. Equal descriptions give
equal texts.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain
from typing import Final

from reconciler.config.row_tables import IDENTITY
from reconciler.config.source_text import CSV, YAML
from reconciler.config.written import as_cell, as_comment, as_yaml, entry_lines, visible
from reconciler.export.declaration import LeftOut, Written
from reconciler.export.describe import Description
from reconciler.export.rows import WrittenRows
from reconciler.model.abilities import Rows
from reconciler.model.resource_types import Managed, ResourceType, declared_types
from reconciler.model.values import UNSET, Unset, Value, folded

ENVIRONMENT: Final = f"environment{YAML}"
_LISTED: Final = 500
"""How many objects are shown that one reason leaves out: a YAML file has a limit, and so have readers."""
BETWEEN: Final = "; "
"""Between the items of a list in a cell."""
_UNSAFE: Final = re.compile(r"""[=+\-@\t\r;|"]|\s|[0-9.,]+[eE][+-]?[0-9]+$|#""")
"""The start of a cell that a spreadsheet would take for a formula, a number or an error value."""


@dataclass(frozen=True, slots=True)
class Head:
    """What ``environment.yaml`` holds besides the objects."""

    name: str
    connections: str = ""
    """The section, or a comment that says where the connections are."""
    options: str = ""
    """The section, if there is one."""
    about: tuple[str, ...] = ()
    """Sentences for people."""


def render(types: Sequence[ResourceType], description: Description, head: Head) -> Mapping[str, str]:
    """Return the texts of the files by name."""
    kinds = declared_types(types)
    texts: dict[str, list[str]] = {ENVIRONMENT: [_head(description, head, kinds)]}
    for kind in kinds:
        parts = Section.of(kind, description)
        if text := parts.text(file := f"{kind.section}{CSV}"):
            texts.setdefault(file_of(kind, kinds), []).append(text)
        if parts.has_rows:
            texts[file] = [parts.csv_text()]
    return {name: "\n".join(parts) for name, parts in texts.items()}


def file_of(kind: Managed, kinds: Iterable[Managed]) -> str:
    """Return the YAML file for the declarations of a type."""
    other = kind.filed_with
    shared = next((one.section for one in kinds if other is not None and one.name == other.name), kind.section)
    return f"{shared}{YAML}"


def _head(description: Description, head: Head, kinds: Sequence[Managed]) -> str:
    lines = [*as_comment(" ".join(head.about))]
    lines += ["", f"environment: {as_yaml(head.name)}"]
    lines += ["", head.connections.rstrip("\n")] if head.connections else []
    lines += ["", head.options.rstrip("\n")] if head.options else []
    sections = {kind.name for kind in kinds}
    if unread := [(address, why) for address, why in description.unread if address.type not in sections]:
        lines += ["", "# Not read. What follows from these objects is not in the files:"]
        lines += [line for one, why in unread for line in _item(f"{one}: {why.summary}. {why.detail}")]
    if description.pending:
        lines += ["", "# The files describe what is there. A plan of them would still report or do:"]
        lines += [
            line for one in description.pending for line in _item(": ".join(filter(None, (one.about, one.reason))))
        ]
    return "\n".join(lines).lstrip("\n") + "\n"


def _item(text: str) -> list[str]:
    """Return the lines of an element of a list in a comment."""
    lines = [line.removeprefix("  # ") for line in as_comment(text, "  ")]
    return [f"{'#   ' if number else '# - '}{line}" for number, line in enumerate(lines)]


# --- sections --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """The declarations of one type, and the comments about those that it lacks."""

    kind: Managed
    entries: tuple[Written, ...]
    """Declarations in YAML."""
    rows: tuple[Written, ...]
    """Declarations in CSV, except those of the table."""
    table: WrittenRows | None
    """Declarations in CSV, by column."""
    left_out: tuple[LeftOut, ...]
    unread: tuple[str, ...]

    @classmethod
    def of(cls, kind: Managed, description: Description, *, with_comments: bool = True) -> Section:
        """Return the section of a type. Rows stand in CSV, unless a spreadsheet would change one of their cells.

        ``with_comments``: also what is left out or was not read.
        """
        single, table = description.single_of(kind), description.tables.get(kind.name)
        if table is not None and (odd := _not_plain(table)):
            single = (*single, *filter(None, map(table.get, odd)))
            table = table.without(odd)
        rows = tuple(one for one in single if isinstance(kind, Rows) and not one.notes and _is_plain(one))
        known = {one.address for one in rows}
        return cls(
            kind,
            tuple(sorted((one for one in single if one.address not in known), key=_by_key)),
            tuple(sorted(rows, key=_by_key)),
            table,
            tuple(one for one in description.left_out if with_comments and one.kind.name == kind.name),
            tuple(
                f"{address}: {why.summary}. {why.detail}" if address.key != "*" else f"{why.summary}. {why.detail}"
                for address, why in description.unread
                if with_comments and address.type == kind.name
            ),
        )

    # rows

    @property
    def has_rows(self) -> bool:
        return bool(self.rows or self.table)

    def columns(self) -> tuple[str, ...]:
        """Return the columns that the rows need."""
        used = {name for one in self.rows for name in one.values}.union(self.table.values if self.table else ())
        return (IDENTITY, *(name for name in self.kind.attributes if name in used))

    def cells(self, columns: Sequence[str], between: str) -> Iterable[tuple[str, ...]]:
        """Return the cells of each row, in order of the keys."""
        table = zip(*_columns(self.table, columns, between), strict=True) if self.table else ()
        if not self.rows:
            return table
        single = ((_by_key(one), _cells(one, columns, between)) for one in self.rows)
        keyed = zip(self.table.resources.folded if self.table else (), table, strict=True)
        return (row for _, row in merge(single, keyed))

    def csv_text(self) -> str:
        """Return the rows as a CSV file with a header."""
        columns = self.columns()
        return csv_lines(chain([columns], self.cells(columns, BETWEEN)))

    # text

    def text(self, file: str) -> str:
        """Return the section with its comments; '' where it has nothing. ``file`` holds the rows."""
        lines = [*self._comments(), *self._body(file)]
        while lines and not lines[0]:
            del lines[0]
        return "\n".join([*lines, ""]) if lines else ""

    def _body(self, file: str) -> Iterator[str]:
        if self.entries or self.has_rows:
            yield f"{self.kind.section}:"
        elif self.left_out:
            yield f"# {self.kind.section}:"
        if self.has_rows:
            yield f"  - file: {as_yaml(file)}"
        yield from self.entry_lines()

    def entry_lines(self) -> Iterator[str]:
        """Yield the lines of the declarations, and of those that are left out, as comments."""
        for number, one in enumerate(self.entries):
            if number and not isinstance(self.kind, Rows):
                yield ""
            yield from _entry(self.kind, one.resource.key, one.values)
            for note in one.notes:
                yield from as_comment(note, "    ")
        for reason, those in _by_reason(self.left_out):
            yield from ("", *as_comment(f"Left out: {reason}", "  "))
            for left in those[:_LISTED]:
                yield from as_comment(left.detail, "  ")
                yield from (f"  # {visible(line)}" for line in _entry(self.kind, left.key, left.values))
            if len(those) > _LISTED:
                yield f"  # ... and {len(those) - _LISTED:,} more"

    def _comments(self) -> Iterator[str]:
        if self.unread:
            yield f"# {self.kind.section}: not all of them could be read. Those that are missing here may exist."
            for why in self.unread:
                yield from as_comment(why)


def _by_reason(left_out: Iterable[LeftOut]) -> Iterator[tuple[str, Sequence[LeftOut]]]:
    reasons: dict[str, list[LeftOut]] = {}
    for one in left_out:
        reasons.setdefault(one.reason, []).append(one)
    yield from reasons.items()


def _entry(kind: Managed, key: str, values: Mapping[str, Value]) -> Iterator[str]:
    """Yield the lines of a declaration: a row on one line, otherwise a line for each attribute."""
    if isinstance(kind, Rows):
        attributes = [f"{name}: {as_yaml(value)}" for name, value in values.items()]
        yield f"  - {{{', '.join([f'{IDENTITY}: {as_yaml(key)}', *attributes])}}}"
    elif not values:
        yield f"  {as_yaml(key)}: {{}}"
    else:
        yield f"  {as_yaml(key)}:"
        yield from (f"    {line}" for name, value in values.items() for line in entry_lines(name, value))


# --- rows ------------------------------------------------------------------------------------------------------------


def _is_plain(one: Written) -> bool:
    """True where a spreadsheet shows each cell as it is, so that it saves the same text."""
    return all(map(_shows, (one.resource.key, *chain.from_iterable(map(_parts, one.values.values())))))


def _not_plain(table: WrittenRows) -> list[str]:
    """Return the keys of the rows that a spreadsheet would show otherwise."""
    odd: set[int] = set()
    for column in (table.roster.keys, *table.values.values()):
        parts = [part for one in column for part in ((one,) if isinstance(one, str) else _parts(one))]
        if not _all_show(parts):
            odd.update(row for row, value in enumerate(column) if not all(map(_shows, _parts(value))))
    return [table.roster.keys[row] for row in sorted(odd)]


def _all_show(parts: Sequence[str]) -> bool:
    """True only where all parts show. The ends of nearly all say so, which is quicker than to look at each part."""
    starts, ends = {part[:1] for part in parts}, {part[-1:] for part in parts}
    is_number = any(start.isdigit() for start in starts) and "e" in "".join(parts).lower()
    return not is_number and all(end.isalnum() for end in starts | ends)


def _parts(value: Value | Unset) -> Sequence[str]:
    """Return the texts of a cell."""
    if isinstance(value, str):
        return (value,)
    return () if isinstance(value, Unset) else [*map(str, value)] if isinstance(value, tuple) else (str(value),)


def _shows(part: str) -> bool:
    return part != "" and part == part.strip() and _UNSAFE.match(part) is None


def _columns(table: WrittenRows, columns: Sequence[str], between: str) -> Iterator[Sequence[str]]:
    """Yield the texts of each column."""
    for name in columns:
        if name == IDENTITY:
            yield table.roster.keys
        else:
            column = table.values.get(name, (UNSET,) * len(table))
            yield [one if isinstance(one, str) else "" if one is UNSET else as_cell(one, between) for one in column]


def _cells(one: Written, columns: Sequence[str], between: str) -> tuple[str, ...]:
    """Return the cells of a row."""
    return tuple(one.resource.key if name == IDENTITY else as_cell(one.values.get(name), between) for name in columns)


def _by_key(one: Written) -> str:
    return folded(one.resource.key)


def csv_lines(rows: Iterable[Sequence[str]], delimiter: str = ",", ending: str = "\n") -> str:
    """Return the rows as lines."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=ending).writerows(rows)
    return text.getvalue()
