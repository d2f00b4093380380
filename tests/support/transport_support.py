"""What the tests of the transport share: a host reached without a network, whose messages fail as a test says."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError

from providers.cmdlets.products import EXCHANGE
from providers.simulator.wire.runner import Runner as SimulatedRunner
from providers.transport.session.channel import Channel
from providers.transport.session.greeting import Greeting, Runner
from providers.transport.settings import Adapter, ConnectionSettings, Deadlines, Secret, SessionMode, target_of
from providers.transport.wsman.fault_tables import Phase
from reconciler.model.commands import Authentication, Reply, read, write
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Request
from tests.support.fakes import Allowed, VirtualClock
from tests.support.winrm_server import CMDLETS, TinyEstate

HOST = "ex1.contoso.com"
PASSWORD = "canary-8Jq2"


def fault(code: int, text: str = "Der Vorgang ist fehlgeschlagen.") -> WSManFaultError:
    return WSManFaultError(500, "Bad HTTP response", f"<s:Fault>{code}</s:Fault>", text, wsman_fault_code=code)


def reset() -> requests.ConnectionError:
    return requests.ConnectionError(ConnectionResetError(104, "Connection reset by peer"))


def refused() -> requests.ConnectionError:
    return requests.ConnectionError(ConnectionRefusedError(111, "Connection refused"))


FAILURES: Mapping[str, Callable[[], Exception]] = {
    "reset": reset,
    "read time-out": lambda: requests.ReadTimeout("slow"),
    "busy": lambda: fault(170),
    "operation time-out": WinRMOperationTimeoutError,
    "seal lost": lambda: WinRMTransportError("http", 400, ""),
    "service restarting": lambda: WinRMTransportError("http", 503, ""),
    "broken service": lambda: WinRMTransportError("http", 500, ""),
    "ticket expired": lambda: InvalidCredentialsError("401"),
    "malformed": StopIteration,
    "unknown fault": lambda: fault(4711),
    "aborted": lambda: fault(995),
    "shell not found": lambda: fault(2150858843),
}
"""Each with the messages it may strike: before its effect unless a reply can be lost that way."""

BEFORE_ONLY = frozenset({"busy", "seal lost", "service restarting", "ticket expired", "shell not found"})


@dataclass
class Trouble:
    """The nth message of a phase fails, before or after its effect."""

    phase: Phase
    nth: int
    error: Callable[[], Exception]
    after: bool = False


def clocks_of(clock: VirtualClock) -> tuple[float, float]:
    """The clocks of a host that runs for a day longer than the test."""
    return clock.monotonic() + 86_400, clock.now().timestamp()


@dataclass
class FakeTransport:
    closed: int = 0
    was_answered: bool = True

    def close_session(self) -> None:
        self.closed += 1


class FakeProcess:
    """The simulated runner behind pipes."""

    def __init__(self, estate: TinyEstate, clock: VirtualClock, *, until_end: bool = False) -> None:
        self.runner = SimulatedRunner(estate, HOST, "CONTOSO\\reconciler", lambda: clocks_of(clock))
        self.clock = clock
        self.until_end = until_end
        self.torn = b""
        self.held: list[bytes] = []
        self.output: deque[bytes] = deque()
        self.is_loaded = False
        self.exit_code: int | None = None
        self.stderr = b""

    def feed(self, data: bytes, end: bool) -> None:
        *lines, self.torn = (self.torn + data).split(b"\n")
        self.held += lines
        if self.until_end and not end:
            return
        held, self.held = self.held, []
        for line in held:
            self._line(line)
        if end and self.exit_code is None:
            self.exit_code = 0

    def _line(self, line: bytes) -> None:
        if self.exit_code is not None:
            return
        if not self.is_loaded:
            self.is_loaded = line == b"."
            return
        reply = self.runner.answer(line)
        if reply:
            self.output.append(reply)
        if self.runner.is_exiting:
            self.exit_code = 0


@dataclass
class FakeWinRS:
    """A host. All protocols of a test share it, as they would the server."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    estate: TinyEstate = field(default_factory=TinyEstate)
    troubles: Sequence[Trouble] = ()
    until_end: bool = False
    load_seconds: float = 0.0
    """How long it takes from LOADING to READY."""
    cut: int | None = None
    """How much of the output one Receive brings."""
    transport: FakeTransport = field(default_factory=FakeTransport)
    shells: dict[str, FakeProcess | None] = field(default_factory=dict)
    messages: Counter[Phase] = field(default_factory=Counter)
    sent: list[tuple[int, bool]] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    opened: int = 0
    last: FakeProcess | None = None

    def _message(self, phase: Phase, effect: Callable[[], Any]) -> Any:
        self.messages[phase] += 1
        self.clock.sleep(0.01)
        trouble = next(
            (t for t in self.troubles if t.phase is phase and t.nth == self.messages[phase]),
            None,
        )
        if trouble and not trouble.after:
            raise trouble.error()
        result = effect()
        if trouble:
            raise trouble.error()
        return result

    def open_shell(self, *, codepage: int, noprofile: bool, idle_timeout: str | None) -> str:
        return str(self._message(Phase.CREATE, self._open_shell))

    def _open_shell(self) -> str:
        self.opened += 1
        name = f"shell{self.opened}"
        self.shells[name] = None
        return name

    def run_command(self, shell_id: str, command: str, arguments: tuple[str, ...], console_mode_stdin: bool) -> str:
        assert command == "powershell.exe"
        assert arguments[-2] == "-EncodedCommand"
        assert console_mode_stdin is False

        def effect() -> str:
            self._shell(shell_id)
            self.last = self.shells[shell_id] = FakeProcess(self.estate, self.clock, until_end=self.until_end)
            return f"{shell_id}-command"

        return str(self._message(Phase.COMMAND, effect))

    def send_command_input(self, shell_id: str, command_id: str, stdin_input: bytes, end: bool) -> None:
        assert isinstance(stdin_input, bytes)
        assert len(stdin_input) <= 96 * 1024
        stdin_input.decode("ascii")

        def effect() -> None:
            process = self._process(shell_id)
            if process.exit_code is not None:
                raise fault(109)
            self.sent.append((len(stdin_input), end))
            process.feed(stdin_input, end)

        self._message(Phase.SEND, effect)

    def get_command_output_raw(self, shell_id: str, command_id: str) -> tuple[bytes, bytes, int, bool]:
        def effect() -> tuple[bytes, bytes, int, bool]:
            process = self._process(shell_id)
            data = b"".join(process.output)
            process.output.clear()
            data = self._loaded(process, data)
            if self.cut and len(data) > self.cut:
                process.output.append(data[self.cut :])
                data = data[: self.cut]
            is_done = process.exit_code is not None and not process.output
            if not data and not is_done:
                self.clock.sleep(20)
                raise WinRMOperationTimeoutError
            self.received.append(data)
            code = process.exit_code if is_done and process.exit_code is not None else -1
            return data, process.stderr, code, is_done

        result: tuple[bytes, bytes, int, bool] = self._message(Phase.RECEIVE, effect)
        return result

    def _loaded(self, process: FakeProcess, data: bytes) -> bytes:
        """Hold back what follows LOADING until the time for it has come."""
        if self.clock.monotonic() >= self.load_seconds:
            return data
        begun, mark, rest = data.rpartition(b" LOADING\r\n")
        process.output.extend([rest] if rest else [])
        return begun + mark

    def cleanup_command(self, shell_id: str, command_id: str) -> None:
        self._message(Phase.SIGNAL, lambda: self.shells.update({shell_id: None}))

    def close_shell(self, shell_id: str) -> None:
        self._message(Phase.DELETE, lambda: self.shells.pop(shell_id, None))

    def _shell(self, shell_id: str) -> FakeProcess | None:
        if shell_id not in self.shells:
            raise fault(2150858843)
        return self.shells[shell_id]

    def _process(self, shell_id: str) -> FakeProcess:
        process = self._shell(shell_id)
        if process is None:
            raise fault(2150858843)
        return process

    def lose_shells(self) -> None:
        """What an idle timeout, a restart of the service or a memory quota does."""
        self.shells.clear()


