"""The way to a host below HTTP, over real sockets: what is found at each step, and what to do."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Authority
from providers.simulator.wire.server import Server
from providers.transport.settings import Secret, Target, target_of
from providers.transport.wsman.reaching import glimpse, reach
from reconciler.model.commands import Authentication
from reconciler.model.findings import Check, Finding, Status
from tests.support.transport_support import connection
from tests.support.winrm_server import PASSWORD, USER, listening

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def target(host: str = "127.0.0.1", port: int = 1, **changes: Any) -> Target:
    told = {"auth": Authentication.NTLM, "user": USER, "password": Secret(PASSWORD), **changes}
    return target_of(connection(host=host, port=port, **told), None)


def steps(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {finding.check: finding.status.value for finding in findings}


def last(findings: tuple[Finding, ...]) -> Finding:
    return findings[-1]


@contextmanager
def tls_server(authority: Authority, *names: str) -> Iterator[Server]:
    certificate = authority.issue_server(names or ("localhost", "127.0.0.1"), names[0] if names else "server")
    with listening(Scheme.BASIC, certificate=certificate) as server:
        yield server


@contextmanager
def speaking(said: bytes) -> Iterator[int]:
    """A listener that says one thing to everybody and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                with accepted:
                    accepted.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


# --- name ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["ex1.invalid", "a" * 64 + ".contoso.com"])
def test_a_name_that_does_not_resolve_ends_the_way(host: str) -> None:
    (found,) = reach(target(host), NOW)
    assert (found.check, found.status) == (Check.NAME, Status.FAILED)
    assert found.summary == "Host is unreachable"
    assert host in found.detail
    assert "DNS" in found.remedy


def test_addresses_of_a_name_are_reported() -> None:
    with listening() as server:
        found = reach(target("localhost", server.port), NOW)
    assert steps(found) == {"name": "ok", "port": "ok", "tls": "ok"}
    assert "127.0.0.1" in found[0].detail


def test_kerberos_is_warned_of_an_address() -> None:
    with listening() as server:
        found = reach(target(port=server.port, auth=Authentication.KERBEROS), NOW)
    assert steps(found) == {"name": "warning", "port": "ok", "tls": "ok"}
    assert "FQDN" in found[0].remedy


def test_a_simulated_host_is_reported_as_such() -> None:
    with listening() as server:
        there = target("ex9.contoso.com", via=("127.0.0.1", server.port))
        found = reach(there, NOW)
    assert steps(found) == {"name": "ok", "port": "ok", "tls": "ok"}
    assert "simulated" in found[0].detail


# --- port ------------------------------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_closed_port_is_reported_with_what_to_run_on_the_host() -> None:
    port = closed_port()
    found = last(reach(target(port=port), NOW))
    assert (found.check, found.status) == (Check.PORT, Status.FAILED)
    assert f"127.0.0.1:{port}" in found.detail
    assert "winrm quickconfig" in found.remedy


@pytest.mark.parametrize(("tls", "said"), [(True, "tls: false"), (False, "tls: true")])
def test_the_other_port_of_winrm_is_named_where_it_answers(tls: bool, said: str) -> None:
    with listening() as server:
        port = closed_port()
        ports = (server.port, port) if tls else (port, server.port)
        found = last(reach(target(port=port, tls=tls), NOW, ports=ports))
    assert found.check is Check.PORT
    assert str(server.port) in found.remedy
    assert said in found.remedy


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses what its queue cannot hold")
def test_silence_is_reported_as_such() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        # A queue that is full drops what comes, as a firewall does.
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        found = last(reach(target(port=port), NOW, 0.2))
        for one in waiting:
            one.close()
    assert (found.check, found.status) == (Check.PORT, Status.FAILED)
    assert f"127.0.0.1:{port}" in found.detail


# --- TLS -------------------------------------------------------------------------------------------------------------


