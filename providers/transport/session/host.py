"""The common values of all processes on one host: its place, its clocks, and the time limits for answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from providers.transport.session.endings import Endings
from providers.transport.session.host_clocks import HostClocks
from providers.transport.settings import Deadlines, Target
from providers.transport.wsman.shell import Gone
from reconciler.model.ports import Clock


@dataclass(frozen=True, slots=True)
class Host:
    """One host, for the processes of one channel."""

    target: Target
    clock: Clock
    clocks: HostClocks
    endings: Endings
    is_stopped: Callable[[], bool]
    """True after the end of the run: then no more requests are sent."""

    @property
    def deadlines(self) -> Deadlines:
        return self.target.settings.deadlines


class Watch:
    """The time limit for an answer."""

    def __init__(self, host: Host, seconds: float) -> None:
        self._host = host
        self.allow(seconds)

    def allow(self, seconds: float) -> None:
        """Wait for ``seconds`` from now on."""
        self._deadline = self._host.clock.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return self._host.clock.monotonic() >= self._deadline

    def check(self) -> None:
        """Raise Gone if the run was stopped or the time is over."""
        if self._host.is_stopped():
            raise Gone(self._host.endings.stopped())
        if self.is_over:
            raise Gone(self._host.endings.lost("it gave no answer within the time limit"))
