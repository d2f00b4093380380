"""What is looked at just before an action is to be sent decides whether it still begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.actions import Action, ActionKind, Change, Taken
from reconciler.model.commands import NameOf, write
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import OutcomeKind
from reconciler.run.foregone import foregone
from tests.support.boxes import Box, box

A, LID = Address("box", "a"), Address("lid", "a")
UPDATE = Action(A, ActionKind.UPDATE, (Change("size", 1, 2),), expects={"size": 1}, expects_after={"size": 2})
TAKING = replace(UPDATE, takes_from=(Taken(LID, {"colour": "red"}),))


def seen(size: int = 1, **more: Resources) -> Landscape:
    return Landscape(observed={"box": Resources([box("a", size=size)]), **more})


def lid(colour: str) -> Resources:
    return Resources([Resource(LID, {"colour": colour, "size": 5})])


@pytest.mark.parametrize(
    ("action", "landscape"),
    [
        (UPDATE, seen()),
        (TAKING, seen(lid=lid("red"))),
        (replace(UPDATE, commands=(write("Set-Box", Lid=NameOf(LID, "lid")),)), seen(lid=lid("blue"))),
    ],
)
def test_an_action_begins_where_everything_is_as_the_plan_saw_it(action: Action, landscape: Landscape) -> None:
    assert foregone(Box(), action, landscape) is None


def test_an_effect_that_is_there_already_is_done_without_a_command() -> None:
    ended = foregone(Box(), UPDATE, seen(size=2))
    assert ended is not None
    assert (ended.outcome, ended.was_there, ended.sent_nothing) == (OutcomeKind.DONE, True, True)


@pytest.mark.parametrize(
    ("action", "landscape", "is_stale", "about"),
    [
        (UPDATE, seen(size=7), True, "size"),
        (UPDATE, Landscape(), True, ""),
        (UPDATE, replace(seen(), unreadable={A: Diagnostic("No answer")}), False, ""),
        (TAKING, seen(lid=lid("blue")), True, "lid/a"),
        (TAKING, seen(), True, "lid/a"),
        (TAKING, replace(seen(lid=lid("red")), unreadable={LID: Diagnostic("No answer")}), False, "lid/a"),
        (replace(UPDATE, commands=(write("Set-Box", Lid=NameOf(LID, "lid")),)), seen(), False, "lid/a"),
    ],
    ids=["changed", "gone", "unreadable", "holder changed", "holder gone", "holder unreadable", "not brought"],
)
def test_an_action_does_not_run_where_something_is_otherwise(
    action: Action, landscape: Landscape, is_stale: bool, about: str
) -> None:
    ended = foregone(Box(), action, landscape)
    assert ended is not None
    assert (ended.outcome, ended.is_stale) == (OutcomeKind.NOT_RUN, is_stale)
    assert about in ended.detail
