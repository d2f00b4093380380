"""CredSSP for real: the client's own library against the loopback server, over http (sealed) and https."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from providers.cmdlets.products import EXCHANGE
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Authority
from providers.simulator.wire.faults import Rule
from providers.simulator.wire.server import Server
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import Adapter, Deadlines, Secret
from reconciler.model.commands import Authentication, Endpoint, Reply, read, write
from reconciler.model.diagnostics import AuthenticationFailed, SessionError
from reconciler.model.ports import Request
from reconciler.run.retry import Retry
from tests.support.fakes import SeededRandom, VirtualClock
from tests.support.transport_support import connection, kinds
from tests.support.winrm_server import CMDLETS, PASSWORD, USER, TinyEstate, listening


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@dataclass
class Session:
    server: Server
    pool: WinRMSessions
    estate: TinyEstate

    def ask(self, *requests: Request) -> list[Reply | SessionError]:
        return list(self.pool.open(EXCHANGE).invoke(requests))


@contextmanager
def session(authority: Authority, *, tls: bool, schemes: Scheme = Scheme.CREDSSP, **changes: Any) -> Iterator[Session]:
    estate = TinyEstate()
    with listening(schemes, estate=estate, certificate=authority.issue_server() if tls else None) as server:
        settings = connection(
            **{
                "host": "",
                "via": ("127.0.0.1", server.port),
                "tls": tls,
                "ca": str(authority.path) if tls else None,
                "auth": Authentication.CREDSSP,
                "user": USER,
                "password": Secret(PASSWORD),
                "adapter": Adapter.AUTO,
                "deadlines": Deadlines(operation=2, read=5),
                **changes,
            }
        )
        with WinRMSessions([settings], allow=CMDLETS, clock=VirtualClock()) as pool:
            yield Session(server, pool, estate)
        assert server.counts.open_shells == 0


def echo(name: str) -> Request:
    return Request(f"r{name}", read("Get-Echo", "Identity", Identity=name))


@pytest.mark.parametrize("tls", [False, True])
def test_a_whole_session_and_the_credential_reaches_beyond_the_host(tls: bool, authority: Authority) -> None:
    with session(authority, tls=tls) as opened:
        results = opened.ask(echo("Düsseldorf"), Request("w", write("New-Thing", Name="x")))
        assert kinds(results) == ["Reply", "Reply"]
        assert opened.estate.delegated is True
        assert opened.estate.calls[0][4] == USER
        assert opened.server.counts.authentications == 1


def test_ntlm_reaches_the_host_alone(authority: Authority) -> None:
    with session(authority, tls=False, schemes=Scheme.NTLM, auth=Authentication.NTLM) as opened:
        assert kinds(opened.ask(echo("a"))) == ["Reply"]
        assert opened.estate.delegated is False


@pytest.mark.parametrize("tls", [False, True])
def test_messages_of_many_chunks_pass_both_ways(tls: bool, authority: Authority) -> None:
    """A chunk is sealed alone, 16 KiB of it: the runner, a long name and a listing take many."""
    with session(authority, tls=tls) as opened:
        name = "x" * 90_000
        listing, echoed = opened.ask(Request("m", read("Get-Many", "Name", Count=20_000)), echo(name))
        assert isinstance(listing, Reply)
        assert [record["Name"] for record in listing.records] == [f"n{index}" for index in range(20_000)]
        assert isinstance(echoed, Reply)
        assert echoed.records[0]["Identity"] == name


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "create", "close": True},
        {"kind": "command", "close": True},
        {"kind": "send", "close": True},
        {"kind": "receive", "close": True},
        {"kind": "send", "nth": 2, "reset": True},
        {"kind": "send", "nth": 2, "reset": True, "when": "after"},
        {"kind": "receive", "nth": 2, "lose_reply": True, "when": "after"},
        {"kind": "receive", "nth": 2, "truncate": 90, "when": "after"},
    ],
    ids=str,
)
def test_a_dropped_connection_is_sealed_anew_and_nothing_runs_twice(
    rule: dict[str, Any], tls: bool, authority: Authority
) -> None:
    with session(authority, tls=tls) as opened:
        opened.server.faults.add(Rule(**rule))
        results = opened.ask(*(Request(f"w{n}", write("New-Thing", Name=str(n))) for n in range(3)))
        assert kinds(results) == ["Reply"] * 3
        assert opened.server.faults.injected == 1
        assert opened.server.counts.messages["create"] == 1
        assert [call[3]["Name"] for call in opened.estate.calls] == ["0", "1", "2"]


@pytest.mark.parametrize("tls", [False, True])
def test_a_wrong_password_is_tried_at_most_twice_over_all_hosts(tls: bool, authority: Authority) -> None:
    with session(authority, tls=tls, password=Secret("wrong canary")) as opened:
        retry = Retry(VirtualClock(), SeededRandom())
        errors: list[object] = []

        def ask(host: str | None) -> None:
            there = Endpoint(EXCHANGE.connection, host)
            errors.extend(retry.invoke(lambda: opened.pool.open(there), [echo("x")], lambda *_: None))

        hosts = [None, "ex1.contoso.com", "fe1.contoso.com", None]
        threads = [threading.Thread(target=ask, args=(host,)) for host in hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {type(error) for error in errors} == {AuthenticationFailed}
        assert opened.server.counts.failed_authentications == 2
        assert "canary" not in "".join(map(str, errors))


def test_a_host_that_does_not_offer_credssp_is_reported(authority: Authority) -> None:
    with session(authority, tls=False, schemes=Scheme.NTLM) as opened:
        with pytest.raises(AuthenticationFailed) as raised:
            opened.ask(echo("x"))
        told = raised.value.diagnostics[0]
        assert "does not offer" in told.detail
        assert "winrm/config/service/auth" in told.remedy
