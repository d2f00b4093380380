"""Every row of TRANSPORT 6.1 and 6.2, produced by the loopback server at every phase of a session, over real sockets.

Each row says what is met and what it means there (the words are those of the tables). What the engine does is judged by
what can be seen from outside: what ran on the server, which result came of it, how many messages it took, and which
shells are left.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from providers.cmdlets.products import EXCHANGE
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.faults import Rule
from providers.simulator.wire.process import PowerShell
from providers.simulator.wire.server import Server
from providers.transport.session.pool import WinRMSessions
from providers.transport.settings import Adapter, Deadlines, Secret, Target
from providers.transport.wsman.fault_tables import FAULTS, STATUSES
from providers.transport.wsman.logons import LogonBudget
from providers.transport.wsman.shell import IDLE_TIMEOUT
from providers.transport.wsman.winrs import GuardedProtocol, connect
from reconciler.model.commands import Authentication, Reply, read, write
from reconciler.model.diagnostics import (
    AccessDenied,
    AmbiguousOutcome,
    AuthenticationFailed,
    NotWinRM,
    PermanentError,
    SessionError,
    Throttled,
    TransientError,
    Unreachable,
)
from reconciler.model.ports import Request
from reconciler.run.retry import Result, Retry
from tests.support.fakes import Allowed, SeededRandom, VirtualClock
from tests.support.transport_support import connection, kinds
from tests.support.winrm_server import CMDLETS, PASSWORD, USER, TinyEstate, listening

POLL, SAFE, PERM, GONE, AMBIG = "POLL", "SAFE", "PERM", "GONE", "AMBIG"
UNREAD = "GONE, and nothing was read"
"""The shell had gone before the Send: another one may take it all."""
ENDED = "GONE, and its last words are read"

MOST_MESSAGES = 150
"""Of one test, logons aside."""
HASTY_SECONDS = 0.25
"""How long a client waits for an HTTP answer that is late on purpose."""
READ_SECONDS = 10
"""The same where none is: also a busy machine answers by then."""


@dataclass(frozen=True)
class Row:
    """What is met, and what it means at each phase."""

    name: str
    rule: Mapping[str, Any]
    create: str
    command: str
    send: str
    receive: str
    error: type[SessionError]
    """The message in the end where it stays so."""
    loses_output: bool = False
    """It may also strike the answer to a Receive, and with it the output."""
    sealed: bool = False

    def at(self, phase: str) -> str:
        return {
            "create": self.create,
            "command": self.command,
            "hello": self.send,
            "send": self.send,
            "ready": self.receive,
            "receive": self.receive,
        }.get(phase, "IGNORE")

    def __str__(self) -> str:
        return self.name


def fault(code: int, create: str, command: str, send: str, receive: str, error: type[SessionError], **more: Any) -> Row:
    wmi = ", MSFT_WmiError alone" if more.get("wmi") else ""
    return Row(f"fault {code}{wmi}", {"fault": code, **more}, create, command, send, receive, error)


def status(
    code: int, create: str, command: str, send: str, receive: str, error: type[SessionError], *, sealed: bool = True
) -> Row:
    name = f"HTTP {code}" if sealed else f"HTTP {code}, unsealed"
    return Row(name, {"status": code}, create, command, send, receive, error, sealed=sealed)


def harm(name: str, rule: Mapping[str, Any], create: str, command: str, send: str, receive: str, **more: Any) -> Row:
    error = more.pop("error", Unreachable)
    return Row(name, rule, create, command, send, receive, error, loses_output=True, sealed=True)


FAULT_ROWS = [
    fault(2150858793, AMBIG, GONE, AMBIG, POLL, TransientError),
    fault(170, SAFE, SAFE, SAFE, SAFE, Throttled),
    *(fault(code, GONE, GONE, UNREAD, GONE, TransientError) for code in (2150858843, 2150858813)),
    *(fault(code, GONE, GONE, UNREAD, GONE, TransientError) for code in (2150859082, 2150859087)),
    *(fault(code, GONE, GONE, GONE, GONE, TransientError) for code in (2150859212, 2150859230, 2150859204, 995)),
    *(fault(code, GONE, GONE, ENDED, GONE, TransientError) for code in (109, 232)),
    fault(2147943418, SAFE, SAFE, GONE, GONE, TransientError),
    fault(2150859173, SAFE, SAFE, SAFE, SAFE, Throttled),
    fault(2150859174, SAFE, SAFE, GONE, GONE, Throttled),
    *(fault(code, SAFE, SAFE, SAFE, SAFE, Throttled) for code in (2150859175, 2150859176, 2150859179)),
    *(fault(code, SAFE, SAFE, SAFE, SAFE, Throttled) for code in range(2150859236, 2150859242)),
    fault(2150858815, SAFE, SAFE, SAFE, SAFE, Throttled),
    *(fault(code, PERM, PERM, PERM, PERM, PermanentError) for code in (2150858790, 2150858823, 2150858824, 2150858825)),
    fault(2150859025, PERM, PERM, PERM, PERM, PermanentError),
    *(fault(code, PERM, PERM, PERM, PERM, AccessDenied) for code in (5, 2147942405)),
    *(fault(code, PERM, PERM, PERM, PERM, AccessDenied) for code in (2150859180, 2150859229, 2150859235)),
    fault(2150859072, SAFE, SAFE, SAFE, SAFE, TransientError),
    fault(2150859250, SAFE, SAFE, SAFE, SAFE, TransientError),
    fault(2150859047, AMBIG, AMBIG, AMBIG, POLL, TransientError),
    fault(2150858811, PERM, PERM, PERM, PERM, NotWinRM),
    *(fault(code, PERM, PERM, PERM, PERM, PermanentError) for code in (2150858817, 2150858881)),
    *(fault(code, SAFE, SAFE, SAFE, SAFE, Unreachable) for code in (2150858770, 2150858772)),
    *(fault(code, SAFE, SAFE, GONE, GONE, Throttled) for code in (2147942414, 8, 1450, 1455)),
    fault(4711, SAFE, SAFE, AMBIG, AMBIG, TransientError),
    fault(2150859173, SAFE, SAFE, SAFE, SAFE, Throttled, wmi=True),
    fault(2150859174, SAFE, SAFE, GONE, GONE, Throttled, wmi=True),
    fault(2150859175, SAFE, SAFE, SAFE, SAFE, Throttled, wmi=True),
]
HTTP_ROWS = [
    status(401, PERM, SAFE, SAFE, SAFE, AuthenticationFailed, sealed=False),
    status(401, SAFE, SAFE, SAFE, SAFE, TransientError),
    status(500, PERM, AMBIG, AMBIG, POLL, NotWinRM),
    status(400, PERM, SAFE, SAFE, SAFE, NotWinRM, sealed=False),
    status(400, SAFE, SAFE, SAFE, SAFE, TransientError),
    status(403, PERM, PERM, PERM, PERM, AccessDenied),
    *(status(code, PERM, PERM, PERM, PERM, NotWinRM) for code in (404, 405, 411)),
    status(413, PERM, PERM, PERM, PERM, PermanentError),
    status(407, PERM, PERM, PERM, PERM, NotWinRM),
    *(status(code, PERM, PERM, AMBIG, POLL, NotWinRM) for code in (502, 504)),
    status(503, SAFE, SAFE, SAFE, SAFE, Unreachable),
]
SOCKET_ROWS = [
    harm("connection reset", {"reset": True}, AMBIG, AMBIG, AMBIG, POLL),
    harm("connection closed without an answer", {"lose_reply": True}, AMBIG, AMBIG, AMBIG, POLL),
    harm("answer cut off", {"truncate": 150, "when": "after"}, AMBIG, AMBIG, AMBIG, POLL),
    harm("answer cut off in its first byte", {"truncate": 1, "when": "after"}, AMBIG, AMBIG, AMBIG, POLL),
    harm("no answer in time", {"delay_seconds": 2 * HASTY_SECONDS}, AMBIG, AMBIG, AMBIG, POLL),
    harm("connection closed after the answer", {"close": True, "when": "after"}, SAFE, SAFE, SAFE, SAFE),
    harm("BadMICError", {"tamper": "signature", "when": "after"}, AMBIG, AMBIG, AMBIG, POLL),
    harm("Encrypted length", {"tamper": "length", "when": "after"}, AMBIG, AMBIG, AMBIG, POLL),
    harm("no seal", {"tamper": "seal", "when": "after"}, PERM, PERM, AMBIG, POLL, error=NotWinRM),
    harm("a page", {"garble": True, "when": "after"}, PERM, PERM, AMBIG, POLL, error=NotWinRM),
    harm("an answer to another message", {"unrelated": True, "when": "after"}, PERM, PERM, AMBIG, POLL, error=NotWinRM),
]
ROWS = [*FAULT_ROWS, *HTTP_ROWS, *SOCKET_ROWS]

OPENING = ("create", "command", "hello", "ready")
RUNNING = ("send", "receive")
CLOSING = ("signal", "delete")
KIND = {"hello": "send", "ready": "receive"}


def moments(row: Row, phase: str) -> Sequence[str]:
    """When the row may strike a message: before its effect, and after it where it does not say that there was none."""
    if "when" in row.rule:
        return (row.rule["when"],)
    at = row.at(phase)
    may_follow = at in (GONE, ENDED, AMBIG, "IGNORE") or (at == POLL and row.loses_output)
    return ("before", "after") if may_follow else ("before",)


def cases(phases: Sequence[str], rows: Sequence[Row] = tuple(ROWS)) -> list[Any]:
    return [
        pytest.param(row, phase, when, id=f"{row}-{phase}-{when}")
        for row in rows
        for phase in phases
        for when in moments(row, phase)
    ]


class Client:
    """The engine's own way to a host: sessions under ``Retry``, with a clock on which waiting costs nothing."""

    def __init__(
        self, server: Server, sealed: bool, estate: TinyEstate, *, is_hasty: bool = False, **changes: Any
    ) -> None:
        self.server, self.estate = server, estate
        self.read_seconds = HASTY_SECONDS if is_hasty else READ_SECONDS
        self.clock = VirtualClock()
        self.retry = Retry(self.clock, SeededRandom())
        settings = connection(
            **{
                "host": "",
                "via": ("127.0.0.1", server.port),
                "auth": Authentication.NTLM if sealed else Authentication.BASIC,
                "user": USER,
                "password": Secret(PASSWORD),
                "adapter": Adapter.AUTO,
                "deadlines": Deadlines(operation=1, read=2, load=8, probe=8, command=8, reconnect=8, close=3),
                **changes,
            }
        )
        self.pool = WinRMSessions([settings], allow=CMDLETS, clock=self.clock, connect=self.connected)

    def connected(self, target: Target, budget: LogonBudget) -> GuardedProtocol:
        protocol = connect(target, budget)
        protocol.transport.read_timeout_sec = self.read_seconds  # type: ignore[assignment]  # passed on to requests
        return protocol

    def ask(self, *requests: Request) -> list[Result]:
        return self.retry.invoke(lambda: self.pool.open(EXCHANGE), requests, lambda *_: None)

    def write_and_read(self) -> list[Result]:
        return self.ask(
            Request("w", write("New-Thing", Name="x"), Allowed(60.0)),
            Request("r", read("Get-Echo", "Identity", Identity="a")),
        )

    @property
    def executed(self) -> int:
        return sum(call[2] == "New-Thing" for call in self.estate.calls)


