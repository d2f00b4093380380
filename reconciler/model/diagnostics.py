"""Messages for the user, the words that they count and list with, and the exceptions that carry them.

A diagnostic has a summary, a detail, a place and a remedy. Commands collect diagnostics and show them together, so that
one run reports all errors. An exception stops an action; a diagnostic by itself stops nothing.

The exceptions are a tree, with exit codes. The class of a session error says what the engine does next.

    ReconcilerError                     1
      ConfigurationError                1   the files have errors; carries all of them
      SessionError                          a session raises or returns it for a command
        TransientError                  1   nothing happened; retry after ``delay_seconds``
          Unreachable                   1   no answer from the host
          Throttled                     1   the server asks the client to wait
          NotReplicated                 1   not found yet; another replica may have it
        AmbiguousOutcome                7   the command may have run; observe first
        PermanentError                  1   do not retry
          NotFound, AlreadyExists       1
          AccessDenied                  1
          AuthenticationFailed          1
          UntrustedServer               1   certificate or name
          NotWinRM                      1   something else answered
      StateError                        1
        StateBehind                     1
        Locked                          6
        LeaseLost                       3
      PlanError                         5   a saved plan cannot be applied; nothing was written
      Refused                           4   a check or a budget forbids the plan
      OutputLost                        1   standard output cannot be written
      Interrupted                     130

Errors of pywinrm, YAML, pydantic and SQLAlchemy are translated where they occur. Messages never hold secrets: the
session redacts the texts of servers.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final

from reconciler.model.values import folded


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 mailbox``, ``10,000 mailboxes``."""
    return f"{number:,} {noun if number == 1 else plural or plural_of(noun)}"


def plural_of(noun: str) -> str:
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"


def duration(seconds: float) -> str:
    """Return ``0.4s``, ``45s``, ``2m 10s``, ``1h 5m``, ``3d 2h``: the two largest units that count."""
    if seconds < 9.95 and round(seconds, 1) != int(seconds):
        return f"{seconds:.1f}s"
    left = round(seconds)
    for size, unit, lower_size, lower in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if left >= size:
            rest = left % size // lower_size
            return f"{left // size}{unit} {rest}{lower}" if rest else f"{left // size}{unit}"
    return f"{left}s"


def listed(items: Iterable[str], limit: int = 8) -> str:
    """Return ``a, b and c``; beyond ``limit`` items ``a, b, c and 4 more``."""
    every = list(items)
    if len(every) > limit + 1:
        every = [*every[:limit], f"{len(every) - limit:,} more"]
    return " and ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)


def nearest(word: str, choices: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """Return the choices that are most similar to ``word``, the most similar first."""
    by_folded = {folded(choice): choice for choice in choices}
    name = folded(word)
    found = difflib.get_close_matches(name, by_folded, n=most, cutoff=0.6)
    parts = sorted(one for one in by_folded if min(len(name), len(one)) > 3 and (name in one or one in name))
    return tuple(by_folded[one] for one in dict.fromkeys([*found, *parts]))[:most]


def did_you_mean(word: str, choices: Iterable[str], *, otherwise: str = "") -> str:
    """Return a remedy for an unknown word: the most similar choice, or all of them."""
    known = sorted(choices)
    if near := nearest(word, known, most=1):
        return f'Did you mean "{near[0]}"? {otherwise}'.strip()
    return f"Use one of: {listed(known, 20)}." if known else otherwise or "There are none."


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


class ReconcilerError(Exception):
    """Stops a command; ``diagnostics`` say why and what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__("; ".join(f"{one.summary}: {one.detail}" for one in self.diagnostics))


class OutputLost(ReconcilerError):
    """The output of the command cannot be written."""


class ConfigurationError(ReconcilerError):
    """The configuration has errors; holds all of them."""


class Refused(ReconcilerError):
    """A check or a budget forbids the plan."""

    exit_code = 4


class PlanError(ReconcilerError):
    """A saved plan is stale, used, expired, altered or belongs to another environment."""

    exit_code = 5


class StateError(ReconcilerError):
    """The state cannot be opened, read or written."""


class StateBehind(StateError):
    """The state has an older schema and was opened for reading; the next write upgrades it."""


class Locked(StateError):
    """Another run holds the lease."""

    exit_code = 6


class LeaseLost(StateError):
    """The lease of this run ended or another run took it over: nothing more is sent."""

    exit_code = 3


class Interrupted(ReconcilerError):
    """The operator or the system asked to stop; the instance's ``exit_code`` is 130 or 143."""

    exit_code = 130


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """An error from PowerShell. Classify it by ``type``, ``error_id`` and ``category``: the text is localised."""

    type: str = ""
    """The exception's type name, without namespace."""
    error_id: str = ""
    """FullyQualifiedErrorId."""
    category: str = ""
    message: str = ""
    target: str = ""


class SessionError(ReconcilerError):
    """A command, or the channel to a host, failed."""

    def __init__(self, *diagnostics: Diagnostic, record: ErrorRecord | None = None) -> None:
        super().__init__(*diagnostics)
        self.record = record


class TransientError(SessionError):
    """Nothing happened on the server; the command may be sent again after ``delay_seconds``."""

    def __init__(
        self,
        *diagnostics: Diagnostic,
        record: ErrorRecord | None = None,
        delay_seconds: float = 0.0,
    ) -> None:
        super().__init__(*diagnostics, record=record)
        self.delay_seconds = delay_seconds


class Unreachable(TransientError):
    """The host gave no answer."""


class Throttled(TransientError):
    """The server asks the client to wait: its limit of shells, operations or requests is reached."""


class NotReplicated(TransientError):
    """An object that was written before is not found yet."""


class AmbiguousOutcome(SessionError):
    """The command may have run: its effect must be observed before the next decision."""

    exit_code = 7


class PermanentError(SessionError):
    """The server refused the command, and would refuse it again."""


class NotFound(PermanentError):
    """The object does not exist."""


class AlreadyExists(PermanentError):
    """An object with this name exists."""


class AccessDenied(PermanentError):
    """The account lacks a right or a role."""


class AuthenticationFailed(PermanentError):
    """The server does not accept the credential; a run tries at most twice."""


class UntrustedServer(PermanentError):
    """The server's certificate is not trusted or is not for this name."""


class NotWinRM(PermanentError):
    """Another service than WinRM answered."""
