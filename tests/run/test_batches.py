"""Steps of many users, cut into batches that run at the same time and end in any order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.cmdlets.products import LYNC
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Reply, write
from reconciler.model.diagnostics import AmbiguousOutcome, Diagnostic, SessionError
from reconciler.model.ports import Request
from reconciler.model.resources import Address, Resources
from reconciler.model.snapshot import OutcomeKind
from reconciler.plan.plan import Step
from reconciler.run.batches import Batches
from reconciler.run.sent import Ended
from reconciler.run.slots import Meter
from reconciler.run.system import ThreadScheduler
from tests.support.boxes import CROWD, BoxWorld, box, declared
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions, MemoryStore

LOST = AmbiguousOutcome(Diagnostic("Session lost", "It was not answered."))


def crowd(count: int, colours: str = "rg") -> Mapping[str, Resources]:
    return declared(*(box(f"n{number:04}", size=1, colour=colours[number % len(colours)]) for number in range(count)))


def written(world: BoxWorld) -> Counter[str]:
    return Counter(world.writes)


# --- the parts of a step ---------------------------------------------------------------------------------------------


def step_of(count: int, kind: ActionKind = ActionKind.CREATE, group: str = "all") -> Step:
    commands = (write("New-Box", LYNC, Name="a"),)
    actions = (Action(Address("box", str(number)), kind, commands=commands, group=group) for number in range(count))
    return Step("create box all", tuple(actions), 1)


def test_batches_hold_every_action_once_and_in_order() -> None:
    running = Batches(step_of(10))
    batches = [running.take(size, Meter()) for size in (4, 4, 4)]
    assert [len(batch.actions) for batch in batches] == [4, 4, 2]
    assert [one for batch in batches for one in batch.actions] == list(running.step.actions)
    assert (running.left, running.under_way) == (0, 3)
    assert len({batch.key for batch in batches}) == 3


def test_a_step_is_known_by_its_first_command() -> None:
    running = Batches(step_of(2))
    assert (running.cmdlet, running.endpoint) == ("New-Box", LYNC)


@pytest.mark.parametrize(
    ("kind", "group", "is_of_users"),
    [(ActionKind.UPDATE, "all", True), (ActionKind.UPDATE, "", False), (ActionKind.RUN, "all", False)],
)
def test_only_users_are_independent_of_each_other(kind: ActionKind, group: str, is_of_users: bool) -> None:
    assert Batches(step_of(2, kind, group)).is_of_users is is_of_users


def test_what_was_done_before_takes_no_time_and_is_not_counted() -> None:
    batch = Batches(step_of(3)).take(3, Meter())
    done = Ended(batch.actions[0], OutcomeKind.DONE)
    batch.ended += [done, replace(done, was_there=True), replace(done, outcome=OutcomeKind.NOT_RUN, is_stale=True)]
    assert batch.sent == 1


# --- the whole step --------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(0, 120), st.integers(0, 2**32), st.sets(st.integers(0, 119), max_size=9), st.booleans())
def test_each_user_is_written_once_in_whatever_order_batches_and_replies_come(
    count: int, seed: int, lost: set[int], runs: bool
) -> None:
    world = BoxWorld()

    def answer(request: Request) -> Reply | SessionError:
        if request.command.cmdlet == "New-Box" and int(str(request.command.argument("Name"))[1:]) in lost:
            if runs:
                world.answer(request)
            return LOST
        return world.answer(request)

    engine = Engine(CROWD, FunctionSessions(answer), seed=seed)
    account = engine.apply(crowd(count))
    assert max([0, *written(world).values()]) <= 1
    missing = set() if runs else {number for number in lost if number < count}
    assert account.count(OutcomeKind.DONE) == count - len(missing) == len(world.boxes)
    assert engine.store.read().open_intents == ()
    again = Engine(CROWD, FunctionSessions(world.answer), engine.store, seed=seed)
    assert again.apply(crowd(count)).exit_code() == 0
    assert not again.plan(crowd(count)).has_changes
    assert max([0, *written(world).values()]) <= 1


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the engine catches it."""


@pytest.mark.parametrize("at", range(1, 40, 3))
def test_killed_anywhere_the_next_run_writes_what_is_missing_and_nothing_twice(at: int) -> None:
    world, store, count = BoxWorld(), MemoryStore(), [0]

    def point(name: str) -> None:
        count[0] += 1
        if count[0] == at:
            raise Killed(name)

    with pytest.raises(Killed):
        Engine(CROWD, FunctionSessions(world.answer), store, seed=at, point=point).apply(crowd(400))
    store.holder = None
    sent = {name.split()[2] for name in world.writes}
    assert sent <= {intent.address.key for intent in store.intents.values()}, "an intent comes before each send"
    again = Engine(CROWD, FunctionSessions(world.answer), store, seed=at)
    assert again.apply(crowd(400)).exit_code() == 0
    assert set(written(world).values()) == {1}
    assert len(world.boxes) == 400


@dataclass
class Operator:
    """An operator who asks once to stop, after so many writes."""

    after: int
    world: BoxWorld
    exit_code: int = 130
    look_seconds: float = 1.0

    def level(self) -> int:
        return int(len(self.world.writes) >= self.after)

    def begin(self) -> None:
        return


def test_a_request_to_stop_lets_no_further_batch_go() -> None:
    world = BoxWorld()
    engine = Engine(CROWD, FunctionSessions(world.answer), stop=Operator(20, world))
    account = engine.apply(crowd(500))
    assert account.exit_code() == 130
    assert 20 <= len(world.writes) < 200
    assert account.count(OutcomeKind.DONE) == len(world.boxes) == len(world.writes)
    assert engine.store.read().open_intents == ()


# --- real threads ----------------------------------------------------------------------------------------------------


@dataclass
class Crossing:
    """A host of 18 slots that notes how many batches it ran at the same time; the first ones wait for each other."""

    world: BoxWorld = field(default_factory=BoxWorld)
    store: MemoryStore = field(default_factory=MemoryStore)
    running: int = 0
    most: int = 0
    unsaved: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    met: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: Request) -> Reply | SessionError:
        if request.command.writes:
            self.cross(request)
        with self.lock:
            return self.world.answer(request)

    def cross(self, request: Request) -> None:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
            if request.id.rpartition(".")[0] not in self.store.intents:
                self.unsaved.append(request.id)
            if self.most >= 4:
                self.met.set()
        self.met.wait(0.02)
        with self.lock:
            self.running -= 1


def test_batches_cross_on_real_threads_and_each_intent_is_saved_before_its_command() -> None:
    host = Crossing()
    scheduler = ThreadScheduler(24)
    try:
        engine = Engine(CROWD, FunctionSessions(host.answer), host.store, scheduler=scheduler)
        account = engine.apply(crowd(400))
    finally:
        scheduler.close()
    assert account.exit_code() == 0
    assert set(written(host.world).values()) == {1}
    assert len(host.world.boxes) == 400
    assert 4 <= host.most <= 24
    assert host.unsaved == []
    assert engine.store.read().open_intents == ()


def test_work_grows_with_the_users_and_not_faster() -> None:
    figures = {}
    for count in (100, 1000):
        world = BoxWorld()
        engine = Engine(CROWD, FunctionSessions(world.answer))
        assert engine.apply(crowd(count)).exit_code() == 0
        sessions = engine.sessions
        assert isinstance(sessions, FunctionSessions)
        figures[count] = (len(sessions.sent), engine.store.commits)
    (few_requests, few_commits), (many_requests, many_commits) = figures[100], figures[1000]
    assert many_requests <= 10 * few_requests
    assert many_commits <= 10 * few_commits
