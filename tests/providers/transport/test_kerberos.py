"""Kerberos for real: a KDC on the loopback, tickets from kinit, our transport and other clients against the listener.

``make kerberos`` installs what they need; where it is missing they are skipped, and say what.
"""

from __future__ import annotations

import base64
import http.client
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import spnego
from pypsrp.shell import Process, WinRS
from pypsrp.wsman import WSMan
from winrm.exceptions import InvalidCredentialsError

from providers.cmdlets.products import EXCHANGE
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Authority
from providers.simulator.wire.faults import Rule
from providers.simulator.wire.server import Server
from providers.transport.session.pool import WinRMSessions
from reconciler.model.commands import Authentication, Endpoint, Reply, read, write
from reconciler.model.diagnostics import AuthenticationFailed, PermanentError
from reconciler.model.ports import Request
from tests.providers.transport.test_server import echo, sessions
from tests.support.cli import CHILD, Environment, Ran, little, wait_until, with_ports
from tests.support.transport_support import kinds
from tests.support.winrm_server import (
    ARGUMENTS,
    POWERSHELL,
    USER,
    Client,
    TinyEstate,
    exit_line,
    listening,
    replies,
    start,
)

if TYPE_CHECKING:
    from tests.support.kdc import KDC

pytest_plugins = ("tests.support.kdc",)

Ticket = Callable[..., str]
REMEDY = "Kerberos needs a ticket (kinit)"


def pool(server: Server, **changes: Any) -> WinRMSessions:
    """Sessions that log on with the ticket there is."""
    told = {"via": ("localhost", server.port), "auth": Authentication.KERBEROS, "user": "", "password": None, **changes}
    return sessions(server.port, **told)


def asked(server: Server, **changes: Any) -> Any:
    """Ask one host one thing."""
    with pool(server, **changes) as opened:
        return opened.open(EXCHANGE).invoke([echo("Düsseldorf")])


def refusal(server: Server, **changes: Any) -> str:
    """Return the message about a logon that fails, in one line."""
    with pytest.raises(AuthenticationFailed) as raised:
        asked(server, **changes)
    (told,) = raised.value.diagnostics
    return f"{told.summary}: {told.detail} {told.remedy}"


# --- with a ticket ---------------------------------------------------------------------------------------------------


def test_a_batch_runs_sealed_over_http_with_one_logon_a_host(ticket: Ticket) -> None:
    ticket()
    estate = TinyEstate()
    with listening(Scheme.KERBEROS, estate=estate) as server, pool(server) as opened:
        batch = [Request(f"w{number}", write("New-Thing", Name=f"Köln {number}")) for number in range(200)]
        for host in (None, "fe1.contoso.com"):
            session = opened.open(Endpoint(EXCHANGE.connection, host))
            assert set(kinds(session.invoke([*batch, echo("x")]))) == {"Reply"}
        assert server.policy.allow_unsealed is False
        assert server.counts.messages["authenticate"] == server.counts.authentications == 2
    assert len(estate.calls) == 402
    assert {call[4] for call in estate.calls} == {USER}
    assert server.counts.failed_authentications == 0


def test_a_listing_of_many_records_arrives_whole(ticket: Ticket) -> None:
    ticket()
    with listening(Scheme.KERBEROS) as server, pool(server) as opened:
        (reply,) = opened.open(EXCHANGE).invoke([Request("r", read("Get-Many", "Name", Count=20_000))])
    assert isinstance(reply, Reply)
    assert [record["Name"] for record in reply.records] == [f"n{number}" for number in range(20_000)]


def test_over_https_the_logon_is_bound_to_the_channel(ticket: Ticket, tmp_path: Path) -> None:
    ticket()
    authority = Authority(tmp_path)
    with listening(Scheme.KERBEROS, certificate=authority.issue_server()) as server:
        assert kinds(asked(server, tls=True, ca=str(authority.path))) == ["Reply"]


def test_an_address_is_reached_under_the_name_of_its_host(ticket: Ticket) -> None:
    ticket()
    with listening(Scheme.KERBEROS) as server:
        behind = {"localhost": {"address": "127.0.0.1", "port": server.port}}
        assert kinds(asked(server, via=None, host="localhost", hosts=behind)) == ["Reply"]


def test_a_connection_that_was_closed_is_made_and_sealed_anew(ticket: Ticket) -> None:
    ticket()
    estate = TinyEstate()
    with listening(Scheme.KERBEROS, estate=estate) as server, pool(server) as opened:
        session = opened.open(EXCHANGE)
        for name in ("a", "b", "c"):
            assert kinds(session.invoke([Request(f"w{name}", write("New-Thing", Name=name))])) == ["Reply"]
            server.close_connections()
        assert server.counts.messages["create"] == 1, "the shell lives on"
        assert server.counts.connections >= 3
    assert [call[3]["Name"] for call in estate.calls] == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["send", "receive"])
