"""Applies over a small world: what is done, what fails, what a crash leaves, and that the next plan is empty."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.actions import ActionKind
from reconciler.model.commands import Reply
from reconciler.model.diagnostics import AmbiguousOutcome, Diagnostic, PermanentError, SessionError, Throttled
from reconciler.model.events import RunEnded
from reconciler.model.ports import Request
from reconciler.model.resources import Address, Resources
from reconciler.model.snapshot import OutcomeKind
from tests.support.boxes import TYPES, BoxWorld, box, box_worlds, configurations, declared
from tests.support.engine import Engine, engine_of
from tests.support.fakes import FunctionSessions, MemoryStore

TWO = declared(box("a", size=1, colour="red"), box("b", size=2, on="a"))


def test_apply_does_what_the_plan_says_and_the_next_plan_is_empty() -> None:
    world = BoxWorld()
    engine = engine_of(world)
    planned = [str(command) for action in engine.plan(TWO).actions() for command in action.commands]
    account = engine.apply(TWO)
    assert account.exit_code() == 0
    assert world.writes == planned
    after = engine.plan(TWO)
    assert (after.steps, after.adopted, after.obligations) == ((), (), ())
    assert engine.store.resources[Address("box", "a")].attributes == {"size": 1, "colour": "red"}


def test_existing_object_is_adopted_without_a_command() -> None:
    world = BoxWorld({"a": {"Size": 1}}, {"a"})
    engine = engine_of(world)
    plan = engine.plan(declared(box("a", size=1)))
    assert [action.kind for action in plan.adopted] == [ActionKind.ADOPT]
    engine.apply(declared(box("a", size=1)))
    assert world.writes == []
    assert Address("box", "a") in engine.store.resources
    assert engine.plan(declared(box("a", size=1))).adopted == ()


def test_membership_leaves_elements_of_others_alone() -> None:
    world = BoxWorld({"a": {"Tags": ("theirs",)}}, {"a"})
    engine = engine_of(world)
    engine.apply(declared(box("a", tags=("ours",))))
    assert world.boxes == {"a": {"Tags": ("ours", "theirs")}}
    (action,) = engine.plan(declared(box("a"))).actions()
    assert [str(command) for command in action.commands] == ["Set-Box -Identity a -Tags @{Remove='ours'}"]
    engine.apply(declared(box("a")))
    assert world.boxes == {"a": {"Tags": ("theirs",)}}
    assert not engine.plan(declared(box("a"))).has_changes


def test_object_no_longer_declared_is_deleted_after_what_stands_on_it() -> None:
    world = BoxWorld()
    engine = engine_of(world)
    engine.apply(TWO)
    plan = engine.plan(declared())
    assert [step.id for step in plan.steps] == ["delete box/b", "delete box/a"]
    assert plan.destroys == 2
    engine.apply(declared())
    assert world.boxes == {}
    assert engine.store.resources == {}


# --- failures --------------------------------------------------------------------------------------------------------


class Faulty:
    """Answers like the world, but for the n-th write: ``before`` or ``after`` its effect comes an error."""

    def __init__(self, world: BoxWorld, at: int, error: SessionError, *, after: bool) -> None:
        self.world, self.at, self.error, self.after = world, at, error, after
        self.writes = 0

    def __call__(self, request: Request) -> Reply | SessionError:
        if request.command.writes:
            self.writes += 1
            if self.writes == self.at:
                if self.after:
                    self.world.answer(request)
                return self.error
        return self.world.answer(request)


LOST = AmbiguousOutcome(Diagnostic("No answer", "The connection was reset."))
REFUSED = PermanentError(Diagnostic("Refused", "The server refused it."))
BUSY = Throttled(Diagnostic("Throttled", "Too many shells."))


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_lost_reply_is_looked_up_and_never_sent_again(at: int) -> None:
    world = BoxWorld()
    engine = Engine(TYPES, FunctionSessions(Faulty(world, at, LOST, after=True)))
    assert engine.apply(TWO).exit_code() == 0
    assert len(world.writes) == 4
    assert not engine.plan(TWO).has_changes


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_lost_request_is_not_run_and_the_next_apply_goes_on(at: int) -> None:
    world = BoxWorld()
    engine = Engine(TYPES, FunctionSessions(Faulty(world, at, LOST, after=False)))
    account = engine.apply(TWO)
    assert account.exit_code() == 3
    assert account.count(OutcomeKind.NOT_RUN) == 1
    assert engine.apply(TWO).exit_code() == 0
    assert world.restarts == 1
    assert sorted(world.boxes) == ["a", "b"]


def test_refused_command_blocks_what_needs_it_and_nothing_else() -> None:
    world = BoxWorld()
    wanted = declared(box("a", size=1), box("b", on="a"), box("c", size=3))
    engine = Engine(TYPES, FunctionSessions(Faulty(world, 1, REFUSED, after=False)))
    account = engine.apply(wanted)
    assert account.exit_code() == 3
    assert sorted(world.boxes) == ["c"]
    assert {step: fate.value for step, fate in account.fates.items()} == {
        "create box/a": "failed",
        "create box/b": "blocked",
        "create box/c": "done",
        "run stamp/all": "blocked",
        "run restart/press": "blocked",
    }


def test_transient_error_is_retried_with_the_same_id() -> None:
    world = BoxWorld()
    sessions = FunctionSessions(Faulty(world, 1, BUSY, after=False))
    engine = Engine(TYPES, sessions)
    assert engine.apply(TWO).exit_code() == 0
    ids = [request.id for request in sessions.sent if request.command.cmdlet == "New-Box"]
    assert len(ids) == 3
    assert len(set(ids)) == 2
    assert engine.clock.seconds > 0


def test_success_without_effect_is_never_success() -> None:
    world = BoxWorld()

    def lying(request: Request) -> Reply | SessionError:
        return Reply() if request.command.cmdlet == "New-Box" else world.answer(request)

    account = Engine(TYPES, FunctionSessions(lying)).apply(declared(box("a")))
    assert account.count(OutcomeKind.FAILED) == 1
    assert account.exit_code() == 3


def test_changed_object_stops_its_branch_before_anything_is_sent() -> None:
    world = BoxWorld({"a": {"Size": 1}, "b": {"Size": 1}}, {"a", "b"})
    engine = engine_of(world)
    wanted = declared(box("a", size=2), box("b", size=2))
    plan = engine.plan(wanted)
    world.boxes["a"]["Size"] = 5
    world.boxes["b"]["Colour"] = "green"
    account = engine.apply(wanted, plan)
    assert world.boxes == {"a": {"Size": 5}, "b": {"Size": 2, "Colour": "green"}}
    assert account.exit_code() == 3


def test_plan_that_is_stale_as_a_whole_ends_with_5() -> None:
    world = BoxWorld({"a": {"Size": 1}}, {"a"})
    engine = engine_of(world)
    wanted = declared(box("a", size=2))
    plan = engine.plan(wanted)
    world.boxes["a"]["Size"] = 5
    assert engine.apply(wanted, plan).exit_code() == 5
    assert world.writes == []


@pytest.mark.parametrize("commit", range(1, 10))
def test_nothing_is_sent_after_a_failed_intent(commit: int) -> None:
    world = BoxWorld()
    engine = engine_of(world, MemoryStore(fail_at=commit))
    account = engine.apply(TWO)
    intents = [intent for change in engine.store.journal for intent in change.intents]
    assert len(world.writes) <= len(intents)
    if account.exit_code():
        engine.store.fail_at = None
        assert engine.apply(TWO).exit_code() == 0
    assert not engine.plan(TWO).has_changes
    assert world.restarts == 1


@pytest.mark.parametrize("commit", range(1, 10))
def test_what_was_sent_is_in_the_account_though_it_could_not_be_written_down(commit: int) -> None:
    world = BoxWorld()
    engine = engine_of(world, MemoryStore(fail_at=commit))
    account = engine.apply(TWO)
    (end,) = [event for event in engine.events.events if isinstance(event, RunEnded)]
    assert end.done + end.failed + end.unknown + end.blocked == 4
    assert end.done == len(world.writes)
    if account.exit_code():
        assert account.exit_code() == (3 if world.writes else 1)


def test_what_was_sent_and_not_looked_at_is_unknown() -> None:
    world = BoxWorld()

    def breaks_after_the_first(request: Request) -> Reply | SessionError:
        if world.writes:
            raise RuntimeError("a bug")
        return world.answer(request)

    engine = Engine(TYPES, FunctionSessions(breaks_after_the_first))
    account = engine.apply(TWO)
    assert account.count(OutcomeKind.UNKNOWN) == 1
    assert account.exit_code() == 7
    (end,) = [event for event in engine.events.events if isinstance(event, RunEnded)]
    assert (end.unknown, end.blocked) == (1, 3)


# --- crashes ---------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the engine catches it."""