@contextmanager
def met(row: Row, phase: str, when: str, *, times: int = 1) -> Iterator[Client]:
    """A client whose message of this phase, or each from there on, meets the row; at the end nothing is left over."""
    estate = TinyEstate()
    with listening(Scheme.NTLM if row.sealed else Scheme.BASIC, estate=estate) as server:
        client = Client(server, row.sealed, estate, is_hasty="delay_seconds" in row.rule)
        try:
            if phase not in OPENING:
                assert kinds(client.ask(Request("warm", read("Get-Echo", "Identity", Identity="w")))) == ["Reply"]
            told = {**row.rule, "when": when, "kind": KIND.get(phase, phase), "times": times}
            server.faults.add(Rule(**told))
            yield client
        finally:
            client.pool.close()
        assert server.faults.injected >= 1
        logons = sum(server.counts.messages.get(kind, 0) for kind in ("authenticate", "refused"))
        assert server.counts.total - logons <= MOST_MESSAGES
        assert not row.sealed or server.counts.authentications <= MOST_MESSAGES // 3
        # A shell whose Create went unanswered has no name here: the idle timeout we asked for ends it. So it does where
        # the credential was refused twice and is not tried again.
        if phase == "create" and is_orphan(row, when):
            assert server.counts.open_shells <= server.faults.injected
        elif row.error is not AuthenticationFailed or times == 1:
            assert server.counts.open_shells == 0


