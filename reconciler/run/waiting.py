"""One wait of a run for what it cannot hasten: told when it changes, looked at less often the longer it lasts."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.events import Waiting
from reconciler.model.ports import Clock, Emit, Stop

_OFTEN, _SELDOM = 10.0, 30.0
"""The longest pause between two looks, in seconds: in the first minutes, and later."""
_MINUTES = 300.0


@dataclass(slots=True)
class Wait:
    """A wait of the step ``who``, which the operator ends by asking ``level`` times to stop."""

    who: str
    emit: Emit
    clock: Clock
    stop: Stop
    level: int = 2
    pause: float = 0.25
    began: float = field(init=False)
    _told: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.monotonic()

    @property
    def is_ended(self) -> bool:
        """True where the operator does not want to wait any longer."""
        return self.stop.level() >= self.level

    @property
    def seconds(self) -> float:
        """How long it lasts by now."""
        return self.clock.monotonic() - self.began

    def tell(self, reason: str) -> None:
        """Say what is waited for, unless that was said last."""
        if reason != self._told:
            self._told = reason
            self.emit(Waiting(self.who, reason))

    def rest(self) -> None:
        """Sleep until the next look."""
        self.sleep(self.pause)
        self.pause = min(self.pause * 2, _OFTEN if self.seconds < _MINUTES else _SELDOM)

    def sleep(self, seconds: float) -> None:
        """Sleep, but not on after the wait is ended."""
        end = self.clock.monotonic() + seconds
        while not self.is_ended and (left := end - self.clock.monotonic()) > 0:
            self.clock.sleep(min(left, 1.0))