@pytest.mark.parametrize("tamper", ["signature", "length", "seal"])
def test_a_sealed_answer_that_was_altered_is_asked_for_again(tamper: str, kind: str, ticket: Ticket) -> None:
    ticket()
    estate = TinyEstate()
    with listening(Scheme.KERBEROS, estate=estate) as server, pool(server) as opened:
        session = opened.open(EXCHANGE)
        assert kinds(session.invoke([echo("a")])) == ["Reply"]
        server.faults.add(Rule(kind, when="after", tamper=tamper))
        assert kinds(session.invoke([Request("w", write("New-Thing", Name="x")), echo("b")])) == ["Reply", "Reply"]
        assert server.faults.injected == 1
    assert [call[2] for call in estate.calls].count("New-Thing") == 1


@pytest.mark.parametrize(("delegate", "forwardable"), [(True, True), (True, False), (False, True)])
def test_only_a_forwardable_ticket_that_is_forwarded_goes_beyond_the_host(
    delegate: bool, forwardable: bool, ticket: Ticket
) -> None:
    ticket(forwardable=forwardable)
    estate = TinyEstate()
    with listening(Scheme.KERBEROS, estate=estate) as server:
        asked(server, delegate=delegate)
    assert estate.delegated is (delegate and forwardable)


def test_a_user_may_be_named_who_has_the_ticket(ticket: Ticket) -> None:
    ticket()
    with listening(Scheme.KERBEROS) as server:
        assert kinds(asked(server, user="reconciler@CONTOSO.COM")) == ["Reply"]
        assert REMEDY in refusal(server, user="mallory@CONTOSO.COM")


def test_ntlm_and_kerberos_are_offered_side_by_side(ticket: Ticket) -> None:
    ticket()
    with listening(Scheme.KERBEROS, Scheme.NTLM) as server:
        assert kinds(asked(server)) == ["Reply"]
        Client(server, "ntlm").open().close()
        assert server.counts.authentications == 2


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
def test_pypsrp_runs_the_process(auth: str, ticket: Ticket) -> None:
    ticket()
    with listening(Scheme.KERBEROS) as server:
        options: dict[str, Any] = {"port": server.port, "ssl": False, "negotiate_service": "HTTP"}
        with (
            WSMan("localhost", auth=auth, encryption="always", no_proxy=True, **options) as wsman,
            WinRS(wsman, codepage=65001) as shell,
        ):
            process = Process(shell, POWERSHELL, list(ARGUMENTS))
            process.begin_invoke()
            process.send(start() + exit_line(), end=True)
            process.end_invoke()
        assert replies(process.stdout)[0]["ready"]["host"] == "ex1.contoso.com"
        assert server.counts.open_shells == 0


# --- and without ------------------------------------------------------------------------------------------------------


def test_no_ticket_is_reported_before_anything_is_sent(ticket: Ticket) -> None:
    with listening(Scheme.KERBEROS) as server:
        told = refusal(server)
        assert told.startswith(f"Logon failed: localhost:{server.port}, opening a shell: ")
        assert REMEDY in told
        assert server.counts.total == 0


@pytest.mark.parametrize("seconds", [10, 100_000])
def test_an_expired_ticket_is_reported(seconds: int, kdc: KDC, ticket: Ticket) -> None:
    kdc.age(ticket(), seconds)
    with listening(Scheme.KERBEROS) as server:
        assert REMEDY in refusal(server)
        assert server.counts.total == 0


def test_a_ticket_that_expired_a_moment_ago_is_reported(kdc: KDC, ticket: Ticket) -> None:
    """The other side still takes it, for its clock may differ; the client's library then refuses the answer."""
    cache = ticket(lifetime="1s")
    wait_until(lambda: not kdc.is_good(cache))
    with listening(Scheme.KERBEROS) as server:
        assert REMEDY in refusal(server)
        assert "create" not in server.counts.messages


def test_a_realm_without_a_way_to_the_service_is_reported(ticket: Ticket) -> None:
    ticket("reconciler@NORTHWIND.COM")
    with listening(Scheme.KERBEROS) as server:
        assert REMEDY in refusal(server)
        assert server.counts.total == 0


@pytest.mark.parametrize("user", ["mallory@CONTOSO.COM", "reconciler@FABRIKAM.COM"])
def test_a_good_ticket_of_somebody_else_is_refused_and_not_tried_again(user: str, ticket: Ticket) -> None:
    """Also one of the same name, in a realm that ours trusts."""
    ticket(user)
    with listening(Scheme.KERBEROS) as server:
        assert refusal(server).startswith("Logon refused")
        assert server.counts.failed_authentications == 1
        assert "create" not in server.counts.messages


