"""What the events about steps say of steps that were not finished."""

from __future__ import annotations

from reconciler.model.actions import Action, ActionKind
from reconciler.model.resources import Address
from reconciler.model.snapshot import OutcomeKind
from reconciler.plan.plan import Step
from reconciler.run.reporting import action_ended, bug, outline_of, step_ended
from reconciler.run.sent import Ended

ACTIONS = tuple(Action(Address("box", name), ActionKind.CREATE, settle_seconds=5) for name in "abc")
STEP = Step("first", ACTIONS, 1)


def test_a_step_counts_what_ended_and_nothing_else() -> None:
    ends = [Ended(ACTIONS[0], OutcomeKind.DONE), Ended(ACTIONS[1], OutcomeKind.NOT_RUN)]
    event = step_ended(STEP, ends, 2.0)
    assert (event.done, event.failed, event.unknown, event.seconds) == (1, 1, 0, 2.0)
    assert action_ended(STEP, ends[1]).address == "box/b"


def test_only_a_step_that_others_need_is_followed_by_its_settle_time() -> None:
    alone, needing = outline_of([STEP]), outline_of([STEP, Step("second", ACTIONS, 2, needs=("first",))])
    assert [one.settle_seconds for one in alone] == [0]
    assert [one.settle_seconds for one in needing] == [5, 0]
    assert needing[1].waits_for == ("first",)


def test_a_mistake_of_the_program_is_told_without_its_values() -> None:
    try:
        raise KeyError("secret")
    except KeyError as error:
        found = bug(error)
    assert "secret" not in str(found.diagnostics[0])
    assert "KeyError" in found.diagnostics[0].detail
