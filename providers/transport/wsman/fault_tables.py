"""Fault codes of WS-Management, HTTP statuses and ways to fail, as data: what each means in each phase of a session.

The same fault means different things in different phases: a time-out of a Receive is the normal idle state, of a Send
it leaves open whether the bytes arrived, of a Delete it is nobody's business. The rows are those of the vendor's
wsmerror.h and of practice with pywinrm; codes are decimal, as faults carry them. ``faults.py`` finds the row of an
exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from reconciler.model.errors import (
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
    """Shell or process are lost; what was in flight is ambiguous."""
    AMBIG = "ambiguous"
    """It may have been executed: ask by id."""
    IGNORE = "ignore"
    """Nothing depends on it."""


class Cure(Enum):
    """What has to be changed before the message is sent again."""

    NONE = "none"
    RECONNECT = "reconnect"
    """Drop the HTTP session: connection, seal or ticket are no longer good."""
    BUSY = "busy"
    """Wait until the service has written the chunk before."""
    OTHER_CODE_PAGE = "other code page"
    NO_IDLE_TIMEOUT = "no idle timeout"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the tables: the class by phase, and what is told."""

    name: str
    classes: Mapping[Phase, Class]
    error: type[SessionError]
    summary: str
    remedy: str = ""
    delay_seconds: float = 0.0
    unread: bool = False
    """A Send that meets this was not read, not even in part."""
    has_ended: bool = False
    """The process no longer reads: it has ended, or is about to, and what it wrote last may say why."""
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

_LOST_SESSION = "Session lost"
_BUSY_SERVER = "Server is busy"
_REJECTED = "Message rejected"
_NO_ACCESS = "Access denied"
_OFF = "Remote management is switched off"

_ASK_QUOTA = (
    "Close orphaned remote shells on the host, or raise the limit there:\n"
    "    winrm set winrm/config/winrs '@{MaxShellsPerUser=\"30\"}'"
)
_ASK_RIGHTS = "Make the account a member of Administrators or Remote Management Users on the host."
_ASK_AGAIN = "Run the command again; it goes on where this run stopped."
_ASK_REPORT = "This is a bug in reconciler. Report it with the fault code above."


def _quota(name: str, delay: float = 30.0) -> Row:
    return Row(name, _SAFE, Throttled, _BUSY_SERVER, _ASK_QUOTA, delay)


def _gone(name: str, *, unread: bool = False, has_ended: bool = False) -> Row:
    return Row(name, _GONE, TransientError, _LOST_SESSION, _ASK_AGAIN, unread=unread, has_ended=has_ended)


def _perm(name: str, error: type[SessionError], summary: str, remedy: str) -> Row:
    return Row(name, _PERM, error, summary, remedy)


_MEMORY = Row(
    "out of memory or resources",
    _by_phase(Class.SAFE, Class.GONE),
    Throttled,
    _BUSY_SERVER,
    "Give remote shells on the host more memory:\n    winrm set winrm/config/winrs '@{MaxMemoryPerShellMB=\"1024\"}'",
    30.0,
)
TIMED_OUT = Row(
    "OPERATION_TIMEDOUT",
    {
        Phase.CREATE: Class.AMBIG,
        Phase.COMMAND: Class.GONE,
        Phase.SEND: Class.AMBIG,
        Phase.RECEIVE: Class.POLL,
        Phase.SIGNAL: Class.IGNORE,
        Phase.DELETE: Class.IGNORE,
    },
    Unreachable,
    "Server is slow",
    "Wait until the host answers faster, then run the command again.",
)
_TOO_LARGE = _perm("envelope too large", PermanentError, _REJECTED, _ASK_REPORT)