def test_a_name_with_a_backslash_is_no_principal(ticket: Ticket) -> None:
    ticket()
    with listening(Scheme.KERBEROS) as server, pytest.raises(PermanentError) as raised:
        asked(server, user=USER)
    assert "name@REALM" in raised.value.diagnostics[0].detail


def test_an_unsealed_message_is_refused(ticket: Ticket) -> None:
    ticket()
    options: dict[str, Any] = {"message_encryption": "never", "kerberos_hostname_override": "localhost"}
    with listening(Scheme.KERBEROS) as server:
        with pytest.raises(InvalidCredentialsError):
            Client(server, "kerberos", user="", **options).open()
        assert "create" not in server.counts.messages


def test_kerberos_is_refused_where_ntlm_alone_is_accepted(ticket: Ticket) -> None:
    ticket()
    with listening(Scheme.NTLM) as server:
        assert refusal(server).startswith("Logon refused")


def test_a_logon_that_was_overheard_lets_nobody_in(ticket: Ticket) -> None:
    ticket()
    token = spnego.client(hostname="localhost", service="HTTP", protocol="kerberos").step()
    assert token is not None
    header = {"Authorization": f"Negotiate {base64.b64encode(token).decode()}", "Content-Length": "0"}
    with listening(Scheme.KERBEROS) as server:
        answers = []
        for _ in range(2):
            connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
            connection.request("POST", "/wsman", headers=header)
            answers.append(connection.getresponse().status)
            connection.close()
    assert answers == [200, 401]


# --- the command line ------------------------------------------------------------------------------------------------


@contextmanager
def simulated(environment: Environment, kdc: KDC) -> Iterator[int]:
    """Simulate the estate in a process of its own, which takes nothing but Kerberos; give its port."""
    world = environment.directory.parent / "world.yaml"
    (environment.directory / "world.yaml").rename(world)
    world.write_text(f"{world.read_text('utf-8')}enforce_second_hop: true\n", "utf-8")
    entry = "{{host: {}.contoso.com, tls: false, auth: kerberos, delegate: true}}"
    told = f"connections: {{exchange: {entry.format('ex1')}, lync: {entry.format('fe1')}}}"
    environment.edit("little.yaml", "connections: {simulator: world.yaml}", told)
    environment.variables.update(kdc.variables)
    command = ["simulate", str(world), "--port", "0", "--auth", "kerberos", "--keytab", str(kdc.keytab)]
    with environment.started(*command) as simulator:
        wait_until(lambda: "Ctrl-C ends it" in simulator.out, simulator.process)
        found = re.search(r"http://[^:/]+:(\d+)/wsman", simulator.out)
        assert found is not None, simulator.out
        try:
            yield int(found[1])
        finally:
            simulator.process.terminate()
            simulator.end()


def reconciler(environment: Environment, port: int, *arguments: str) -> Ran:
    with environment.started(*arguments, entry=CHILD, **with_ports(via=["localhost", port], pace=0.01)) as child:
        return child.end()


def test_an_estate_is_planned_and_applied_with_a_ticket_alone(kdc: KDC, tmp_path: Path) -> None:
    """Also exchucutil, which the estate runs only for a ticket that was forwarded."""
    environment = little(tmp_path / "little")
    with simulated(environment, kdc) as port:
        environment.variables["KRB5CCNAME"] = kdc.ticket("reconciler@CONTOSO.COM", forwardable=True)
        reconciler(environment, port, "plan", "--detailed-exitcode").has(2)
        reconciler(environment, port, "apply", "--auto-approve").has(0)
        reconciler(environment, port, "plan", "--detailed-exitcode").has(0)


def test_without_a_ticket_a_command_ends_with_1_and_names_kinit(kdc: KDC, tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    with simulated(environment, kdc) as port:
        for command in (["plan"], ["apply", "--auto-approve"], ["drift"]):
            ran = reconciler(environment, port, *command).has(1)
            told = " ".join((ran.out + ran.err).split())
            assert REMEDY in told
            assert told.count("Error: Logon failed") == (0 if command == ["drift"] else 2), "once for each connection"
            assert "Traceback" not in told
            assert "No changes" not in told


def test_the_simulator_names_the_url_and_the_ticket_that_fit_its_keytab(kdc: KDC, tmp_path: Path) -> None:
    environment = little(tmp_path / "little")
    with simulated(environment, kdc) as port:
        printed = max(tmp_path.glob("little-*.out")).read_text("utf-8")
    assert f"http://localhost:{port}/wsman" in printed
    assert "kinit reconciler@CONTOSO.COM" in printed
    assert "password" not in printed
