"""Shells and their commands: what the WinRM service of every host does with the messages of its clients.

A shell belongs to a host and to the user that made it. It vanishes when no message comes for its idle timeout; a
message that comes later gets the answer of one to a shell that never existed.

Source: MS-WSMV 3.1; quotas: learn.microsoft.com/windows/win32/winrm/quotas.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from providers.simulator.wire import fault_codes, soap_replies
from providers.simulator.wire.fault_codes import Fault
from providers.simulator.wire.shell_command import Launch, ShellCommand, Start
from providers.simulator.wire.soap import Create, Delete, Receive, Request, Run, Send, Signal


@dataclass(frozen=True, slots=True)
class Limits:
    """What one host allows. The defaults are those of Windows Server 2012 and later."""

    max_shells_per_user: int = 30
    max_processes_per_shell: int = 25
    max_operations_per_shell: int = 1500
    """Commands one shell ever starts: WinRS gives no operation back before the shell is closed."""
    max_concurrent_users: int = 10
    """Accounts that have shells on one host."""
    max_memory_per_shell_mb: int = 1024
    max_envelope_bytes: int = 512_000
    max_timeout_seconds: float = 60.0
    idle_timeout_seconds: float = 7200.0
    max_idle_timeout_seconds: float = 2_147_483.0
    refused_code_pages: frozenset[int] = frozenset()
    output_chunk_bytes: int | None = None
    """At most this much output in one reply; None: what fits in the envelope."""


@dataclass(slots=True)
class _Shell:
    id: str
    host: str
    user: str
    delegates: bool
    idle_timeout_seconds: float
    last_used: float
    commands: dict[str, ShellCommand] = field(default_factory=dict)
    operations: int = 0
    messages: int = 0
    """Messages being answered now: a shell that waits for output is not idle."""


class Shells:
    """The shells of all hosts. Thread-safe."""

    def __init__(
        self,
        start: Start,
        limits: Limits | None = None,
        *,
        limits_of: Callable[[str], Limits] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()).upper(),
    ) -> None:
        usual = limits or Limits()
        self.limits_of = limits_of or (lambda _: usual)
        """What a host allows."""
        self._start = start
        self.monotonic = monotonic
        self._new_id = new_id
        self._lock = threading.Lock()
        self._shells: dict[str, _Shell] = {}
        self._stopping: list[ShellCommand] = []
        """Closed commands whose processes may not have ended yet."""

    @property
    def count(self) -> int:
        """How many shells are open."""
        with self._lock:
            return len(self._shells)

    def answer(
        self,
        request: Request,
        *,
        host: str,
        user: str,
        delegates: bool = False,
        is_client_there: Callable[[], bool] = lambda: True,
    ) -> bytes:
        """Carry out ``request`` and return the envelope of its reply.

        ``delegates`` is True if the host may pass the user's credential on to other hosts.

        Raises:
            Fault: the error that the client receives instead.
        """
        self.close_idle()
        if isinstance(request.body, Create):
            shell = self._create(request.body, host, user, delegates)
            return soap_replies.created(request, shell.id, user, self._new_id())
        if request.timeout_seconds <= 0:
            raise Fault(fault_codes.INVALID_TIMEOUT_HEADER)
        shell = self._find(request, host, user)
        try:
            return self._in_shell(shell, request, is_client_there)
        finally:
            with self._lock:
                shell.messages -= 1
                shell.last_used = self.monotonic()

    def close_idle(self) -> None:
        """Close every shell that had no message for its idle timeout."""
        now = self.monotonic()
        with self._lock:
            idle = [
                shell
                for shell in self._shells.values()
                if not shell.messages and now - shell.last_used > shell.idle_timeout_seconds
            ]
        for shell in idle:
            self._close(shell)

    def close_shells(self, host: str | None = None) -> None:
        """Close the shells of ``host``, or all, as a restart of the service does."""
        with self._lock:
            shells = [shell for shell in self._shells.values() if host in (None, shell.host)]
        for shell in shells:
            self._close(shell)

    def close(self) -> None:
        """Close everything and wait until every process has ended."""
        self.close_shells()
        with self._lock:
            stopping, self._stopping = self._stopping, []
        for command in stopping:
            if command.process is not None:
                command.process.join()

    def kill(self, request: Request, exit_code: int, stderr: str = "") -> None:
        """End the process a message is for, as a crash or the memory quota would; ``stderr`` is its last word."""
        command_id = getattr(request.body, "command_id", None)
        with self._lock:
            shell = self._shells.get(request.shell_id or "")
            commands = list(shell.commands.values()) if shell else []
        for command in commands:
            if command_id in (None, command.id):
                command.write("stderr", stderr.encode())
                command.ended(exit_code)
                if command.process is not None:
                    command.process.stop()

    def close_shell_of(self, request: Request) -> None:
        """Close the shell a message is for, as an administrator or the memory quota would."""
        with self._lock:
            shell = self._shells.get(request.shell_id or "")
        if shell is not None:
            self._close(shell)

    def _create(self, create: Create, host: str, user: str, delegates: bool) -> _Shell:
        limits = self.limits_of(host)
        idle = limits.idle_timeout_seconds if create.idle_timeout_seconds is None else create.idle_timeout_seconds
        if create.code_page in limits.refused_code_pages:
            raise Fault(fault_codes.CODE_PAGE_NOT_SUPPORTED)
        if not 0 < idle <= limits.max_idle_timeout_seconds:
            raise Fault(fault_codes.IDLE_TIMEOUT_OUT_OF_BOUNDS)
        shell = _Shell(create.shell_id or self._new_id(), host, user, delegates, idle, self.monotonic())
        with self._lock:
            mine = sum((other.host, other.user) == (host, user) for other in self._shells.values())
            if mine >= limits.max_shells_per_user:
                raise Fault(fault_codes.QUOTA_MAX_SHELLS)
            users = {other.user for other in self._shells.values() if other.host == host} | {user}
            if len(users) > limits.max_concurrent_users:
                raise Fault(fault_codes.QUOTA_MAX_USERS)
            if shell.id in self._shells:
                raise Fault(fault_codes.SCHEMA_VALIDATION_ERROR, "A shell of this id exists.")
            self._shells[shell.id] = shell
        return shell

    def _find(self, request: Request, host: str, user: str) -> _Shell:
        """Return the shell a message is for, counted as in use."""
        with self._lock:
            shell = self._shells.get(request.shell_id or "")
            if shell is None or shell.host != host:
                raise Fault(fault_codes.SHELL_NOT_FOUND)
            if shell.user != user:
                raise Fault(fault_codes.ACCESS_DENIED)
            shell.messages += 1
            shell.last_used = self.monotonic()
            return shell

    def _in_shell(self, shell: _Shell, request: Request, is_client_there: Callable[[], bool]) -> bytes:
        match request.body:
            case Run() as run:
                return soap_replies.started(request, self._run(shell, run), self._new_id())
            case Send(command_id, data, end):
                self._command(shell, command_id).send(data, end=end)
            case Receive():
                return self._receive(shell, request, request.body, is_client_there)
            case Signal(command_id, code):
                self._signal(shell, self._command(shell, command_id), code)
            case Delete():
                self._close(shell)
            case Create():
                raise Fault(fault_codes.SCHEMA_VALIDATION_ERROR)
            case _ as never:
                assert_never(never)
        return soap_replies.done(request, self._new_id())

    def _run(self, shell: _Shell, run: Run) -> str:
        command = ShellCommand(run.command_id or self._new_id(), self.monotonic)
        limits = self.limits_of(shell.host)
        with self._lock:
            running = sum(other.is_running for other in shell.commands.values())
            if shell.operations >= limits.max_operations_per_shell:
                raise Fault(fault_codes.QUOTA_MAX_OPERATIONS)
            if running >= limits.max_processes_per_shell:
                raise Fault(fault_codes.QUOTA_MAX_OPERATIONS)
            if command.id in shell.commands:
                raise Fault(fault_codes.SCHEMA_VALIDATION_ERROR, "A command of this id exists.")
            shell.operations += 1
            shell.commands[command.id] = command
            command.process = self._start(
                Launch(
                    host=shell.host,
                    user=shell.user,
                    delegates=shell.delegates,
                    command_line=run.command_line,
                    console_mode_stdin=run.console_mode_stdin,
                    memory_mb=limits.max_memory_per_shell_mb,
                    write=command.write,
                    ended=command.ended,
                )
            )
        return command.id

    def _receive(self, shell: _Shell, request: Request, receive: Receive, is_client_there: Callable[[], bool]) -> bytes:
        limits = self.limits_of(shell.host)
        envelope = min(request.max_envelope_bytes or limits.max_envelope_bytes, limits.max_envelope_bytes)
        room = soap_replies.room_for_output(envelope)
        output, exit_code = self._command(shell, receive.command_id).receive(
            receive.streams,
            room=min(room, limits.output_chunk_bytes or room),
            timeout_seconds=min(request.timeout_seconds, limits.max_timeout_seconds),
            is_client_there=is_client_there,
        )
        return soap_replies.received(request, receive.command_id, output, exit_code, self._new_id())

    def _command(self, shell: _Shell, command_id: str) -> ShellCommand:
        with self._lock:
            command = shell.commands.get(command_id)
        if command is None:
            raise Fault(fault_codes.SHELL_NOT_FOUND)
        return command

    def _signal(self, shell: _Shell, command: ShellCommand, code: str) -> None:
        """Terminate the command. Other signals need a console, which our processes do not have."""
        if code == "terminate":
            with self._lock:
                shell.commands.pop(command.id, None)
            self._end([command])

    def _close(self, shell: _Shell) -> None:
        with self._lock:
            self._shells.pop(shell.id, None)
            commands = list(shell.commands.values())
            shell.commands.clear()
        self._end(commands)

    def _end(self, commands: Sequence[ShellCommand]) -> None:
        for command in commands:
            command.close()
        with self._lock:
            self._stopping = [*(command for command in self._stopping if command.is_running), *commands]