def is_orphan(row: Row, when: str) -> bool:
    return (when == "after" and "close" not in row.rule) or "delay_seconds" in row.rule


@pytest.mark.parametrize(("row", "phase", "when"), cases(OPENING))
def test_met_while_it_opens(row: Row, phase: str, when: str) -> None:
    with met(row, phase, when) as client:
        results = client.write_and_read()
        if row.at(phase) == PERM and phase in ("create", "command"):
            assert {type(result) for result in results} == {row.error}
            assert client.executed == 0
            before = client.server.counts.total
            assert {type(result) for result in client.write_and_read()} == {row.error}
            assert client.server.counts.total == before, "a host that failed for good was tried again"
        elif row.at(phase) == PERM:
            assert all(isinstance(result, row.error) for result in results)
            assert client.executed == 0
        else:
            assert kinds(results) == ["Reply", "Reply"]
            assert client.executed == 1


@pytest.mark.parametrize(("row", "phase", "when"), cases(RUNNING))
def test_met_while_it_runs(row: Row, phase: str, when: str) -> None:
    with met(row, phase, when) as client:
        wrote, was_read = client.write_and_read()
        match row.at(phase), phase:
            case (str(at), "send") if at in (SAFE, AMBIG, POLL, UNREAD):
                assert kinds([wrote, was_read]) == ["Reply", "Reply"]
                assert client.executed == 1
                assert client.server.counts.messages["create"] == (2 if at == UNREAD else 1), "sessions"
            case (str(at), "receive") if at in (SAFE, POLL):
                assert kinds([wrote, was_read]) == ["Reply", "Reply"]
                assert client.executed == 1
                assert client.server.counts.messages["create"] == 1, "sessions"
            case (str(at), "send") if at == ENDED and when == "after":
                assert isinstance(wrote, Reply | AmbiguousOutcome)
                assert isinstance(was_read, Reply)
                assert client.executed == 1
            case (str(at), "send") if at == PERM:
                assert type(wrote) is type(was_read) is row.error
                assert client.executed == 0
            case (str(at), _):
                assert type(wrote) is AmbiguousOutcome, at
                assert isinstance(was_read, row.error if at == PERM else Reply)
                assert client.executed <= 1
        assert kinds(client.ask(Request("next", read("Get-Echo", "Identity", Identity="n")))) == ["Reply"]


