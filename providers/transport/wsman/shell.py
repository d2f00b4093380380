"""One WinRS shell with one powershell.exe: sends and receives bytes.

It repeats messages if this is harmless. It repeats only messages, never their effect. A Receive is always sent again. A
Send is sent again if the service certainly did not accept it. A connection with a broken seal is replaced; the process
on the server continues. If the service may have accepted a message, the channel asks for its outcome by id.

A shell belongs to the account that opened it, not to a client. So a later run ends a shell that another run left
behind: its PowerShell ends with it, the host refuses later messages to it, and its waiting commands cannot begin.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from winrm.exceptions import WSManFaultError

from providers.transport import wire
from providers.transport.settings import Target
from providers.transport.wsman.fault_tables import FAULTS, Class, Cure, Phase
from providers.transport.wsman.faults import Judgement, judge
from providers.transport.wsman.winrs import WinRS
from reconciler.model.commands import Shell
from reconciler.model.diagnostics import AuthenticationFailed, SessionError
from reconciler.model.ports import Clock, Deadline

Result = TypeVar("Result")

CODE_PAGES: Final = (65001, 437)
IDLE_TIMEOUT: Final = "PT900S"
"""The shell of a dead client ends after this long, with everything in it."""
ARGUMENTS: Final = ("-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-EncodedCommand")
BUSY_TRIES: Final = 3
SEAL_TRIES: Final = 3
"""How often one message is sealed again; each time needs a logon."""
DELETE_TRIES: Final = 2
STDERR_KEPT: Final = 4096
"""Bytes of standard error that are kept to explain why a process ended."""
QUIET_SECONDS: Final = 1.0
"""If an empty long poll ends sooner than this, the next one waits."""


class Gone(Exception):
    """The shell or its process has ended, or can no longer be used. ``error`` says why."""

    def __init__(self, error: SessionError) -> None:
        super().__init__(str(error))
        self.error = error


class NotTaken(Gone):
    """The service refused a Send operation: the process read none of its input."""


class Ended(Gone):
    """The process has ended and no longer reads its input. Its last output can still be received."""


class TooLate(Exception):
    """The deadline passed before anything was sent."""


class Unconfirmed(Exception):
    """The reply to a Send operation is missing: the host may have accepted all of the input, a part of it, or none."""


@dataclass(frozen=True, slots=True)
class Output:
    """The result of one Receive operation."""

    stdout: bytes = b""
    stderr: bytes = b""
    """The end of all standard error so far."""
    done: bool = False
    exit_code: int = -1
    lost: SessionError | None = None
    """The error that lost the reply and its output."""


class ShellProcess:
    """A running powershell.exe. Not thread-safe, because sealing allows only one message at a time."""

    def __init__(self, protocol: WinRS, target: Target, *, clock: Clock, is_stopped: Callable[[], bool]) -> None:
        self._protocol, self._target = protocol, target
        self._clock, self._is_stopped = clock, is_stopped
        self._shell: str | None = None
        self._command: str | None = None
        self._has_ended = False
        self._last_message = clock.monotonic()
        self._stderr = b""

    @property
    def idle_seconds(self) -> float:
        """How long ago the last message was answered."""
        return self._clock.monotonic() - self._last_message

    @property
    def shell(self) -> Shell | None:
        """The shell on its host, as another run can find it; None while there is none. Any thread may read it."""
        name, target = self._shell, self._target
        return None if name is None else Shell(target.endpoint, name, target.settings.user)

    # --- opening

    def start(self, bootstrap: str) -> None:
        """Open the shell and start PowerShell in it.

        Raises:
            SessionError: PowerShell did not start; nothing is left running.
        """
        try:
            self._shell = self._open_shell()
            self._command = self._run(self._shell, (*ARGUMENTS, wire.encoded_command(bootstrap)))
        except SessionError:
            self.close()
            raise

    def _open_shell(self) -> str:
        page: int = CODE_PAGES[0]
        idle: str | None = IDLE_TIMEOUT
        while True:
            try:
                return self._answered(self._protocol.open_shell(codepage=page, noprofile=False, idle_timeout=idle))
            except Exception as error:
                judgement = self._judge(error, Phase.CREATE)
                if judgement.cure is Cure.OTHER_CODE_PAGE and page != CODE_PAGES[1]:
                    page = CODE_PAGES[1]
                elif judgement.cure is Cure.NO_IDLE_TIMEOUT and idle is not None:
                    idle = None
                else:
                    raise judgement.error from error

    def _run(self, shell: str, arguments: tuple[str, ...]) -> str:
        """Start PowerShell; try once more over a new connection if the old one was closed after the Create."""
        is_again = False
        while True:
            try:
                name = self._protocol.run_command(shell, "powershell.exe", arguments, console_mode_stdin=False)
                return self._answered(name)
            except Exception as error:
                judgement = self._judge(error, Phase.COMMAND)
                if is_again or judgement.kind is not Class.SAFE or judgement.cure is not Cure.RECONNECT:
                    raise judgement.error from error
                is_again = True

    # --- streaming

    def send(self, data: bytes, *, end: bool = False, until: Deadline | None = None) -> None:
        """Write ``data`` to standard input, in as many messages as it takes; ``end`` closes it.

        Args:
            until: no message is sent after this, because the runner would refuse its changes.

        Raises:
            Unconfirmed: the host may have received only a part of it.
            TooLate: the deadline passed before any of it was sent.
            NotTaken: the service refused it, and the process read none of it.
            Gone: the process is gone.
        """
        chunks = list(wire.pieces(data)) or [b""]
        for index, chunk in enumerate(chunks):
            self._send_chunk(chunk, end and index == len(chunks) - 1, is_first=index == 0, until=until)

    def _send_chunk(self, chunk: bytes, end: bool, *, is_first: bool, until: Deadline | None) -> None:
        shell, command = self._ids()
        tries = self._tries()
        while True:
            if until is not None and until.left_seconds(self._clock) <= 0:
                raise (TooLate if is_first else Unconfirmed)
            try:
                self._protocol.send_command_input(shell, command, chunk, end)
                return self._answered(None)
            except Exception as error:
                judgement = self._judge(error, Phase.SEND)
                if judgement.kind is Class.AMBIG:
                    raise Unconfirmed from error
                if tries.are_over(judgement) or judgement.kind is not Class.SAFE or self._is_stopped():
                    raise _refused(judgement, is_first=is_first)(judgement.error) from error
                self._pause(judgement, tries)

    def receive(self) -> Output:
        """Return the next output of the process; wait for it no longer than one long poll.

        Raises:
            Gone: the process is gone, or cannot be reached for too long.
        """
        shell, command = self._ids()
        tries = self._tries()
        while True:
            began = self._clock.monotonic()
            try:
                found = self._protocol.get_command_output_raw(shell, command)
                stdout, stderr, code, done = self._answered(found)
                self._stderr = (self._stderr + stderr)[-STDERR_KEPT:]
                self._has_ended = done
                if not (stdout or stderr or done):
                    self._not_at_once(began)
                return Output(stdout, self._stderr, done, code)
            except Exception as error:
                judgement = self._judge(error, Phase.RECEIVE)
                if judgement.kind is Class.POLL and judgement.cure is Cure.NONE and not judgement.delay_seconds:
                    self._answered(None)
                    self._not_at_once(began)
                    return Output()
                are_over = tries.are_over(judgement)
                if judgement.output_lost:
                    self._pause(judgement, tries)
                    return Output(lost=judgement.error)
                if are_over or judgement.kind not in (Class.POLL, Class.SAFE) or self._is_stopped():
                    raise Gone(judgement.error) from error
                self._pause(judgement, tries)

    def _answered(self, answer: Result) -> Result:
        self._last_message = self._clock.monotonic()
        return answer

    def _judge(self, error: Exception, phase: Phase) -> Judgement:
        judgement = judge(error, phase, self._target.place, self._target.secrets)
        if judgement.cure is Cure.RECONNECT:
            self._protocol.transport.close_session()
        return judgement

    def _tries(self) -> _Tries:
        return _Tries(self._clock, self._clock.monotonic() + self._target.settings.deadlines.reconnect)

    def _pause(self, judgement: Judgement, tries: _Tries) -> None:
        """Wait as long as the failure requires. If it requires no wait, only the second try follows at once."""
        deadlines = self._target.settings.deadlines
        delay = deadlines.busy if judgement.cure is Cure.BUSY else judgement.delay_seconds
        delay = delay or (QUIET_SECONDS if tries.failed > 1 else 0.0)
        if delay:
            self._clock.sleep(delay)

    def _not_at_once(self, began: float) -> None:
        """Wait before the next poll if the empty poll that started at ``began`` ended too soon."""
        too_soon = QUIET_SECONDS - (self._clock.monotonic() - began)
        if too_soon > 0:
            self._clock.sleep(too_soon)

    def _ids(self) -> tuple[str, str]:
        """Return shell and command. A connection that idled too long is dropped: the server may have closed it."""
        if self._shell is None or self._command is None:
            raise RuntimeError("the process was not started")
        if self.idle_seconds > self._target.settings.deadlines.idle:
            self._protocol.transport.close_session()
        return self._shell, self._command

    # --- closing

    def close(self) -> None:
        """End the command, delete the shell, close the connection: in this order, also if one of them fails.

        A finished command is not ended again: deleting its shell removes it.
        """
        shell, command = self._shell, self._command
        self._shell = self._command = None
        try:
            is_reachable = True
            if shell is not None and command is not None and not self._has_ended:
                failed = self._closing(lambda: self._protocol.cleanup_command(shell, command), Phase.SIGNAL)
                is_reachable = failed is None or failed.reached
            if shell is not None and is_reachable:
                self._delete(shell)
        finally:
            with suppress(Exception):
                self._protocol.transport.close_session()

    def _delete(self, shell: str) -> None:
        """Delete the shell; try twice, because a shell that stays counts against the account's quota."""
        for left in reversed(range(DELETE_TRIES)):
            judgement = self._closing(lambda: self._protocol.close_shell(shell), Phase.DELETE)
            if judgement is None or not left:
                return
            self._protocol.transport.close_session()
            self._clock.sleep(min(judgement.delay_seconds, QUIET_SECONDS))

    def _closing(self, message: Callable[[], None], phase: Phase) -> Judgement | None:
        """Send a message whose failure does no harm; return the judgement of the failure, or None."""
        try:
            message()
        except Exception as error:
            return self._judge(error, phase)
        return None