FAULTS: Final[Mapping[int, Row]] = {
    2150858793: TIMED_OUT,
    170: Row(
        "ERROR_BUSY",
        _SAFE,
        Throttled,
        _BUSY_SERVER,
        _ASK_AGAIN,
        5.0,
        cures={Phase.SEND: Cure.BUSY},
    ),
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
    2147943418: Row(
        "registry key marked for deletion",
        _by_phase(Class.SAFE, Class.GONE),
        TransientError,
        _LOST_SESSION,
        _ASK_AGAIN,
        2.0,
    ),
    2150859173: _quota("QUOTA_MAX_SHELLS", 60.0),
    2150859174: Row(
        "QUOTA_MAX_OPERATIONS", _by_phase(Class.SAFE, Class.GONE), Throttled, _BUSY_SERVER, _ASK_QUOTA, 10.0
    ),
    2150859175: _quota("QUOTA_USER"),
    2150859176: _quota("QUOTA_SYSTEM"),
    2150859179: _quota("QUOTA_MAX_SHELLUSERS"),
    **{code: _quota("QUOTA_PER_PLUGIN") for code in range(2150859236, 2150859242)},
    2150858815: _quota("QUOTA_LIMIT"),
    2150858790: _TOO_LARGE,
    2150858823: _TOO_LARGE,
    2150858824: _TOO_LARGE,
    2150858825: _TOO_LARGE,
    2150859025: _TOO_LARGE,
    5: _perm("ERROR_ACCESS_DENIED", AccessDenied, _NO_ACCESS, _ASK_RIGHTS),
    2147942405: _perm("E_ACCESSDENIED", AccessDenied, _NO_ACCESS, _ASK_RIGHTS),
    2150859180: _perm(
        "REMOTESHELLS_NOT_ALLOWED",
        AccessDenied,
        _OFF,
        "Allow remote shells on the host:\n    winrm set winrm/config/winrs '@{AllowRemoteShellAccess=\"true\"}'",
    ),
    2150859229: _perm("SERVICE_REMOTE_ACCESS_DISABLED", AccessDenied, _OFF, "On the host, run:\n    winrm quickconfig"),
    2150859235: _perm("REMOTE_CONNECTION_NOT_ALLOWED", AccessDenied, _OFF, "On the host, run:\n    winrm quickconfig"),
    2150859072: Row(
        "CODE_PAGE_NOT_SUPPORTED",
        _by_phase(Class.SAFE),
        PermanentError,
        _REJECTED,
        _ASK_REPORT,
        cures={Phase.CREATE: Cure.OTHER_CODE_PAGE},
    ),
    2150859250: Row(
        "IDLETIMEOUT_OUTOFBOUNDS",
        _by_phase(Class.SAFE),
        PermanentError,
        _REJECTED,
        _ASK_REPORT,
        cures={Phase.CREATE: Cure.NO_IDLE_TIMEOUT},
    ),
    2150859047: Row(
        "RECEIVE_IN_PROGRESS",
        _by_phase(Class.AMBIG, receive=Class.POLL),
        TransientError,
        _BUSY_SERVER,
        _ASK_AGAIN,
        20.0,
    ),
    2150858811: _perm(
        "INVALID_RESOURCE_URI",
        NotWinRM,
        "Not a remote shell",
        "Check host and port: this endpoint offers no command shell.",
    ),
    2150858817: _perm("SCHEMA_VALIDATION_ERROR", PermanentError, _REJECTED, _ASK_REPORT),
    2150858881: _perm("INVALID_TIMEOUT_HEADER", PermanentError, _REJECTED, _ASK_REPORT),
    2150858770: Row("DESTINATION_UNREACHABLE", _SAFE, Unreachable, "Host is unreachable", _ASK_AGAIN, 5.0),
    2150858772: Row("ENDPOINT_UNAVAILABLE", _SAFE, Unreachable, "Host is unreachable", _ASK_AGAIN, 5.0),
    2147942414: _MEMORY,
    8: _MEMORY,
    1450: _MEMORY,
    1455: _MEMORY,
}
"""WSManFault/@Code, or the code of an MSFT_WmiError, to its row."""

UNKNOWN_FAULT = Row(
    "fault", _by_phase(Class.SAFE, Class.AMBIG), TransientError, "Server reports a fault", _ASK_AGAIN, 5.0
)

