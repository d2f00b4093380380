"""A wait is told when its reason changes, and the longer it lasts the less often somebody looks."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from reconciler.model.events import Waiting
from reconciler.run.system import NeverStop
from reconciler.run.waiting import Wait
from tests.support.fakes import Recorder, VirtualClock


@dataclass
class StoppedAt(NeverStop):
    """An operator who asks to stop at a moment of the clock."""

    clock: VirtualClock
    seconds: float
    levels: int = field(default=2)

    def level(self) -> int:
        return self.levels if self.clock.seconds >= self.seconds else 0


def wait(seconds: float = 10**9, levels: int = 2) -> tuple[Wait, VirtualClock, Recorder]:
    clock, told = VirtualClock(), Recorder()
    return Wait("restart press", told, clock, StoppedAt(clock, seconds, levels)), clock, told


def test_a_reason_is_told_once_until_another_one_comes() -> None:
    one, _, told = wait()
    for reason in ("replication", "replication", "settling", "replication"):
        one.announce(reason)
    assert told.events == [Waiting("restart press", reason) for reason in ("replication", "settling", "replication")]


def test_looks_become_rarer_up_to_half_a_minute() -> None:
    one, clock, _ = wait()
    pauses = []
    while clock.seconds < 600:
        before = clock.seconds
        one.rest()
        pauses.append(clock.seconds - before)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[1], max(pauses)) == (0.25, 0.5, 30.0)
    assert 10.0 in pauses, "in the first minutes somebody looks every ten seconds"
    assert one.seconds == clock.seconds


@pytest.mark.parametrize(("levels", "ends"), [(1, False), (2, True)])
def test_a_second_stop_ends_the_wait_within_a_second(levels: int, ends: bool) -> None:
    one, clock, _ = wait(3.0, levels)
    one.sleep(60.0)
    assert (one.is_ended, clock.seconds) == ((True, 3.0) if ends else (False, 60.0))


def test_a_wait_counts_from_its_beginning() -> None:
    clock = VirtualClock()
    clock.sleep(100.0)
    one = Wait("restart press", Recorder(), clock, NeverStop())
    assert one.seconds == 0.0
