"""The sessions of one run: a channel per host, opened when first used, shared by all threads, closed at the end.

``WinRMSessions`` is what the engine sees of this package. A logon that is refused counts for its account over all
hosts, and a host that failed for good is not tried again: both would cost the operator a locked account.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from providers.transport.channel import Channel
from providers.transport.fault_tables import Phase
from providers.transport.faults import judge
from providers.transport.greeting import Greeting, Runner
from providers.transport.logons import LogonBudget
from providers.transport.settings import ConnectionSettings, SessionMode, Target, target_of
from providers.transport.winrs import WinRS, connect
from reconciler.diagnostics import Diagnostic
from reconciler.errors import PermanentError, SessionError
from reconciler.ports import Clock, Request
from reconciler.values import EMPTY, Endpoint, Operation, Reply

STANDING: Final = ("Get-Service", "Test-ReconcilerSession", "exchucutil.ps1")
"""Names of the runner's own operations, allowed beside the cmdlets."""

Connect = Callable[[Target, LogonBudget], WinRS]


@dataclass(slots=True)
class WinRMSession:
    """An open channel to one host. Thread-safe: calls wait for each other, because a channel is one conversation."""

    target: Target
    _channel: Channel
    _allow: frozenset[str]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _failure: PermanentError | None = None

    @property
    def about(self) -> Mapping[str, Any]:
        """What the host told of itself: ps, os, product, culture, host, adapter, load_ms; empty before a call."""
        return self._channel.about

    @property
    def mode(self) -> SessionMode:
        return self._channel.mode

    def invoke(self, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        """Run the requests in order and return one result each; see ``reconciler.ports.Session``."""
        for request in requests:
            self._refuse_unknown(request)
        with self._lock:
            self.raise_failure()
            try:
                return self._channel.invoke(requests)
            except PermanentError as error:
                self._failure = error
                raise

    def pin(self, always: Mapping[str, str]) -> None:
        with self._lock:
            self._channel.pin(always)

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def close(self, wait_seconds: float) -> None:
        """Close the channel; where a call does not end in time, its host ends the idle shell by itself."""
        if not self._lock.acquire(timeout=wait_seconds):
            return
        try:
            with suppress(Exception):
                self._channel.close()
        finally:
            self._lock.release()

    def _refuse_unknown(self, request: Request) -> None:
        command = request.command
        if command.operation is Operation.INVOKE and command.cmdlet not in self._allow:
            raise PermanentError(
                Diagnostic(
                    "Cmdlet not allowed",
                    f"{command.cmdlet} is not among the cmdlets that this session may call.",
                    "This is a bug in reconciler. Report it with the name of the cmdlet.",
                )
            )


class WinRMSessions:
    """The channels of one run, by connection and host; implements ``reconciler.ports.Sessions``."""

    def __init__(
        self,
        connections: Iterable[ConnectionSettings],
        *,
        allow: Iterable[str],
        clock: Clock,
        always: Mapping[str, str] = EMPTY,
        runner: Runner | None = None,
        connect: Connect = connect,
    ) -> None:
        """``allow`` names every cmdlet that may be called; ``always`` parameters for every cmdlet that has them."""
        self._connections = {settings.connection: settings for settings in connections}
        self._allow = frozenset(allow)
        self._always = dict(always)
        self._clock = clock
        self._runner = runner or Runner.shipped()
        self._connect = connect
        self._sessions: dict[tuple[str, str], WinRMSession] = {}
        self._budgets: dict[tuple[str, str], LogonBudget] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def open(self, endpoint: Endpoint) -> WinRMSession:
        """Return the session to ``endpoint``; nothing is sent before its first call.

        Raises:
            PermanentError: the connection is not configured or not safe, or the host failed for good before.
        """
        settings = self._connections.get(endpoint.connection)
        if settings is None:
            name = endpoint.connection.value
            raise PermanentError(
                Diagnostic(
                    "No connection",
                    f'The configuration has no connection "{name}".',
                    f"Declare it:\n    connections: {{{name}: {{host: server.example.com, auth: kerberos}}}}",
                )
            )
        target = target_of(settings, endpoint.host)
        with self._lock:
            key = (endpoint.connection.value, target.name)
            session = self._sessions.get(key)
            if session is None:
                session = self._sessions[key] = self._new(target)
        session.raise_failure()
        return session

    def pin(self, always: Mapping[str, str]) -> None:
        """Add these parameters, from now on, to every command whose cmdlet has them."""
        with self._lock:
            self._always = dict(always)
            sessions = list(self._sessions.values())
        for session in sessions:
            session.pin(always)

    def close(self) -> None:
        """Close every channel, in the order they were opened; what is running is waited for, for one message."""
        self._stopped.set()
        with self._lock:
            sessions = list(self._sessions.values())
            self._sessions.clear()
        for session in sessions:
            session.close(session.target.settings.deadlines.read + 5.0)

    def __enter__(self) -> WinRMSessions:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _new(self, target: Target) -> WinRMSession:
        budget = self._budgets.setdefault(target.credential, LogonBudget())
        allow = sorted({*self._allow, *STANDING})
        channel = Channel(
            Greeting(target, self._runner, allow, self._always),
            connect=lambda: self._connected(target, budget),
            clock=self._clock,
            is_stopped=self._stopped.is_set,
        )
        return WinRMSession(target, channel, self._allow)

    def _connected(self, target: Target, budget: LogonBudget) -> WinRS:
        try:
            return self._connect(target, budget)
        except Exception as error:
            raise judge(error, Phase.CREATE, target.place).error from error
