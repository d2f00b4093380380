"""Turns exceptions of pywinrm, requests and spnego into a ``Judgement``; no other module handles these exceptions.

A judgement has a class, which decides the next action of the channel, and the error for users.

The codes of certificate errors come from x509_vfy.h. They are the same in all versions; their texts are not. A
certificate with another error counts as not trusted, and the message has OpenSSL's own text.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import ParseError

import requests
from spnego.exceptions import NoCredentialError, SpnegoError
from winrm.exceptions import (
    AuthenticationError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from providers.transport.settings import redact
from providers.transport.wsman.answers import BrokenSeal, RefusedReply
from providers.transport.wsman.fault_tables import (
    BROKEN_SEAL,
    CUT_OFF,
    EMPTY_500,
    FAULTS,
    GATEWAY,
    LOGON_FAILED,
    LOGONS_USED_UP,
    MALFORMED,
    NEVER_REACHED,
    NO_TLS,
    NOT_INSTALLED,
    NOT_OFFERED,
    NOT_WINRM,
    REFUSED_LOGON,
    RUN_ENDED,
    SEAL_LOST,
    SETTINGS,
    STATUSES,
    TIMED_OUT,
    UNKNOWN_FAULT,
    UNKNOWN_STATUS,
    Class,
    Cure,
    Phase,
    Row,
    perm,
)
from providers.transport.wsman.logons import LogonsStopped, LogonsUsedUp
from providers.transport.wsman.winrs import NotOffered, SealLost
from reconciler.model.diagnostics import AuthenticationFailed, Diagnostic, SessionError, TransientError, UntrustedServer


def _row(summary: str, remedy: str) -> Row:
    return perm("", UntrustedServer, f"Server certificate {summary}", remedy)


NO_TRUST: Final = _row("is not trusted", "Name the PEM file of the authority that issued it as ca: of the connection.")
OTHER_NAME: Final = _row(
    "is for another name",
    "Connect by a name that the certificate contains, or give the host a certificate for this one. Only its subject"
    " alternative names count: neither its common name, nor an address among the DNS names.",
)
_NO_ISSUER: Final = perm(
    "",
    UntrustedServer,
    "Issuer of the server certificate is unknown",
    "Name the PEM file of the authority that issued it as ca: of the connection. If an intermediate authority issued "
    "it, configure the host to send that certificate too, or add it to the file.",
)
_SELF_SIGNED: Final = _row(
    "is signed by itself",
    "Give the host a certificate of an authority and name the PEM file of that authority as ca: of the connection."
    " To trust exactly this certificate, name its own PEM file there.",
)
_NO_AUTHORITY: Final = _row(
    "was issued by a certificate that is not an authority",
    "Have the certificate issued by an authority: the certificate that signed it may not issue others.",
)
_OUT_OF_BOUNDS: Final = _row(
    "has a name that its authority may not issue",
    "Have the certificate issued by an authority whose name constraints allow this name.",
)
_WEAK: Final = _row(
    "is too weak",
    "Give the host a certificate with an RSA key of 2048 bits or more, or an elliptic one, signed with SHA-256 or"
    " better. The same applies to the certificate of its authority.",
)
_PURPOSE: Final = _row(
    "is not for servers",
    "Give the host a certificate whose extended key usage contains server authentication (1.3.6.1.5.5.7.3.1).",
)

CERTIFICATES: Final[Mapping[int, Row]] = {
    # UNABLE_TO_GET_ISSUER_CERT, the same LOCALLY, UNABLE_TO_VERIFY_LEAF_SIGNATURE
    **dict.fromkeys((2, 20, 21), _NO_ISSUER),
    9: _row(
        "is not valid yet",
        "Check the clocks of this machine and of the host, or wait until the certificate becomes valid.",
    ),
    10: _row("has expired", "Renew the certificate of the host, and check the clock of this machine."),
    18: _SELF_SIGNED,  # DEPTH_ZERO_SELF_SIGNED_CERT
    19: NO_TRUST,  # SELF_SIGNED_CERT_IN_CHAIN: its root is not among the authorities to trust
    23: _row("is revoked", "Do not connect until you know why; then give the host another certificate."),
    # INVALID_CA (until OpenSSL 1.1, and since), PATH_LENGTH_EXCEEDED, KEYUSAGE_NO_CERTSIGN
    **dict.fromkeys((24, 25, 32, 79), _NO_AUTHORITY),
    **dict.fromkeys((26, 28), _PURPOSE),  # INVALID_PURPOSE, CERT_REJECTED
    **dict.fromkeys((47, 48), _OUT_OF_BOUNDS),  # PERMITTED_VIOLATION, EXCLUDED_VIOLATION
    **dict.fromkeys((62, 64), OTHER_NAME),  # HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
    **dict.fromkeys((66, 67, 68), _WEAK),  # EE_KEY_TOO_SMALL, CA_KEY_TOO_SMALL, CA_MD_TOO_WEAK
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The meaning of one failure."""

    kind: Class
    error: SessionError
    cure: Cure = Cure.NONE
    delay_seconds: float = 0.0
    output_lost: bool = False
    """Output of the process may have been lost with the reply."""
    unread: bool = False
    """The process read none of the input of this Send operation."""
    has_ended: bool = False
    """The process no longer reads its input."""
    lost_seal: bool = False
    """The host did not process the message, because it was sealed for a connection that is closed."""
    reached: bool = True
    """False if there was no connection at all."""


