"""Tables of WS-Management fault codes, HTTP statuses and other failures, with their meaning in each phase of a session.

The same fault has different meanings in different phases. A time-out of a Receive is the normal idle state; a time-out
of a Send leaves open whether the bytes arrived; a time-out of a Delete does not matter. The rows come from the vendor's
wsmerror.h and from practice with pywinrm. Codes are decimal, as faults carry them. ``faults.py`` finds the row of an
exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from reconciler.model.diagnostics import (
    AccessDenied,
    AuthenticationFailed,
    NotWinRM,
    PermanentError,
    SessionError,
    Throttled,
    TransientError,
    Unreachable,
)
from reconciler.model.values import EMPTY


class Phase(Enum):
    CREATE = "opening a shell"
    COMMAND = "starting PowerShell"
    SEND = "sending"
    RECEIVE = "receiving"
    SIGNAL = "ending PowerShell"
    DELETE = "closing the shell"


class Class(Enum):
    POLL = "poll"
    """Normal: ask again."""
    SAFE = "safe"
    """Certainly not executed: the same message may be sent again."""
    PERM = "permanent"
    """Stop and tell the operator."""
    GONE = "gone"
    """The shell or the process is lost; it is unknown whether sent messages were executed."""
    AMBIG = "ambiguous"
    """It may have been executed; ask the runner by the id of the request."""
    IGNORE = "ignore"
    """The failure has no effect."""


class Cure(Enum):
    """What has to change before the message is sent again."""

    NONE = "none"
    RECONNECT = "reconnect"
    """Drop the HTTP session: its connection, seal or ticket is no longer valid."""
    BUSY = "busy"
    """Wait until the service has written the previous chunk."""
    OTHER_CODE_PAGE = "other code page"
    NO_IDLE_TIMEOUT = "no idle timeout"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the tables: the class for each phase, and the texts for users."""

    name: str
    classes: Mapping[Phase, Class]
    error: type[SessionError]
    summary: str
    remedy: str = ""
    delay_seconds: float = 0.0
    unread: bool = False
    """After this failure of a Send operation, the process has read none of the input."""
    has_ended: bool = False
    """The process no longer reads. It has ended or is about to, and its last output may say why."""
    cures: Mapping[Phase, Cure] = field(default_factory=lambda: EMPTY)


def _by_phase(
    opening: Class,
    send: Class | None = None,
    receive: Class | None = None,
    *,
    command: Class | None = None,
    closing: Class = Class.IGNORE,
) -> Mapping[Phase, Class]:
    return {
        Phase.CREATE: opening,
        Phase.COMMAND: command or opening,
        Phase.SEND: send or opening,
        Phase.RECEIVE: receive or send or opening,
        Phase.SIGNAL: closing,
        Phase.DELETE: closing,
    }


_GONE = _by_phase(Class.GONE)
_PERM = _by_phase(Class.PERM)
_SAFE = _by_phase(Class.SAFE)
_LOST = _by_phase(Class.AMBIG, receive=Class.POLL)
_OPEN_ALONE = _by_phase(Class.SAFE, Class.GONE)
"""While opening, the message is repeated. An open session is lost."""
_BROKEN_REPLY = _by_phase(Class.PERM, Class.AMBIG, Class.POLL)
"""At first contact the reply shows which service answers. Later, the message may have been executed."""

_LOST_SESSION = "Session lost"
_BUSY_SERVER = "Server is busy"
_REJECTED = "Message rejected"
_NO_ACCESS = "Access denied"
_OFF = "Remote management is switched off"
_NO_HOST = "Host is unreachable"

_ASK_QUOTA = (
    "Close orphaned remote shells on the host, or raise the limit there:\n"
    "    winrm set winrm/config/winrs '@{MaxShellsPerUser=\"30\"}'"
)
_ASK_QUICKCONFIG = "On the host, run:\n    winrm quickconfig"
_ASK_RIGHTS = "Make the account a member of Administrators or Remote Management Users on the host."
_ASK_AGAIN = "Run the command again; it continues where this run stopped."
_ASK_REPORT = "This is a bug in reconciler. Report it with the fault code above."


def _quota(name: str, delay: float = 30.0) -> Row:
    return Row(name, _SAFE, Throttled, _BUSY_SERVER, _ASK_QUOTA, delay)


def _gone(name: str, *, unread: bool = False, has_ended: bool = False) -> Row:
    return Row(name, _GONE, TransientError, _LOST_SESSION, _ASK_AGAIN, unread=unread, has_ended=has_ended)


def perm(name: str, error: type[SessionError], summary: str, remedy: str) -> Row:
    return Row(name, _PERM, error, summary, remedy)


def _refused_option(name: str, cure: Cure) -> Row:
    return Row(name, _SAFE, PermanentError, _REJECTED, _ASK_REPORT, cures={Phase.CREATE: cure})


