"""The sessions over real sockets: pywinrm under our rules against the loopback server, and against hostile answers."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from winrm.exceptions import WinRMTransportError

from providers.cmdlets.products import EXCHANGE, LYNC
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Authority
from providers.simulator.wire.faults import FaultPlan, Rule
from providers.simulator.wire.process import PowerShell
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import Adapter, Deadlines, Secret, SessionMode, target_of
from providers.transport.wsman.answers import RefusedReply, checked_xml
from providers.transport.wsman.logons import LogonBudget
from providers.transport.wsman.winrs import connect
from reconciler.model.commands import Authentication, Endpoint, Reply, read, write
from reconciler.model.diagnostics import (
    AuthenticationFailed,
    NotWinRM,
    PermanentError,
    SessionError,
    Unreachable,
    UntrustedServer,
)
from reconciler.model.ports import Clock, Request
from tests.support.fakes import VirtualClock
from tests.support.powershell_host import WallClock
from tests.support.transport_support import connection, kinds
from tests.support.winrm_server import CMDLETS, PASSWORD, USER, TinyEstate, listening

AUTHENTICATION = {
    Scheme.BASIC: Authentication.BASIC,
    Scheme.NTLM: Authentication.NTLM,
}


def sessions(server_port: int, *, clock: Clock | None = None, **changes: Any) -> WinRMSessions:
    settings = connection(
        **{
            "host": "",
            "via": ("127.0.0.1", server_port),
            "auth": Authentication.BASIC,
            "user": USER,
            "password": Secret(PASSWORD),
            "adapter": Adapter.AUTO,
            "deadlines": Deadlines(operation=2, read=5),
            **changes,
        }
    )
    return WinRMSessions([settings], allow=CMDLETS, clock=clock or VirtualClock())


def echo(name: str) -> Request:
    return Request(f"r{name}", read("Get-Echo", "Identity", Identity=name))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("scheme", list(AUTHENTICATION))
def test_requests_are_answered_over_http(scheme: Scheme) -> None:
    estate = TinyEstate()
    with listening(scheme, estate=estate) as server, sessions(server.port, auth=AUTHENTICATION[scheme]) as pool:
        session = pool.open(EXCHANGE)
        results = session.invoke([echo("Düsseldorf"), Request("w", write("New-Thing", Name="x"))])
        assert kinds(results) == ["Reply", "Reply"]
        assert session.about["host"] == "ex1.contoso.com"
        assert server.counts.open_shells == 1
        pool.close()
        assert server.counts.open_shells == 0
        assert server.counts.authentications == 1


@pytest.mark.parametrize("scheme", list(AUTHENTICATION))
def test_requests_are_answered_over_https(scheme: Scheme, authority: Authority) -> None:
    options: dict[str, Any] = {"tls": True, "ca": str(authority.path), "auth": AUTHENTICATION[scheme]}
    with (
        listening(scheme, certificate=authority.issue_server()) as server,
        sessions(server.port, **options) as pool,
    ):
        assert kinds(pool.open(EXCHANGE).invoke([echo("x")])) == ["Reply"]


def test_a_certificate_is_a_credential_too(authority: Authority) -> None:
    shown = authority.issue_client("reconciler@contoso.com")
    estate = TinyEstate()
    options: dict[str, Any] = {
        "tls": True,
        "ca": str(authority.path),
        "auth": Authentication.CERTIFICATE,
        "password": None,
        "certificate": str(shown.certificate),
        "certificate_key": str(shown.key),
    }
    listener: dict[str, Any] = {"certificate": authority.issue_server(), "client_ca": authority.path}
    with (
        listening(Scheme.CERTIFICATE, estate=estate, **listener) as server,
        sessions(server.port, **options) as pool,
    ):
        assert kinds(pool.open(EXCHANGE).invoke([echo("x")])) == ["Reply"]
    assert [call[4] for call in estate.calls] == [USER]


def test_noise_before_ready_is_overlooked() -> None:
    with (
        listening(Scheme.BASIC, powershell=PowerShell(noise=True)) as server,
        sessions(server.port) as pool,
    ):
        assert kinds(pool.open(EXCHANGE).invoke([echo("x")])) == ["Reply"]


def test_powershell_2_is_served_in_batches_once_the_probe_has_failed() -> None:
    estate = TinyEstate()
    hasty = Deadlines(operation=1, read=5, probe=0.2)
    with (
        listening(Scheme.BASIC, estate=estate, powershell=PowerShell(reads_stdin_until_end=True)) as server,
        sessions(server.port, clock=WallClock(), deadlines=hasty) as pool,
    ):
        session = pool.open(EXCHANGE)
        assert kinds(session.invoke([echo("x"), Request("w", write("New-Thing", Name="x"))])) == ["Reply", "Reply"]
        assert session.mode is SessionMode.BATCH
        assert server.counts.open_shells == 0
    assert len(estate.calls) == 2


@pytest.mark.parametrize(
    ("auth", "summary"),
    [(Authentication.CREDSSP, "Host is unreachable"), (Authentication.NTLM, "Host is unreachable")],
)
def test_every_way_to_authenticate_is_at_hand(auth: Authentication, summary: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with sessions(unused.getsockname()[1], auth=auth) as pool, pytest.raises(Unreachable) as raised:
            pool.open(EXCHANGE).invoke([echo("x")])
    assert raised.value.diagnostics[0].summary == summary


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"password": Secret("пароль")}, "Latin-1"),
        ({"user": "CONTOSO\\служба"}, "Latin-1"),
        ({"auth": Authentication.CERTIFICATE, "tls": True}, "certificate_key"),
        (
            {
                "auth": Authentication.CERTIFICATE,
                "tls": True,
                "certificate": "/nowhere/me.pem",
                "certificate_key": "/nowhere/me.key",
            },
            "no file /nowhere/me.pem",
        ),
    ],
)
def test_what_this_side_cannot_send_is_not_reported_as_an_answer_of_the_host(told: dict[str, Any], reason: str) -> None:
    with sessions(9, **told) as pool, pytest.raises(PermanentError) as raised:
        pool.open(EXCHANGE).invoke([echo("x")])
    assert raised.value.diagnostics[0].summary == "Invalid connection settings"
    assert reason in raised.value.diagnostics[0].detail
    assert "пароль" not in str(raised.value)


@pytest.mark.parametrize("auth", [Authentication.NTLM, Authentication.BASIC])
def test_a_credential_that_is_not_given_is_reported(auth: Authentication) -> None:
    with sessions(9, auth=auth, password=None) as pool, pytest.raises(PermanentError) as raised:
        pool.open(EXCHANGE).invoke([echo("x")])
    assert raised.value.diagnostics[0].summary == "Invalid connection settings"


@pytest.mark.parametrize("scheme", [Scheme.BASIC, Scheme.NTLM])
@pytest.mark.parametrize("mode", [SessionMode.STREAM, SessionMode.BATCH])
def test_500_operations_cost_at_most_12_http_requests_from_opening_to_closing(
    scheme: Scheme, mode: SessionMode
) -> None:
    """Those for logging on included, which NTLM takes three of."""
    estate = TinyEstate()
    with listening(scheme, estate=estate) as server:
        with sessions(server.port, auth=Authentication(scheme.value), mode=mode) as pool:
            names = [f"user{index}@contoso.com" for index in range(500)]
            results = pool.open(EXCHANGE).invoke([Request(name, write("New-Thing", Name=name)) for name in names])
        assert set(kinds(results)) == {"Reply"}
        assert server.counts.total <= 12, server.counts
    assert [call[3]["Name"] for call in estate.calls] == names


def test_hosts_are_reached_by_their_path_with_one_shell_each() -> None:
    estate = TinyEstate()
    with listening(Scheme.BASIC, estate=estate) as server, sessions(server.port) as pool:
        front_end = Endpoint(EXCHANGE.connection, "FE1.contoso.com")
        assert pool.open(front_end) is pool.open(Endpoint(EXCHANGE.connection, "fe1.contoso.com"))
        pool.open(front_end).invoke([echo("a")])
        pool.open(EXCHANGE).invoke([echo("b")])
        pool.open(front_end).invoke([echo("c")])
        assert [call[0] for call in estate.calls] == ["fe1.contoso.com", "ex1.contoso.com", "fe1.contoso.com"]
        assert server.counts.messages["create"] == 2


def test_threads_share_a_session() -> None:
    with listening(Scheme.NTLM) as server, sessions(server.port, auth=Authentication.NTLM) as pool:
        found: dict[int, object] = {}

        def ask(number: int) -> None:
            for _ in range(5):
                found[number] = pool.open(EXCHANGE).invoke([echo(str(number))])[0]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in range(4):
            reply = found[number]
            assert isinstance(reply, Reply)
            assert reply.records[0]["Identity"] == str(number)
        assert server.counts.connections == 1


# --- faults on the wire ----------------------------------------------------------------------------------------------

REPAIRED = [
    Rule(kind="send", nth=2, when="after", reset=True),
    Rule(kind="send", nth=2, when="after", lose_reply=True),
    Rule(kind="send", nth=2, reset=True),
    Rule(kind="send", nth=2, when="after", truncate=20),
    Rule(kind="send", nth=2, fault=170),
    Rule(kind="send", nth=2, when="after", fault=2150858793),
    Rule(kind="send", nth=2, status=503),
    Rule(kind="send", nth=1, when="after", close=True),
    Rule(kind="receive", nth=2, when="after", reset=True),
    Rule(kind="receive", nth=2, when="after", lose_reply=True),
    Rule(kind="receive", nth=2, when="after", truncate=300),
    Rule(kind="receive", nth=2, when="after", status=500),
    Rule(kind="receive", nth=2, when="after", garble=True),
    Rule(kind="receive", nth=2, status=503),
    Rule(kind="receive", nth=1, when="after", close=True),
]


@pytest.mark.parametrize("scheme", list(AUTHENTICATION))
@pytest.mark.parametrize("rule", REPAIRED, ids=str)
def test_lost_messages_are_repaired_and_nothing_runs_twice(rule: Rule, scheme: Scheme) -> None:
    estate, faults = TinyEstate(), FaultPlan([rule])
    with (
        listening(scheme, estate=estate, faults=faults) as server,
        sessions(server.port, auth=AUTHENTICATION[scheme]) as pool,
    ):
        results = pool.open(EXCHANGE).invoke([Request(f"w{n}", write("New-Thing", Name=str(n))) for n in range(3)])
        assert kinds(results) == ["Reply"] * 3
        assert faults.injected >= 1
    assert [call[3]["Name"] for call in estate.calls] == ["0", "1", "2"]


@pytest.mark.parametrize(
    "rule",
    [
        Rule(kind="receive", nth=2, kill_shell=True),
        Rule(kind="receive", nth=2, kill_process=-1073741510),
        Rule(kind="receive", nth=2, fault=2150858843),
        Rule(kind="receive", nth=2, fault=995),
    ],
    ids=str,
)
def test_a_session_that_is_gone_leaves_the_write_ambiguous_and_the_next_call_opens_another(rule: Rule) -> None:
    with (
        listening(Scheme.BASIC, faults=FaultPlan([rule])) as server,
        sessions(server.port) as pool,
    ):
        session = pool.open(EXCHANGE)
        assert kinds(session.invoke([Request("w", write("New-Thing", Name="x")), echo("a")])) in (
            ["AmbiguousOutcome", "TransientError"],
            ["Reply", "Reply"],
        )
        assert kinds(session.invoke([echo("b")])) == ["Reply"]
        assert server.counts.open_shells == 1


# --- who may talk to whom --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", list(AUTHENTICATION))
def test_a_wrong_password_is_tried_at_most_twice_over_all_hosts(scheme: Scheme) -> None:
    wrong: dict[str, Any] = {"auth": AUTHENTICATION[scheme], "password": Secret("wrong canary")}
    with listening(scheme) as server, sessions(server.port, **wrong) as pool:
        hosts = [None, "ex1.contoso.com", "fe1.contoso.com", "fe1.contoso.com", None]
        errors: list[SessionError] = []

        def ask(host: str | None) -> None:
            with pytest.raises(AuthenticationFailed) as raised:
                pool.open(Endpoint(EXCHANGE.connection, host)).invoke([echo("x")])
            errors.append(raised.value)

        threads = [threading.Thread(target=ask, args=(host,)) for host in hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(errors) == len(hosts)
        assert server.counts.failed_authentications <= 2
        assert "canary" not in "".join(map(str, errors))


def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    with (
        listening(Scheme.BASIC, certificate=authority.issue_server()) as server,
        sessions(server.port, tls=True) as pool,
    ):
        with pytest.raises(UntrustedServer) as raised:
            pool.open(EXCHANGE).invoke([echo("x")])
        assert raised.value.diagnostics[0].summary == "Issuer of the server certificate is unknown"
        with pytest.raises(UntrustedServer):
            pool.open(EXCHANGE)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_named_by_the_environment_is_refused(
    name: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(authority.path))
    with (
        listening(Scheme.BASIC, certificate=authority.issue_server()) as server,
        sessions(server.port, tls=True) as pool,
        pytest.raises(UntrustedServer),
    ):
        pool.open(EXCHANGE).invoke([echo("x")])


def test_tls_towards_plain_http_is_reported(authority: Authority) -> None:
    with (
        listening(Scheme.BASIC) as server,
        sessions(server.port, tls=True, ca=str(authority.path)) as pool,
        pytest.raises((NotWinRM, Unreachable)),
    ):
        pool.open(EXCHANGE).invoke([echo("x")])


def test_an_authority_file_that_is_not_there_is_reported() -> None:
    with (
        listening(Scheme.BASIC) as server,
        sessions(server.port, tls=True, ca="/nowhere/ca.pem") as pool,
        pytest.raises(PermanentError) as raised,
    ):
        pool.open(EXCHANGE).invoke([echo("x")])
    assert "/nowhere/ca.pem" in raised.value.diagnostics[0].detail


@pytest.mark.parametrize("tls", [False, True])
def test_nothing_comes_from_the_environment(
    tls: bool, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(netrc))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(netrc))
    certificate, ca = (authority.issue_server(), str(authority.path)) if tls else (None, None)
    with (
        listening(Scheme.BASIC, certificate=certificate) as server,
        sessions(server.port, tls=tls, ca=ca) as pool,
    ):
        assert kinds(pool.open(EXCHANGE).invoke([echo("x")])) == ["Reply"]


def test_a_host_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with sessions(unused.getsockname()[1]) as pool, pytest.raises(Unreachable) as raised:
            pool.open(EXCHANGE).invoke([echo("x")])
    assert "refused" in raised.value.diagnostics[0].detail


def test_a_connection_that_is_not_configured_is_reported() -> None:
    with sessions(9) as pool, pytest.raises(PermanentError):
        pool.open(LYNC)


def test_a_cmdlet_outside_the_allow_list_never_leaves() -> None:
    with listening(Scheme.BASIC) as server, sessions(server.port) as pool, pytest.raises(PermanentError):
        pool.open(EXCHANGE).invoke([Request("w", write("Remove-Mailbox", Identity="x"))])
    assert server.counts.total == 0


def test_overrides_hold_for_their_host() -> None:
    own = {"fe1.contoso.com": {"password": Secret("wrong")}}
    with listening(Scheme.BASIC) as server, sessions(server.port, hosts=own) as pool:
        assert kinds(pool.open(EXCHANGE).invoke([echo("x")])) == ["Reply"]
        with pytest.raises(AuthenticationFailed):
            pool.open(Endpoint(EXCHANGE.connection, "fe1.contoso.com")).invoke([echo("x")])


# --- hostile answers -------------------------------------------------------------------------------------------------


@contextmanager
def answering(status: int, headers: Mapping[str, str], body: bytes) -> Iterator[tuple[int, list[str]]]:
    """A server that gives every POST the same answer; it tells what Authorization it was shown."""
    shown: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            shown.append(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if not {"Content-Length", "Transfer-Encoding"} & set(headers):
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1], shown
        finally:
            server.shutdown()
            thread.join()


SOAP = {"Content-Type": "application/soap+xml;charset=UTF-8"}
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">]><l>&a;</l>'
OTHER = (
    b'<s:Envelope xmlns:s="s" xmlns:a="a"><s:Header><a:RelatesTo>uuid:00000000-0000-0000-0000-000000000000'
    b'</a:RelatesTo></s:Header><s:Body><Selector Name="ShellId">1</Selector></s:Body></s:Envelope>'
)


@pytest.mark.parametrize(
    ("status", "headers", "body", "reason"),
    [
        (307, {"Location": "http://127.0.0.1:1/elsewhere"}, b"", "a redirect (HTTP 307)"),
        (308, {"Location": "/elsewhere"}, b"", "a redirect (HTTP 308)"),
        (302, {"Location": "/elsewhere"}, b"", "a redirect (HTTP 302)"),
        (200, SOAP, LAUGHS, "declares a document type"),
        (500, SOAP, LAUGHS, "declares a document type"),
        (500, {"Content-Type": "text/xml"}, LAUGHS, "declares a document type"),
        (200, {"Content-Type": "text/html"}, LAUGHS, "declares a document type"),
        (200, SOAP, LAUGHS.decode().encode("utf-16"), "not in UTF-8"),
        (200, SOAP, b'<?xml version="1.0" encoding="utf-7"?><a/>', "not in UTF-8"),
        (200, SOAP, OTHER, "belongs to another message"),
        (200, SOAP, b"<html>Welcome</html>", "not a WS-Management reply"),
        (200, SOAP, b"\xff\xfe\xfd", "not in UTF-8"),
        (200, SOAP, b"", "not a WS-Management reply"),
        (200, {**SOAP, "Content-Encoding": "gzip"}, b"\x1f\x8b", "compressed"),
        (200, {**SOAP, "Content-Length": str(5 * 1024 * 1024)}, b"x", "larger than 4 MB"),
        (200, {**SOAP, "Content-Length": "5, 6"}, b"<a/>", "cannot be read"),
        (404, {}, b"nothing here", "HTTP 404"),
    ],
)
def test_hostile_answers_are_refused(status: int, headers: Mapping[str, str], body: bytes, reason: str) -> None:
    with answering(status, headers, body) as (port, shown), sessions(port) as pool, pytest.raises(NotWinRM) as raised:
        pool.open(EXCHANGE).invoke([echo("x")])
    assert reason in raised.value.diagnostics[0].detail
    assert shown == ["/wsman"]


def test_an_answer_that_grows_beyond_the_limit_is_refused() -> None:
    body = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    headers = {**SOAP, "Transfer-Encoding": "chunked"}
    body = body * 5 + b"0\r\n\r\n"
    with answering(200, headers, body) as (port, _), sessions(port) as pool, pytest.raises(NotWinRM) as raised:
        pool.open(EXCHANGE).invoke([echo("x")])
    assert "larger than 4 MB" in raised.value.diagnostics[0].detail


@pytest.mark.parametrize("text", [b"<a/>", b"\xef\xbb\xbf<a/>", b'<?xml version="1.0" encoding="UTF-8"?><a/>'])
def test_plain_xml_passes(text: bytes) -> None:
    assert checked_xml(text) == text


@pytest.mark.parametrize("text", [LAUGHS, b"<a><!ENTITY x></a>", b"\xff\xfe<\0", b'<?xml encoding="cp037"?><a/>'])
def test_xml_with_more_in_it_does_not(text: bytes) -> None:
    with pytest.raises(RefusedReply):
        checked_xml(text)


def test_a_session_whose_sealing_failed_never_sends_in_clear() -> None:
    faults = FaultPlan([Rule(kind="authenticate", nth=1, reset=True)])
    with (
        listening(Scheme.NTLM, faults=faults) as server,
        sessions(server.port, auth=Authentication.NTLM) as pool,
    ):
        session = pool.open(EXCHANGE)
        with pytest.raises(Unreachable):
            session.invoke([echo("x")])
        assert kinds(session.invoke([echo("x")])) == ["Reply"]
        assert server.counts.messages["create"] == 1


def test_a_session_that_could_not_be_sealed_is_not_kept() -> None:
    """Whatever comes next, if only the end of the session, would go over it in clear text."""
    settings = connection(
        host="127.0.0.1",
        auth=Authentication.NTLM,
        user=USER,
        password=Secret(PASSWORD),
        deadlines=Deadlines(operation=2, read=5),
    )
    with listening(Scheme.NTLM, faults=FaultPlan([Rule("authenticate", nth=1, status=403)])) as server:
        protocol = connect(target_of(replace(settings, port=server.port), None), LogonBudget())
        with pytest.raises(WinRMTransportError):
            protocol.open_shell()
        assert protocol.transport.session is None
        protocol.close_shell(protocol.open_shell())


def test_closing_twice_and_after_the_server_went_is_harmless() -> None:
    with listening(Scheme.BASIC) as server:
        pool = sessions(server.port)
        pool.open(EXCHANGE).invoke([echo("x")])
    pool.close()
    pool.close()