def judge(error: BaseException, phase: Phase, place: str, secrets: tuple[str, ...] = ()) -> Judgement:
    """Return the judgement of a failed message to ``place`` (host:port)."""
    row, reason = _row_of(error)
    kind = row.classes[phase]
    detail = f"{place}, {phase.value}: {redact(reason, secrets).rstrip('.') or type(error).__name__}."
    diagnostic = Diagnostic(row.summary, detail, row.remedy)
    delay = row.delay_seconds
    if issubclass(row.error, TransientError):
        raised: SessionError = row.error(diagnostic, delay_seconds=delay)
    elif kind in (Class.PERM, Class.IGNORE) or row.error is AuthenticationFailed:
        raised = row.error(diagnostic)
    else:
        raised = TransientError(diagnostic, delay_seconds=delay)
    cure = row.cures.get(phase, Cure.NONE)
    lost = phase is Phase.RECEIVE and kind is Class.POLL and cure is Cure.RECONNECT
    return Judgement(
        kind,
        raised,
        cure,
        delay,
        output_lost=lost,
        unread=row.unread or kind in (Class.SAFE, Class.PERM),
        has_ended=row.has_ended,
        lost_seal=row is SEAL_LOST,
        reached=row is not NEVER_REACHED,
    )


def _row_of(error: BaseException) -> tuple[Row, str]:
    match error:
        case WinRMOperationTimeoutError():
            return TIMED_OUT, "no reply within the requested time"
        case WSManFaultError():
            return _fault_row(error)
        case LogonsUsedUp():
            return LOGONS_USED_UP, "the credential was refused twice in this run and is not tried again"
        case LogonsStopped():
            return RUN_ENDED, "the run is ending; no more messages are sent"
        case AuthenticationError():
            return REFUSED_LOGON, "the host does not accept the credential (HTTP 401)"
        case SealLost():
            return SEAL_LOST, "the connection was closed and its seal was lost (HTTP 400)"
        case WinRMTransportError():
            return _status_row(error)
        case NotOffered():
            return NOT_OFFERED, error.reason
        case RefusedReply():
            return MALFORMED, error.reason
        case BrokenSeal():
            return BROKEN_SEAL, "its reply cannot be unsealed: it was altered on the way"
        case NoCredentialError():
            return LOGON_FAILED, error.message.rpartition("Context: ")[2]
        case SpnegoError():
            return LOGON_FAILED, f"authentication failed ({type(error).__name__})"
        case WinRMError() if "not installed" in str(error):
            return NOT_INSTALLED, str(error)
        case WinRMError():
            return SETTINGS, str(error)
        case requests.RequestException():
            return _request_row(error)
        case PermissionError() if error.errno is None:
            return NOT_OFFERED, "the host does not offer this authentication method"
        case OSError():
            return SETTINGS, error.strerror or str(error)
    return _malformed_row(error)


