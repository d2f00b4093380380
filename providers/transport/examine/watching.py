"""A watcher between a channel and its library: notes how far a session came, and the standard error of PowerShell.

If a session cannot be opened, the channel reports one error. The messages that were answered before show which step
failed.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from winrm.exceptions import WinRMTransportError, WSManFaultError

from providers.transport.wsman.fault_tables import Phase
from providers.transport.wsman.winrs import HTTPSession, WinRS
from reconciler.model.diagnostics import (
    AccessDenied,
    AuthenticationFailed,
    NotWinRM,
    SessionError,
    Throttled,
    Unreachable,
    UntrustedServer,
)
from reconciler.model.findings import Check

Result = TypeVar("Result")

_STDERR_LIMIT: Final = 65536
_PIPE_CLOSED: Final = frozenset({109, 232})


@dataclass(slots=True)
class Trace:
    """The observations of the watcher on one host."""

    answered: set[Phase] = field(default_factory=set)
    speaks_http: bool = False
    """True once there was any HTTP reply."""
    stderr: bytearray = field(default_factory=bytearray)
    exit_code: int | None = None
    """The exit code of a PowerShell that ended by itself."""

    def take(self, stderr: bytes, code: int, *, done: bool) -> None:
        self.stderr += stderr[: max(0, _STDERR_LIMIT - len(self.stderr))]
        if done and self.exit_code is None:
            self.exit_code = code

    @property
    def language(self) -> str | None:
        """The language mode in PowerShell's error ids, which are not translated."""
        said = re.sub(r"<[^>]*>|_x00[0-9A-Fa-f]{2}_|\s", "", self.stderr.decode("utf-8", "replace"))
        found = re.search(r"(Constrained|Restricted|No)Language", said)
        return found[0] if found else None


class Watcher:
    """Passes messages on. Notes the answered ones, and the text that PowerShell writes to standard error."""

    def __init__(self, watched: WinRS, trace: Trace) -> None:
        self._watched, self._trace = watched, trace

    @property
    def transport(self) -> HTTPSession:
        return self._watched.transport

    def open_shell(self, *, codepage: int, noprofile: bool, idle_timeout: str | None) -> str:
        try:
            shell = self._watched.open_shell(codepage=codepage, noprofile=noprofile, idle_timeout=idle_timeout)
        finally:
            self._trace.speaks_http |= self.transport.was_answered
        return self._noted(Phase.CREATE, shell)

    def run_command(self, shell_id: str, command: str, arguments: tuple[str, ...], console_mode_stdin: bool) -> str:
        started = self._watched.run_command(shell_id, command, arguments, console_mode_stdin=console_mode_stdin)
        return self._noted(Phase.COMMAND, started)

    def send_command_input(self, shell_id: str, command_id: str, stdin_input: bytes, end: bool) -> None:
        try:
            self._watched.send_command_input(shell_id, command_id, stdin_input, end)
        except WSManFaultError as error:
            if {error.wsman_fault_code, error.wmierror_code} & _PIPE_CLOSED:
                self._read_last_words(shell_id, command_id)
            raise

    def _read_last_words(self, shell_id: str, command_id: str) -> None:
        """A process that no longer reads has ended. Its last output says why."""
        with suppress(Exception):
            self.get_command_output_raw(shell_id, command_id)

    def get_command_output_raw(self, shell_id: str, command_id: str) -> tuple[bytes, bytes, int, bool]:
        stdout, stderr, code, done = self._watched.get_command_output_raw(shell_id, command_id)
        self._trace.take(stderr, code, done=done)
        return stdout, stderr, code, done

    def cleanup_command(self, shell_id: str, command_id: str) -> None:
        self._watched.cleanup_command(shell_id, command_id)

    def close_shell(self, shell_id: str) -> None:
        self._watched.close_shell(shell_id)

    def _noted(self, phase: Phase, result: Result) -> Result:
        self._trace.answered.add(phase)
        return result


def failed_step(error: SessionError, trace: Trace) -> Check:
    """Return the step at which the session ended."""
    if Phase.COMMAND in trace.answered:
        if error.record is not None:
            return Check.ADAPTER
        return Check.LANGUAGE if trace.language else Check.POWERSHELL
    if Phase.CREATE in trace.answered:
        return Check.POWERSHELL
    match error:
        case AuthenticationFailed():
            return Check.LOGON
        case UntrustedServer():
            return Check.TLS
        case NotWinRM() | Unreachable():
            return Check.WINRM
        case AccessDenied() | Throttled():
            return Check.SHELL
    match error.__cause__:
        case WSManFaultError():
            return Check.SHELL
        case WinRMTransportError():  # HTTP, and not of a service that knows what it was asked
            return Check.WINRM
    return Check.LOGON
