"""Recovery waits as long as a command of the interrupted run can still begin, whatever became of the time of day."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from providers.cmdlets.products import EXCHANGE, LYNC
from reconciler.model.commands import Reply, Shell
from reconciler.model.diagnostics import SessionError
from reconciler.model.events import Waiting
from reconciler.model.ports import Request
from reconciler.model.resources import Address
from reconciler.model.snapshot import Intent
from reconciler.run.recover import LONGEST_SECONDS, end_shells, outlast, reads_of
from state.holding import LEASE_SECONDS
from tests.support.boxes import CROWD, TYPES, BoxWorld, box, declared
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions, MemoryStore, VirtualClock
from tests.support.state_support import intent

HERE = Shell(EXCHANGE, "A")


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


@dataclass
class Ends:
    """Sessions that can end some shells."""

    gone: frozenset[Shell]
    asked: list[Shell] = field(default_factory=list)

    def end(self, shell: Shell) -> bool:
        self.asked.append(shell)
        return shell in self.gone


def sent_in(name: str, shell: Shell | None = None) -> Intent:
    return Intent(name, "run", Address("box", name), "create", "New-Box", "ex1", "", shell=shell)


def test_users_are_read_by_their_keys_and_everything_where_a_task_ran() -> None:
    by_name = {kind.name: kind for kind in (*CROWD, *TYPES[2:])}
    assert reads_of([sent_in("a"), sent_in("b")], by_name) == {"box": frozenset({"a", "b"})}
    stamp = replace(sent_in("s"), address=Address("stamp", "all"))
    assert reads_of([sent_in("a"), stamp], by_name) is None
    assert reads_of([replace(sent_in("x"), address=Address("unknown", "x"))], by_name) is None


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the engine catches it."""


def test_recovery_of_a_large_run_reads_its_open_intents_alone() -> None:
    world, store, sent = BoxWorld(), MemoryStore(), list[str]()
    wanted = declared(*(box(f"n{number:04}", size=1) for number in range(600)))

    def dies(name: str) -> None:
        if name == "after-send" and len(world.writes) > 300:
            raise Killed(name)

    with pytest.raises(Killed):
        Engine(CROWD, FunctionSessions(world.answer), store, point=dies).apply(wanted)
    store.holder = None
    open_intents = store.read().open_intents
    assert 0 < len(open_intents) <= 100

    def noted(request: Request) -> Reply | SessionError:
        sent.append(str(request.command))
        return world.answer(request)

    assert Engine(CROWD, FunctionSessions(noted), store).apply(wanted).exit_code() == 0
    before_the_plan = sent[: sent.index("Get-Box")]
    assert before_the_plan == [f"Get-Box -Identity {name}" for name in sorted(one.address.key for one in open_intents)]
    assert len(set(world.writes)) == len(world.writes) == 600


def test_only_commands_in_shells_that_are_not_certainly_gone_are_outlasted() -> None:
    other = Shell(LYNC, "C")
    intents = [sent_in("a", HERE), sent_in("b", HERE), sent_in("c", other), sent_in("d")]
    ends, told = Ends(frozenset({HERE})), list[object]()
    left = end_shells(intents, ends, told.append)  # type: ignore[arg-type]  # the part of sessions that is used
    assert [one.id for one in left] == ["c", "d"]
    assert ends.asked == [HERE, other]
    assert [type(one) for one in told] == [Waiting]
    assert end_shells([sent_in("e")], ends, told.append) != ()  # type: ignore[arg-type]  # as above
    assert len(told) == 1
