"""The simulator's listener as unmodified WinRM clients meet it."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from pypsrp.exceptions import AuthenticationError as PsrpAuthenticationError
from pypsrp.shell import Process, WinRS
from pypsrp.wsman import WSMan
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Authority
from providers.simulator.wire.process import PowerShell
from providers.simulator.wire.server import Server
from providers.simulator.wire.wsman import Limits
from tests.support.winrm_server import (
    ARGUMENTS,
    COMMAND_LINE,
    PASSWORD,
    POWERSHELL,
    RUNNER,
    USER,
    Client,
    TinyEstate,
    exit_line,
    init_line,
    invoke,
    listening,
    replies,
    runner_lines,
    start,
    wait_until,
)

IMPATIENT = Limits(max_timeout_seconds=0.1)
"""A server that answers a Receive without output after a tenth of a second, whatever the client allows."""


def full_life(client: Client) -> list[dict[str, Any]]:
    """Open, load the runner, call a cmdlet, end, close; return the replies."""
    client.open()
    client.send(start())
    client.receive_until(1)
    client.send(invoke("1", "Get-Echo", Identity="Rédmond ☎ 'x'"))
    client.receive_until(2)
    client.send(exit_line())
    client.receive_all()
    client.close()
    assert client.exit_code == 0
    assert client.stderr == b""
    return replies(client.stdout)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


# --- every way in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["basic", "ntlm", "credssp"])
def test_pywinrm_runs_the_process_over_http(transport: str) -> None:
    with listening(Scheme(transport)) as server:
        ready, echo, ended = full_life(Client(server, transport))
        assert ready["ready"] == {
            "ps": "5.1",
            "os": "10.0.14393.0",
            "product": "Version 15.0 (Build 1497.2)",
            "culture": "de-DE",
            "host": "ex1.contoso.com",
            "adapter": "remote",
            "load_ms": 0,
        }
        assert echo["records"] == [{"Identity": "Rédmond ☎ 'x'"}]
        assert ended["id"] == "exit"
        assert server.counts.authentications == 1
        assert server.counts.open_shells == 0


@pytest.mark.parametrize(("transport", "delegated"), [("basic", False), ("ntlm", False), ("credssp", True)])
def test_only_credssp_carries_the_credential_beyond_the_host(transport: str, delegated: bool) -> None:
    estate = TinyEstate()
    with listening(Scheme(transport), estate=estate) as server:
        full_life(Client(server, transport))
    assert estate.delegated is delegated


@pytest.mark.parametrize("transport", ["basic", "ntlm", "credssp"])
def test_pywinrm_runs_the_process_over_https(transport: str, authority: Authority) -> None:
    with listening(Scheme(transport), certificate=authority.issue_server()) as server:
        assert server.url.startswith("https://")
        assert len(full_life(Client(server, transport, ca_trust_path=str(authority.path)))) == 3


def test_messages_over_https_may_be_sealed_too(authority: Authority) -> None:
    with listening(Scheme.NTLM, certificate=authority.issue_server()) as server:
        client = Client(server, "ntlm", ca_trust_path=str(authority.path), message_encryption="always")
        assert len(full_life(client)) == 3


def test_a_certificate_names_its_user(authority: Authority) -> None:
    estate = TinyEstate()
    settings: dict[str, Any] = {"certificate": authority.issue_server(), "client_ca": authority.path}
    shown = authority.issue_client("reconciler@contoso.com")
    with listening(Scheme.CERTIFICATE, estate=estate, **settings) as server:
        options: dict[str, Any] = {"cert_pem": str(shown.certificate), "cert_key_pem": str(shown.key)}
        full_life(Client(server, "certificate", ca_trust_path=str(authority.path), **options))
    assert {call[4] for call in estate.calls} == {USER}


def test_a_certificate_of_nobody_is_refused(authority: Authority) -> None:
    settings: dict[str, Any] = {"certificate": authority.issue_server(), "client_ca": authority.path}
    shown = authority.issue_client("mallory@contoso.com", "mallory")
    with listening(Scheme.CERTIFICATE, **settings) as server:
        options: dict[str, Any] = {"cert_pem": str(shown.certificate), "cert_key_pem": str(shown.key)}
        with pytest.raises(InvalidCredentialsError):
            Client(server, "certificate", ca_trust_path=str(authority.path), **options).open()


def test_a_certificate_of_another_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"certificate": authority.issue_server(), "client_ca": authority.path}
    shown = Authority(tmp_path).issue_client("reconciler@contoso.com")
    with listening(Scheme.CERTIFICATE, **settings) as server:
        options: dict[str, Any] = {"cert_pem": str(shown.certificate), "cert_key_pem": str(shown.key)}
        with pytest.raises(requests.exceptions.ConnectionError):
            Client(server, "certificate", ca_trust_path=str(authority.path), **options).open()


def test_a_client_that_does_not_know_the_authority_refuses_the_server(authority: Authority, tmp_path: Path) -> None:
    with listening(Scheme.BASIC, certificate=authority.issue_server()) as server:
        stranger = Authority(tmp_path)
        with pytest.raises(requests.exceptions.SSLError):
            Client(server, ca_trust_path=str(stranger.path)).open()
        assert server.counts.total == 0


@pytest.mark.parametrize(("auth", "encryption"), [("basic", "never"), ("ntlm", "always"), ("negotiate", "always")])
def test_pypsrp_runs_the_process(auth: str, encryption: str) -> None:
    scheme = Scheme.BASIC if auth == "basic" else Scheme.NTLM
    with listening(scheme) as server:
        options: dict[str, Any] = {"port": server.port, "username": USER, "password": PASSWORD, "ssl": False}
        with (
            WSMan("127.0.0.1", auth=auth, encryption=encryption, no_proxy=True, **options) as wsman,
            WinRS(wsman, codepage=65001) as shell,
        ):
            process = Process(shell, POWERSHELL, list(ARGUMENTS))
            process.begin_invoke()
            process.send(start(), end=False)
            while b"READY" not in process.stdout:
                process.poll_invoke(timeout=5)
            process.send(invoke("1", "Get-Many", Count=1500), end=False)
            process.send(exit_line(), end=True)
            process.end_invoke()
            assert process.rc == 0
        parts = [reply for reply in replies(process.stdout) if reply["id"] == "1"]
        assert [(part["part"], part["more"], len(part["records"])) for part in parts] == [
            (1, True, 1000),
            (2, False, 500),
        ]
        assert server.counts.open_shells == 0


@pytest.mark.parametrize("form", ["CONTOSO\\reconciler", "contoso\\RECONCILER", "reconciler", "reconciler@contoso.com"])
@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_a_user_may_be_written_in_any_form(transport: str, form: str) -> None:
    estate = TinyEstate()
    with listening(Scheme(transport), estate=estate) as server:
        full_life(Client(server, transport, user=form))
    assert {call[4] for call in estate.calls} == {USER}


# --- and who is kept out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize(
    ("user", "password"), [(USER, "wrong"), (USER, PASSWORD + "!"), ("CONTOSO\\mallory", PASSWORD), (USER, "")]
)
def test_a_wrong_credential_is_401(transport: str, user: str, password: str) -> None:
    with listening(Scheme(transport)) as server:
        with pytest.raises(InvalidCredentialsError):
            Client(server, transport, user=user, password=password).open()
        assert server.counts.failed_authentications == 1
        assert server.counts.open_shells == 0


def test_pypsrp_reports_a_wrong_password() -> None:
    with listening(Scheme.NTLM) as server:
        wsman = WSMan("127.0.0.1", port=server.port, username=USER, password="wrong", ssl=False, no_proxy=True)
        with pytest.raises(PsrpAuthenticationError), wsman, WinRS(wsman):
            pass


@pytest.mark.parametrize(("offered", "used"), [("ntlm", "basic"), ("basic", "ntlm"), ("kerberos", "ntlm")])
def test_a_scheme_that_is_not_offered_is_401(offered: str, used: str) -> None:
    with listening(Scheme(offered)) as server, pytest.raises(InvalidCredentialsError):
        Client(server, used).open()


def test_an_unsealed_message_is_refused_where_sealing_is_due() -> None:
    with listening(Scheme.NTLM) as server:
        with pytest.raises(InvalidCredentialsError):
            Client(server, "ntlm", message_encryption="never").open()
        assert "create" not in server.counts.messages


def test_an_unsealed_message_is_accepted_where_the_server_allows_it() -> None:
    with listening(Scheme.NTLM, allow_unsealed=True) as server:
        assert len(full_life(Client(server, "ntlm", message_encryption="never"))) == 3


def test_basic_over_http_can_be_forbidden() -> None:
    with listening(Scheme.BASIC, allow_basic_over_http=False) as server:
        with pytest.raises(WinRMTransportError) as raised:
            Client(server).open()
        assert raised.value.code == 500
        assert raised.value.response_text == ""


@pytest.mark.parametrize("header", ["Negotiate !!!", "Negotiate", "NTLM " + "QUFB" * 40, "Basic x", "Bearer x", ""])
def test_a_hostile_authorization_is_401(header: str) -> None:
    with listening(Scheme.NTLM, Scheme.BASIC) as server:
        reply = requests.post(server.url, data=b"x", headers={"Authorization": header}, timeout=5)
        assert reply.status_code == 401
        assert {"Negotiate", "Basic"} <= {offer.split()[0] for offer in reply.headers["WWW-Authenticate"].split(", ")}


def test_a_message_sealed_for_another_connection_is_400_and_the_shell_survives() -> None:
    with listening(Scheme.NTLM) as server:
        client = Client(server, "ntlm").open()
        client.send(start())
        client.receive_until(1)
        server.close_connections()
        with pytest.raises((WinRMTransportError, requests.ConnectionError)):
            client.send(b"\n")
        with pytest.raises(WinRMTransportError) as raised:
            client.send(b"\n")
        assert raised.value.code == 400
        client.protocol.transport.close_session()
        client.send(b"\n" + invoke("1", "Get-Echo", Identity="alive"))
        assert client.receive_until(2)[1]["records"] == [{"Identity": "alive"}]
        client.close()


def test_the_password_is_in_no_file_and_no_text() -> None:
    with listening(Scheme.NTLM) as server:
        full_life(Client(server, "ntlm"))
        accounts = server.accounts
        path = accounts.file
        assert PASSWORD not in path.read_text("utf-8")
        assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600
        assert PASSWORD not in repr(server.settings) + repr(accounts)
        assert "NTLM_USER_FILE" not in os.environ
    assert not path.exists()


# --- HTTP ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/wsman2", "/wsman/ex9.contoso.com", "/wsman/ex1.contoso.com/x", "/PowerShell/"])
def test_another_path_is_404(path: str) -> None:
    with listening() as server:
        reply = requests.post(server.url.removesuffix("/wsman") + path, data=b"x", timeout=5)
        assert reply.status_code == 404


@pytest.mark.parametrize("path", ["/fe1.contoso.com", "/FE1.Contoso.com/", "/fe1.contoso.com?PSVersion=5.1"])
def test_a_path_names_the_host(path: str) -> None:
    with listening() as server:
        ready = full_life(Client(server, path=path))[0]["ready"]
        assert (ready["host"], ready["adapter"]) == ("fe1.contoso.com", "lync")


def test_a_shell_is_not_found_on_another_host() -> None:
    with listening() as server:
        client = Client(server).open()
        elsewhere = Client(server, path="/fe1.contoso.com")
        with pytest.raises(WSManFaultError) as raised:
            elsewhere.protocol.cleanup_command(client.shell, client.command)
        assert raised.value.wsman_fault_code == 2150858843


def test_get_is_refused() -> None:
    with listening() as server:
        assert requests.get(server.url, timeout=5).status_code == 501


def test_a_body_without_a_length_is_411() -> None:
    with listening() as server:
        reply = requests.post(server.url, data=iter([b"x"]), timeout=5)
        assert reply.status_code == 411


def test_a_body_that_is_far_too_large_is_413() -> None:
    with listening(limits=Limits(max_envelope_bytes=50_000)) as server:
        reply = requests.post(server.url, data=b"x" * 3_000_000, timeout=10)
        assert reply.status_code == 413


def test_an_envelope_beyond_the_quota_is_a_fault() -> None:
    with listening(limits=Limits(max_envelope_bytes=50_000)) as server:
        client = Client(server).open()
        with pytest.raises(WSManFaultError) as raised:
            client.send(b"x" * 40_000)
        assert raised.value.wsman_fault_code == 2150858790


def test_a_document_type_is_refused_unread() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    with listening() as server:
        reply = requests.post(server.url, data=bomb, auth=(USER, PASSWORD), timeout=5)
        assert reply.status_code == 500
        assert b"document type" in reply.content


def test_a_client_that_hangs_up_in_the_middle_of_a_body_harms_nobody() -> None:
    with listening() as server:
        with socket.create_connection(("127.0.0.1", server.port)) as half:
            half.sendall(b"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        assert len(full_life(Client(server))) == 3


def test_a_silent_client_of_https_delays_nobody(authority: Authority) -> None:
    with (
        listening(certificate=authority.issue_server()) as server,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        assert len(full_life(Client(server, ca_trust_path=str(authority.path)))) == 3


def test_an_idle_connection_is_closed() -> None:
    with listening(idle_connection_seconds=0.05) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.connect()
        assert connection.sock.recv(1) == b""
        connection.close()


# --- shells, commands and streams ------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as started:
        yield started


def test_stdin_may_come_one_byte_at_a_time(server: Server) -> None:
    client = Client(server).open()
    client.send(start())
    client.receive_until(1)
    for byte in invoke("1", "Get-Echo", Identity="slow"):
        client.send(bytes([byte]))
    assert client.receive_until(2)[1]["records"] == [{"Identity": "slow"}]


def test_stdout_may_come_one_byte_at_a_time() -> None:
    with listening(limits=Limits(output_chunk_bytes=1)) as server:
        client = Client(server).open()
        client.send(start())
        assert client.receive_until(1)[0]["ok"] is True
        assert server.counts.messages["receive"] == len(client.stdout)


def test_many_requests_may_come_in_one_message_and_their_replies_too(server: Server) -> None:
    client = Client(server).open()
    client.send(start())
    client.receive_until(1)
    before = server.counts.total
    client.send(b"".join(invoke(str(number), "Get-Echo", Identity=f"n{number}") for number in range(1, 501)))
    told = client.receive_until(501)
    assert [reply["id"] for reply in told[1:]] == [str(number) for number in range(1, 501)]
    assert server.counts.total - before <= 12


def test_large_output_is_cut_to_the_envelope_the_client_allows(server: Server) -> None:
    client = Client(server).open()
    client.send(start())
    client.receive_until(1)
    client.send(invoke("1", "Get-Echo", Identity="x" * 50_000) + invoke("2", "Get-Many", Count=30_000))
    parts = client.receive_until(32)
    assert sum(len(part["records"]) for part in parts[2:]) == 30_000
    assert server.counts.messages["receive"] >= len(client.stdout) // 113_000


def test_batch_mode_answers_everything_and_ends(server: Server) -> None:
    client = Client(server).open()
    client.send(start() + invoke("1", "Get-Echo", Identity="a"))
    client.send(invoke("2", "Get-Echo", Identity="b").rstrip(b"\n"), end=True)
    client.receive_all()
    assert [reply["id"] for reply in replies(client.stdout)] == ["0", "1", "2"]
    assert client.exit_code == 0


def test_powershell_2_answers_nothing_before_the_end_of_input() -> None:
    with listening(powershell=PowerShell(reads_stdin_until_end=True), limits=IMPATIENT) as server:
        client = Client(server).open()
        client.send(start())
        with pytest.raises(WinRMOperationTimeoutError):
            client.receive()
        client.send(b"", end=True)
        assert client.receive_until(1)[0]["id"] == "0"


def test_noise_before_ready_is_no_reply() -> None:
    with listening(powershell=PowerShell(noise=True)) as server:
        client = Client(server).open()
        client.send(start())
        assert client.receive_until(1)[0]["id"] == "0"
        assert client.stdout.startswith(b"\xef\xbb\xbf")
        assert client.stderr.startswith(b"#< CLIXML")


def test_a_receive_without_output_ends_in_the_operation_timeout(server: Server) -> None:
    client = Client(server, timeout_seconds=1).open()
    began = time.monotonic()
    with pytest.raises(WinRMOperationTimeoutError):
        client.receive()
    assert 0.9 < time.monotonic() - began < 3


def test_a_receive_returns_as_soon_as_there_is_output() -> None:
    estate = TinyEstate()
    with listening(estate=estate) as server, ThreadPoolExecutor(1) as pool:
        client = Client(server).open()
        client.send(start())
        client.receive_until(1)
        client.send(invoke("1", "Wait-Gate"))
        waiting = pool.submit(client.receive_until, 2)
        assert not waiting.done()
        estate.gate.set()
        assert waiting.result(5)[1]["id"] == "1"


def test_output_is_sent_once() -> None:
    with listening(limits=IMPATIENT) as server:
        client = Client(server).open()
        client.send(start())
        client.receive_until(1)
        with pytest.raises(WinRMOperationTimeoutError):
            client.receive()


def test_two_receives_at_once_are_refused(server: Server) -> None:
    client, other = Client(server).open(), Client(server)
    other.shell, other.command = client.shell, client.command
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(client.receive), pool.submit(other.receive)]
        (refused,), (waiting,) = futures.wait(both, 10, futures.FIRST_COMPLETED)
        assert _fault_code(refused) == 2150859047
        Client(server).protocol.cleanup_command(client.shell, client.command)
        assert _fault_code(waiting) == 995


def _fault_code(future: Future[None]) -> int | None:
    error = future.exception(10)
    assert isinstance(error, WSManFaultError)
    return error.wsman_fault_code


def test_the_receive_of_a_client_that_hung_up_takes_no_output(server: Server) -> None:
    client = Client(server).open()
    envelope = _receive_envelope(client)
    credential = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    head = f"POST /wsman HTTP/1.1\r\nAuthorization: Basic {credential}\r\nContent-Length: {len(envelope)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as lost:
        lost.sendall(head.encode() + envelope)
        wait_until(lambda: "receive" in server.counts.messages)
    client.send(start())

    def is_received() -> bool:
        try:
            return bool(client.receive_until(1))
        except WSManFaultError as fault:
            if fault.wsman_fault_code != 2150859047:  # the lost one is not over yet
                raise
            return False

    wait_until(is_received)
    assert replies(client.stdout)[0]["id"] == "0"


def _receive_envelope(client: Client) -> bytes:
    """The Receive that pywinrm would send, without sending it."""
    sent: list[bytes] = []

    def keep(message: str) -> bytes:
        sent.append(message.encode())
        raise InterruptedError

    original, client.protocol.send_message = client.protocol.send_message, keep  # type: ignore[method-assign]
    try:
        with pytest.raises(InterruptedError):
            client.protocol.get_command_output_raw(client.shell, client.command)
    finally:
        client.protocol.send_message = original  # type: ignore[method-assign]  # put back
    return sent[0]


@pytest.mark.parametrize(
    "command_line",
    [
        "whoami",
        "powershell.exe -Command Get-Host",
        "powershell.exe -EncodedCommand RwBlAHQALQBIAG8AcwB0AA==",
        "powershell.exe -EncodedCommand !",
        "powershell.exe -EncodedCommand",
        "",
    ],
)
def test_another_command_line_ends_with_exit_code_1(server: Server, command_line: str) -> None:
    client = Client(server).open(command_line or " ", ())
    client.receive_all()
    assert client.exit_code == 1
    assert client.stderr
    assert client.stdout == b""


def test_another_runner_is_not_run(server: Server) -> None:
    client = Client(server).open()
    client.send(runner_lines(RUNNER + "# x") + init_line())
    client.receive_all()
    assert client.exit_code == 1
    assert b"only the runner that ships" in client.stderr


@pytest.mark.parametrize("program", ["powershell", "PowerShell.exe", r"C:\Windows\System32\powershell.exe"])
def test_powershell_is_found_however_it_is_written(server: Server, program: str) -> None:
    client = Client(server).open(program, ("-enc", ARGUMENTS[-1]))
    client.send(start())
    assert client.receive_until(1)[0]["ok"] is True


def test_a_message_to_a_closed_shell_is_not_found(server: Server) -> None:
    client = Client(server).open()
    client.close()
    calls: tuple[Callable[[], None], ...] = (lambda: client.send(b"\n"), client.receive, client.close)
    for call in calls:
        with pytest.raises(WSManFaultError) as raised:
            call()
        assert raised.value.wsman_fault_code == 2150858843


def test_ids_are_found_whatever_their_case(server: Server) -> None:
    client = Client(server).open()
    client.shell, client.command = client.shell.lower(), client.command.lower()
    client.send(start())
    assert client.receive_until(1)[0]["id"] == "0"
    client.close()


def test_a_send_to_an_ended_process_is_a_broken_pipe(server: Server) -> None:
    client = Client(server).open("whoami", ())
    client.receive_all()
    with pytest.raises(WSManFaultError) as raised:
        client.send(b"\n")
    assert raised.value.wsman_fault_code == 232


def test_shells_are_limited_per_user_and_host() -> None:
    with listening(limits=Limits(max_shells_per_user=2)) as server:
        here, there = Client(server).protocol, Client(server, path="/fe1.contoso.com").protocol
        first = here.open_shell()
        here.open_shell()
        there.open_shell()
        with pytest.raises(WSManFaultError) as raised:
            here.open_shell()
        assert raised.value.wsman_fault_code == 2150859173
        assert raised.value.wmierror_code == 2150859173
        here.close_shell(first)
        here.open_shell()


def test_commands_of_a_shell_are_limited() -> None:
    with listening(limits=Limits(max_operations_per_shell=1)) as server:
        client = Client(server).open("whoami", ())
        with pytest.raises(WSManFaultError) as raised:
            client.protocol.run_command(client.shell, "whoami")
        assert raised.value.wsman_fault_code == 2150859174


def test_a_code_page_may_be_refused() -> None:
    with listening(limits=Limits(refused_code_pages=frozenset({65001}))) as server:
        protocol = Client(server).protocol
        with pytest.raises(WSManFaultError) as raised:
            protocol.open_shell(codepage=65001)
        assert raised.value.wsman_fault_code == 2150859072
        protocol.open_shell(codepage=437)


def test_an_idle_timeout_has_bounds() -> None:
    with listening(limits=Limits(max_idle_timeout_seconds=60)) as server:
        with pytest.raises(WSManFaultError) as raised:
            Client(server).protocol.open_shell(idle_timeout="PT61S")
        assert raised.value.wsman_fault_code == 2150859250


def test_two_clients_work_side_by_side_and_a_shell_has_several_commands() -> None:
    estate = TinyEstate()
    with listening(Scheme.NTLM, estate=estate) as server, ThreadPoolExecutor(4) as pool:

        def work(path: str) -> list[object]:
            client = Client(server, "ntlm", path=path).open()
            client.send(start())
            client.receive_until(1)
            for number in range(1, 21):
                client.send(invoke(str(number), "Get-Echo", Identity=f"{path}{number}"))
                client.receive_until(number + 1)
            client.close()
            return [reply["records"] for reply in replies(client.stdout)[1:]]

        paths = ["/ex1.contoso.com", "/fe1.contoso.com", "", ""]
        for path, told in zip(paths, pool.map(work, paths), strict=True):
            assert told == [[{"Identity": f"{path}{number}"}] for number in range(1, 21)]
    assert len(estate.calls) == 80


def test_a_shell_runs_several_commands(server: Server) -> None:
    first = Client(server).open()
    second = Client(server)
    second.shell = first.shell
    second.command = second.protocol.run_command(first.shell, COMMAND_LINE, (), console_mode_stdin=False)
    for client in (first, second):
        client.send(start())
    assert first.receive_until(1)[0]["id"] == second.receive_until(1)[0]["id"] == "0"


def test_no_answer_waits_for_a_delayed_acknowledgement() -> None:
    """An answer in two segments does: the second stays behind until the first is acknowledged, 40 ms later."""
    with listening(Scheme.NTLM) as server:
        client = Client(server, "ntlm").open()
        client.send(start())
        client.receive_until(1)
        spent = []
        for number in range(1, 31):
            began = time.perf_counter()
            client.send(invoke(str(number), "Get-Echo", Identity="x"))
            client.receive_until(number + 1)
            spent.append(time.perf_counter() - began)
        assert min(spent) < 0.040


def test_latency_is_added_to_every_message() -> None:
    with listening(latency_seconds=0.05) as server:
        began = time.monotonic()
        shell = Client(server).protocol
        shell.close_shell(shell.open_shell())
        assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_stopping_leaves_no_thread_behind(transport: str) -> None:
    before = set(threading.enumerate())
    estate = TinyEstate()
    with listening(Scheme(transport), estate=estate) as server, ThreadPoolExecutor(1) as pool:
        idle, waiting = Client(server, transport).open(), Client(server, transport).open()
        idle.send(start())
        pending = pool.submit(waiting.receive)
        wait_until(lambda: "receive" in server.counts.messages)
        server.stop()
        assert pending.exception(5) is not None
    assert set(threading.enumerate()) <= before
