"""A wait of a run: announces each new reason, and makes longer pauses between reads the longer it lasts."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.events import Waiting
from reconciler.model.ports import Clock, Emit, Stop

_OFTEN, _SELDOM = 10.0, 30.0
"""The longest pause between two reads in seconds: in the first minutes, and later."""
_MINUTES = 300.0


@dataclass(slots=True)
class Wait:
    """A wait of the step ``who``. The operator ends it with ``level`` requests to stop."""

    who: str
    emit: Emit
    clock: Clock
    stop: Stop
    level: int = 2
    pause: float = 0.25
    began: float = field(init=False)
    _reason: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.monotonic()

    @property
    def is_ended(self) -> bool:
        """True after the operator asked to stop."""
        return self.stop.level() >= self.level

    @property
    def seconds(self) -> float:
        """The duration so far."""
        return self.clock.monotonic() - self.began

    def announce(self, reason: str) -> None:
        """Emit the reason of the wait, unless it is the last one."""
        if reason != self._reason:
            self._reason = reason
            self.emit(Waiting(self.who, reason))

    def rest(self) -> None:
        """Sleep until the next read."""
        self.sleep(self.pause)
        self.pause = min(self.pause * 2, _OFTEN if self.seconds < _MINUTES else _SELDOM)

    def sleep(self, seconds: float) -> None:
        """Sleep, at most until the operator ends the wait."""
        end = self.clock.monotonic() + seconds
        while not self.is_ended and (left := end - self.clock.monotonic()) > 0:
            self.clock.sleep(min(left, 1.0))
