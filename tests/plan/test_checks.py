"""What the engine's own checks tell: one cause once, nothing about what was left out, and never that the unread is"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import Command, NameOf, Reply, read, write
from reconciler.model.diagnostics import Diagnostic, SessionError, Unreachable
from reconciler.model.landscape import Landscape, Settings
from reconciler.model.ports import Request
from reconciler.model.resource_types import Answer, Diagnosed, ResourceType
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.plan.build import build_plan
from reconciler.plan.checks import nobody_brings, with_bringers
from reconciler.plan.selection import Selection
from tests.support.boxes import Box, Mark, box, declared
from tests.support.engine import Engine
from tests.support.fakes import FunctionSessions

DOWN = Diagnostic("Host is unreachable", "ex1:5985: the connection was refused.", "Start it.")


class Lid(Box):
    """Something whose hosts other reads tell: without them it asks nobody."""

    name: ClassVar[str] = "lid"
    section: ClassVar[str | None] = None
    reads_after: ClassVar[tuple[str, ...]] = ("box",)

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return tuple(read("Get-Lid", Identity=key) for key in landscape.all("box"))


class Shelf(Box):
    """Another type on the same host."""

    name: ClassVar[str] = "shelf"
    section: ClassVar[str | None] = None

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        failed = [reply for _, reply in answers if isinstance(reply, SessionError)]
        return [Diagnosed(Address("shelf", "*"), told) for reply in failed for told in reply.diagnostics]


def unreachable(request: Request) -> Reply | SessionError:
    return Unreachable(DOWN)


def test_host_that_does_not_answer_is_reported_once_with_all_that_could_not_be_read() -> None:
    plan = Engine((Box(), Shelf()), FunctionSessions(unreachable)).plan(declared(box("a")))
    (told,) = plan.diagnostics
    assert (told.summary, told.remedy, told.code, told.is_error) == (DOWN.summary, DOWN.remedy, "UM101", True)
    assert told.detail.startswith(DOWN.detail)
    assert "box and shelf" in told.detail


def test_different_causes_are_reported_each() -> None:
    def answer(request: Request) -> Reply | SessionError:
        return Unreachable(Diagnostic(DOWN.summary, f"{request.command.cmdlet} failed.", DOWN.remedy))

    class Other(Shelf):
        def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
            return (read("Get-Shelf"),)

    plan = Engine((Box(), Other()), FunctionSessions(answer)).plan(declared(box("a")))
    assert sorted(told.detail for told in plan.diagnostics) == ["Get-Box failed.", "Get-Shelf failed."]


def test_what_hangs_on_something_unread_is_unread_and_not_gone() -> None:
    types: tuple[ResourceType, ...] = (Box(), Lid())
    engine = Engine(types, FunctionSessions(unreachable))
    lid = Remembered(Address("lid", "a"), {"size": 1})
    before = Landscape(Settings("test"), prior=Snapshot("test", resources={lid.address: lid}))
    seen = engine.reader.observe(before)
    assert not seen.is_readable("lid", "a")
    plan = build_plan(types, seen)
    assert (plan.forgotten, plan.steps) == ((), ())


class Warned(Mark):
    """Has something to say about every box that is acted upon."""

    def check(self, landscape: Landscape) -> Sequence[Diagnostic]:
        return [Diagnostic("Box acted upon", str(address)) for address in landscape.actions]


def test_check_is_about_what_is_planned_and_not_about_what_was_left_out() -> None:
    engine = Engine((Box(), Warned()), FunctionSessions(lambda _: Reply()))
    wanted = declared(box("a"), box("b"))
    assert [told.detail for told in engine.plan(wanted).diagnostics] == ["box/a", "box/b"]
    left = engine.plan(wanted, Selection(excludes=("box/b",)))
    assert [told.detail for told in left.diagnostics] == ["box/a"]


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
