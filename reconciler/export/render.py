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
from typing import Final

from reconciler.config.row_tables import IDENTITY
from reconciler.config.source_text import CSV, YAML
from reconciler.config.written import as_cell, as_comment, as_yaml, entry_lines, visible
from reconciler.export.declaration import LeftOut, Written
from reconciler.export.describe import Description
from reconciler.model.abilities import Rows
from reconciler.model.resource_types import Managed, ResourceType, declared_types
from reconciler.model.values import Value

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
        if rows := csv_text(kind, parts.rows):
            texts[file] = [rows]
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
        lines += [line for one, why in unread for line in as_comment(f"{one}: {why.summary}. {why.detail}", "# ")]
    if description.pending:
        lines += ["", "# The files describe what is there. A plan of them would still report or do:"]
        lines += [
            line
            for one in description.pending
            for line in as_comment(": ".join(filter(None, (one.about, one.reason))), "# ")
        ]
    return "\n".join(lines).lstrip("\n") + "\n"


# --- sections --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """The declarations of one type, and the comments about those that it lacks."""

    kind: Managed
    entries: tuple[Written, ...]
    """Declarations in YAML."""
    rows: tuple[Written, ...]
    """Declarations in CSV."""
    left_out: tuple[LeftOut, ...]
    unread: tuple[str, ...]

    @classmethod
    def of(cls, kind: Managed, description: Description, *, with_comments: bool = True) -> Section:
        """Return the section of a type. Rows stand in CSV, unless a spreadsheet would change one of their cells.

        ``with_comments``: also what is left out or was not read.
        """
        written = description.of(kind.name)
        rows = tuple(one for one in written if isinstance(kind, Rows) and not one.notes and _is_plain(one))
        known = {one.address for one in rows}
        return cls(
            kind,
            tuple(one for one in written if one.address not in known),
            rows,
            tuple(one for one in description.left_out if with_comments and one.kind.name == kind.name),
            tuple(
                f"{address}: {why.summary}. {why.detail}" if address.key != "*" else f"{why.summary}. {why.detail}"
                for address, why in description.unread
                if with_comments and address.type == kind.name
            ),
        )

    def text(self, file: str) -> str:
        """Return the section with its comments; '' where it has nothing. ``file`` holds the rows."""
        lines = [*self._comments(), *self._body(file)]
        while lines and not lines[0]:
            del lines[0]
        return "\n".join([*lines, ""]) if lines else ""

    def _body(self, file: str) -> Iterator[str]:
        if self.entries or self.rows:
            yield f"{self.kind.section}:"
        elif self.left_out:
            yield f"# {self.kind.section}:"
        if self.rows:
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
    parts = (str(item) for value in one.values.values() for item in (value if isinstance(value, tuple) else (value,)))
    return not any(part != part.strip() or _UNSAFE.match(part) or part == "" for part in (one.resource.key, *parts))


def columns_of(kind: Managed, rows: Sequence[Written]) -> tuple[str, ...]:
    """Return the columns that the rows need."""
    used = {name for one in rows for name in one.values}
    return (IDENTITY, *(name for name in kind.attributes if name in used))


def csv_text(kind: Managed, rows: Sequence[Written]) -> str:
    """Return the rows as a CSV file with a header; '' without rows."""
    if not rows:
        return ""
    columns = columns_of(kind, rows)
    return csv_lines([columns]) + csv_lines(cells(one, columns, BETWEEN) for one in rows)


def cells(one: Written, columns: Sequence[str], between: str) -> tuple[str, ...]:
    """Return the cells of a row."""
    return tuple(one.resource.key if name == IDENTITY else as_cell(one.values.get(name), between) for name in columns)


def csv_lines(rows: Iterable[Sequence[str]], delimiter: str = ",", ending: str = "\n") -> str:
    """Return the rows as lines."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=ending).writerows(rows)
    return text.getvalue()
