"""A real PowerShell as the process of a channel: the shipped bootstrap and runner, over pipes in place of WinRS."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from winrm.exceptions import WinRMOperationTimeoutError

from providers.simulator.powershell.engine import SHORT_LIVED
from providers.transport import wire
from providers.transport.session.channel import Channel
from providers.transport.session.greeting import Greeting, Runner
from providers.transport.settings import Adapter, SessionMode, target_of
from reconciler.app.simulated_world import find_powershell as find_powershell
from tests.support.transport_support import FakeTransport, connection

_LOADING = re.compile(rb"(\w+) LOADING")
OWN_MUTEX = f"$Reconciler.Mutex = 'Global\\reconciler-test-{os.getpid()}'"
"""A line after the runner: tests that go on at the same time on one machine do not wait for each other's scripts."""


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here should wait {seconds} s")


@dataclass
class PowerShellHost:
    """One process at a time, as pywinrm's Protocol would show it."""

    environment: Mapping[str, str] = field(default_factory=dict)
    poll_seconds: float = 20.0
    transport: FakeTransport = field(default_factory=FakeTransport)
    process: subprocess.Popen[bytes] | None = None
    exit_code: int | None = None
    nonce: str = ""
    """The mark of the lines of the process, from the first one."""
    received: int = 0
    """Bytes of its output so far."""

    def open_shell(self, *, codepage: int, noprofile: bool, idle_timeout: str | None) -> str:
        return "shell"

    def run_command(self, shell_id: str, command: str, arguments: tuple[str, ...], console_mode_stdin: bool) -> str:
        program = find_powershell()
        assert program is not None
        self.nonce = ""
        encoded = arguments[arguments.index("-EncodedCommand") + 1]
        self.process = subprocess.Popen(
            [program, "-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **SHORT_LIVED, **self.environment},
        )
        return "command"

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def send_command_input(self, shell_id: str, command_id: str, stdin_input: bytes, end: bool) -> None:
        stdin = self.running.stdin
        assert stdin is not None
        stdin.write(stdin_input)
        stdin.flush()
        if end:
            stdin.close()

    def get_command_output_raw(self, shell_id: str, command_id: str) -> tuple[bytes, bytes, int, bool]:
        stdout, stderr = self.running.stdout, self.running.stderr
        assert stdout is not None
        assert stderr is not None
        if not select.select([stdout], [], [], self.poll_seconds)[0]:
            raise WinRMOperationTimeoutError
        data = os.read(stdout.fileno(), 1 << 20)
        self.received += len(data)
        if data:
            if not self.nonce and (begun := _LOADING.search(data)):
                self.nonce = begun[1].decode()
            return data, b"", -1, False
        self.exit_code = self.running.wait(20)
        with stdout, stderr:
            return b"", stderr.read(), self.exit_code, True

    def told(self, data: bytes, replies: int = 1) -> list[wire.ReplyLine]:
        """Send lines past the channel; return the runner's replies to them."""
        self.send_command_input("s", "c", data, False)
        reader, found = wire.LineReader(self.nonce), list[wire.ReplyLine]()
        while len(found) < replies:
            lines = reader.feed(self.get_command_output_raw("s", "c")[0])
            found += [line for line in lines if isinstance(line, wire.ReplyLine)]
        return found

    def cleanup_command(self, shell_id: str, command_id: str) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def close_shell(self, shell_id: str) -> None:
        pass


def channel_to(
    host: PowerShellHost,
    allow: Iterable[str],
    *,
    stubs: str = "",
    adapter: Adapter = Adapter.LYNC,
    always: Mapping[str, str] | None = None,
    mode: SessionMode = SessionMode.STREAM,
    settings: str = "",
) -> Channel:
    """Return a channel whose process is a real PowerShell.

    ``stubs`` stand for what only Windows has; ``settings`` are lines that change what the runner begins with.
    """
    shipped = Runner.shipped()
    script = b"\n".join((stubs.encode("ascii"), shipped.script, OWN_MUTEX.encode("ascii"), settings.encode("ascii")))
    runner = Runner(shipped.bootstrap, script)
    target = target_of(connection(adapter=adapter, mode=mode), None)
    return Channel(Greeting(target, runner, sorted(allow), always or {}), connect=lambda: host, clock=WallClock())
