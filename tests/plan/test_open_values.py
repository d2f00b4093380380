"""Every value that a plan leaves open is brought by an object that is there or by a step that makes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import NameOf, write
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resources
from reconciler.plan.open_values import nobody_brings, with_bringers
from tests.support.boxes import box

A, LID, STAMP = Address("box", "a"), Address("box", "lid"), Address("stamp", "all")
NAMING = Action(A, ActionKind.CREATE, commands=(write("New-Box", Lid=NameOf(LID, "lid")),))
MAKING = Action(STAMP, ActionKind.RUN)
THERE = Landscape(observed={"box": Resources([box("lid")])})
PREDICTED = replace(THERE, predicted_by={LID: STAMP})


def needs(end: Landscape, *actions: Action) -> tuple[Address, ...]:
    return with_bringers(replace(end, actions={one.address: one for one in actions})).actions[A].needs


def test_what_names_a_predicted_object_needs_the_action_that_makes_it() -> None:
    assert needs(PREDICTED, NAMING, MAKING) == (STAMP,)
    assert needs(PREDICTED, replace(NAMING, needs=(STAMP,)), MAKING) == (STAMP,), "once"


def test_what_names_an_object_that_is_there_needs_nobody() -> None:
    assert needs(THERE, NAMING) == ()


def test_an_update_of_a_predicted_object_brings_nothing_but_its_maker_does() -> None:
    update = Action(LID, ActionKind.UPDATE, predicted_by=STAMP)
    assert needs(replace(THERE, predicted_by={LID: LID}), NAMING, MAKING, update) == (STAMP,)


def test_an_action_does_not_need_itself() -> None:
    assert needs(replace(THERE, predicted_by={LID: A}), NAMING) == ()


@pytest.mark.parametrize(
    ("end", "chosen", "is_brought"),
    [
        (THERE, (NAMING,), True),
        (PREDICTED, (NAMING, MAKING), True),
        (PREDICTED, (NAMING,), False),
        (Landscape(), (NAMING,), False),
        (replace(Landscape(), predicted_by={LID: A}), (NAMING,), True),
    ],
    ids=["there", "made", "maker not chosen", "nowhere", "removed by itself"],
)
def test_a_value_that_nobody_brings_is_an_error(end: Landscape, chosen: tuple[Action, ...], is_brought: bool) -> None:
    end = replace(end, actions={one.address: one for one in (NAMING, MAKING)})
    found = [*nobody_brings(end, {one.address: one for one in chosen})]
    assert [(one.code, one.address) for one in found] == ([] if is_brought else [("UM108", "box/a")])


def test_a_user_whose_value_nobody_brings_is_left_out_and_everything_else_forbids_the_plan() -> None:
    for action, leaves_out in ((NAMING, False), (replace(NAMING, group="red"), True)):
        (told,) = nobody_brings(Landscape(), {A: action})
        assert (told.leaves_out, told.forbids) == (leaves_out, not leaves_out)
