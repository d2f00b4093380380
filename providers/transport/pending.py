"""A request on its way, and how many of them travel together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from providers.transport import wire
from reconciler.errors import SessionError
from reconciler.ports import Request
from reconciler.values import Operation, Reply

BURST: Final = 1000
"""Requests of one burst, at most; it also ends at the size of one Send."""
_FLUSH_LENGTH: Final = 24
"""By how much the last line of a burst is longer, no less: it asks for the replies."""

Result: TypeAlias = Reply | SessionError


@dataclass(slots=True)
class Pending:
    """One request, with what has come of it so far."""

    request: Request
    wire_id: str
    expires_at: float | None = None
    """By our clock; counted from the first send."""
    assembly: wire.Assembly = field(default_factory=wire.Assembly)
    result: Result | None = None
    was_sent: bool = False
    length: int = field(init=False)
    """How long its line is, where it is not the last of a burst; one sent again may be shorter."""

    def __post_init__(self) -> None:
        told = wire.request_json(self.request, self.wire_id, self.request.expires_in_seconds, False)
        self.length = len(wire.encode(told))

    def line(self, now: float, *, flush: bool) -> bytes:
        """Return the request line; sent again, it allows only what is left of its time."""
        limit = self.request.expires_in_seconds
        if limit is not None:
            if self.expires_at is None:
                self.expires_at = now + limit
            limit = max(0.0, round(self.expires_at - now, 3))
        return wire.encode(wire.request_json(self.request, self.wire_id, limit, flush))

    @property
    def is_script(self) -> bool:
        return self.request.command.operation is Operation.SCRIPT


def lines(burst: Sequence[Pending], now: float) -> bytes:
    """Return the lines of a burst; the last one asks the runner to write out its replies."""
    last = len(burst) - 1
    return b"".join(one.line(now, flush=index == last) for index, one in enumerate(burst))


def bursts(
    pending: Sequence[Pending], *, most: int = BURST, most_bytes: int = wire.SEND_LIMIT
) -> Iterator[list[Pending]]:
    """Cut the requests, in order, into what is sent before replies are awaited.

    A script goes alone: it takes minutes, in which what came after it would expire.
    """
    burst: list[Pending] = []
    size = _FLUSH_LENGTH
    for one in pending:
        is_full = len(burst) >= most or size + one.length > most_bytes
        if burst and (is_full or one.is_script or burst[-1].is_script):
            yield burst
            burst, size = [], _FLUSH_LENGTH
        burst.append(one)
        size += one.length
    if burst:
        yield burst