@pytest.mark.parametrize(("row", "phase", "when"), cases(CLOSING))
def test_met_while_it_closes(row: Row, phase: str, when: str) -> None:
    with met(row, phase, when) as client:
        if phase == "signal":  # only a process whose end was not seen is ended by one
            client.server.faults.add(Rule(kind="receive", fault=995))
        client.pool.close()
        assert client.server.counts.open_shells == 0
        assert client.server.faults.injected >= (2 if phase == "signal" else 1)


ONE_OF_EACH = (2150858793, 170, 2150858843, 995, 109, 2147943418, 2150859173, 2150858790, 5, 2150859072, 2150859250)
"""Codes of which the others differ by number alone."""
LASTING = [
    row
    for row in ROWS
    if row.rule.get("fault") in (None, *ONE_OF_EACH, 2150859047, 2150858770, 8, 4711)
    and not {"delay_seconds", "close"} & set(row.rule)  # slow; a connection for each message is no fault
]


@pytest.mark.parametrize(("row", "phase", "when"), cases(("create", "command", "send", "receive"), LASTING))
def test_what_stays_so_ends_soon_with_the_truth(row: Row, phase: str, when: str) -> None:
    with met(row, phase, when, times=0) as client:
        wrote, was_read = client.write_and_read()
        if row.at(phase) == ENDED and when == "after":
            assert isinstance(wrote, Reply | AmbiguousOutcome)
            return
        assert isinstance(wrote, SessionError)
        assert isinstance(was_read, SessionError)
        if isinstance(wrote, AmbiguousOutcome):
            assert phase in RUNNING
            assert client.executed <= 1
        else:
            assert client.executed == 0
            assert isinstance(wrote, row.error if row.at(phase) == PERM else TransientError | row.error)
        if when == "before" and phase == "send":
            assert client.executed == 0


