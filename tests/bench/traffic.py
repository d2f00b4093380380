"""What a plan costs on the wire: HTTP requests, bytes, and how much of its time comes after the last byte listed.

    python -m tests.bench.traffic PORT

stands between the program and the simulator at PORT on loopback, prints its own port and, when its standard input
closes, what passed. It is a process of its own, so that it takes no time from the program. Messages are sealed, so it
knows their sizes alone: a reply longer than ``LISTING`` is taken for part of a listing.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.bench.measure import ROOT, run_for_result
from tests.bench.wire import Wire

LISTING = 4096
REQUEST = b"POST /wsman"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one plan sent and received."""

    requests: int
    sent: int
    """Bytes."""
    received: int
    seconds: float
    """From the begin of the program's work to the text of the plan."""
    after_last_seconds: float
    """Of these, after the last byte of a listing."""

    @property
    def share_after(self) -> float:
        return self.after_last_seconds / self.seconds


def measure_traffic(directory: Path) -> Traffic:
    """Plan an environment in a process of its own, over the wire."""
    return Traffic(**run_for_result("traffic", str(directory)))


def traffic_of(directory: Path) -> Traffic:
    """Plan here; see ``Traffic``."""
    from dataclasses import replace

    from providers.transport.settings import ConnectionSettings
    from reconciler.app import Ports, open_workspace
    from reconciler.cli.output import Output

    began, output, between = time.monotonic(), Output(), Between()

    def through(settings: ConnectionSettings) -> ConnectionSettings:
        assert settings.via is not None
        host, port = settings.via
        return replace(settings, via=(host, between.port(port)))

    wire = Wire(directory, through)
    with closing(wire), open_workspace(directory, Ports(emit=output.emit, sessions=wire.sessions)) as workspace:
        output.plan(workspace.plan())
        ended = time.monotonic()
        began += wire.seconds
    passed = between.passed()
    last = passed.pop("last")
    return Traffic(**passed, seconds=ended - began, after_last_seconds=ended - last)


@dataclass(slots=True)
class Between:
    """The process between the program and the simulator, started when the simulator's port is known."""

    _process: subprocess.Popen[str] | None = None
    _port: int = 0

    def port(self, port: int) -> int:
        """Return the port that leads to the simulator's."""
        if self._process is None:
            command = [sys.executable, "-m", "tests.bench.traffic", str(port)]
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self._port = int(_of(self._process.stdout).readline())
        return self._port

    def passed(self) -> dict[str, Any]:
        """End the process; return what passed."""
        assert self._process is not None
        text, _ = self._process.communicate()
        told: dict[str, Any] = json.loads(text)
        return told


def _of(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


@dataclass(slots=True)
class Counter:
    """What passed so far."""

    requests: int = 0
    sent: int = 0
    received: int = 0
    last: float = 0.0
    """When the last bytes of a long reply passed, on the monotonic clock of the machine."""


@dataclass(slots=True)
class Connection:
    """What passed on one connection: a reply is what comes between two requests."""

    counter: Counter
    _reply: int = 0
    _end: bytes = field(default=b"")
    """The end of what was sent, where a header may be cut."""

    def sent(self, data: bytes) -> None:
        seen = self._end + data
        self.counter.requests += seen.count(REQUEST)
        self._end = seen[-(len(REQUEST) - 1) :]
        self.counter.sent += len(data)
        self._reply = 0

    def received(self, data: bytes) -> None:
        self.counter.received += len(data)
        self._reply += len(data)
        if self._reply > LISTING:
            self.counter.last = time.monotonic()


async def serve(port: int, lines: IO[str]) -> Counter:
    """Pass everything on to ``port`` until ``lines`` ends; print the port to connect to."""
    counter = Counter()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        one = Connection(counter)
        await asyncio.gather(_pass(reader, back, one.sent), _pass(there, writer, one.received))

    async with await asyncio.start_server(connected, "127.0.0.1", 0, backlog=64) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(lines.read)
    return counter


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Callable[[bytes], None]) -> None:
    try:
        while data := await reader.read(1 << 18):
            writer.write(data)
            await writer.drain()
            note(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


def render_traffic(mailboxes: int, traffic: Traffic) -> list[str]:
    """Return what the plan cost, in lines."""
    sent, received, share = traffic.sent / 1e6, traffic.received / 1e6, 100 * traffic.share_after
    each = traffic.received / mailboxes
    return [
        f"  no-op plan on the wire: {traffic.requests:,} HTTP requests, {sent:.2f} MB sent, {received:.2f} MB received",
        f"  ({each:,.0f} bytes a mailbox); {share:.0f} % of its time after the last byte listed",
    ]


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(serve(int(sys.argv[1]), sys.stdin)))))
