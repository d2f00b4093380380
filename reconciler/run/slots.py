"""Finds out how many batches of commands each host runs well at the same time.

Only the upper limit is configured. A host begins with a few slots. Each batch that is as fast as the fastest ones adds
a slot, so the number doubles with each round, as in TCP's slow start. Where commands take much longer, the host only
queues them: the number falls to what the host really runs at once, and then grows slowly. Where the host throttles, the
number is halved. Slow answers never take the last ``FEW`` slots, because a host may be slow for reasons of its own.

The size of a batch follows from the seconds of a command: a batch lasts a second or two, so a request to stop is soon
heeded, and its messages and its journal cost little. Batches get smaller towards the end of a step, so that all slots
end together.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from reconciler.model.commands import Endpoint

FEW: Final = 4
"""The slots of a host at first."""
FIRST_BATCH: Final = 1
"""Actions in a batch while the seconds of a command are unknown."""
LARGEST_BATCH: Final = 100
USUAL_SECONDS: Final = 0.1
"""The time of a write before any was measured: cmdlets take 50 to 300 ms."""
BATCH_SECONDS: Final = 1.5
"""How long a batch should take."""
_FIRST_SECONDS: Final = 0.15
_FIRST_BATCHES: Final = 18 - FEW
"""So many batches of a host are shorter, because each one that ends finds a slot more. Then there are 18, as many as a
server usually grants an account."""
_SMALLEST_SECONDS: Final = 0.15
"""No batch is shorter, because its messages cost too much then."""
_PARTS: Final = 2
"""In so many batches or more a slot does its share of what is left: the batches that other slots have now end later."""
_CROWDED: Final = 0.65
"""Where the fastest batch took less than this part of the mean time, the commands wait for each other on the host."""
_REMEMBERED: Final = 256
"""The fastest batches are looked for among so many."""
_FASTEST: Final = 3
"""One batch may be fast by chance, so the third fastest counts, and among many the fastest tenth."""


@dataclass(slots=True)
class Meter:
    """The time that the commands of one batch took on their hosts."""

    seconds: float = 0.0
    """With the reads that were sent together with them."""
    reads: int = 0
    """Number of these reads."""
    look_seconds: float | None = None
    """The time of one read that was sent without commands; None if there was none."""
    is_throttled: bool = False
    """True where a host refused commands because it had too many."""
    age: int = 0
    """How often the host had lost slots when the batch was handed out."""


@dataclass(slots=True)
class Speed:
    """How fast a host runs one cmdlet."""

    seconds: float
    """The mean time for one action without reads; recent batches count more."""
    reads: float = math.inf
    """The fewest reads for one action: a batch with several actions may need as many as one with a single one."""
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def note(self, seconds: float, actions: int) -> bool:
        """Learn from a batch; return False for one too short to tell whether the host is crowded.

        On a busy machine a message may take as long as a command.
        """
        fastest = min(self.seconds, seconds)
        if actions < LARGEST_BATCH and actions * fastest < _SMALLEST_SECONDS:
            self.seconds = fastest
            return False
        self.recent.append(seconds)
        self.seconds = 0.7 * self.seconds + 0.3 * seconds
        return True

    @property
    def share(self) -> float:
        """The time of the fastest batches by the mean time: 1 where no command waits for another one."""
        if not self.recent or self.seconds <= 0:
            return 1.0
        place = max(min(_FASTEST, len(self.recent)) - 1, len(self.recent) // 10)
        return min(1.0, sorted(self.recent)[place] / self.seconds)


@dataclass(slots=True)
class Window:
    """The slots of one host."""

    size: float = FEW
    under_way: int = 0
    """Batches that were handed out and have not ended."""
    handed_out: int = 0
    """Batches that were handed out."""
    overhead_seconds: float = 0.0
    """The time that a batch takes beside its commands. Where it is long, so are the batches."""
    read_seconds: float = math.inf
    """The shortest time of a read so far."""
    losses: int = 0
    """How often slots were taken from the host."""
    _speeds: dict[str, Speed] = field(default_factory=dict)

    @property
    def wanted(self) -> int:
        """The slots to use, where the connection has so many."""
        return max(1, int(self.size))

    def note(self, cmdlet: str, actions: int, meter: Meter) -> None:
        """Learn from a batch that ended; one with more slots than there are now teaches nothing."""
        if meter.look_seconds is not None:
            self.read_seconds = min(self.read_seconds, meter.look_seconds)
        if meter.age != self.losses:
            return
        if meter.is_throttled:
            self._shrink(max(1.0, self.size / 2))
            return
        seconds = self._without_reads(meter, actions) / actions
        speed = self._speeds.setdefault(cmdlet, Speed(seconds))
        is_telling = speed.note(seconds, actions)
        speed.reads = min(speed.reads, meter.reads / actions)
        if is_telling and speed.share < _CROWDED and self.size > FEW:
            self._shrink(max(float(FEW), self.size * speed.share))
            speed.seconds *= speed.share  # the mean was taken with more slots
        elif is_telling and speed.share < _CROWDED:
            speed.recent.clear()  # a few slots are no crowd: the host itself became slower
        else:
            self.size += 1.0 / self.size if self.losses else 1.0

    def _without_reads(self, meter: Meter, actions: int) -> float:
        """Return the time of the commands of a batch. A read counts at most as much as a command.

        Batches have different shares of reads; otherwise a small one would look slow, as on a crowded host.
        """
        taken = max(0.0, meter.seconds - self.overhead_seconds)
        if not meter.reads or self.read_seconds == math.inf:
            return taken
        return max(taken - meter.reads * self.read_seconds, taken * actions / (actions + meter.reads))

    def _shrink(self, size: float) -> None:
        self.size, self.losses = size, self.losses + 1

    def seconds(self, cmdlet: str) -> float:
        """Return the mean time for one action with its reads; a usual time where no batch has ended yet."""
        speed = self._speeds.get(cmdlet)
        if speed is None:
            return USUAL_SECONDS
        return speed.seconds + (speed.reads * self.read_seconds if self.read_seconds < math.inf else 0.0)

    def batch(self, cmdlet: str, left: int, slots: int) -> int:
        """Return how many of the ``left`` actions the next batch takes, where ``slots`` share them."""
        if cmdlet not in self._speeds:
            return min(left, FIRST_BATCH)
        most = (_FIRST_SECONDS if self.handed_out < _FIRST_BATCHES else BATCH_SECONDS) + self.overhead_seconds
        seconds = self.seconds(cmdlet)
        fitting = int(most / seconds) if seconds * LARGEST_BATCH > most else LARGEST_BATCH
        fair = -(-left // (_PARTS * max(1, slots)))
        short = seconds * LARGEST_BATCH <= _SMALLEST_SECONDS
        smallest = LARGEST_BATCH if short else math.ceil(_SMALLEST_SECONDS / seconds)
        return min(left, max(1, smallest, min(fitting, fair)))


class Slots:
    """The windows of all hosts of a run. Not thread-safe: one thread hands out the batches."""

    def __init__(self) -> None:
        self.windows: dict[Endpoint, Window] = {}

    def of(self, endpoint: Endpoint) -> Window:
        return self.windows.setdefault(endpoint, Window())