_MEMORY = Row(
    "out of memory or resources",
    _OPEN_ALONE,
    Throttled,
    _BUSY_SERVER,
    "Give remote shells on the host more memory:\n    winrm set winrm/config/winrs '@{MaxMemoryPerShellMB=\"1024\"}'",
    30.0,
)
TIMED_OUT = Row(
    "OPERATION_TIMEDOUT",
    _by_phase(Class.AMBIG, receive=Class.POLL, command=Class.GONE),
    Unreachable,
    "Server is slow",
    "Wait until the host answers faster, then run the command again.",
)
_TOO_LARGE = perm("envelope too large", PermanentError, _REJECTED, _ASK_REPORT)

FAULTS: Final[Mapping[int, Row]] = {
    2150858793: TIMED_OUT,
    170: replace(_quota("ERROR_BUSY", 5.0), remedy=_ASK_AGAIN, cures={Phase.SEND: Cure.BUSY}),
    2150858843: _gone("shell was not found", unread=True),
    2150858813: _gone("INVALID_SELECTORS", unread=True),
    2150859082: _gone("SHELL_ALREADY_CLOSED", unread=True),
    2150859087: _gone("COMMAND_ALREADY_CLOSED", unread=True),
    2150859212: _gone("COMMAND_TERMINATED"),
    2150859230: _gone("SERVICE_STREAM_DISCONNECTED"),
    2150859204: _gone("SHELL_DISCONNECTED"),
    995: _gone("ERROR_OPERATION_ABORTED"),
    109: _gone("ERROR_BROKEN_PIPE", has_ended=True),
    232: _gone("ERROR_NO_DATA", has_ended=True),
    2147943418: replace(_gone("registry key marked for deletion"), classes=_OPEN_ALONE, delay_seconds=2.0),
    2150859173: _quota("QUOTA_MAX_SHELLS", 60.0),
    2150859174: replace(_quota("QUOTA_MAX_OPERATIONS", 10.0), classes=_OPEN_ALONE),
    2150859175: _quota("QUOTA_USER"),
    2150859176: _quota("QUOTA_SYSTEM"),
    2150859179: _quota("QUOTA_MAX_SHELLUSERS"),
    **dict.fromkeys(range(2150859236, 2150859242), _quota("QUOTA_PER_PLUGIN")),
    2150858815: _quota("QUOTA_LIMIT"),
    **dict.fromkeys((2150858790, 2150858823, 2150858824, 2150858825, 2150859025), _TOO_LARGE),
    5: perm("ERROR_ACCESS_DENIED", AccessDenied, _NO_ACCESS, _ASK_RIGHTS),
    2147942405: perm("E_ACCESSDENIED", AccessDenied, _NO_ACCESS, _ASK_RIGHTS),
    2150859180: perm(
        "REMOTESHELLS_NOT_ALLOWED",
        AccessDenied,
        _OFF,
        "Allow remote shells on the host:\n    winrm set winrm/config/winrs '@{AllowRemoteShellAccess=\"true\"}'",
    ),
    2150859229: perm("SERVICE_REMOTE_ACCESS_DISABLED", AccessDenied, _OFF, _ASK_QUICKCONFIG),
    2150859235: perm("REMOTE_CONNECTION_NOT_ALLOWED", AccessDenied, _OFF, _ASK_QUICKCONFIG),
    2150859072: _refused_option("CODE_PAGE_NOT_SUPPORTED", Cure.OTHER_CODE_PAGE),
    2150859250: _refused_option("IDLETIMEOUT_OUTOFBOUNDS", Cure.NO_IDLE_TIMEOUT),
    2150859047: Row(
        "RECEIVE_IN_PROGRESS",
        _by_phase(Class.AMBIG, receive=Class.POLL),
        TransientError,
        _BUSY_SERVER,
        _ASK_AGAIN,
        20.0,
    ),
    2150858811: perm(
        "INVALID_RESOURCE_URI",
        NotWinRM,
        "Not a remote shell",
        "Check host and port: this endpoint offers no command shell.",
    ),
    2150858817: perm("SCHEMA_VALIDATION_ERROR", PermanentError, _REJECTED, _ASK_REPORT),
    2150858881: perm("INVALID_TIMEOUT_HEADER", PermanentError, _REJECTED, _ASK_REPORT),
    2150858770: Row("DESTINATION_UNREACHABLE", _SAFE, Unreachable, _NO_HOST, _ASK_AGAIN, 5.0),
    2150858772: Row("ENDPOINT_UNAVAILABLE", _SAFE, Unreachable, _NO_HOST, _ASK_AGAIN, 5.0),
    **dict.fromkeys((2147942414, 8, 1450, 1455), _MEMORY),
}
"""WSManFault/@Code, or the code of an MSFT_WmiError, to its row."""

UNKNOWN_FAULT = Row(
    "fault", _by_phase(Class.SAFE, Class.AMBIG), TransientError, "Server reports a fault", _ASK_AGAIN, 5.0
)