# --- what is no answer to a message ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("read_bytes", [0, 100])
def test_a_request_that_is_cut_off_on_its_way_is_not_carried_out(nth: int, read_bytes: int, sealed: bool) -> None:
    """In the middle of Create, of Command, of the first Send, of what comes then; or of the logon before."""
    estate = TinyEstate()
    with listening(Scheme.NTLM if sealed else Scheme.BASIC, estate=estate) as server:
        server.faults.add(Rule("request", nth=nth, cut_request=read_bytes))
        client = Client(server, sealed, estate)
        assert kinds(client.write_and_read()) == ["Reply", "Reply"]
        client.pool.close()
        assert server.faults.injected == 1
        assert (client.executed, server.counts.open_shells) == (1, 0)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_request_that_is_cut_off_while_the_session_runs_is_repaired(nth: int) -> None:
    """In the middle of the Send, of the Receive, of what repairs them."""
    estate = TinyEstate()
    with listening(Scheme.NTLM, estate=estate) as server:
        client = Client(server, True, estate)
        client.ask(Request("warm", read("Get-Echo", "Identity", Identity="w")))
        server.faults.add(Rule("request", nth=nth, cut_request=50))
        assert kinds(client.write_and_read()) == ["Reply", "Reply"]
        client.pool.close()
        assert (client.executed, server.counts.open_shells) == (1, 0)
        assert server.counts.messages["create"] == 1


@pytest.mark.parametrize(
    ("code", "said", "error", "summary"),
    [
        (1, "Die Datei kann nicht geladen werden.", PermanentError, "PowerShell did not start"),
        (9009, "'powershell.exe' is not recognized", PermanentError, "PowerShell did not start"),
        (-1073741510, "", PermanentError, "PowerShell did not start"),
        (-1, "#< CLIXML <S>System.OutOfMemoryException</S>", Throttled, "Server is busy"),
    ],
)
@pytest.mark.parametrize("phase", ["send", "receive"])
def test_a_process_that_ends_before_it_is_ready_is_reported_with_its_last_words(
    phase: str, code: int, said: str, error: type[SessionError], summary: str
) -> None:
    estate = TinyEstate()
    with listening(Scheme.BASIC, estate=estate, powershell=PowerShell(start_seconds=30)) as server:
        server.faults.add(Rule(phase, times=0, kill_process=code, stderr=said))
        client = Client(server, False, estate)
        wrote, _ = client.write_and_read()
        client.pool.close()
        assert type(wrote) is error
        assert wrote.diagnostics[0].summary == summary
        assert said in wrote.diagnostics[0].detail
        assert str(code) in wrote.diagnostics[0].detail
        assert (client.executed, server.counts.open_shells) == (0, 0)


def test_a_host_that_accepts_no_connection_in_time_was_never_reached() -> None:
    """Its queue is full: what comes after waits for ever."""
    estate = TinyEstate()
    with socket.socket() as full, listening(Scheme.BASIC, estate=estate) as server:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        client = Client(server, False, estate, is_hasty=True, via=full.getsockname())
        wrote, _ = client.write_and_read()
        client.pool.close()
        for one in waiting:
            one.close()
    assert type(wrote) is Unreachable


def test_a_host_that_refuses_connections_was_never_reached_and_may_come_back() -> None:
    estate = TinyEstate()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with listening(Scheme.NTLM, estate=estate) as server:
            client = Client(server, True, estate, via=("127.0.0.1", port))
            wrote, _ = client.write_and_read()
            client.pool.close()
    assert type(wrote) is Unreachable
    assert "refused" in wrote.diagnostics[0].detail
    with listening(Scheme.NTLM, estate=estate, port=port) as server:
        client = Client(server, True, estate)
        assert kinds(client.write_and_read()) == ["Reply", "Reply"]
        client.pool.close()


