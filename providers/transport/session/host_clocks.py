"""The clocks of a host, read from its replies.

Deadlines in these clocks are valid on the host even if a message is delayed.

A reply was written before it arrived. So a deadline computed from its clocks is never too late. It is too early by the
travel time of the reply. The best reply so far is kept. Between two replies our own clock is used, which may run a
little faster than the host's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.model.ports import Clock, Deadline

DRIFT: Final = 0.0005
"""How far two clocks may drift apart, per second; quartz is ten times better."""
SET_SECONDS: Final = 0.5
"""If the time of day moved this far against the uptime, somebody has set it."""


@dataclass(frozen=True, slots=True)
class _Reading:
    uptime: float
    time: float
    at: float
    """Our clock when the reply arrived."""

    def lag(self, now: float) -> float:
        """Return how far the uptime computed from this reading lags behind our clock, at most."""
        return self.at - self.uptime + DRIFT * (now - self.at)

    def was_set_before(self, later: _Reading) -> bool:
        """True if the host was restarted, or its time of day set, between this reading and ``later``."""
        return abs((later.time - later.uptime) - (self.time - self.uptime)) > SET_SECONDS


class HostClocks:
    """The clocks of a host, as one channel knows them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reading: _Reading | None = None

    @property
    def is_known(self) -> bool:
        return self._reading is not None

    def note(self, pair: object) -> None:
        """Note the clocks of a reply that arrived just now; anything but a pair of numbers is ignored."""
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and all(_is_number(one) for one in pair)):
            return
        now = self._clock.monotonic()
        reading, known = _Reading(float(pair[0]), float(pair[1]), now), self._reading
        if known is None or known.was_set_before(reading) or reading.lag(now) <= known.lag(now):
            self._reading = reading

    def window(self, deadline: Deadline) -> list[float]:
        """Return when a command may begin: its earliest and latest uptime, and its latest time of day.

        Raises:
            RuntimeError: no reply has had the clocks yet.
        """
        known = self._reading
        if known is None:
            raise RuntimeError("the clocks of the host are not known yet")
        age = self._clock.monotonic() - known.at
        ahead = age * (1 - DRIFT) + deadline.left_seconds(self._clock)
        return [round(one, 3) for one in (known.uptime, known.uptime + ahead, known.time + ahead)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