NOT_WINRM = perm(
    "",
    NotWinRM,
    "Not a remote management service",
    "Check host, port and tls of the connection; WinRM listens on 5985 (http) and 5986 (https).",
)
PROXY = perm(
    "proxy",
    NotWinRM,
    "A proxy is in the way",
    "Reach the host directly: WinRM cannot authenticate through a proxy.",
)
GATEWAY = replace(
    PROXY,
    classes=_BROKEN_REPLY,
    cures={Phase.SEND: Cure.RECONNECT, Phase.RECEIVE: Cure.RECONNECT},
)
"""A gateway that lost its server may have passed the message on before."""
_RECONNECT: Final = dict.fromkeys(Phase, Cure.RECONNECT)

STATUSES: Final[Mapping[int, Row]] = {
    400: Row(
        "HTTP 400",
        _by_phase(Class.PERM, Class.SAFE, command=Class.SAFE),
        NotWinRM,
        "Not a remote management service",
        NOT_WINRM.remedy,
        cures=_RECONNECT,
    ),
    403: perm("HTTP 403", AccessDenied, _NO_ACCESS, _ASK_RIGHTS),
    **dict.fromkeys((404, 405, 411), NOT_WINRM),
    407: PROXY,
    413: _TOO_LARGE,
    **dict.fromkeys((502, 504), GATEWAY),
    503: Row(
        "HTTP 503",
        _SAFE,
        Unreachable,
        "Remote management is not running",
        "Start the service on the host:\n    Start-Service WinRM",
        5.0,
        cures=_RECONNECT,
    ),
}

SEAL_LOST = replace(STATUSES[400], classes=_SAFE)
"""The connection was closed, and its seal was lost.

The host does not process a message sealed for another connection.
"""
EMPTY_500 = Row(
    "HTTP 500 with an empty body",
    _by_phase(Class.PERM, Class.AMBIG, Class.POLL, command=Class.AMBIG),
    NotWinRM,
    "Unencrypted messages are refused",
    'Write "tls: true" for this connection, or use kerberos, ntlm or credssp, which seal the messages. If the'
    " connection does so already, read the event log Microsoft-Windows-WinRM/Operational on the host.",
    cures=dict.fromkeys((Phase.COMMAND, Phase.SEND, Phase.RECEIVE), Cure.RECONNECT),
)
NEVER_REACHED = Row(
    "",
    _SAFE,
    Unreachable,
    _NO_HOST,
    "Check that the host runs, that its name resolves here, and that a firewall lets the port through.",
    5.0,
    cures=_RECONNECT,
)
CUT_OFF = Row("", _LOST, Unreachable, "Connection lost", _ASK_AGAIN, 2.0, cures=_RECONNECT)
BROKEN_SEAL = Row("", _LOST, NotWinRM, "A sealed reply was altered", _ASK_AGAIN, 1.0, cures=_RECONNECT)
REFUSED_LOGON = Row(
    "HTTP 401",
    _by_phase(Class.PERM, Class.SAFE, command=Class.SAFE),
    AuthenticationFailed,
    "Logon refused",
    "Check user and password, and that the host allows this authentication method. A third logon is not tried, so"
    " that the account is not locked.",
    cures=_RECONNECT,
)
NO_TLS = Row(
    "",
    _BROKEN_REPLY,
    NotWinRM,
    "No TLS on this port",
    'Check port and tls of the connection: port 5986 uses https, port 5985 uses http ("tls: false").',
    1.0,
    cures=_RECONNECT,
)
SETTINGS = perm("", PermanentError, "Invalid connection settings", "Correct the connection in the configuration.")
MALFORMED = replace(NOT_WINRM, classes=_BROKEN_REPLY, delay_seconds=1.0, cures=_RECONNECT)
LOGONS_USED_UP = perm("", AuthenticationFailed, REFUSED_LOGON.summary, REFUSED_LOGON.remedy)
RUN_ENDED = perm("", PermanentError, "Run ended", "Run the command again.")
LOGON_FAILED = perm(
    "",
    AuthenticationFailed,
    "Logon failed",
    "Check what the authentication method needs on this machine. Kerberos needs a ticket (kinit), a host name instead"
    " of an address, and a clock with less than five minutes of difference.",
)
NOT_OFFERED = perm(
    "",
    AuthenticationFailed,
    "Authentication method is not offered",
    "Set another method as auth: of the connection, or allow this one on the host (NTLM is part of Negotiate there):\n"
    "    winrm get winrm/config/service/auth",
)
NOT_INSTALLED = perm(
    "",
    PermanentError,
    "Package not installed",
    "Install what this authentication method needs, next to reconciler:\n"
    "    pip install 'pyspnego[kerberos]' 'pywinrm[kerberos,credssp]'",
)
UNKNOWN_STATUS = replace(UNKNOWN_FAULT, cures=_RECONNECT)
