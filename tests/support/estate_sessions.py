"""Sessions to the simulated estate within the process, for tests that need volume.

The same estate, the same commands, the same classification of errors as over the wire, without the wire: a write with
a repeated id returns the stored reply, values pass through JSON's types, and every request is logged in the order it
arrived.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from providers.cmdlets.products import EXCHANGE
from providers.simulator.answers import CmdletError
from providers.simulator.estate.estate import Estate
from providers.transport.session.records import error_of
from reconciler.model.commands import Argument, Delta, Endpoint, NameOf, ObjectId, ObjectIds, Operation, Reply, Shell
from reconciler.model.diagnostics import Diagnostic, SessionError, Unreachable
from reconciler.model.ports import Request, granted
from reconciler.model.values import EMPTY

_REMEMBERED: Final = 5000


@dataclass(slots=True)
class EstateSessions:
    """Every channel of one run to an estate. Thread-safe."""

    estate: Estate
    always: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Parameters added to every cmdlet that has them, such as DomainController."""
    entries: dict[str, Sequence[str]] = field(default_factory=dict)
    """The hosts that may be the entry point of a connection; empty for any."""
    user: str = "CONTOSO\\reconciler"
    delegated: bool = True
    wait: Callable[[float], None] = lambda _: None
    """Lets the time pass that a command works before it answers."""
    requests: list[tuple[str, Request]] = field(default_factory=list)
    """What arrived, with its host, repeats included."""
    _replies: dict[str, Reply | SessionError] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def open(self, endpoint: Endpoint) -> EstateSession:
        """Return the session to a host, or to the entry point of a connection."""
        host = (endpoint.host or self._entry(endpoint.connection)).lower()
        if host not in self.estate.hosts():
            told = Diagnostic(
                "Host cannot be reached", f"{host} is no host of the simulated estate.", "Correct the name."
            )
            raise Unreachable(told)
        return EstateSession(self, host, Shell(Endpoint(endpoint.connection, host), "in-process"))

    def enter(self, connection: str, hosts: Sequence[str]) -> None:
        """Use the first of ``hosts`` as entry point, unless the own one is among them."""
        self.entries[connection] = hosts

    def _entry(self, connection: str) -> str:
        own, hosts = self._own_entry(connection), self.entries.get(connection, ())
        return own if own in hosts or not hosts else hosts[0]

    def _own_entry(self, connection: str) -> str:
        if connection == EXCHANGE.connection:
            return self.estate.entry_host()
        hosts = self.estate.hosts()
        return next((host for host in hosts if self.estate.about(host)["is_lync"]), self.estate.entry_host())

    def pin(self, always: Mapping[str, str]) -> None:
        """Add these parameters, from now on, to every cmdlet that has them."""
        self.always = always

    def end(self, shell: Shell) -> bool:
        """Return True: within the process nothing is ever under way."""
        return True

    def close(self) -> None:
        """Forget the replies."""
        with self._lock:
            self._replies.clear()

    def answer(self, host: str, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        """Run ``requests`` on ``host`` in order; a turn of the estate ends where one of them takes time."""
        answered: list[Reply | SessionError] = []
        while len(answered) < len(requests):
            seconds = 0.0
            with self._lock, self.estate.turn():
                for request in requests[len(answered) :]:
                    reply, seconds = self._answered(host, request)
                    answered.append(reply)
                    if seconds:
                        break
            self.wait(max(0.0, seconds))
        return answered

    def _answered(self, host: str, request: Request) -> tuple[Reply | SessionError, float]:
        """Return the reply, and how long the command works before it."""
        self.requests.append((host, request))
        stored = self._replies.get(request.id)
        if stored is not None:
            return stored, 0.0
        reply, seconds = self._run(host, request)
        if request.command.writes:
            self._replies[request.id] = reply
        if len(self._replies) > _REMEMBERED:
            del self._replies[next(iter(self._replies))]
        return reply, seconds

    def _run(self, host: str, request: Request) -> tuple[Reply | SessionError, float]:
        command = request.command
        parameters = {name: plain(value) for name, value in command.parameters}
        if self.always and command.operation is Operation.INVOKE:
            known = self.estate.parameters_of(command.cmdlet)
            for name, value in self.always.items():
                if name in known:
                    parameters.setdefault(name, value)
        try:
            result = self.estate.call(
                host,
                command.operation.value,
                command.cmdlet,
                parameters,
                command.properties,
                self.user,
                delegated=self.delegated,
            )
        except CmdletError as error:
            return _session_error(error, request, host), error.seconds
        return Reply(result.records, result.warnings, result.output), result.seconds


@dataclass(frozen=True, slots=True)
class EstateSession:
    """An open channel to one simulated host."""

    sessions: EstateSessions
    host: str
    shell: Shell

    def invoke(self, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        """Run the requests in order and return one result each; see ``reconciler.model.ports.Session``."""
        granted(requests, self.shell)
        return self.sessions.answer(self.host, requests)

    @property
    def overhead_seconds(self) -> float:
        return 0.0

    @property
    def opening_seconds(self) -> float:
        return 0.0

    def slots(self, wanted: int, seconds_left: float) -> int:
        return min(wanted, 18)


def plain(value: Argument) -> object:
    """Return an argument as it crosses the wire."""
    if isinstance(value, NameOf):
        raise TypeError(f"{value} is a name that nobody filled in")
    if isinstance(value, ObjectId):
        return value.guid
    if isinstance(value, ObjectIds):
        return str(value)
    if isinstance(value, Delta):
        sides = {"$add": list(value.add), "$remove": list(value.remove)}
        return {side: items for side, items in sides.items() if items}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def _session_error(error: CmdletError, request: Request, host: str) -> SessionError:
    told: dict[str, Any] = {
        "type": error.type,
        "id": error.error_id,
        "category": error.category,
        "message": error.message,
        "target": error.target,
    }
    if not error.executed:
        told["executed"] = False
    return error_of(told, request, host)
