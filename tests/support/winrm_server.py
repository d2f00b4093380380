"""What the tests of the simulator's server share: a small estate, and the line protocol seen from a client."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol as WinRM

from providers.simulator.answers import CmdletError, Result
from providers.simulator.wire.authentication import Scheme
from providers.simulator.wire.faults import FaultPlan
from providers.simulator.wire.runner import Estate as Servers
from providers.simulator.wire.runner import framed, unframed
from providers.simulator.wire.server import Server, Settings
from providers.simulator.wire.shell_command import Start
from providers.transport.session.greeting import Runner

USER = "CONTOSO\\reconciler"
PASSWORD = "pa:ss wörd"
NONCE = "0123456789abcdef"

RUNNER = Runner.shipped().script.decode("utf-8")
BOOTSTRAP = Runner.shipped().bootstrap
POWERSHELL = "powershell.exe"
ARGUMENTS = (
    "-NoLogo",
    "-NoProfile",
    "-NonInteractive",
    "-ExecutionPolicy",
    "Bypass",
    "-EncodedCommand",
    base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode(),
)
COMMAND_LINE = " ".join((POWERSHELL, *ARGUMENTS))


class TinyError(CmdletError):
    """An error record, as the real estate raises them."""

    def __init__(self, *, executed: bool = True) -> None:
        super().__init__(
            "ManagementObjectNotFoundException",
            "4D8B,Microsoft.Exchange.Management",
            "ObjectNotFound",
            "Das Objekt wurde nicht gefunden: Ж",
            "Redmond",
            executed=executed,
        )


@dataclass
class TinyEstate:
    """Two hosts and a few cmdlets with effects that can be counted."""

    calls: list[tuple[str, str, str, dict[str, object], str]] = field(default_factory=list)
    faults: tuple[Mapping[str, object], ...] = ()
    turns: int = 0
    delegated: bool | None = None
    """Of the last call."""
    enforces_second_hop: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    """What Wait-Gate waits for."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def hosts(self) -> tuple[str, ...]:
        return ("ex1.contoso.com", "fe1.contoso.com")

    def entry_host(self) -> str:
        return "ex1.contoso.com"

    def about(self, host: str) -> dict[str, object]:
        is_exchange = host.startswith("ex")
        return {
            "product": "Version 15.0 (Build 1497.2)",
            "culture": "de-DE",
            "ps": "5.1",
            "os": "10.0.14393.0",
            "is_exchange": is_exchange,
            "is_lync": not is_exchange,
        }

    def call(
        self,
        host: str,
        operation: str,
        cmdlet: str,
        parameters: Mapping[str, object],
        properties: Sequence[str],
        user: str = USER,
        *,
        delegated: bool = True,
        late_seconds: float = 0.0,
    ) -> Result:
        self.delegated = delegated
        self.calls.append((host, operation, cmdlet, dict(parameters), user))
        match cmdlet:
            case "Get-Echo":
                return Result(records=(dict(parameters),), warnings=("Vorsicht",))
            case "Get-Many":
                count = parameters["Count"]
                assert isinstance(count, int)
                return Result(records=tuple({"Name": f"n{index}"} for index in range(count)))
            case "Get-Missing":
                raise TinyError
            case "Set-Broken":
                raise TinyError(executed=False)
            case "Get-Bug":
                raise KeyError("a bug of the estate")
            case "Wait-Gate":
                self.gate.wait(10)
        return Result()

    def parameters_of(self, cmdlet: str) -> frozenset[str]:
        return frozenset({"Identity", "DomainController"} if cmdlet == "Get-Echo" else ())

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self.lock:
            self.turns += 1
            yield


CMDLETS = ("Get-Echo", "Get-Many", "Get-Missing", "Set-Broken", "Get-Bug", "Wait-Gate", "New-Thing", "Get-Service")


@contextmanager
def listening(
    *schemes: Scheme,
    estate: Servers | None = None,
    faults: FaultPlan | None = None,
    accounts: Mapping[str, str] | None = None,
    start: Start | None = None,
    **settings: Any,
) -> Iterator[Server]:
    """A started listener; its own errors fail the test."""
    chosen = Settings(users=accounts or {USER: PASSWORD}, schemes=frozenset(schemes or {Scheme.BASIC}), **settings)
    with Server(estate or TinyEstate(), chosen, faults, start) as server:
        yield server
    assert list(server.errors) == []


