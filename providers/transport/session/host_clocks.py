"""The clocks of a host, as far as its answers tell them: for deadlines that hold there, however a message is delayed.

An answer that tells the clocks was written before it arrived, so a moment reckoned from it is never later than the one
meant; how much too early, depends on how long the answer took. The best answer so far is kept. Between two answers time
is counted by our own clock, which may run a little faster than the host's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.model.ports import Clock, Deadline

DRIFT: Final = 0.0005
"""By how much two clocks may run apart; quartz keeps ten times closer."""
SET_SECONDS: Final = 0.5
"""A time of day that moved so far against the uptime was set."""


@dataclass(frozen=True, slots=True)
class _Reading:
    uptime: float
    time: float
    at: float
    """By our clock, when the answer was here."""

    def lag(self, now: float) -> float:
        """Return by how much the uptime reckoned from this reading falls behind our clock, at most."""
        return self.at - self.uptime + DRIFT * (now - self.at)

    def was_set_before(self, later: _Reading) -> bool:
        """True where the host was restarted, or its time of day set, between this reading and ``later``."""
        return abs((later.time - later.uptime) - (self.time - self.uptime)) > SET_SECONDS


class HostClocks:
    """What one channel knows of the clocks of its host."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reading: _Reading | None = None

    @property
    def is_known(self) -> bool:
        return self._reading is not None

    def note(self, told: object) -> None:
        """Take in what an answer that arrived right now tells; what is no pair of clocks tells nothing."""
        if not (isinstance(told, list | tuple) and len(told) == 2 and all(_is_number(one) for one in told)):
            return
        now = self._clock.monotonic()
        reading, known = _Reading(float(told[0]), float(told[1]), now), self._reading
        if known is None or known.was_set_before(reading) or reading.lag(now) <= known.lag(now):
            self._reading = reading

    def window(self, deadline: Deadline) -> list[float]:
        """Return when a command may begin, as the host's clocks will say: not before, not from, and not from (by the
        time of day) on.

        Raises:
            RuntimeError: no answer has told the clocks yet.
        """
        known = self._reading
        if known is None:
            raise RuntimeError("the host was not asked for its clocks")
        age = self._clock.monotonic() - known.at
        ahead = age * (1 - DRIFT) + deadline.left_seconds(self._clock)
        return [round(one, 3) for one in (known.uptime, known.uptime + ahead, known.time + ahead)]


def _is_number(told: object) -> bool:
    return isinstance(told, int | float) and not isinstance(told, bool) and abs(told) < 1e12
