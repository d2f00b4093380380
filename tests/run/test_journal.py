"""Intents are durable before anything is sent, and say until when and in which shell their commands may begin."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from providers.cmdlets.products import EXCHANGE
from reconciler.model.abilities import Duty
from reconciler.model.commands import Shell
from reconciler.model.diagnostics import LeaseLost
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent, StateChange
from reconciler.run.journal import Journal, request_id
from tests.support.fakes import VirtualClock

HERE, THERE = Shell(EXCHANGE, "A"), Shell(EXCHANGE, "B")


@dataclass
class TimedLease:
    """A lease that ends unless it is renewed, and keeps what is written."""

    clock: VirtualClock
    seconds: float = 60.0
    is_taken: bool = False
    written: list[StateChange] = field(default_factory=list)
    epoch: int = 1

    def __post_init__(self) -> None:
        self.end = self.clock.seconds + self.seconds

    def commit(self, change: StateChange) -> None:
        if self.is_taken:
            raise LeaseLost()
        self.written.append(change)

    def renew(self) -> None:
        if self.is_taken:
            raise LeaseLost()
        self.end = self.clock.seconds + self.seconds

    def remaining_seconds(self) -> float:
        return self.end - self.clock.seconds


def intent(name: str, shell: Shell | None = None) -> Intent:
    return Intent(name, "run", Address("box", name), "create", "New-Box", "ex1", "", shell=shell)


def opened(clock: VirtualClock, *names: str, shell: Shell | None = HERE) -> tuple[Journal, TimedLease]:
    lease = TimedLease(clock)
    intents = {name: intent(name) for name in names}
    journal = Journal(lease, clock, lambda _: None, 30.0, intents)
    if shell is not None:
        journal.grant([request_id(one, 0) for one in intents.values()], shell)
    return journal, lease


def shells(lease: TimedLease) -> list[Shell | None]:
    return [change.intents[0].shell for change in lease.written]


def test_what_is_never_about_to_be_sent_is_never_saved() -> None:
    journal, lease = opened(VirtualClock(), "a", shell=None)
    assert lease.written == []
    assert not journal.let_go(intent("a"))
    assert journal.outlast_seconds(["a"]) == 0.0


def test_what_the_commands_owe_is_saved_with_the_first_intents_and_once() -> None:
    lease, owed = TimedLease(VirtualClock()), Duty("restart", "the {subject} has to restart").of("fe1")
    intents = {name: intent(name) for name in ("a", "b")}
    journal = Journal(lease, lease.clock, lambda _: None, 30.0, intents, (owed,))
    journal.grant(["a.0"], HERE)
    journal.grant(["b.0"], HERE)
    assert [change.owe for change in lease.written] == [(owed,), ()]


def test_an_intent_that_names_its_shell_and_has_time_is_written_once() -> None:
    journal, lease = opened(clock := VirtualClock(), "a", "b")
    clock.sleep(10.0)
    first, second = journal.grant(["a.0", "b.0"], HERE)
    assert len(lease.written) == 1
    assert (first.left_seconds(clock), second.left_seconds(clock)) == (20.0, 21.0)
    assert [told.expires for told in lease.written[0].intents] == [first.wall.isoformat(), second.wall.isoformat()]


@pytest.mark.parametrize(("shell", "seconds"), [(THERE, 0.0), (HERE, 16.0), (HERE, 3600.0)])
def test_another_shell_or_too_little_time_is_written_down_before_the_send(shell: Shell, seconds: float) -> None:
    journal, lease = opened(clock := VirtualClock(), "a", shell=shell)
    clock.sleep(seconds)
    (deadline,) = journal.grant(["a.1"], HERE)
    assert shells(lease) == [shell, HERE]
    assert lease.written[1].intents[0].expires == deadline.wall.isoformat()
    assert deadline.left_seconds(clock) == 30.0


def test_no_command_may_begin_after_the_lease_it_was_sent_under() -> None:
    clock = VirtualClock()
    journal, lease = opened(clock, *(f"n{number}" for number in range(100)))
    clock.sleep(20.0)
    deadlines = journal.grant([f"n{number}.0" for number in range(100)], THERE)
    ends = clock.now() + timedelta(seconds=lease.remaining_seconds())
    assert max(one.wall for one in deadlines) < ends
    assert journal.outlast_seconds(["n99"]) == lease.remaining_seconds() - 1.0


def test_a_lease_that_was_taken_lets_nothing_go() -> None:
    journal, lease = opened(clock := VirtualClock(), "a", shell=None)
    lease.is_taken = True
    clock.sleep(61.0)
    with pytest.raises(LeaseLost):
        journal.grant(["a.0"], HERE)
    assert not journal.let_go(intent("a"))


def test_what_takes_long_to_start_gets_that_time_too_within_the_lease() -> None:
    journal, _ = opened(clock := VirtualClock(), "a")
    assert journal.grant(["a.0"], THERE, 15.0)[0].left_seconds(clock) == 45.0
    assert journal.grant(["a.0"], HERE, 600.0)[0].left_seconds(clock) == 59.0


def test_each_command_of_an_intent_has_an_id_that_leads_back_to_it() -> None:
    journal, _ = opened(VirtualClock(), "a")
    journal.grant([request_id(intent("a"), 3)], HERE)
    assert journal.let_go(intent("a"))
    assert journal.outlast_seconds([]) == 0.0
