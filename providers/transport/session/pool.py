"""The sessions of one run: a few channels per host, opened when used, shared by all threads, closed at the end.

The engine uses only ``WinRMSessions`` of this package. A refused logon counts for its account over all hosts, and a
host that failed permanently is not tried again: both protect the account from being locked.

Minutes may pass between two calls, while a pool settles or somebody reads a plan. http.sys closes a connection after
two minutes, and the host closes a shell after its idle timeout. A new shell must load the snap-in again. So one thread,
started with the first session, calls ``beat`` for all hosts in turn. A failure there is not an error of the run.

At the end of the run, also by a signal, every shell is closed. Separate threads do that. A second Ctrl-C, which Python
raises in the main thread, then cannot leave shells behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from providers.transport.session.channel import Channel
from providers.transport.session.channels import Channels
from providers.transport.session.endings import Endings
from providers.transport.session.greeting import Greeting, Runner
from providers.transport.settings import ConnectionSettings, SessionMode, Target, target_of
from providers.transport.wsman.fault_tables import Phase
from providers.transport.wsman.faults import judge
from providers.transport.wsman.logons import LogonBudget
from providers.transport.wsman.reaching import FirstContact
from providers.transport.wsman.shell import end_shell
from providers.transport.wsman.winrs import WinRS, connect
from reconciler.model.commands import Endpoint, Operation, Reply, Shell
from reconciler.model.diagnostics import AuthenticationFailed, Diagnostic, NotWinRM, PermanentError, SessionError
from reconciler.model.ports import Clock, Request
from reconciler.model.values import EMPTY

STANDING: Final = ("Get-Service", "Test-ReconcilerSession", "exchucutil.ps1")
"""The runner's own operations, always allowed."""

Connect = Callable[[Target, LogonBudget], WinRS]


class WinRMSession:
    """The session to one host. Thread-safe: calls share its channels and wait for a free one."""

    def __init__(
        self,
        target: Target,
        new: Callable[[], Channel],
        allow: frozenset[str],
        clock: Clock,
        first_contact: FirstContact | None = None,
    ) -> None:
        self.target = target
        self._allow = allow
        self._first_contact = first_contact
        endings = Endings(target.place, target.secrets)
        self._channels = Channels(
            new,
            clock=clock,
            limit=target.settings.slots,
            queue_seconds=target.settings.deadlines.queue,
            ended=endings.stopped,
        )

    @property
    def about(self) -> Mapping[str, Any]:
        """The facts that the runner found: ps, os, product, culture, host, adapter, load_ms; empty before a call."""
        return next((channel.about for channel in self._channels.all if channel.about), EMPTY)

    @property
    def mode(self) -> SessionMode:
        return next((channel.mode for channel in self._channels.all), self.target.settings.mode)

    def invoke(self, requests: Sequence[Request]) -> Sequence[Reply | SessionError]:
        """Run the requests in order and return one result each; see ``reconciler.model.ports.Session``."""
        for request in requests:
            self._refuse_unknown(request)
        with self._advised():
            self._channels.raise_failure()
            return self._channels.invoke(requests)

    @property
    def overhead_seconds(self) -> float:
        """The time that a call takes beside its commands; see ``reconciler.model.ports.Session``."""
        return max((channel.overhead_seconds for channel in self._channels.all), default=0.0)

    @property
    def opening_seconds(self) -> float:
        """The time that a further channel takes to open; see ``reconciler.model.ports.Session``."""
        return self._channels.opening_seconds

    def slots(self, wanted: int, seconds_left: float) -> int:
        """Return how many calls can run at the same time; see ``reconciler.model.ports.Session``."""
        return self._channels.slots(wanted, seconds_left)

    def pin(self, always: Mapping[str, str]) -> None:
        for channel in self._channels.all:
            channel.pin(always)

    def raise_failure(self) -> None:
        """Raise the permanent failure of this host, if there is one."""
        with self._advised():
            self._channels.raise_failure()

    def beat(self) -> None:
        """Keep the free channels alive."""
        self._channels.beat()

    def close(self, wait_seconds: float) -> None:
        """Close every channel. A channel whose call does not end in time is closed when the call ends."""
        self._channels.close(wait_seconds)

    @contextmanager
    def _advised(self) -> Iterator[None]:
        """If the host refused the whole session, add the command that checks the way to the host to the remedy."""
        try:
            yield
        except (AuthenticationFailed, NotWinRM) as error:
            raise (self._first_contact.advised(error) if self._first_contact else error) from error.__cause__

    def _refuse_unknown(self, request: Request) -> None:
        command = request.command
        if command.operation is Operation.INVOKE and command.cmdlet not in self._allow:
            raise PermanentError(
                Diagnostic(
                    "Cmdlet not allowed",
                    f"This session may not call {command.cmdlet}.",
                    "This is a bug in reconciler. Report it with the name of the cmdlet.",
                )
            )