def test_a_name_that_does_not_resolve_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(host: str, *arguments: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    estate = TinyEstate()
    with listening(Scheme.BASIC, estate=estate) as server:
        client = Client(server, False, estate, via=("ex1.invalid", server.port), tls=True)
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        wrote, _ = client.write_and_read()
        client.pool.close()
    assert type(wrote) is Unreachable
    assert "does not resolve" in wrote.diagnostics[0].detail


def test_the_service_that_restarts_takes_its_shells_and_connections_along() -> None:
    estate = TinyEstate()
    with listening(Scheme.NTLM, estate=estate) as server:
        client = Client(server, True, estate)
        client.ask(Request("warm", read("Get-Echo", "Identity", Identity="w")))
        server.shells.close_shells()
        server.close_connections()
        assert kinds(client.write_and_read()) == ["Reply", "Reply"]
        client.pool.close()
        assert (client.executed, server.counts.open_shells) == (1, 0)


def test_a_shell_whose_create_was_not_answered_ends_by_itself_before_an_hour() -> None:
    assert IDLE_TIMEOUT == "PT900S"


# --- nothing is left out ---------------------------------------------------------------------------------------------

TRANSPORT_6_1: Mapping[str, Sequence[int]] = {
    "OPERATION_TIMEDOUT": [2150858793],
    "ERROR_BUSY": [170],
    "UNEXPECTED_SELECTORS": [2150858843],
    "INVALID_SELECTORS": [2150858813],
    "SHELL_ALREADY_CLOSED and its like": [2150859082, 2150859087, 2150859212, 2150859230, 2150859204],
    "ERROR_OPERATION_ABORTED": [995],
    "registry key marked for deletion": [2147943418],
    "broken / closing pipe": [109, 232],
    "QUOTA_MAX_SHELLS": [2150859173],
    "QUOTA_MAX_OPERATIONS": [2150859174],
    "QUOTA_USER and its like": [2150859175, 2150859176, 2150859179, *range(2150859236, 2150859242), 2150858815],
    "ENVELOPE_TOO_LARGE and its like": [2150858790, 2150858823, 2150858824, 2150858825],
    "ERROR_ACCESS_DENIED": [5, 2147942405],
    "REMOTESHELLS_NOT_ALLOWED": [2150859180],
    "SERVICE_REMOTE_ACCESS_DISABLED, REMOTE_CONNECTION_NOT_ALLOWED": [2150859229, 2150859235],
    "CODE_PAGE_NOT_SUPPORTED": [2150859072],
    "IDLETIMEOUT_OUTOFBOUNDS": [2150859250],
    "RECEIVE_IN_PROGRESS": [2150859047],
    "INVALID_RESOURCE_URI": [2150858811],
    "SCHEMA_VALIDATION_ERROR": [2150858817],
    "INVALID_TIMEOUT_HEADER": [2150858881],
    "DESTINATION_UNREACHABLE, ENDPOINT_UNAVAILABLE": [2150858770, 2150858772],
    "out of memory": [2147942414, 8, 1450, 1455],
    "any other": [4711],
}
TRANSPORT_6_2: Mapping[str, Sequence[str]] = {
    "InvalidCredentialsError (401) at first message": ["HTTP 401, unsealed"],
    "401 in mid-session": ["HTTP 401, unsealed", "HTTP 401"],
    "500 with empty body": ["HTTP 500"],
    "400 when sealing": ["HTTP 400", "connection closed after the answer"],
    "404 / 405 / 411": ["HTTP 404", "HTTP 405", "HTTP 411"],
    "413 or 2150859025": ["HTTP 413", "fault 2150859025"],
    "407, 502, 504": ["HTTP 407", "HTTP 502", "HTTP 504"],
    "503": ["HTTP 503"],
    "ConnectionError: refused, name resolution": [
        "test_a_host_that_refuses_connections_was_never_reached_and_may_come_back",
        "test_a_name_that_does_not_resolve_is_reported",
    ],
    "ConnectTimeout": ["test_a_host_that_accepts_no_connection_in_time_was_never_reached"],
    "aborted, reset, RemoteDisconnected": [
        "connection reset",
        "connection closed without an answer",
        "answer cut off",
        "test_a_request_that_is_cut_off_on_its_way_is_not_carried_out",
        "test_a_request_that_is_cut_off_while_the_session_runs_is_repaired",
    ],
    "ReadTimeout": ["no answer in time"],
    "BadMICError, Encrypted length": ["BadMICError", "Encrypted length", "no seal"],
    "StopIteration, ParseError, AssertionError": ["a page", "an answer to another message"],
    "process ends before READY": ["test_a_process_that_ends_before_it_is_ready_is_reported_with_its_last_words"],
}
"""SSLError is the matter of test_transport_certificates.py; ProxyError cannot come, as no proxy is ever used."""


def test_every_row_of_the_document_and_of_the_tables_is_met_here() -> None:
    names = {row.name for row in ROWS} | {name for name in globals() if name.startswith("test_")}
    codes = {row.rule["fault"] for row in ROWS if "fault" in row.rule}
    assert {code for listed in TRANSPORT_6_1.values() for code in listed} <= codes
    assert {name for listed in TRANSPORT_6_2.values() for name in listed} <= names
    assert set(FAULTS) <= codes
    assert set(STATUSES) <= {row.rule["status"] for row in ROWS if "status" in row.rule}
    assert {code for code in codes if {"fault": code, "wmi": True} in [row.rule for row in ROWS]} >= {2150859174}