def test_a_trusted_certificate_is_shown_with_its_end(authority: Authority) -> None:
    with tls_server(authority) as server:
        found = last(reach(target("localhost", server.port, tls=True, ca=str(authority.path)), NOW))
    assert (found.check, found.status) == (Check.TLS, Status.OK)
    assert "localhost, 127.0.0.1" in found.detail
    assert "CN=reconciler simulator" in found.detail
    assert re.search(r"\b20\d\d-\d\d-\d\d", found.detail)


def test_a_certificate_that_ends_soon_is_warned_of(authority: Authority) -> None:
    with tls_server(authority) as server:
        there = target("localhost", server.port, tls=True, ca=str(authority.path))
        shown = glimpse(there)
        assert shown is not None
        found = last(reach(there, shown.ends - timedelta(minutes=1)))
    assert (found.check, found.status) == (Check.TLS, Status.WARNING)
    assert found.summary == "Certificate expires soon"


def test_an_unknown_authority_is_reported_with_what_the_host_shows(authority: Authority) -> None:
    with tls_server(authority) as server:
        found = last(reach(target("localhost", server.port, tls=True), NOW))
        assert server.counts.total == 0
    assert (found.check, found.status) == (Check.TLS, Status.FAILED)
    assert "certificate" in found.summary
    assert "CN=reconciler simulator" in found.detail
    assert "ca:" in found.remedy


def test_an_expired_certificate_is_reported_with_its_end(tmp_path: Path) -> None:
    old = Authority(tmp_path, NOW - timedelta(days=4000))
    with tls_server(old) as server:
        found = last(reach(target("localhost", server.port, tls=True, ca=str(old.path)), NOW))
    assert (found.check, found.status) == (Check.TLS, Status.FAILED)
    assert "expired" in found.detail
    assert re.search(r"\b20\d\d-\d\d-\d\d", found.detail)


def test_a_certificate_for_another_name_is_reported_with_its_names(authority: Authority) -> None:
    with tls_server(authority, "mail.contoso.com") as server:
        found = last(reach(target("localhost", server.port, tls=True, ca=str(authority.path)), NOW))
    assert (found.check, found.status) == (Check.TLS, Status.FAILED)
    assert found.summary == "Server certificate is for another name"
    assert "mail.contoso.com" in found.detail


def test_tls_where_the_port_speaks_plain_http() -> None:
    with listening() as server:
        found = last(reach(target("localhost", server.port, tls=True), NOW))
    assert (found.check, found.status) == (Check.TLS, Status.FAILED)
    assert found.summary == "No TLS on this port"
    assert '"tls: false"' in found.remedy


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.2\r\n", b""])
def test_tls_where_something_else_answers(said: bytes) -> None:
    with speaking(said) as port:
        found = last(reach(target("localhost", port, tls=True), NOW))
    assert (found.check, found.status, found.summary) == (Check.TLS, Status.FAILED, "No TLS on this port")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_a_setting(content: str | None, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_text(content)
    with listening() as server:
        found = last(reach(target("localhost", server.port, tls=True, ca=str(ca)), NOW))
    assert (found.check, found.status, found.summary) == (Check.TLS, Status.FAILED, "Invalid connection settings")
    assert str(ca) in found.detail


def test_a_glimpse_sees_nothing_where_there_is_no_tls() -> None:
    with listening() as server:
        assert glimpse(target(port=server.port)) is None
    assert glimpse(target(port=closed_port())) is None


@pytest.mark.parametrize("auth", [Authentication.NTLM, Authentication.KERBEROS, Authentication.CREDSSP])
def test_sealed_messages_need_no_tls(auth: Authentication) -> None:
    with listening() as server:
        found = last(reach(target("localhost", server.port, auth=auth), NOW))
    assert (found.check, found.status) == (Check.TLS, Status.OK)
    assert auth.value in found.detail


def test_a_client_certificate_that_is_missing_is_a_setting(tmp_path: Path) -> None:
    there = target("localhost", tls=True)
    mine = replace(there.settings, certificate=str(tmp_path / "none.pem"), certificate_key=str(tmp_path / "none.key"))
    with listening() as server:
        found = last(reach(replace(there, settings=mine, port=server.port), NOW))
    assert found.summary == "Invalid connection settings"
    assert "none.pem" in found.detail
