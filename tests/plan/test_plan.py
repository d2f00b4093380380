"""A plan answers what it does and leaves out, and to what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.resources import Address
from reconciler.plan.commits import Source
from reconciler.plan.plan import Plan, Step

UPDATES = tuple(Action(Address("box", key), ActionKind.UPDATE) for key in "ab")
STEP = Step("update box red", UPDATES, 1)
ADOPTED = Action(Address("box", "c"), ActionKind.ADOPT)
FORGOTTEN = Action(Address("box", "d"), ActionKind.FORGET)
PLAN = Plan("test", steps=(STEP,), adopted=(ADOPTED,), forgotten=(FORGOTTEN,), source=Source("0" * 40))


@pytest.mark.parametrize(
    ("plan", "has_changes", "has_effects"),
    [
        (Plan("test"), False, False),
        (Plan("test", adopted=(ADOPTED,)), False, True),
        (Plan("test", forgotten=(FORGOTTEN,)), False, True),
        (Plan("test", steps=(STEP,)), True, True),
    ],
)
def test_a_plan_changes_servers_or_only_the_state_or_nothing(plan: Plan, has_changes: bool, has_effects: bool) -> None:
    assert (plan.has_changes, plan.has_effects) == (has_changes, has_effects)


def test_a_plan_acts_upon_what_its_steps_adoptions_and_forgettings_are_about() -> None:
    assert tuple(PLAN.actions()) == UPDATES
    assert [address.key for address in PLAN.acted_upon()] == ["a", "b", "c", "d"]
    assert PLAN.commit == "0" * 40


def test_a_step_is_found_by_any_of_its_addresses_in_any_spelling() -> None:
    assert PLAN.step_of(Address("box", "B")) is STEP
    assert PLAN.step_of(Address("box", "c")) is None, "an adoption is no step"
    assert STEP.first is UPDATES[0]


def test_what_is_left_out_is_listed_once_in_order() -> None:
    def about(address: str | None) -> Diagnostic:
        return Diagnostic("Wrong", address=address, leaves_out=True)

    found = [about("box/b"), about("box/a"), about("box/b"), about(None), Diagnostic("Wrong", address="box/c")]
    assert replace(PLAN, diagnostics=tuple(found)).left_out == ("box/a", "box/b")