# --- the line protocol -----------------------------------------------------------------------------------------------


def request_line(**request: object) -> bytes:
    return framed(base64.b64encode(json.dumps(request).encode())) + b"\n"


def init_line(**changes: object) -> bytes:
    request = {"op": "init", "id": "0", "nonce": NONCE, "protocol": 1, "adapter": "auto", "allow": list(CMDLETS)}
    return request_line(**(request | {"always": {}} | changes))


def runner_lines(script: str = RUNNER) -> bytes:
    text = base64.b64encode(script.encode()).decode()
    return "".join(f"{text[at : at + 4000]}\n" for at in range(0, len(text), 4000)).encode() + b".\n"


def start(**changes: object) -> bytes:
    """The runner and the init request."""
    return runner_lines() + init_line(**changes)


def invoke(request_id: str, cmdlet: str, *, op: str = "invoke", flush: bool = False, **parameters: object) -> bytes:
    is_read = cmdlet.startswith("Get-")
    request = {"op": op, "id": request_id, "cmdlet": cmdlet, "params": parameters, "properties": [], "read": is_read}
    return request_line(**request, flush=flush)


def exit_line() -> bytes:
    return request_line(op="exit", id="exit")


def replies(stdout: bytes) -> list[dict[str, Any]]:
    """The replies among the whole lines of an output; READY and BADLINE as ``{"ready"}`` and ``{"bad": True}``."""
    found: list[dict[str, Any]] = []
    for line in stdout.split(b"\n")[:-1]:
        mark = NONCE.encode() + b" "
        if not line.startswith(mark) or line.strip() == mark + b"LOADING":
            continue
        rest = line.removeprefix(mark).removeprefix(b"READY ").strip()
        told = unframed(rest)
        found.append({"bad": True} if rest == b"BADLINE" else told if told is not None else {"torn": line})
    return found


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for another thread to get there."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)


# --- a client --------------------------------------------------------------------------------------------------------


class Reachable(Protocol):
    """Something with a URL."""

    @property
    def url(self) -> str: ...


class Client:
    """One process on a host, driven by pywinrm as it ships."""

    def __init__(
        self,
        server: Reachable,
        transport: str = "basic",
        *,
        path: str = "",
        timeout_seconds: int = 5,
        user: str = USER,
        password: str = PASSWORD,
        ca_trust_path: str | None = None,
        **options: object,
    ) -> None:
        self.protocol = WinRM(
            server.url + path,
            transport=transport,  # type: ignore[arg-type]  # a name of pywinrm's own list
            username=user,
            password=password,
            proxy=None,
            ca_trust_path=ca_trust_path,  # type: ignore[arg-type]  # None is documented: nothing from the environment
            operation_timeout_sec=timeout_seconds,
            read_timeout_sec=timeout_seconds + 5,
            **options,  # type: ignore[arg-type]  # passed on as they are
        )
        self.stdout = b""
        self.stderr = b""
        self.exit_code: int | None = None

    def open(self, command: str = POWERSHELL, arguments: tuple[str, ...] = ARGUMENTS) -> Client:
        self.shell = self.protocol.open_shell(codepage=65001)
        self.command = self.protocol.run_command(self.shell, command, arguments, console_mode_stdin=False)
        return self

    def send(self, data: bytes, *, end: bool = False) -> None:
        self.protocol.send_command_input(self.shell, self.command, data, end)

    def receive(self) -> None:
        stdout, stderr, exit_code, done = self.protocol.get_command_output_raw(self.shell, self.command)
        self.stdout += stdout
        self.stderr += stderr
        self.exit_code = exit_code if done else None

    def receive_until(self, count: int) -> list[dict[str, Any]]:
        """Receive until there are ``count`` replies, READY among them; an operation timeout means to ask again."""
        deadline = time.monotonic() + 30
        while len(replies(self.stdout)) < count:
            assert self.exit_code is None, (self.stdout, self.stderr)
            assert time.monotonic() < deadline
            with contextlib.suppress(WinRMOperationTimeoutError):
                self.receive()
        return replies(self.stdout)

    def receive_all(self) -> None:
        while self.exit_code is None:
            self.receive()

    def close(self) -> None:
        self.protocol.cleanup_command(self.shell, self.command)
        self.protocol.close_shell(self.shell)
