"""One host examined over real sockets: how far a session comes, and the message about the step that ends it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from providers.cmdlets.products import EXCHANGE, LYNC
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.certificates import Authority
from providers.simulator.wire.faults import FaultPlan, Rule
from providers.simulator.wire.process import PowerShell
from providers.simulator.wire.server import Server
from providers.simulator.wire.shell_command import Launch
from providers.transport.examine.examination import STEPS
from providers.transport.settings import Adapter, Deadlines, Secret
from providers.transport.wsman.fault_tables import UNKNOWN_STATUS
from reconciler.model.commands import Authentication, Endpoint
from reconciler.model.findings import Check, Examined, Finding, Status
from tests.support.examining import EX, FE, estate, examiner
from tests.support.winrm_server import PASSWORD, TinyEstate, listening


def examined(
    server: Server | int, endpoint: Endpoint = EXCHANGE, *, directory: bool = False, **changes: Any
) -> Examined:
    port = server if isinstance(server, int) else server.port
    with examiner(port, **changes) as one:
        seen = one.examine(endpoint, directory=directory)
    assert PASSWORD not in repr(seen)
    return seen


def at(seen: Examined, check: Check) -> Finding:
    (found,) = (finding for finding in seen.findings if finding.check is check)
    return found


def stops_at(seen: Examined, check: Check, summary: str, *words: str) -> Finding:
    """The step fails with these words, those before it were passed, those after it are skipped."""
    assert seen.session is None
    place = STEPS.index(check)
    statuses = {finding.check: finding.status for finding in seen.findings}
    for step in STEPS[:place]:
        assert statuses.get(step, Status.OK) in (Status.OK, Status.WARNING), (step, seen.findings)
    assert [statuses[step] for step in STEPS[place + 1 :]] == [Status.SKIPPED] * len(STEPS[place + 1 :])
    found = at(seen, check)
    assert (found.status, found.summary) == (Status.FAILED, summary)
    assert found.remedy
    for word in words:
        assert word in f"{found.detail} {found.remedy}", (word, found)
    return found


# --- a host in order -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("auth", "scheme"), [("basic", Scheme.BASIC), ("ntlm", Scheme.NTLM)])
def test_a_host_in_order_passes_every_step_and_tells_of_its_session(auth: str, scheme: Scheme) -> None:
    with listening(scheme, estate=estate()) as server:
        seen = examined(server, directory=True, auth=Authentication(auth))
        assert server.counts.open_shells == 0
        assert server.counts.failed_authentications == 0
    assert {finding.status for finding in seen.findings} == {Status.OK}
    assert [finding.check for finding in seen.findings] == [step for step in STEPS if step is not Check.LANGUAGE]
    assert seen.is_open
    assert seen.mode == "stream"
    assert seen.session is not None
    assert seen.session["Missing"] == ["Get-CsPool"], "operations of the runner itself are not selected"
    assert seen.session["DirectoryOk"] is True
    assert seen.ahead is not None
    assert seen.ahead.low <= 0.0 <= seen.ahead.high
    assert seen.ahead.high - seen.ahead.low < 2.0


def test_a_clock_that_is_ahead_is_measured_within_the_time_of_a_message() -> None:
    with listening(estate=estate("clock_skew: 7m")) as server:
        seen = examined(server)
    assert seen.ahead is not None
    assert 418 < seen.ahead.low <= 420 <= seen.ahead.high < 422


def test_hosts_are_examined_under_their_own_connection() -> None:
    with listening(estate=estate()) as server:
        seen = examined(server, LYNC)
    assert (seen.host, seen.about["adapter"]) == (FE, "lync")


# --- not WinRM -------------------------------------------------------------------------------------------------------


@contextmanager
def speaking(said: bytes) -> Iterator[int]:
    """A listener that reads a request, says one thing and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                with accepted:
                    accepted.settimeout(2)
                    try:
                        accepted.recv(65536)
                        accepted.sendall(said)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_port_that_speaks_no_http() -> None:
    with speaking(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n") as port:
        stops_at(examined(port), Check.WINRM, "Connection lost", f"{EX}:{port}")


def test_http_that_is_not_winrm() -> None:
    with speaking(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as port:
        stops_at(examined(port), Check.WINRM, "Not a remote management service", "HTTP 404")


def test_a_service_that_is_stopped() -> None:
    with listening(estate=estate(), faults=FaultPlan([Rule("create", status=503)])) as server:
        stops_at(examined(server), Check.WINRM, "Remote management is not running", "Start-Service WinRM")


@pytest.mark.parametrize(
    ("status", "summary"), [(500, "Unencrypted messages are refused"), (501, UNKNOWN_STATUS.summary)]
)
@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_service_that_is_broken(auth: str, status: int, summary: str) -> None:
    kind = "create" if auth == "basic" else "authenticate"
    with listening(Scheme(auth), estate=estate(), faults=FaultPlan([Rule(kind, status=status, times=0)])) as server:
        stops_at(examined(server, auth=Authentication(auth)), Check.WINRM, summary, f"HTTP {status}")


def test_settings_that_do_not_fit_tell_nothing_of_the_service() -> None:
    with listening(estate=estate()) as server:
        seen = examined(server, auth=Authentication.BASIC, password=None)
        assert server.counts.total == 0
    assert at(seen, Check.LOGON).summary == "Invalid connection settings"
    assert at(seen, Check.WINRM).status is Status.SKIPPED


def test_a_port_with_tls_reached_without(tmp_path_factory: pytest.TempPathFactory) -> None:
    authority = Authority(tmp_path_factory.mktemp("ca"))
    with listening(Scheme.NTLM, estate=estate(), certificate=authority.issue_server()) as server:
        seen = examined(server, auth=Authentication.NTLM)
        stops_at(seen, Check.WINRM, "Connection lost", "speaks TLS", '"tls: true"')


# --- logon -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("auth", "scheme"), [("basic", Scheme.BASIC), ("ntlm", Scheme.NTLM)])
def test_a_wrong_password(auth: str, scheme: Scheme) -> None:
    with listening(scheme, estate=estate()) as server:
        seen = examined(server, auth=Authentication(auth), password=Secret("wrong"))
        assert server.counts.failed_authentications == 1
    stops_at(seen, Check.LOGON, "Logon refused")


def test_a_wrong_password_is_tried_twice_over_all_hosts_and_no_more() -> None:
    hosts = [EXCHANGE, LYNC, *(Endpoint(LYNC.connection, f"fe{n}.contoso.com") for n in range(2, 9))]
    with (
        listening(Scheme.NTLM, estate=estate()) as server,
        examiner(server.port, auth=Authentication.NTLM, password=Secret("wrong")) as one,
    ):
        seen: list[Examined] = []
        threads = [
            threading.Thread(target=lambda host=host: seen.append(one.examine(host, directory=False)))
            for host in hosts[:2]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {at(each, Check.LOGON).status for each in seen} == {Status.FAILED}
        left = at(one.examine(Endpoint(EXCHANGE.connection, FE), directory=False), Check.LOGON)
        assert server.counts.failed_authentications == 2
    assert left.status is Status.SKIPPED
    assert "lock the account" in left.detail


@pytest.mark.parametrize("auth", [Authentication.NTLM, Authentication.CREDSSP])
def test_a_way_to_authenticate_that_is_switched_off(auth: Authentication) -> None:
    """The credential was not shown, so it was not refused either."""
    with listening(Scheme.BASIC, estate=estate()) as server:
        stops_at(examined(server, auth=auth), Check.LOGON, "Authentication method is not offered", auth.value)
        assert server.counts.failed_authentications == 0


def test_a_ticket_that_is_not_there_or_cannot_be_used_here() -> None:
    """Which of both is reported depends on the packages for Kerberos; the server sees no logon."""
    with listening(Scheme.NTLM, estate=estate()) as server:
        seen = examined(server, auth=Authentication.KERBEROS, user="", password=None)
        assert server.counts.messages.get("create", 0) == 0
    found = at(seen, Check.LOGON)
    assert found.status is Status.FAILED
    assert found.summary in ("Package not installed", "Logon failed", "Logon refused")
    assert at(seen, Check.WINRM).status is (Status.OK if found.summary == "Logon refused" else Status.SKIPPED)


def test_a_password_that_would_go_in_clear_text_is_not_sent() -> None:
    with listening(estate=estate()) as server:
        seen = examined(server, via=None)
        assert server.counts.connections == 0
    assert at(seen, Check.TLS).summary == "Unsafe connection"
    assert at(seen, Check.LOGON).status is Status.SKIPPED


# --- shell -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "summary", "word"),
    [
        (5, "Access denied", "Remote Management Users"),
        (2150859180, "Remote management is switched off", "AllowRemoteShellAccess"),
        (2150859173, "Server is busy", "MaxShellsPerUser"),
        (2150859179, "Server is busy", "orphaned"),
    ],
)
def test_a_shell_that_is_refused(code: int, summary: str, word: str) -> None:
    with listening(estate=estate(), faults=FaultPlan([Rule("create", fault=code)])) as server:
        seen = examined(server)
        assert server.counts.messages["create"] == 1, "trouble is reported, not outlasted"
    stops_at(seen, Check.SHELL, summary, word, str(code))
    assert at(seen, Check.LOGON).status is Status.OK


# --- PowerShell ------------------------------------------------------------------------------------------------------


class Ended:
    """A process that says something on standard error and ends, whatever comes."""

    def __init__(self, launch: Launch, said: bytes, code: int) -> None:
        launch.write("stderr", said)
        launch.ended(code)

    def feed(self, data: bytes, *, end: bool) -> None: ...
    def stop(self) -> None: ...
    def join(self) -> None: ...


@contextmanager
def ending(said: bytes, code: int) -> Iterator[Server]:
    with listening(estate=estate(), start=lambda launch: Ended(launch, said, code)) as server:
        yield server


def test_powershell_that_is_not_there() -> None:
    said = b"'powershell.exe' is not recognized as an internal or external command,\r\n"
    with ending(said, 9009) as server:
        stops_at(examined(server), Check.POWERSHELL, "PowerShell did not start", "not recognized", "9009")


def test_powershell_that_ends_at_once() -> None:
    with ending(b"", -1073741510) as server:
        stops_at(examined(server), Check.POWERSHELL, "PowerShell did not start", "-1073741510")


def test_powershell_that_has_too_little_memory() -> None:
    with ending(b"System.OutOfMemoryException", 1) as server:
        stops_at(examined(server), Check.POWERSHELL, "Server is busy", "MaxMemoryPerShellMB")


@pytest.mark.parametrize("mode", ["ConstrainedLanguage", "NoLanguage"])
def test_a_language_mode_that_policy_constrains(mode: str) -> None:
    with listening(estate=estate(f"language_mode: {mode}")) as server:
        seen = examined(server)
    stops_at(seen, Check.LANGUAGE, "Language mode is constrained", mode, "AppLocker")


def test_a_language_mode_that_is_reported_in_xml_and_cut_by_the_console() -> None:
    said = b'#< CLIXML\r\n<Objs><S S="Error">+ FullyQualifiedErrorId : CannotCreateTypeConstr_x000D__x000A_</S>'
    with ending(said + b'<S S="Error">ainedLanguage,New-Object</S></Objs>', 1) as server:
        stops_at(examined(server), Check.LANGUAGE, "Language mode is constrained", "ConstrainedLanguage")


@pytest.mark.parametrize(("version", "status"), [("2.0", Status.OK), ("4.0", Status.WARNING)])
def test_input_that_does_not_stream_makes_a_batch(version: str, status: Status) -> None:
    there = estate(f"powershell: '{version}'")
    with listening(estate=there, powershell=PowerShell(reads_stdin_until_end=True)) as server:
        seen = examined(server, deadlines=Deadlines(operation=1, read=30, probe=0.3))
    assert seen.mode == "batch"
    assert seen.is_open
    found = at(seen, Check.POWERSHELL)
    assert found.status is status
    assert "batch mode" in found.detail
    assert seen.ahead is not None
    assert seen.ahead.low <= 0.0 <= seen.ahead.high


# --- management shell ------------------------------------------------------------------------------------------------


def test_a_snapin_that_is_not_installed() -> None:
    with listening(estate=estate("shells: []")) as server:
        stops_at(examined(server), Check.ADAPTER, "Management shell did not load", "adapter:")


def test_an_adapter_of_the_other_product() -> None:
    with listening(estate=estate()) as server:
        seen = examined(server, LYNC, adapter=Adapter.SNAPIN)
    stops_at(seen, Check.ADAPTER, "Management shell did not load")


def test_a_session_that_tells_nothing_of_itself() -> None:
    with listening(estate=TinyEstate()) as server:
        seen = examined(server)
    assert at(seen, Check.ADAPTER).status is Status.OK
    assert at(seen, Check.SESSION).status is Status.FAILED
    assert not seen.is_open


class TellingOfItself(TinyEstate):
    """A host that tells what its system is as real ones do."""

    system = ""

    def about(self, host: str) -> dict[str, object]:
        return {**super().about(host), "os": self.system}


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("6.1.7601.65536", "Windows Server 2008 R2 (6.1.7601.65536)"),
        ("6.3.9600.0", "Windows Server 2012 R2 (6.3.9600.0)"),
        ("10.0.14393.0", "Windows Server 2016 (10.0.14393.0)"),
        ("10.0.99999.0", "on 10.0.99999.0,"),
        ("", "an unknown system"),
    ],
)
def test_versions_of_windows_are_reported_by_their_names(told: str, shown: str) -> None:
    there = TellingOfItself()
    there.system = told
    with listening(estate=there) as server:
        assert shown in at(examined(server), Check.POWERSHELL).detail