@pytest.mark.parametrize("at", range(1, 22))
def test_killed_anywhere_the_next_apply_converges_and_repeats_nothing(at: int) -> None:
    world, store, count = BoxWorld(), MemoryStore(), [0]

    def point(name: str) -> None:
        count[0] += 1
        if count[0] == at:
            raise Killed(name)

    engine = Engine(TYPES, FunctionSessions(world.answer), store, point=point)
    try:
        engine.apply(TWO)
    except Killed:
        store.holder = None
    again = Engine(TYPES, FunctionSessions(world.answer), store, seed=2)
    assert again.apply(TWO).exit_code() == 0
    assert not again.plan(TWO).has_changes
    assert store.read().open_intents == ()
    assert store.obligations == {}
    assert sorted(world.writes) == [
        "Invoke-Stamp",
        "New-Box -Name a -Size 1 -Colour red",
        "New-Box -Name b -Size 2 -On a",
        "Restart-Press",
    ]


# --- laws ------------------------------------------------------------------------------------------------------------


@given(box_worlds(), configurations(), st.integers(1, 50))
def test_second_plan_is_empty_whatever_was_there(world: BoxWorld, wanted: Mapping[str, Resources], seed: int) -> None:
    engine = engine_of(world, seed=seed)
    assert engine.apply(wanted).exit_code() == 0
    after = engine.plan(wanted)
    assert (after.steps, after.adopted) == ((), ())
