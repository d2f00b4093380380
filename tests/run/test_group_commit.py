"""Changes of many threads are saved together, in their order, and none is reported before it is saved."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from reconciler.model.abilities import Duty
from reconciler.model.diagnostics import LeaseLost
from reconciler.model.ports import Clock
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent, Outcome, OutcomeKind, Remembered, StateChange
from reconciler.run.group_commit import PAUSE_SECONDS, GroupCommit
from reconciler.run.system import SystemClock
from tests.support.fakes import VirtualClock
from tests.support.winrm_server import wait_until

BOX = Address("box", "a")
OWED = Duty("restart", "the {subject} has to restart").of("fe1")


@dataclass
class SlowLease:
    """A lease whose writes wait for the gate."""

    clock: Clock = field(default_factory=SystemClock)
    fails: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    written: list[StateChange] = field(default_factory=list)
    began: list[float] = field(default_factory=list)

    def commit(self, change: StateChange) -> None:
        self.began.append(self.clock.monotonic())
        assert self.gate.wait(20)
        if self.fails:
            raise LeaseLost()
        self.written.append(change)

    def renew(self) -> None:
        return

    def remaining_seconds(self) -> float:
        return 60.0


class Turns(VirtualClock):
    """A clock that jumps, and lets other threads come meanwhile."""

    def sleep(self, seconds: float) -> None:
        time.sleep(0.002)
        super().sleep(seconds)


def outcome(name: str) -> StateChange:
    return StateChange(outcomes=(Outcome(name, OutcomeKind.DONE),))


def names(change: StateChange) -> list[str]:
    return [one.intent for one in change.outcomes]


def saved_together(lease: SlowLease, *changes: StateChange) -> list[BaseException | None]:
    """Save the first change, and all others in their order while it is written; return the error of each."""
    group = GroupCommit(lease, SystemClock())
    with ThreadPoolExecutor(len(changes)) as pool:
        under_way = [pool.submit(group.commit, changes[0])]
        wait_until(lambda: len(lease.began) == 1)
        for number, change in enumerate(changes[1:], start=1):
            under_way.append(pool.submit(group.commit, change))
            wait_until(lambda number=number: group.waiting == number)  # type: ignore[misc]
        assert not any(one.done() for one in under_way), "nothing is saved yet"
        lease.gate.set()
        return [one.exception(20) for one in under_way]


def test_changes_that_come_during_a_write_are_one_write_in_their_order() -> None:
    lease = SlowLease()
    errors = saved_together(lease, *(outcome(str(number)) for number in range(9)))
    assert errors == [None] * 9
    assert [names(change) for change in lease.written] == [["0"], [str(number) for number in range(1, 9)]]


def test_where_the_write_fails_all_its_changes_fail() -> None:
    lease = SlowLease(fails=True)
    errors = saved_together(lease, *(outcome(str(number)) for number in range(4)))
    assert all(isinstance(error, LeaseLost) for error in errors)
    assert lease.written == []


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (StateChange(remember=(Remembered(BOX, {}),)), StateChange(forget=(Address("box", "A"),))),
        (StateChange(owe=(OWED,)), StateChange(discharge=(OWED,))),
    ],
    ids=["resource", "obligation"],
)
def test_what_is_dropped_after_it_was_put_is_gone(first: StateChange, then: StateChange) -> None:
    lease = SlowLease()
    saved_together(lease, outcome("x"), first, then)
    assert lease.written == [outcome("x"), first, then]


def test_one_thread_saves_each_change_at_once() -> None:
    lease, clock = SlowLease(), VirtualClock()
    lease.gate.set()
    group = GroupCommit(lease, clock)
    for number in range(5):
        group.commit(outcome(str(number)))
    assert len(lease.written) == 5
    assert clock.seconds == VirtualClock().seconds, "it waits for nobody"


def intent(name: str) -> StateChange:
    return StateChange(intents=(Intent(name, "run1", BOX, "create", "New-Box", "ex1", ""),))


def test_outcomes_are_saved_with_the_next_intents() -> None:
    lease = SlowLease()
    lease.gate.set()
    group = GroupCommit(lease, VirtualClock())
    group.commit(intent("0"))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(group.commit, outcome("0")).result(20)  # from now on threads take turns
        waiting = pool.submit(group.commit, outcome("1"))
        wait_until(lambda: group.waiting == 1)
        group.commit(intent("1"))
        waiting.result(20)
    assert [(len(change.intents), names(change)) for change in lease.written] == [(1, []), (0, ["0"]), (1, ["1"])]


def test_many_threads_write_no_more_often_than_the_pause_allows() -> None:
    clock = Turns()
    lease = SlowLease(clock)
    lease.gate.set()
    group = GroupCommit(lease, clock)
    group.commit(outcome("0"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: group.commit(outcome(str(number))), range(1, 200)))
    assert sorted(int(name) for change in lease.written for name in names(change)) == list(range(200))
    pauses = [after - before for before, after in pairwise(lease.began)]
    assert len(lease.written) < 100
    assert min(pauses[1:]) >= PAUSE_SECONDS * 0.99, "once the threads are known to take turns"