def _fault_row(error: WSManFaultError) -> tuple[Row, str]:
    for code in (error.wmierror_code, error.wsman_fault_code):
        if code is not None and code in FAULTS:
            row = FAULTS[code]
            return row, f"{row.name} ({code}): {error.reason}"
    code = error.wsman_fault_code or error.wmierror_code
    if code is None and error.fault_subcode and error.fault_subcode.endswith("AccessDenied"):
        return FAULTS[5], f"{error.fault_subcode}: {error.reason}"
    return UNKNOWN_FAULT, f"fault {code or error.fault_subcode or error.code}: {error.reason}"


def _status_row(error: WinRMTransportError) -> tuple[Row, str]:
    status = error.code
    if status in STATUSES:
        return STATUSES[status], f"HTTP {status}"
    if status == 500 and not error.response_text:
        return EMPTY_500, "HTTP 500 with an empty body"
    if status >= 500:
        return UNKNOWN_STATUS, f"HTTP {status}"
    return NOT_WINRM, f"HTTP {status}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and the exceptions inside it, as requests and urllib3 nest them: arguments, reasons and causes.

    Contexts are left out: an earlier error says nothing about this message.
    """
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        nested = [*one.args, getattr(one, "reason", None), one.__cause__]
        waiting += [inner for inner in nested if isinstance(inner, BaseException)]


def _request_row(error: requests.RequestException) -> tuple[Row, str]:
    match error:
        case requests.exceptions.SSLError():
            return _tls_row(error)
        case requests.exceptions.ProxyError():
            return GATEWAY, "a proxy blocked the message"
        case requests.exceptions.ConnectTimeout():
            return NEVER_REACHED, "the connection was not accepted in time"
        case requests.exceptions.ReadTimeout():
            return CUT_OFF, "no reply in time"
        case requests.exceptions.TooManyRedirects():
            return NOT_WINRM, "it replied with a redirect"
        case requests.exceptions.ConnectionError() | requests.exceptions.ChunkedEncodingError():
            return _connection_row(error)
    return MALFORMED, f"its reply cannot be read ({type(error).__name__})"


def _connection_row(error: requests.RequestException) -> tuple[Row, str]:
    causes = list(_causes(error))
    kinds = {type(cause).__name__ for cause in causes}
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return NEVER_REACHED, "the connection was refused"
    if "NameResolutionError" in kinds:
        return NEVER_REACHED, "the name does not resolve"
    if kinds & {"NewConnectionError", "ConnectTimeoutError"}:
        return NEVER_REACHED, "no connection could be made"
    return CUT_OFF, "the connection broke before the reply was complete"


def _tls_row(error: requests.exceptions.SSLError) -> tuple[Row, str]:
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate_row(cause), cause.verify_message or "it cannot be verified"
    for cause in causes:
        if type(cause).__name__ == "CertificateError":
            return OTHER_NAME, "the certificate does not contain this name"
        if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return CUT_OFF, "the connection broke inside TLS"
    return NO_TLS, "the TLS handshake failed"


def _certificate_row(error: ssl.SSLCertVerificationError) -> Row:
    if error.verify_code:
        return CERTIFICATES.get(error.verify_code, NO_TRUST)
    is_name = "hostname" in str(error).lower() or "match" in str(error).lower()
    return OTHER_NAME if is_name else NO_TRUST


def _malformed_row(error: BaseException) -> tuple[Row, str]:
    if isinstance(error, StopIteration | ParseError | AssertionError | LookupError | ValueError | AttributeError):
        return MALFORMED, "its reply is not a WS-Management reply"
    return UNKNOWN_FAULT, f"unexpected {type(error).__name__}"
