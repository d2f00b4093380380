"""Which batches a host gets: as many as it has slots, and each slot goes on with the batch that follows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from providers.cmdlets.products import EXCHANGE
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Endpoint, Reply, write
from reconciler.model.diagnostics import Diagnostic, Unreachable
from reconciler.model.ports import Session
from reconciler.model.resources import Address
from reconciler.plan.plan import Step
from reconciler.run.batches import Batch
from reconciler.run.queue import Queue
from reconciler.run.slots import FEW
from tests.support.fakes import FunctionSessions


class NoHost(FunctionSessions):
    """Sessions to a host that cannot be reached."""

    def open(self, endpoint: Endpoint) -> FunctionSessions:
        raise Unreachable(Diagnostic("Unreachable", str(endpoint)))


def users(name: str, count: int, endpoint: Endpoint = EXCHANGE) -> Step:
    commands = (write("New-Box", endpoint, Name="a"),)
    actions = (
        Action(Address("box", f"{name}{number}"), ActionKind.CREATE, commands=commands, group=name)
        for number in range(count)
    )
    return Step(name, tuple(actions), 1)


def queue(*steps: Step, sessions: FunctionSessions | None = None) -> Queue:
    return Queue(steps, sessions or FunctionSessions(lambda _: Reply()), 64)


def handed_out(one: Queue, step: Step) -> list[Batch]:
    return list(iter(lambda: one.next_of(step), None))


def every(step: Step) -> bool:
    return True


def test_a_step_on_one_object_is_one_batch_and_takes_no_slot() -> None:
    step = Step("one", (Action(Address("box", "a"), ActionKind.UPDATE),), 1)
    one = queue(step)
    (batch,) = handed_out(one, step)
    assert len(batch.actions) == 1
    assert not one.may_get_slots
    assert one.following(batch, every) is None


def test_a_host_gets_a_few_batches_at_first_and_one_more_for_each_that_ends_fast() -> None:
    step = users("red", 1000)
    one = queue(step)
    first = handed_out(one, step)
    assert len(first) == FEW
    assert one.may_get_slots
    for batch in first:
        batch.meter.seconds = 0.1
        one.end(batch)
    assert len(handed_out(one, step)) == FEW, "nothing was sent, which teaches nothing"


def test_a_batch_that_follows_takes_the_slot_of_the_one_before() -> None:
    step = users("red", 1000)
    one = queue(step)
    first = handed_out(one, step)
    followers = [one.following(batch, every) for batch in first]
    assert all(followers)
    assert handed_out(one, step) == [], "all slots are in use"
    for batch in first:
        one.end(batch)
    assert handed_out(one, step) == [], "their followers use them"
    for follower in followers:
        assert follower is not None
        one.end(follower)
    assert len(handed_out(one, step)) == FEW


def keys(batches: Sequence[Batch | None]) -> list[str]:
    return [action.address.key for batch in batches if batch is not None for action in batch.actions]


def test_no_user_is_in_two_batches_and_the_slot_goes_on_with_other_steps() -> None:
    steps = (users("red", 30), users("blue", 40))
    one = queue(*steps)
    batches: list[Batch | None] = [*handed_out(one, steps[0])]
    for batch in batches:
        assert batch is not None
        batches.append(one.following(batch, every))
        if batches[-1] is None:
            batches.pop()
    assert sorted(keys(batches)) == sorted(action.address.key for step in steps for action in step.actions)


@pytest.mark.parametrize("allowed", ["red", "blue"])
def test_only_a_step_that_may_start_follows(allowed: str) -> None:
    steps = (users("red", 30), users("blue", 40))
    one = queue(*steps)
    batch = one.next_of(steps[0])
    assert batch is not None
    following = one.following(batch, lambda step: step.id == allowed)
    assert following is not None
    assert following.step.id == allowed


def test_a_dropped_step_hands_out_nothing_more() -> None:
    step = users("red", 1000)
    one = queue(step)
    batch = one.next_of(step)
    assert batch is not None
    one.drop(step)
    assert one.next_of(step) is None
    assert one.following(batch, every) is None


def test_a_host_that_cannot_be_reached_gets_one_batch_which_reports_why() -> None:
    step = users("red", 1000)
    assert len(handed_out(queue(step, sessions=NoHost(lambda _: Reply())), step)) == 1


def test_sessions_that_are_open_are_asked_for_their_slots() -> None:
    class Narrow(FunctionSessions):
        def slots(self, wanted: int, seconds_left: float) -> int:
            return min(wanted, 2)

    step = users("red", 1000)
    sessions: Session = Narrow(lambda _: Reply())
    assert isinstance(sessions, FunctionSessions)
    assert len(handed_out(queue(step, sessions=sessions), step)) == 2


def test_sessions_for_twice_the_slots_are_opened_ahead() -> None:
    asked = []

    class Asked(FunctionSessions):
        def slots(self, wanted: int, seconds_left: float) -> int:
            asked.append(wanted)
            return wanted

    step = users("red", 1000)
    assert len(handed_out(queue(step, sessions=Asked(lambda _: Reply())), step)) == FEW
    assert set(asked) == {2 * FEW}
