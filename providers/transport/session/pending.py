"""A request that waits for its reply, and the division of requests into bursts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from providers.transport import wire
from providers.transport.session.host_clocks import HostClocks
from reconciler.model.commands import Operation, Reply, Shell
from reconciler.model.diagnostics import SessionError
from reconciler.model.ports import Deadline, Request, granted

BURST: Final = 1000
"""The limit of requests in one burst, which also ends at the size of one Send."""
_FLUSH_LENGTH: Final = 24
"""The additional length of the last line of a burst, which requests the replies."""

_LONGEST_WINDOW: Final = (99999999.999, 99999999.999, 9999999999.999)

Result: TypeAlias = Reply | SessionError


@dataclass(slots=True)
class Pending:
    """One request, with its result once there is one."""

    request: Request
    wire_id: str
    deadline: Deadline | None = None
    """The latest time to begin, from its permit; it is the same for each repeated send."""
    assembly: wire.Assembly = field(default_factory=wire.Assembly)
    result: Result | None = None
    was_sent: bool = False
    length: int = field(init=False)
    """The greatest length of its line, unless it is the last of a burst."""

    def __post_init__(self) -> None:
        window = _LONGEST_WINDOW if self.request.permit is not None else None
        self.length = len(wire.encode(wire.request_json(self.request, self.wire_id, window, False)))

    def line(self, clocks: HostClocks, *, flush: bool) -> bytes:
        """Return the request line. Its deadline is converted to the clocks of the host."""
        window = None if self.deadline is None else clocks.window(self.deadline)
        return wire.encode(wire.request_json(self.request, self.wire_id, window, flush))

    @property
    def is_script(self) -> bool:
        return self.request.command.operation is Operation.SCRIPT


def lines(burst: Sequence[Pending], clocks: HostClocks) -> bytes:
    """Return the lines of a burst; the last one asks the runner to write out its replies."""
    last = len(burst) - 1
    return b"".join(one.line(clocks, flush=index == last) for index, one in enumerate(burst))


def ask_permission(burst: Sequence[Pending], shell: Shell | None, lead_seconds: float = 0.0) -> None:
    """Get the deadlines for a burst in ``shell`` from the permits, and note them.

    Raises:
        LeaseLost, StateError: nothing may be sent.
    """
    if shell is None:
        raise RuntimeError("the process was not started")
    deadlines = granted([one.request for one in burst], shell, lead_seconds)
    for one in burst:
        one.deadline = deadlines.get(one.request.id)


def earliest(burst: Sequence[Pending]) -> Deadline | None:
    """Return the first deadline of a burst; None if it has none."""
    return min((one.deadline for one in burst if one.deadline), key=lambda one: one.monotonic, default=None)


def bursts(
    pending: Sequence[Pending], *, most: int = BURST, most_bytes: int = wire.SEND_LIMIT
) -> Iterator[list[Pending]]:
    """Cut the requests, in order, into bursts. The replies of a burst are read before the next one is sent.

    A script is a separate burst: it takes minutes, and the deadlines of later requests would pass.
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
