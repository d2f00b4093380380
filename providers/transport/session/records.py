"""Turns error records of cmdlets into the errors of the engine.

Only type names, FullyQualifiedErrorId and category count: the text is in the server's language. Over implicit remoting
the outermost type is a wrapper, so the types inside it count too. From 2013 on the error id names the type in
``[FailureCategory=Cmdlet-...]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from providers.transport.settings import redact
from reconciler.model.diagnostics import (
    AccessDenied,
    AlreadyExists,
    AmbiguousOutcome,
    Diagnostic,
    ErrorRecord,
    NotFound,
    NotReplicated,
    PermanentError,
    SessionError,
    Throttled,
    TransientError,
    Unreachable,
)
from reconciler.model.ports import Request

NOT_FOUND: Final = frozenset(
    {
        "ManagementObjectNotFoundException",
        "ObjectNotFoundException",
        "ADObjectNotFoundException",
        "ItemNotFoundException",
        "UserNotUmEnabledException",
    }
)
ALREADY_EXISTS: Final = frozenset(
    {
        "ADObjectAlreadyExistsException",
        "ManagementObjectAlreadyExistsException",
        "ObjectAlreadyExistsException",
        "ADObjectEntryAlreadyExistsException",
        "GatewayAddressExistsException",
        "UserAlreadyUmEnabledException",
    }
)
ACCESS_DENIED: Final = frozenset(
    {
        "UnauthorizedAccessException",
        "ADInvalidCredentialException",
        "ADInsufficientPermissionException",
        "SecurityException",
        "AuthorizationException",
        "CmdletAccessDeniedException",
        "CommandNotFoundException",
        "CommandNotAllowed",
    }
)
BUDGET: Final = frozenset({"OverBudgetException"})
"""The budget of a throttling policy is full again after its period, which is 5 seconds where nobody changed it."""
THROTTLED: Final = frozenset(
    {
        "BackoffException",
        "ResourceUnhealthyException",
        "ADServerThrottledException",
        "PSQuotaException",
        "UserWorkloadManagerException",
        "ScriptRunning",
    }
)
NOT_REPLICATED: Final = frozenset({"ADObjectNotReplicatedException", "ObjectNotReplicatedException"})
DIRECTORY_AWAY: Final = frozenset(
    {
        "ADTransientException",
        "ADServerNotAvailableException",
        "SuitabilityDirectoryException",
        "SuitabilityException",
        "NoSuitableServerFoundException",
        "ServerInMMException",
        "DomainControllerUnavailableException",
        "DirectoryOperationTimeoutException",
        "RpcException",
        "PSRemotingTransportException",
        "TimeoutException",
        "SqlConnectionException",
        "TransientException",
    }
)
NEVER_RAN: Final = frozenset(
    {
        "CommandNotFoundException",
        "CommandNotAllowed",
        "CommandExpired",
        "UnknownId",
        "NotReady",
        "AlreadyReady",
        "ScriptNotFound",
        "ScriptRunning",
    }
)
UNKNOWN: Final = frozenset({"ReplyForgotten", "CommandNotEnded"})
"""The runner's errors for a call that ran with an unknown outcome."""

_FAILURE = re.compile(r"\[FailureCategory=[A-Za-z]+-([A-Za-z0-9_]+)\]")


def error_of(error: object, request: Request, host: str, secrets: tuple[str, ...] = ()) -> SessionError:
    """Return the error for an error reply to ``request``."""
    fields = error if isinstance(error, dict) else {}
    record = ErrorRecord(
        type=_text(fields, "type"),
        error_id=redact(_text(fields, "id"), secrets),
        category=_text(fields, "category"),
        message=redact(_text(fields, "message"), secrets),
        target=redact(_text(fields, "target"), secrets),
    )
    names = list(_types(fields))
    ran = fields.get("executed") is not False and not NEVER_RAN.intersection(names[:1])
    cmdlet, writes = request.command.cmdlet, request.command.writes
    detail = f"{cmdlet} on {host}: {record.message or record.type}"

    def raised(kind: type[SessionError], summary: str, remedy: str) -> SessionError:
        return kind(Diagnostic(summary, detail, remedy), record=record)

    def later(kind: type[TransientError], summary: str, delay: float, remedy: str) -> SessionError:
        if ran and writes and kind is Unreachable:
            return raised(AmbiguousOutcome, summary, remedy)
        return kind(Diagnostic(summary, detail, remedy), record=record, delay_seconds=delay)

    if "CommandExpired" in names[:1]:
        return later(TransientError, "Command came too late", 0.0, "Run the command again.")
    if UNKNOWN.intersection(names[:1]):
        return raised(
            AmbiguousOutcome,
            "Outcome is unknown",
            "Apply again: it reads the object first, and sends no command that already took effect.",
        )
    if NOT_REPLICATED.intersection(names):
        return later(NotReplicated, "Not replicated yet", 15.0, "Wait until the domain controllers have replicated.")
    if BUDGET.intersection(names):
        return later(Throttled, "Server asks to wait", 5.0, "Run fewer sessions with this account at once.")
    if THROTTLED.intersection(names):
        return later(Throttled, "Server asks to wait", 30.0, "Run fewer sessions with this account at once.")
    if ACCESS_DENIED.intersection(names) or record.category in ("PermissionDenied", "SecurityError"):
        return raised(AccessDenied, "Access denied", _RIGHTS)
    if ALREADY_EXISTS.intersection(names) or record.category == "ResourceExists":
        return raised(AlreadyExists, "Object already exists", "Declare it and plan again: the plan then adopts it.")
    if NOT_FOUND.intersection(names) or record.category == "ObjectNotFound":
        return raised(NotFound, "Object not found", "Check the name, or create the object first.")
    if DIRECTORY_AWAY.intersection(names):
        return later(Unreachable, "Directory is unavailable", 10.0, "Wait until a domain controller answers again.")
    return raised(PermanentError, "Command failed", "Correct the problem in the server's message, then plan again.")


_RIGHTS: Final = (
    "Give the account the role that holds this cmdlet and its parameters (Exchange: UM Management and Server"
    " Management; Lync: CsVoiceAdministrator and CsServerAdministrator), then try again."
)


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def _types(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield type names from the outermost to the innermost, then the one in the error id."""
    yield _text(fields, "type")
    inner = fields.get("inner")
    if isinstance(inner, list):
        yield from (name for name in inner if isinstance(name, str))
    failure = _FAILURE.search(_text(fields, "id"))
    if failure:
        yield failure[1]
