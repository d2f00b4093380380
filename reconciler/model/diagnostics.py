"""Diagnostics: messages for the user with a summary, a detail, a place and a remedy.

Commands collect diagnostics and show them together, so that one run reports all errors. An exception (``errors.py``)
stops an action; a diagnostic by itself stops nothing.
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
    """A place in a user's file. Line and column count from 1; columns are characters."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message for the user."""

    summary: str
    """A few constant words, without names, so that users can recognise them and search for them."""
    detail: str = ""
    """Full sentences: what is wrong, with which value, and why it matters where that is not obvious."""
    remedy: str = ""
    """What to do now. A command to copy stands alone on an indented line."""
    severity: Severity = Severity.ERROR
    address: str | None = None
    """The address of the resource, where there is one."""
    position: Position | None = None
    excerpt: str | None = None
    """The line of the file at ``position``, without secrets."""
    code: str | None = None
    """The stable code of a check, such as ``UM001``."""
    leaves_out: bool = False
    """An error of one resource: the plan leaves out the resource at ``address`` and contains the rest."""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    @property
    def forbids(self) -> bool:
        """True for an error that forbids the whole plan."""
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
    """Return the diagnostics without duplicates, sorted by file and line; those without a place come last."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=Diagnostic.sort_key))


MISSING_ATTRIBUTE: Final = "Missing attribute"
"""The summary of a missing attribute. Where the declaration also has a misspelt attribute, that is the cause."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in a declaration, found by its resource type; it has no place in a file yet."""

    path: tuple[str | int, ...]
    """The keys and list indexes from the top of the declaration; empty for the whole declaration."""
    summary: str
    detail: str
    remedy: str = ""
    on_key: bool = False
    """True where the key is wrong (an unknown attribute), not its value."""
