"""A deadline holds by both clocks of this machine, and each permit is asked once for all of its requests."""

from __future__ import annotations

import pytest

from providers.cmdlets.products import EXCHANGE
from reconciler.model.commands import Command, Shell
from reconciler.model.ports import Deadline, Request, granted
from tests.support.fakes import Allowed, VirtualClock

SHELL = Shell(EXCHANGE, "A")


class Sleeper(VirtualClock):
    """A machine that can be suspended: its monotonic clock stands still meanwhile, its time of day goes on."""

    suspended = 0.0

    def monotonic(self) -> float:
        return self.seconds - self.suspended


@pytest.mark.parametrize("suspended", [False, True])
def test_a_deadline_has_come_after_a_sleep_whichever_clock_slept(suspended: bool) -> None:
    clock = Sleeper()
    deadline = Deadline.after(30.0, clock)
    clock.sleep(7200.0)
    clock.suspended = 7200.0 if suspended else 0.0
    assert deadline.left_seconds(clock) < 0
    assert deadline.outlast_seconds(clock) == (30.0 if suspended else 0.0), "to wait a little too long is safe"


def test_each_permit_is_asked_once_for_all_its_requests_in_their_order() -> None:
    clock = VirtualClock()
    short, long = Allowed(10.0, clock), Allowed(60.0, clock)
    requests = [
        Request(name, Command("Set-Box"), permit)
        for name, permit in zip("abcd", (short, long, None, short), strict=True)
    ]
    deadlines = granted(requests, SHELL, lead_seconds=5.0)
    assert {name: deadline.left_seconds(clock) for name, deadline in deadlines.items()} == {"a": 15, "d": 15, "b": 65}
    assert (short.asked, long.asked) == ([(("a", "d"), SHELL)], [(("b",), SHELL)])


def test_reads_have_no_deadline() -> None:
    assert granted([Request("a", Command("Get-Box", writes=False))], SHELL) == {}
