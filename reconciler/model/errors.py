"""The exceptions, drawn as a tree. Each says what the engine should do and which exit code ends a run that it stops.

    ReconcilerError                     1
      ConfigurationError                1   the files are wrong; carries every diagnostic
      SessionError                          what a session raises or returns for a command
        TransientError                  1   nothing happened; may be retried after ``delay_seconds``
          Unreachable                   1   no answer from the host
          Throttled                     1   the server asks to wait
          NotReplicated                 1   not found yet; another replica may know
        AmbiguousOutcome                7   it may have happened; look first
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
      PlanError                         5   a saved plan that may not be applied; nothing was written
      Refused                           4   a check against the world, or a budget
      OutputLost                        1   standard output or error cannot be written
      Interrupted                     130

Errors of pywinrm, YAML, pydantic and SQLAlchemy are translated where they enter and go no further. Messages never hold
secrets: what is shown of a server's text has passed the redaction of the session.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from reconciler.model.diagnostics import Diagnostic, in_order


class ReconcilerError(Exception):
    """Something stopped what was asked for; ``diagnostics`` say what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__("; ".join(f"{told.summary}: {told.detail}" for told in self.diagnostics))


class OutputLost(ReconcilerError):
    """What was asked for cannot be written where it was to go."""


class ConfigurationError(ReconcilerError):
    """The configuration is wrong; every mistake found is told at once."""


class Refused(ReconcilerError):
    """A check against the world, or a budget, forbids the plan."""

    exit_code = 4


class PlanError(ReconcilerError):
    """A saved plan is stale, used, expired, altered or made for something else."""

    exit_code = 5


class StateError(ReconcilerError):
    """The state cannot be opened, read or written."""


class StateBehind(StateError):
    """The state has an older schema and is only read; whoever may write it brings it up to date."""


class Locked(StateError):
    """Another run holds the lease."""

    exit_code = 6


class LeaseLost(StateError):
    """This run's lease ended or was taken over: nothing more is sent."""

    exit_code = 3


class Interrupted(ReconcilerError):
    """The operator or the system asked to stop; ``exit_code`` of the instance is 130 or 143."""

    exit_code = 130


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """An error as PowerShell reports it. Classify by ``type``, ``error_id`` and ``category``: the text is localised."""

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
    """Nothing happened on the server; the same command may be sent again after ``delay_seconds``."""

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
    """The server asks to wait: shells, operations or requests per time are used up."""


class NotReplicated(TransientError):
    """An object written before is not found yet."""


class AmbiguousOutcome(SessionError):
    """The command may have been executed: its effect has to be observed before anything else is decided."""

    exit_code = 7


class PermanentError(SessionError):
    """The server refused the command; sending it again would be refused again."""


class NotFound(PermanentError):
    """The object named does not exist."""


class AlreadyExists(PermanentError):
    """An object of that name exists."""


class AccessDenied(PermanentError):
    """The account lacks a right or a role."""


class AuthenticationFailed(PermanentError):
    """The server does not accept the credential; never tried more than twice a run."""


class UntrustedServer(PermanentError):
    """The server's certificate is not trusted or is not for this name."""


class NotWinRM(PermanentError):
    """Something answered that is not the remote management service."""


def collected(errors: Iterable[ReconcilerError]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of all ``errors``, in order and without repeats."""
    return in_order(told for error in errors for told in error.diagnostics)
