"""Until when a command may begin: reckoned by the client, written down with the intent, kept by the host."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cmdlets.products import EXCHANGE
from providers.transport.session.host_clocks import HostClocks
from reconciler.model.commands import Shell
from reconciler.model.ports import Deadline
from tests.support.fakes import VirtualClock

HERE, THERE = Shell(EXCHANGE, "A"), Shell(EXCHANGE, "B")

# --- by the clocks of the host ---------------------------------------------------------------------------------------


@dataclass
class Host:
    """A host with an uptime and a time of day of its own, seen over a wire that delays answers."""

    clock: VirtualClock
    booted: float = -1000.0
    speed: float = 1.0
    set_by: float = 0.0

    def tell(self, clocks: HostClocks, delay: float) -> None:
        told = self.told()
        self.clock.sleep(delay)
        clocks.note(told)

    def told(self) -> list[float]:
        uptime = (self.clock.seconds - self.booted) * self.speed
        return [uptime, 1_700_000_000 + self.clock.seconds + self.set_by]

    def lets_begin(self, window: list[float]) -> bool:
        uptime, time = self.told()
        return window[0] <= uptime < window[1] and time < window[2]


DELAYS = st.floats(0.0, 40.0)


@given(
    st.lists(st.tuples(st.floats(0, 3000), DELAYS), min_size=1, max_size=5),
    st.floats(0.9999, 1.0001),
    st.floats(0.0, 60.0),
    st.floats(0.0, 120.0),
)
def test_a_host_lets_nothing_begin_after_the_deadline_however_its_answers_were_delayed(
    answers: list[tuple[float, float]], speed: float, seconds: float, late: float
) -> None:
    host = Host(VirtualClock(), speed=speed)
    clocks = HostClocks(host.clock)
    for pause, delay in answers:
        host.clock.sleep(pause)
        host.tell(clocks, delay)
    window = clocks.window(Deadline.after(seconds, host.clock))
    host.clock.sleep(seconds + late + 0.001)
    assert not host.lets_begin(window)


@given(DELAYS, st.floats(0.0, 29.0))
def test_one_quick_answer_makes_up_for_all_slow_ones(delay: float, late: float) -> None:
    host = Host(VirtualClock())
    clocks = HostClocks(host.clock)
    for seconds in (delay, 0.0, delay):
        host.tell(clocks, seconds)
    window = clocks.window(Deadline.after(30.0, host.clock))
    host.clock.sleep(late)
    assert host.lets_begin(window)


@pytest.mark.parametrize("set_by", [-86_400.0, 86_400.0])
def test_a_time_of_day_that_is_set_meanwhile_never_gives_more_time(set_by: float) -> None:
    host = Host(VirtualClock())
    clocks = HostClocks(host.clock)
    host.tell(clocks, 0.0)
    window = clocks.window(Deadline.after(30.0, host.clock))
    host.set_by = set_by
    host.clock.sleep(31.0)
    assert not host.lets_begin(window)
    host.tell(clocks, 0.0)
    assert host.lets_begin(clocks.window(Deadline.after(30.0, host.clock))), "the next answer tells the new time"


def test_a_host_that_was_restarted_begins_nothing_of_before() -> None:
    host = Host(VirtualClock())
    clocks = HostClocks(host.clock)
    host.tell(clocks, 0.0)
    window = clocks.window(Deadline.after(30.0, host.clock))
    host.booted = host.clock.seconds
    host.clock.sleep(5.0)
    assert not host.lets_begin(window)
    host.tell(clocks, 0.0)
    assert host.lets_begin(clocks.window(Deadline.after(30.0, host.clock)))


@pytest.mark.parametrize("told", [None, 5, [1.0], [1.0, "x"], [True, False], [1e300, 1.0], [float("nan"), 1.0], {}])
def test_what_is_no_pair_of_clocks_tells_nothing(told: object) -> None:
    clocks = HostClocks(VirtualClock())
    clocks.note(told)
    assert not clocks.is_known