NOT_WINRM = _perm(
    "",
    NotWinRM,
    "Not a remote management service",
    "Check host, port and tls of the connection; WinRM listens on 5985 (http) and 5986 (https).",
)
PROXY = _perm(
    "proxy",
    NotWinRM,
    "A proxy stands between",
    "Reach the host directly: a proxy breaks the authentication of its connections.",
)
GATEWAY = replace(
    PROXY,
    classes=_by_phase(Class.PERM, Class.AMBIG, Class.POLL),
    cures={Phase.SEND: Cure.RECONNECT, Phase.RECEIVE: Cure.RECONNECT},
)
"""A gateway that lost its server may have handed the message over before."""
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
    403: _perm("HTTP 403", AccessDenied, _NO_ACCESS, _ASK_RIGHTS),
    404: NOT_WINRM,
    405: NOT_WINRM,
    411: NOT_WINRM,
    407: PROXY,
    413: _TOO_LARGE,
    502: GATEWAY,
    503: Row(
        "HTTP 503",
        _SAFE,
        Unreachable,
        "Remote management is not running",
        "Start the service on the host:\n    Start-Service WinRM",
        5.0,
        cures=_RECONNECT,
    ),
    504: GATEWAY,
}

SEAL_LOST = replace(STATUSES[400], classes=_SAFE)
"""The connection ended and the seal with it: what was sealed for it is not processed over the next one."""
EMPTY_500 = Row(
    "HTTP 500 without a word",
    _by_phase(Class.PERM, Class.AMBIG, Class.POLL, command=Class.AMBIG),
    NotWinRM,
    "Unencrypted messages are refused",
    'Write "tls: true" for this connection, or use kerberos, ntlm or credssp, which seal what they send. If it does so'
    " already, the host's event log Microsoft-Windows-WinRM/Operational tells more.",
    cures=dict.fromkeys((Phase.COMMAND, Phase.SEND, Phase.RECEIVE), Cure.RECONNECT),
)
NEVER_REACHED = Row(
    "",
    _SAFE,
    Unreachable,
    "Host is unreachable",
    "Check that the host runs, that its name resolves here, and that a firewall lets the port through.",
    5.0,
    cures=_RECONNECT,
)
CUT_OFF = Row("", _LOST, Unreachable, "Connection lost", _ASK_AGAIN, 2.0, cures=_RECONNECT)
BROKEN_SEAL = Row("", _LOST, NotWinRM, "A sealed message arrived altered", _ASK_AGAIN, 1.0, cures=_RECONNECT)
REFUSED_LOGON = Row(
    "HTTP 401",
    _by_phase(Class.PERM, Class.SAFE, command=Class.SAFE),
    AuthenticationFailed,
    "Logon refused",
    "Check user and password, and that the host allows this way to authenticate. Nothing is tried a third time,"
    " so that the account is not locked.",
    cures=_RECONNECT,
)
NO_TLS = Row(
    "",
    _by_phase(Class.PERM, Class.AMBIG, Class.POLL),
    NotWinRM,
    "No TLS on this port",
    'Check port and tls of the connection: 5986 speaks https, 5985 http ("tls: false").',
    1.0,
    cures=_RECONNECT,
)
"""At first contact. Later it is the answer that cannot be opened, to a message that may have been carried out."""
SETTINGS = _perm("", PermanentError, "Connection settings do not fit", "Correct the connection in the configuration.")
MALFORMED = replace(
    NOT_WINRM, classes=_by_phase(Class.PERM, Class.AMBIG, Class.POLL), delay_seconds=1.0, cures=_RECONNECT
)
LOGONS_USED_UP = _perm("", AuthenticationFailed, REFUSED_LOGON.summary, REFUSED_LOGON.remedy)
RUN_ENDED = _perm("", PermanentError, "Run ended", "Run the command again.")
LOGON_FAILED = _perm(
    "",
    AuthenticationFailed,
    "Logon failed",
    "Check that this machine has what the way to authenticate needs: for kerberos a ticket (kinit), a name instead of"
    " an address, and a clock that is right within five minutes.",
)
NOT_OFFERED = _perm(
    "",
    AuthenticationFailed,
    "Way to authenticate is not offered",
    "Name another one as auth: of the connection, or allow this one on the host (NTLM is part of Negotiate there):\n"
    "    winrm get winrm/config/service/auth",
)
NOT_INSTALLED = _perm(
    "",
    PermanentError,
    "Part not installed",
    "Install what this way to authenticate needs, beside reconciler:\n"
    "    pip install 'pyspnego[kerberos]' 'pywinrm[kerberos,credssp]'",
)
UNKNOWN_STATUS = replace(UNKNOWN_FAULT, cures=_RECONNECT)
