"""Those who leave an object go before it is replaced, unless that would go in a circle."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.actions import Action, ActionKind
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.plan.leavers import leavers_first
from tests.support.boxes import TYPES, box

A, B, C = (Address("box", key) for key in "abc")
REPLACE, MOVE = Action(A, ActionKind.REPLACE), Action(B, ActionKind.UPDATE)


def seen(*boxes: Resource) -> Landscape:
    return Landscape(observed={"box": Resources(boxes)})


def needs_of(before: Landscape, after: Landscape, *actions: Action) -> dict[str, list[str]]:
    end = leavers_first(TYPES, before, replace(after, actions={one.address: one for one in actions}))
    return {str(address): [str(need) for need in action.needs] for address, action in end.actions.items()}


ON_A = seen(box("a"), box("b", on="a"))


def test_a_replacement_waits_for_who_stands_elsewhere_afterwards() -> None:
    after = seen(box("a"), box("b", on="c"))
    assert needs_of(ON_A, after, REPLACE, MOVE) == {"box/a": ["box/b"], "box/b": []}


def test_a_replacement_waits_for_who_ends() -> None:
    assert needs_of(ON_A, seen(box("a")), REPLACE, Action(B, ActionKind.DELETE))["box/a"] == ["box/b"]


def test_who_stays_is_not_waited_for() -> None:
    assert needs_of(ON_A, seen(box("a"), box("b", on="A")), REPLACE, MOVE)["box/a"] == []


def test_who_leaves_without_an_action_of_this_plan_is_not_waited_for() -> None:
    assert needs_of(ON_A, seen(box("a"), box("b", on="c")), REPLACE)["box/a"] == []


def test_what_is_not_replaced_waits_for_nobody() -> None:
    assert needs_of(ON_A, seen(box("b", on="c")), Action(A, ActionKind.DELETE), MOVE)["box/a"] == []


def test_who_needs_the_new_object_itself_does_not_wait_in_a_circle() -> None:
    after = seen(box("a"), box("b", on="c"))
    assert needs_of(ON_A, after, REPLACE, replace(MOVE, needs=(A,)))["box/a"] == []


def test_users_who_change_places_while_both_move_do_not_wait_in_a_circle() -> None:
    before = seen(box("a"), box("b"), box("c", on="a"), box("d", on="b"))
    after = seen(box("a"), box("b"), box("c", on="b"), box("d", on="a"))
    replaced = [Action(one, ActionKind.REPLACE) for one in (A, B)]
    moved = [Action(C, ActionKind.UPDATE, needs=(B,)), Action(Address("box", "d"), ActionKind.UPDATE, needs=(A,))]
    needs = needs_of(before, after, *replaced, *moved)
    assert [bool(needs["box/a"]), bool(needs["box/b"])].count(True) == 1, "one waits, the other cannot"
