"""The exceptions as a tree, with exit codes. The class of a session error says what the engine does next.

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

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from reconciler.model.diagnostics import Diagnostic, in_order


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


def collected(errors: Iterable[ReconcilerError]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of all ``errors``, sorted and without duplicates."""
    return in_order(one for error in errors for one in error.diagnostics)