def connection(**changes: Any) -> ConnectionSettings:
    return ConnectionSettings(
        **{
            "connection": EXCHANGE.connection,
            "host": HOST,
            "auth": Authentication.NTLM,
            "user": "CONTOSO\\reconciler",
            "password": Secret(PASSWORD),
            "adapter": Adapter.REMOTE,
            "deadlines": Deadlines(),
            **changes,
        }
    )


def channel(
    host: FakeWinRS,
    *,
    mode: SessionMode = SessionMode.AUTO,
    always: Mapping[str, str] | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
    **changes: Any,
) -> Channel:
    target = target_of(connection(mode=mode, **changes), None)
    allow = sorted({*CMDLETS, "exchucutil.ps1"})
    return Channel(
        Greeting(target, Runner("begin", b"# the runner\n"), allow, always or {}),
        connect=lambda: host,
        clock=host.clock,
        nonce=lambda: "0123456789abcdef",
        is_stopped=is_stopped,
    )


def reads(*identities: str) -> list[Request]:
    return [Request(f"r{name}", read("Get-Echo", "Identity", Identity=name)) for name in identities]


EVER = 1e6


def writes(*names: str, expires: float = EVER, clock: VirtualClock | None = None) -> list[Request]:
    permit = Allowed(expires, clock or VirtualClock())
    return [Request(f"w{name}", write("New-Thing", Name=name), permit) for name in names]


def executed(host: FakeWinRS) -> list[object]:
    """Names of the things made, in order."""
    return [parameters["Name"] for _, _, cmdlet, parameters, _ in host.estate.calls if cmdlet == "New-Thing"]


def kinds(results: Sequence[Reply | SessionError]) -> list[str]:
    return [type(result).__name__ for result in results]
