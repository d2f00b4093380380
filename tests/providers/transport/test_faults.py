"""Every row of the fault tables, by phase, and the message to the user."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from xml.etree.ElementTree import ParseError

import pytest
import requests
from spnego.exceptions import NoCredentialError
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from providers.transport.settings import TEXT_LIMIT
from providers.transport.wsman.answers import BrokenSeal, RefusedReply
from providers.transport.wsman.fault_tables import FAULTS, STATUSES, Class, Cure, Phase
from providers.transport.wsman.faults import judge
from providers.transport.wsman.logons import LogonsUsedUp
from reconciler.model.diagnostics import (
    AccessDenied,
    AuthenticationFailed,
    NotWinRM,
    PermanentError,
    SessionError,
    Throttled,
    TransientError,
    Unreachable,
    UntrustedServer,
)
from tests.support.transport_support import fault, refused, reset

PLACE = "ex1.contoso.com:5985"
C, M, S, R, T, D = Phase
POLL, SAFE, PERM, GONE, AMBIG, IGNORE = Class


def transport(status: int, text: str = "") -> Callable[[], Exception]:
    return lambda: WinRMTransportError("http", status, text)


def expired() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = 10, "certificate has expired"
    return error


def other_name() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = 62, "Hostname mismatch"
    return error


def tls(cause: Exception) -> requests.exceptions.SSLError:
    return requests.exceptions.SSLError(MaxRetryError(None, "/wsman", cause))  # type: ignore[arg-type]  # no pool is there


def unresolved() -> requests.ConnectionError:
    cause = NameResolutionError("ex1", None, OSError(-2, "unknown"))  # type: ignore[arg-type]  # as above
    return requests.ConnectionError(MaxRetryError(None, "/wsman", cause))  # type: ignore[arg-type]  # as above


def unreachable() -> requests.ConnectionError:
    cause = NewConnectionError(None, "no route")  # type: ignore[arg-type]  # as above
    return requests.ConnectionError(MaxRetryError(None, "/wsman", cause))  # type: ignore[arg-type]  # as above


def wmi_fault() -> WSManFaultError:
    return WSManFaultError(500, "m", "r", "zu viele", wsman_fault_code=2150858811, wmierror_code=2150859174)


CASES: list[tuple[Callable[[], Exception], dict[Phase, Class], type[SessionError]]] = [
    (WinRMOperationTimeoutError, {C: AMBIG, M: GONE, S: AMBIG, R: POLL, T: IGNORE, D: IGNORE}, Unreachable),
    (lambda: fault(170), {S: SAFE, T: IGNORE}, Throttled),
    (lambda: fault(2150858843), {C: GONE, S: GONE, R: GONE, T: IGNORE, D: IGNORE}, TransientError),
    (lambda: fault(2150858813), {S: GONE}, TransientError),
    (lambda: fault(2150859082), {R: GONE}, TransientError),
    (lambda: fault(2150859087), {S: GONE}, TransientError),
    (lambda: fault(2150859212), {R: GONE}, TransientError),
    (lambda: fault(2150859230), {R: GONE}, TransientError),
    (lambda: fault(2150859204), {R: GONE}, TransientError),
    (lambda: fault(995), {S: GONE, R: GONE, T: IGNORE, D: IGNORE}, TransientError),
    (lambda: fault(2147943418), {C: SAFE, M: SAFE}, TransientError),
    (lambda: fault(109), {S: GONE}, TransientError),
    (lambda: fault(232), {S: GONE}, TransientError),
    (lambda: fault(2150859173), {C: SAFE}, Throttled),
    (lambda: fault(2150859174), {C: SAFE, M: SAFE, R: GONE}, Throttled),
    (wmi_fault, {C: SAFE}, Throttled),
    (lambda: fault(2150859175), {C: SAFE}, Throttled),
    (lambda: fault(2150859176), {C: SAFE}, Throttled),
    (lambda: fault(2150859179), {C: SAFE}, Throttled),
    (lambda: fault(2150859241), {C: SAFE}, Throttled),
    (lambda: fault(2150858815), {C: SAFE}, Throttled),
    (lambda: fault(2150858790), {S: PERM}, PermanentError),
    (lambda: fault(2150858825), {S: PERM}, PermanentError),
    (lambda: fault(5), {C: PERM}, AccessDenied),
    (lambda: fault(2147942405), {C: PERM}, AccessDenied),
    (lambda: fault(2150859180), {C: PERM}, AccessDenied),
    (lambda: fault(2150859229), {C: PERM}, AccessDenied),
    (lambda: fault(2150859235), {C: PERM}, AccessDenied),
    (lambda: fault(2150859047), {R: POLL}, TransientError),
    (lambda: fault(2150858811), {C: PERM}, NotWinRM),
    (lambda: fault(2150858817), {C: PERM, S: PERM}, PermanentError),
    (lambda: fault(2150858881), {C: PERM}, PermanentError),
    (lambda: fault(2150858770), {C: SAFE}, Unreachable),
    (lambda: fault(1455), {C: SAFE, M: SAFE, S: GONE, R: GONE}, Throttled),
    (lambda: fault(4711), {C: SAFE, M: SAFE, S: AMBIG, R: AMBIG, D: IGNORE}, TransientError),
    (lambda: InvalidCredentialsError("401"), {C: PERM, M: SAFE, S: SAFE, R: SAFE}, AuthenticationFailed),
    (LogonsUsedUp, {C: PERM, S: PERM, R: PERM}, AuthenticationFailed),
    (lambda: NoCredentialError(context_msg="no ticket"), {C: PERM, S: PERM}, AuthenticationFailed),
    (transport(500), {C: PERM, M: AMBIG, S: AMBIG, R: POLL}, NotWinRM),
    (transport(500, "text"), {C: SAFE, S: AMBIG}, TransientError),
    (transport(400), {C: PERM, M: SAFE, S: SAFE, R: SAFE}, NotWinRM),
    (transport(404), {C: PERM}, NotWinRM),
    (transport(405), {C: PERM}, NotWinRM),
    (transport(411), {C: PERM}, NotWinRM),
    (transport(413), {S: PERM}, PermanentError),
    (transport(403), {C: PERM}, AccessDenied),
    (transport(407), {C: PERM, S: PERM, R: PERM}, NotWinRM),
    (transport(502), {C: PERM, S: AMBIG}, NotWinRM),
    (transport(504), {C: PERM, S: AMBIG}, NotWinRM),
    (transport(503), {C: SAFE, S: SAFE, R: SAFE}, Unreachable),
    (transport(418), {C: PERM}, NotWinRM),
    (refused, {C: SAFE, S: SAFE, R: SAFE, D: IGNORE}, Unreachable),
    (unresolved, {C: SAFE, S: SAFE}, Unreachable),
    (unreachable, {C: SAFE}, Unreachable),
    (lambda: requests.ConnectTimeout("slow"), {C: SAFE, S: SAFE, R: SAFE}, Unreachable),
    (reset, {C: AMBIG, S: AMBIG, R: POLL, T: IGNORE, D: IGNORE}, Unreachable),
    (lambda: requests.ConnectionError(ProtocolError("aborted")), {S: AMBIG, R: POLL}, Unreachable),
    (lambda: requests.exceptions.ChunkedEncodingError("cut"), {S: AMBIG, R: POLL}, Unreachable),
    (lambda: requests.ReadTimeout("slow"), {C: AMBIG, S: AMBIG, R: POLL}, Unreachable),
    (lambda: requests.exceptions.ProxyError("p"), {C: PERM, S: AMBIG}, NotWinRM),
    (lambda: requests.TooManyRedirects("r"), {C: PERM, S: PERM}, NotWinRM),
    (lambda: RefusedReply("it replied with a redirect"), {C: PERM, M: PERM, S: AMBIG, R: POLL}, NotWinRM),
    (lambda: tls(expired()), {C: PERM, S: PERM, R: PERM}, UntrustedServer),
    (lambda: tls(other_name()), {C: PERM}, UntrustedServer),
    (lambda: tls(ssl.SSLError(1, "wrong version number")), {C: PERM, S: AMBIG, R: POLL, D: IGNORE}, NotWinRM),
    (lambda: requests.exceptions.InvalidHeader("two lengths"), {C: PERM, S: AMBIG, R: POLL}, NotWinRM),
    (BrokenSeal, {C: AMBIG, M: AMBIG, S: AMBIG, R: POLL, T: IGNORE, D: IGNORE}, NotWinRM),
    (
        lambda: WinRMError("requested auth method is kerberos, but pykerberos is not installed"),
        {C: PERM},
        PermanentError,
    ),
    (lambda: WinRMError("unsupported auth method"), {C: PERM}, PermanentError),
    (StopIteration, {C: PERM, S: AMBIG, R: POLL}, NotWinRM),
    (ParseError, {C: PERM, S: AMBIG, R: POLL}, NotWinRM),
    (AssertionError, {C: PERM, D: IGNORE}, NotWinRM),
    (lambda: KeyError("Content-Type"), {C: PERM}, NotWinRM),
    (lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), {C: PERM}, NotWinRM),
    (lambda: OSError("Could not find a suitable TLS CA certificate bundle"), {C: PERM}, PermanentError),
    (lambda: PermissionError("Access denied: no NTLM challenge"), {C: PERM}, AuthenticationFailed),
]


@pytest.mark.parametrize(("make", "expected", "error"), CASES)
def test_a_failure_has_the_class_of_its_row(
    make: Callable[[], Exception], expected: dict[Phase, Class], error: type[SessionError]
) -> None:
    for phase, kind in expected.items():
        judgement = judge(make(), phase, PLACE)
        assert judgement.kind is kind, phase
    first = next(iter(expected))
    assert isinstance(judge(make(), first, PLACE).error, error | TransientError)
    if expected[first] in (PERM, IGNORE):
        assert type(judge(make(), first, PLACE).error) is error


def test_every_row_of_the_tables_is_complete() -> None:
    for row in [*FAULTS.values(), *STATUSES.values()]:
        assert set(row.classes) == set(Phase)
        assert row.summary
        assert row.remedy
        assert row.classes[Phase.DELETE] is Class.IGNORE


@pytest.mark.parametrize("make", [make for make, _, _ in CASES])
@pytest.mark.parametrize("phase", list(Phase))
def test_a_report_names_the_host_and_the_way_out_and_no_server_text_at_length(
    make: Callable[[], Exception], phase: Phase
) -> None:
    told = judge(make(), phase, PLACE).error.diagnostics[0]
    assert PLACE in told.detail
    assert told.remedy
    assert len(told.detail) < len(PLACE) + TEXT_LIMIT + 60
    assert "Error" not in told.summary
    assert "Exception" not in told.summary


def test_trust_and_name_of_a_certificate_are_distinguished() -> None:
    summaries = {judge(tls(cause), C, PLACE).error.diagnostics[0].summary for cause in (expired(), other_name())}
    assert summaries == {"Server certificate has expired", "Server certificate is for another name"}


@pytest.mark.parametrize(
    ("make", "phase", "cure"),
    [
        (lambda: fault(170), S, Cure.BUSY),
        (lambda: fault(2150859072), C, Cure.OTHER_CODE_PAGE),
        (lambda: fault(2150859250), C, Cure.NO_IDLE_TIMEOUT),
        (transport(400), S, Cure.RECONNECT),
        (reset, R, Cure.RECONNECT),
        (BrokenSeal, R, Cure.RECONNECT),
        (lambda: fault(2150858843), S, Cure.NONE),
    ],
)
def test_what_has_to_change_before_it_is_sent_again(make: Callable[[], Exception], phase: Phase, cure: Cure) -> None:
    assert judge(make(), phase, PLACE).cure is cure


def test_output_is_lost_with_a_broken_receive_alone() -> None:
    assert judge(reset(), R, PLACE).output_lost
    assert not judge(reset(), S, PLACE).output_lost
    assert not judge(WinRMOperationTimeoutError(), R, PLACE).output_lost


def test_earlier_failures_do_not_tell_what_this_one_means() -> None:
    error = reset()
    error.__context__ = refused()
    assert judge(error, S, PLACE).kind is AMBIG
