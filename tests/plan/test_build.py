"""The plan of a small world, from what is declared, observed and remembered."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given

from reconciler.model.actions import ActionKind
from reconciler.model.commands import Reply
from reconciler.model.diagnostics import Diagnostic, PermanentError, SessionError
from reconciler.model.ports import Request
from reconciler.model.resources import Address, Resources
from reconciler.model.snapshot import Intent
from reconciler.model.values import UNSET
from tests.support.boxes import TYPES, BoxWorld, box, box_worlds, configurations, declared
from tests.support.engine import Engine, engine_of
from tests.support.fakes import FunctionSessions, MemoryStore

TWO = declared(box("a", size=1, colour="red"), box("b", size=2, on="a"))


def test_plan_of_an_empty_world_creates_in_order() -> None:
    plan = engine_of(BoxWorld()).plan(TWO)
    assert [(step.id, step.stage) for step in plan.steps] == [
        ("create box/a", 1),
        ("create box/b", 2),
        ("run stamp/all", 3),
        ("run restart/press", 4),
    ]
    assert plan.steps[1].needs == ("create box/a",)


def test_change_shows_before_and_after_and_how_to_undo_it() -> None:
    world = BoxWorld({"a": {"Size": 1, "Colour": "red"}}, {"a"})
    (action,) = engine_of(world).plan(declared(box("a", size=3))).actions()
    assert action.kind is ActionKind.UPDATE
    assert [(change.attribute, change.before, change.after) for change in action.changes] == [("size", 1, 3)]
    assert [str(command) for command in action.commands] == ["Set-Box -Identity a -Size 3"]
    assert [str(command) for command in action.inverse] == ["Set-Box -Identity a -Size 1"]


def test_attribute_left_out_is_not_compared() -> None:
    world = BoxWorld({"a": {"Size": 7, "Colour": "red"}}, {"a"})
    assert not engine_of(world).plan(declared(box("a"))).has_changes


def test_fixed_attribute_forces_replacement_which_others_forbid() -> None:
    world = BoxWorld({"a": {"Colour": "red"}, "b": {"On": "a"}}, {"a", "b"})
    plan = engine_of(world).plan(declared(box("a", colour="blue"), box("b", on="a")))
    (action,) = plan.actions()
    assert (action.kind, action.destroyed) == (ActionKind.REPLACE, (action.address,))
    (told,) = plan.diagnostics
    assert (told.code, told.is_error) == ("UM103", True)
    assert "box/b" in told.detail


def test_object_that_is_not_ours_is_never_deleted() -> None:
    world = BoxWorld({"theirs": {}}, {"theirs"})
    assert not engine_of(world).plan(declared()).has_changes


def test_deleting_what_a_stranger_uses_is_refused() -> None:
    world = BoxWorld()
    engine = engine_of(world)
    engine.apply(declared(box("a")))
    world.boxes["theirs"] = {"On": "a"}
    world.marks.add("theirs")
    assert [told.code for told in engine.plan(declared()).diagnostics] == ["UM102"]


def test_unreadable_is_not_absent() -> None:
    def answer(request: Request) -> Reply | SessionError:
        if request.command.cmdlet == "Get-Box":
            return PermanentError(Diagnostic("Access denied", "The account may not read boxes."))
        return Reply()

    plan = Engine(TYPES, FunctionSessions(answer)).plan(TWO)
    assert not plan.has_changes
    assert [(told.code, told.is_error) for told in plan.diagnostics] == [("UM101", True)]


def test_change_of_a_value_the_server_did_not_tell_starts_from_unset() -> None:
    world = BoxWorld({"a": {}}, {"a"})
    (action,) = engine_of(world).plan(declared(box("a", size=1))).actions()
    assert action.changes[0].before is UNSET


def test_plan_warns_of_what_an_interrupted_run_left_open() -> None:
    intent = Intent("op1", "run1", Address("box", "a"), "create", "New-Box -Name a", "ex1", "2026-01-05T08:10:00Z")
    plan = engine_of(BoxWorld(), MemoryStore(intents={intent.id: intent})).plan(TWO)
    (told,) = plan.diagnostics
    assert (told.code, told.is_error) == ("UM106", False)
    assert str(intent.address) in told.detail


@given(box_worlds(), configurations())
def test_plan_does_not_depend_on_the_order_of_declarations(world: BoxWorld, wanted: Mapping[str, Resources]) -> None:
    boxes = list(wanted["box"].values())
    turned = declared(*reversed(boxes))
    engine = engine_of(world)
    assert engine.plan(wanted) == engine.plan(turned)