def _refused(judgement: Judgement, *, is_first: bool) -> type[Gone]:
    if judgement.has_ended:
        return Ended
    return NotTaken if is_first and judgement.unread else Gone


@dataclass(slots=True)
class _Tries:
    """The number and kinds of failures of one message."""

    clock: Clock
    give_up: float
    failed: int = 0
    _busy: int = 0
    _refused: int = 0
    _seals: int = 0

    def are_over(self, judgement: Judgement) -> bool:
        """Count a failure; return True if the message must not be sent again."""
        self.failed += 1
        self._busy += judgement.cure is Cure.BUSY
        self._refused += isinstance(judgement.error, AuthenticationFailed)
        self._seals += judgement.lost_seal
        is_limit_reached = self._busy > BUSY_TRIES or self._refused > 1 or self._seals > SEAL_TRIES
        return is_limit_reached or self.clock.monotonic() >= self.give_up


TRIES: Final = 2


def end_shell(protocol: WinRS, name: str, place: str, *, is_ours: bool) -> bool:
    """End the shell; return True if it certainly no longer exists.

    ``is_ours``: our account certainly opened it. A service may deny that the shell of another account exists.
    """
    try:
        for _ in range(TRIES):
            try:
                protocol.close_shell(name)
                return True
            except Exception as error:
                if _is_unknown_shell(error):
                    return is_ours
                if not judge(error, Phase.DELETE, place).reached:
                    return False
                protocol.transport.close_session()
        return False
    finally:
        with suppress(Exception):
            protocol.transport.close_session()


def _is_unknown_shell(error: Exception) -> bool:
    if not isinstance(error, WSManFaultError):
        return False
    codes = {error.wsman_fault_code, error.wmierror_code}
    return any(row.unread for code, row in FAULTS.items() if code in codes)