class WinRMSessions:
    """The channels of one run, by connection and host; implements ``reconciler.model.ports.Sessions``."""

    def __init__(
        self,
        connections: Iterable[ConnectionSettings],
        *,
        allow: Iterable[str],
        clock: Clock,
        always: Mapping[str, str] = EMPTY,
        runner: Runner | None = None,
        connect: Connect = connect,
        first_contact: FirstContact | None = None,
    ) -> None:
        """``allow`` names every cmdlet that may be called; ``always`` parameters for every cmdlet that has them.

        ``first_contact`` refuses entry points that cannot be reached; without it they are tried as any other host.
        """
        self._connections = {settings.connection: settings for settings in connections}
        self._allow = frozenset(allow)
        self._always = dict(always)
        self._entries: dict[str, tuple[str, ...]] = {}
        self._clock = clock
        self._runner = runner or Runner.shipped()
        self._connect = connect
        self._first_contact = first_contact
        self._sessions: dict[tuple[str, str], WinRMSession] = {}
        self._budgets: dict[tuple[str, str], LogonBudget] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._heart: threading.Thread | None = None

    def open(self, endpoint: Endpoint) -> WinRMSession:
        """Return the session to ``endpoint``; nothing is sent before its first call.

        Raises:
            PermanentError: the connection is not configured or not safe, or the host failed permanently before.
        """
        settings = self._connections.get(endpoint.connection)
        if settings is None:
            name = endpoint.connection
            raise PermanentError(
                Diagnostic(
                    "No connection",
                    f'The configuration has no connection "{name}".',
                    f"Declare it:\n    connections: {{{name}: {{host: server.example.com, auth: kerberos}}}}",
                )
            )
        target = target_of(settings, endpoint.host or self._entry(settings))
        with self._lock:
            key = (endpoint.connection, target.name)
            session = self._sessions.get(key)
            if session is None:
                session = self._sessions[key] = self._new(target)
                self._start_heart()
        session.raise_failure()
        return session

    def enter(self, connection: str, hosts: Sequence[str]) -> None:
        """Use the first of ``hosts`` as entry point from now on, unless the host of the connection is one of them."""
        self._entries[connection] = tuple(hosts)

    def _entry(self, settings: ConnectionSettings) -> str | None:
        """Return the host that replaces the entry point of a connection; None if it is the right one.

        Its name in the connection may be an alias, so the host itself is asked.
        """
        hosts = self._entries.get(settings.connection, ())
        with self._lock:
            own = self._sessions.get((settings.connection, target_of(settings, None).name))
        is_right = own is None or str(own.about.get("host", "")).lower() in hosts
        return None if is_right or not hosts else hosts[0]

    def pin(self, always: Mapping[str, str]) -> None:
        """Add these parameters, from now on, to every command whose cmdlet has them."""
        with self._lock:
            self._always = dict(always)
            sessions = list(self._sessions.values())
        for session in sessions:
            session.pin(always)

    def end(self, shell: Shell) -> bool:
        """End a shell that another run left; return True if it certainly no longer exists.

        This is also certain if the service does not have this shell of our account: then nothing sent to it can run.
        """
        settings = self._connections.get(shell.endpoint.connection)
        if settings is None:
            return False
        try:
            target = target_of(settings, shell.endpoint.host)
            with self._lock:
                budget = self._budgets.setdefault(target.credential, LogonBudget())
            is_ours = shell.account != "" and shell.account.casefold() == target.settings.user.casefold()
            return end_shell(self._connected(target, budget), shell.id, target.place, is_ours=is_ours)
        except SessionError:
            return False

    def beat(self) -> None:
        """Keep alive each session that was idle for the time ``Deadlines.beat``."""
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            if self._stopped.is_set():
                return
            with suppress(Exception):
                session.beat()

    def stop(self) -> None:
        """Let each running call finish its present message. It repeats no message."""
        self._stopped.set()

    def close(self) -> None:
        """Close the channels of all hosts at the same time; a running call may finish its present message."""
        self.stop()
        with self._lock:
            sessions, budgets = list(self._sessions.values()), list(self._budgets.values())
        for budget in budgets:
            budget.stop()
        closing = [
            threading.Thread(target=session.close, args=(session.target.settings.deadlines.read + 5.0,), name="closing")
            for session in sessions
        ]
        for thread in closing:
            thread.start()
        for thread in [*closing, *([self._heart] if self._heart else [])]:
            thread.join()

    def _start_heart(self) -> None:
        if self._heart is None and not self._stopped.is_set():
            self._heart = threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True)
            self._heart.start()

    def _keep_beating(self) -> None:
        seconds = min(settings.deadlines.look for settings in self._connections.values())
        while not self._stopped.wait(seconds):
            self.beat()

    def __enter__(self) -> WinRMSessions:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _new(self, target: Target) -> WinRMSession:
        budget = self._budgets.setdefault(target.credential, LogonBudget())
        allow = sorted({*self._allow, *STANDING})

        def channel() -> Channel:
            return Channel(
                Greeting(target, self._runner, allow, self._always),
                connect=lambda: self._connected(target, budget),
                clock=self._clock,
                is_stopped=self._stopped.is_set,
            )

        return WinRMSession(target, channel, self._allow, self._clock, self._first_contact)

    def _connected(self, target: Target, budget: LogonBudget) -> WinRS:
        if self._first_contact is not None:
            self._first_contact.refuse(target)
        try:
            return self._connect(target, budget)
        except Exception as error:
            raise judge(error, Phase.CREATE, target.place).error from error
