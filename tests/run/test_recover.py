"""Recovery waits as long as a command of the interrupted run can still begin, whatever became of the time of day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.model.events import Waiting
from reconciler.run.recover import LONGEST_SECONDS, outlast
from state.holding import LEASE_SECONDS
from tests.support.boxes import TYPES, BoxWorld
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions, VirtualClock
from tests.support.state_support import intent


class Set(VirtualClock):
    """A clock whose time of day is set by a person."""

    by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.by


def test_no_command_has_longer_than_a_lease_lasts() -> None:
    assert LONGEST_SECONDS == LEASE_SECONDS


@pytest.mark.parametrize("set_by", [timedelta(), timedelta(days=-1), timedelta(days=1), timedelta(days=365)])
def test_wait_does_not_depend_on_the_time_of_day(set_by: timedelta) -> None:
    clock = Set()
    engine = Engine(TYPES, FunctionSessions(BoxWorld().answer), clock=clock)
    expires = clock.now() + timedelta(seconds=20)
    clock.by = set_by
    began = engine.clock.monotonic()
    outlast([replace(intent("op1"), expires=expires.isoformat())], engine.reader)
    assert engine.clock.monotonic() - began == pytest.approx(LONGEST_SECONDS)
    assert [event.seconds for event in engine.events.events if isinstance(event, Waiting)] == [LONGEST_SECONDS]


def test_nothing_open_is_not_waited_for() -> None:
    engine = Engine(TYPES, FunctionSessions(BoxWorld().answer))
    began = engine.clock.monotonic()
    outlast([], engine.reader)
    assert engine.clock.monotonic() == began
