"""One command of a shell: its process, its output that was not fetched yet, and the Receive that waits for it.

A Receive is a long poll: it waits for output, for the end of the command, or for the operation timeout, which is a
fault and yet the normal idle state. It is destructive: what one reply carried is not sent again.

Source: MS-WSMV 3.1.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from providers.simulator.wire import fault_codes
from providers.simulator.wire.fault_codes import Fault

_LOOK_AT_CLIENT_SECONDS: Final = 0.25
"""How often a waiting Receive looks whether its client is still there."""


class Process(Protocol):
    """A process that a command line started."""

    def feed(self, data: bytes, *, end: bool) -> None:
        """Write to its standard input; ``end`` closes it. Never waits for the process."""

    def stop(self) -> None:
        """Ask it to end without carrying out what is still queued."""

    def join(self) -> None:
        """Wait for its end, but not for a cmdlet that takes long."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What a process is started with. Both callables may be called from any thread."""

    host: str
    user: str
    delegates: bool
    """Whether the user's credential reaches beyond the host."""
    command_line: str
    console_mode_stdin: bool
    memory_mb: int = field(default=1024, kw_only=True)
    """What its shell allows it."""
    write: Callable[[str, bytes], None]
    """Takes ``stdout`` or ``stderr`` and bytes."""
    ended: Callable[[int], None]
    """Takes the exit code, as signed 32 bits."""


Start = Callable[[Launch], Process]


class ShellCommand:
    """One command: its process, its output that was not fetched yet, and the Receive that waits for it."""

    def __init__(self, command_id: str, monotonic: Callable[[], float]) -> None:
        self.id = command_id
        self.process: Process | None = None
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._output = {"stdout": bytearray(), "stderr": bytearray()}
        self._exit_code: int | None = None
        self._closed = False
        self._receiving = False

    def write(self, stream: str, data: bytes) -> None:
        with self._changed:
            self._output[stream] += data
            self._changed.notify_all()

    def ended(self, exit_code: int) -> None:
        with self._changed:
            if self._exit_code is None:
                self._exit_code = exit_code
            self._changed.notify_all()

    @property
    def is_running(self) -> bool:
        return self._exit_code is None

    def send(self, data: bytes, *, end: bool) -> None:
        if self._exit_code is not None or self.process is None:
            raise Fault(fault_codes.PIPE_CLOSING)
        self.process.feed(data, end=end)

    def close(self) -> None:
        """End the process; a Receive that waits is answered as aborted."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self.process is not None:
            self.process.stop()

    def receive(
        self, streams: Sequence[str], *, room: int, timeout_seconds: float, is_client_there: Callable[[], bool]
    ) -> tuple[list[tuple[str, bytes]], int | None]:
        """Return the next output of at most ``room`` bytes, and the exit code once nothing comes after it.

        Raises:
            Fault: nothing came in time, the command was closed, or another Receive waits already.
        """
        with self._changed:
            if self._receiving:
                raise Fault(fault_codes.RECEIVE_IN_PROGRESS)
            self._receiving = True
            try:
                self._wait_for_output(streams, timeout_seconds, is_client_there)
                if self._closed or not is_client_there():
                    raise Fault(fault_codes.OPERATION_ABORTED)
                output = self._take(streams, room)
                drained = not any(self._output[name] for name in self._output if name in streams)
                return output, self._exit_code if drained else None
            finally:
                self._receiving = False

    def _wait_for_output(
        self, streams: Sequence[str], timeout_seconds: float, is_client_there: Callable[[], bool]
    ) -> None:
        def is_something() -> bool:
            return self._closed or self._exit_code is not None or any(self._output.get(name) for name in streams)

        deadline = self._monotonic() + timeout_seconds
        while not is_something():
            remaining = deadline - self._monotonic()
            if remaining <= 0:
                raise Fault(fault_codes.OPERATION_TIMED_OUT)
            self._changed.wait(min(remaining, _LOOK_AT_CLIENT_SECONDS))
            if not is_client_there():
                raise Fault(fault_codes.OPERATION_ABORTED)

    def _take(self, streams: Sequence[str], room: int) -> list[tuple[str, bytes]]:
        taken = []
        for name in ("stdout", "stderr"):
            waiting = self._output[name]
            if name in streams and waiting and room > 0:
                taken.append((name, bytes(waiting[:room])))
                room -= len(taken[-1][1])
                del waiting[: len(taken[-1][1])]
        return taken
