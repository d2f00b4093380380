"""Answers the stub cmdlets of every PowerShell process: one listener on the loopback, one thread per connection.

A connection belongs to the process whose token it shows first; what it asks is done on that process's host, as the user
of its shell. A line is answered only after the estate has saved the changes.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import socketserver
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

from providers.simulator.answers import CmdletError, Result
from providers.simulator.estate.estate import Estate
from providers.simulator.powershell import clixml, stub_objects

_LONGEST_LINE_BYTES = 64 * 1024 * 1024


class Logons(Protocol):
    """Whether a password is that of a user."""

    def __call__(self, user: str, password: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a process acts, and where."""

    host: str
    user: str
    delegates: bool


class StubLink:
    """The listener. Start it before the first process, stop it after the last."""

    def __init__(self, estate: Estate, is_password: Logons) -> None:
        self._estate = estate
        self._is_password = is_password
        self._callers: dict[str, Caller] = {}
        self._lock = threading.Lock()
        self._server = _Listener(("127.0.0.1", 0), _Connection)
        self._server.link = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="stub-link", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def admit(self, caller: Caller) -> str:
        """Return the token under which a process may ask on behalf of ``caller``."""
        token = secrets.token_hex(16)
        with self._lock:
            self._callers[token] = caller
        return token

    def dismiss(self, token: str) -> None:
        """Refuse this token from now on."""
        with self._lock:
            self._callers.pop(token, None)

    def close(self) -> None:
        """Stop listening and close every connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.close_connections()
        self._server.server_close()

    # --- what connections ask

    def caller(self, token: str) -> Caller | None:
        with self._lock:
            known = list(self._callers.items())
        return next((caller for other, caller in known if hmac.compare_digest(other, token)), None)

    def answer(self, caller: Caller, request: Mapping[str, Any]) -> str:
        """Return the line that answers a request of ``caller``."""
        match request.get("op"):
            case "invoke" | "script":
                return self._run(caller, request)
            case "services":
                return self._services(caller)
            case "logon":
                return clixml.dumps(["ok", self._may_enter(caller, request)])
            case _:
                raise ValueError("unknown request")

    def _run(self, caller: Caller, request: Mapping[str, Any]) -> str:
        operation, cmdlet = str(request["op"]), str(request.get("cmdlet", "exchucutil.ps1"))
        parameters = {name: stub_objects.argument(value) for name, value in request["parameters"].items()}
        try:
            result: Result = self._estate.call(
                caller.host,
                operation,
                cmdlet,
                parameters,
                ("*",),
                caller.user,
                delegated=caller.delegates,
                live=True,
            )
        except CmdletError as error:
            return stub_objects.failed(error)
        return stub_objects.answered(result, cmdlet, self._estate.release(caller.host))

    def _services(self, caller: Caller) -> str:
        """Answer by this machine's clock: the runner reads the clock itself, and no process can be given another."""
        with self._estate.turn():
            names = self._estate.services(caller.host)
            records = self._estate.call(caller.host, "service", "Get-Service", {"Name": names}, (), caller.user).records
        now = datetime.now(UTC)
        moved_records = []
        for record in records:
            moved = _moment(record["HostClock"]) - now
            started = record["StartTime"]
            own = None if started is None else _stamp(_moment(started) - _rounded(moved))
            moved_records.append({**record, "StartTime": own})
        return stub_objects.services(moved_records, any(record["ScriptRunning"] for record in records))

    def _may_enter(self, caller: Caller, request: Mapping[str, Any]) -> bool:
        """Tell whether the endpoint lets the caller in: by the credential shown, else by the logon it came with."""
        if "user" not in request:
            return caller.delegates or not self._estate.world.enforce_second_hop
        user = str(stub_objects.argument(request["user"]))
        secret = stub_objects.argument(request["password"])
        password = cast("dict[str, str]", secret)["$secure"] if isinstance(secret, dict) else ""
        return self._is_password(user, password)


def _moment(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def _rounded(moved: timedelta) -> timedelta:
    """Return how far a host's clock is off, without what passed while it was read."""
    return timedelta(seconds=round(moved.total_seconds()))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64
    link: StubLink

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A process that ends in the middle of a call leaves a broken connection; that is no error of ours."""


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        link = cast("_Listener", self.server).link
        caller = link.caller(self.rfile.readline(256).decode("ascii", "replace").strip())
        while caller is not None and (line := self.rfile.readline(_LONGEST_LINE_BYTES)):
            try:
                answer = link.answer(caller, json.loads(line))
            except (
                Exception
            ) as error:  # a bug in the simulator: the caller gets an error, as from any cmdlet that breaks
                answer = clixml.dumps(
                    ["error", type(error).__name__, "SimulatorFailed", "NotSpecified", repr(error), ""]
                )
            self.wfile.write(answer.encode("utf-8") + b"\n")
