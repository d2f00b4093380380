"""The servers that the peer's provider talks to: rows by key over HTTP, at the delays and slots of our simulator.

    python -m tests.bench.remote WRITE_MS READ_MS SLOTS

prints its port, serves on loopback and ends when its standard input closes. It is as cheap as can be, which favours
the peer: no SOAP, no sealing, no cmdlets. A read by key, a page of any number of rows and a write each cost one delay.

    GET /rows/KEY    PUT /rows/KEY    GET /rows?skip=N&take=N    GET /counts
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROWS = "/rows/"


@dataclass(slots=True)
class Remote:
    """The rows, and how many reads, pages and writes there were."""

    write_seconds: float
    read_seconds: float
    slots: asyncio.Semaphore
    rows: dict[str, bytes] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    async def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer, after the time that it costs."""
        where = urlsplit(target)
        key = where.path.removeprefix(ROWS)
        match method, where.path:
            case "GET", "/counts":
                return 200, json.dumps(self.counts).encode()
            case "GET", "/rows":
                await self._work("pages", self.read_seconds)
                asked = {name: int(values[0]) for name, values in parse_qs(where.query).items()}
                page = islice(self.rows.values(), asked["skip"], asked["skip"] + asked["take"])
                return 200, b"[" + b",".join(page) + b"]"
            case "GET", _:
                await self._work("reads", self.read_seconds)
                return (200, self.rows[key]) if key in self.rows else (404, b"")
            case "PUT", _:
                await self._work("writes", self.write_seconds)
                self.rows[key] = body
                return 200, b""
        return 405, b""

    async def _work(self, kind: str, seconds: float) -> None:
        self.counts[kind] += 1
        async with self.slots:
            await asyncio.sleep(seconds)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it closes."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
                method, target, _ = head[0].split(" ")
                lengths = [line.partition(":")[2] for line in head if line.lower().startswith("content-length:")]
                status, body = await self.answer(method, target, await reader.readexactly(int((lengths or ["0"])[0])))
                writer.write(b"HTTP/1.1 %d -\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _serve(write_ms: float, read_ms: float, slots: int) -> None:
    remote = Remote(write_ms / 1000, read_ms / 1000, asyncio.Semaphore(slots))
    server = await asyncio.start_server(remote.serve, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)


def main(arguments: list[str]) -> Any:
    write_ms, read_ms, slots = arguments
    asyncio.run(_serve(float(write_ms), float(read_ms), int(slots)))


if __name__ == "__main__":
    main(sys.argv[1:])
