"""A wrong host is said at once and in doctor's words, where a run meets it first; later in a run it is tried again."""

from __future__ import annotations

import http.server
import socket
import threading
from dataclasses import replace

import pytest

from providers.cmdlets.products import EXCHANGE
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import ConnectionSettings, Secret, target_of
from providers.transport.wsman.reaching import FirstContact, reach
from reconciler.model.commands import Authentication, Endpoint, read
from reconciler.model.diagnostics import AuthenticationFailed, NotWinRM, PermanentError, Unreachable, UntrustedServer
from reconciler.model.ports import Request
from reconciler.run.system import SystemClock
from tests.support.fakes import VirtualClock
from tests.support.winrm_server import CMDLETS, PASSWORD, USER, listening

DOCTOR = "reconciler doctor 'my estate'"
ASKED = [Request("r", read("Get-Echo", Identity="x"))]


def settings(host: str, port: int, *, tls: bool = False) -> ConnectionSettings:
    return ConnectionSettings(
        connection=EXCHANGE.connection,
        host=host,
        port=port,
        tls=tls,
        auth=Authentication.BASIC if host == "127.0.0.1" else Authentication.NTLM,
        user=USER,
        password=Secret(PASSWORD),
    )


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def refusal(told: ConnectionSettings, clock: VirtualClock | None = None) -> PermanentError:
    with (
        WinRMSessions(
            [told], allow=CMDLETS, clock=SystemClock(), first_contact=FirstContact(clock or VirtualClock(), DOCTOR)
        ) as pool,
        pytest.raises(PermanentError) as caught,
    ):
        pool.open(EXCHANGE).invoke(ASKED)
    return caught.value


def test_a_name_that_does_not_resolve_and_a_port_that_is_closed_are_said_as_doctor_says_them(closed_port: int) -> None:
    for told in (settings("ex1.nowhere.invalid", 5985), settings("127.0.0.1", closed_port)):
        (refused,) = refusal(told).diagnostics
        found = reach(target_of(told, None), VirtualClock().now())[-1]
        assert refused.summary == found.summary
        assert refused.detail == found.detail
        assert refused.remedy.startswith(found.remedy)
        assert refused.remedy.endswith(f"\n    {DOCTOR}")


def test_a_host_that_speaks_no_tls_is_refused_for_that() -> None:
    with listening() as server:
        error = refusal(settings("127.0.0.1", server.port, tls=True))
    assert isinstance(error, UntrustedServer)


def test_a_silent_host_is_given_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    def silent(address: object, timeout: float) -> socket.socket:
        waited.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", silent)
    assert "127.0.0.1:5985" in refusal(settings("127.0.0.1", 5985)).diagnostics[0].detail
    assert sum(waited) <= 2.5


def test_hosts_behind_an_entry_point_and_those_met_before_are_tried_as_before(closed_port: int) -> None:
    with listening() as server:
        first_contact = FirstContact(VirtualClock(), DOCTOR)
        told = settings("127.0.0.1", server.port)
        with WinRMSessions([told], allow=CMDLETS, clock=SystemClock(), first_contact=first_contact) as pool:
            pool.open(EXCHANGE).invoke(ASKED)
    with (
        WinRMSessions([told], allow=CMDLETS, clock=SystemClock(), first_contact=first_contact) as again,
        pytest.raises(Unreachable),
    ):
        again.open(EXCHANGE).invoke(ASKED)
    behind = Endpoint(EXCHANGE.connection, "localhost")
    with (
        WinRMSessions(
            [settings("127.0.0.1", closed_port)], allow=CMDLETS, clock=SystemClock(), first_contact=first_contact
        ) as others,
        pytest.raises(Unreachable),
    ):
        others.open(behind).invoke(ASKED)


class NotFoundPage(http.server.BaseHTTPRequestHandler):
    """Answers as a web server that knows nothing of WinRM."""

    def do_POST(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_refused_credential_and_what_is_not_winrm_name_doctor_once() -> None:
    with listening() as server:
        wrong = replace(settings("127.0.0.1", server.port), password=Secret("wrong canary"))
        refused = refusal(wrong)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), NotFoundPage) as other:
        threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
        unknown = refusal(settings("127.0.0.1", other.server_port))
        other.shutdown()
    assert (type(refused), type(unknown)) == (AuthenticationFailed, NotWinRM)
    for error in (refused, unknown):
        (told,) = error.diagnostics
        assert told.remedy.endswith(f"\n\n    {DOCTOR}")
        assert told.remedy.count(DOCTOR) == 1
        assert "canary" not in str(error)
