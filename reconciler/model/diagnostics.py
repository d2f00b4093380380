"""What the user is told: a summary to recognise, a detail with the value, a place, and what to do now.

Diagnostics are collected and shown together, so that one run tells every mistake. Exceptions (``errors.py``) stop one
action; a diagnostic stops nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file the user wrote: line and column count from 1, columns in characters."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing told to the user."""

    summary: str
    """A few constant words without names, so that it can be recognised and searched."""
    detail: str = ""
    """Full sentences: what is wrong, with which value, and why it matters where that is not plain."""
    remedy: str = ""
    """What to do now. A command to copy stands alone on an indented line."""
    severity: Severity = Severity.ERROR
    address: str | None = None
    """The resource it is about, as text, where there is one."""
    position: Position | None = None
    excerpt: str | None = None
    """The line of the file at ``position``, for the caret under it."""
    code: str | None = None
    """The stable code of a check, such as ``UM001``."""
    leaves_out: bool = False
    """An error that forbids only what stands at ``address``: a plan leaves that out and does the rest."""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    @property
    def forbids(self) -> bool:
        """True for an error that forbids the plan as a whole."""
        return self.is_error and not self.leaves_out

    def sort_key(self) -> tuple[bool, str, int, int, str, str, str]:
        place = self.position or Position("", 0, 0)
        return (
            self.position is None,
            place.file,
            place.line,
            place.column,
            self.code or "",
            self.address or "",
            self.summary + self.detail,
        )


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(diagnostic.is_error for diagnostic in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return them without repeats, by file and line; those without a place last."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=Diagnostic.sort_key))


MISSING_ATTRIBUTE: Final = "Missing attribute"
"""Of a problem that follows where the same declaration writes an attribute that does not exist: it is the one meant."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a resource type finds wrong with a declaration, before the place in the file is looked up."""

    path: tuple[str | int, ...]
    """Where in the declaration: keys and list indexes from its top; empty for the declaration as a whole."""
    summary: str
    detail: str
    remedy: str = ""
    on_key: bool = False
    """The key itself is wrong (an unknown attribute), not its value."""
