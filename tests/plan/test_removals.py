"""Users leave an object before it is replaced; the links to it stay until it is removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from reconciler.model.actions import Action, ActionKind, Change, Taken
from reconciler.model.attributes import Attribute
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.plan.removals import keep_until_removed, leavers_first
from tests.support.boxes import ATTRIBUTES, TYPES, Box, box

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


def test_an_end_waits_for_who_stands_elsewhere_afterwards() -> None:
    assert needs_of(ON_A, seen(box("b", on="c")), Action(A, ActionKind.DELETE), MOVE)["box/a"] == ["box/b"]


def test_what_stays_waits_for_nobody() -> None:
    assert needs_of(ON_A, seen(box("a"), box("b", on="c")), Action(A, ActionKind.UPDATE), MOVE)["box/a"] == []


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


OLD, NEW, RACK = Address("box", "old"), Address("box", "new"), Address("rack", "r")
DELETE = Action(OLD, ActionKind.DELETE)


class Rack(Box):
    """A setting that lists boxes: its tags name them."""

    name: ClassVar[str] = "rack"
    section: ClassVar[str | None] = "racks"

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {**ATTRIBUTES, "tags": replace(ATTRIBUTES["tags"], references="box")}


def rack(*tags: str) -> Resource:
    return Resource(RACK, {"tags": tags})


BEFORE = Landscape(observed={"rack": Resources([rack("old", "other")]), "box": Resources([box("old"), box("other")])})
SWAP = Action(
    RACK,
    ActionKind.UPDATE,
    changes=(Change("tags", ("old", "other"), ("new", "other")),),
    expects={"tags": ("old", "other")},
    remember=rack("new"),
)


def unlinked(*actions: Action, before: Landscape = BEFORE) -> Mapping[Address, Action]:
    end = replace(before, actions={one.address: one for one in actions})
    return keep_until_removed((*TYPES, Rack()), before, end).actions


def test_an_update_keeps_the_element_and_the_removal_takes_it_out() -> None:
    actions = unlinked(SWAP, DELETE)
    (change,) = actions[RACK].changes
    assert change.after == ("new", "old", "other")
    removal = actions[OLD]
    assert [command.cmdlet for command in removal.commands] == ["Set-Box"]
    assert removal.needs == (RACK,)
    assert removal.takes_from == (Taken(RACK, {"tags": ("new", "old", "other")}),)


def test_an_update_that_only_dropped_the_element_becomes_a_look() -> None:
    dropping = replace(SWAP, changes=(Change("tags", ("old", "other"), ("other",)),), remember=rack("other"))
    actions = unlinked(dropping, DELETE)
    assert (actions[RACK].kind, actions[RACK].commands) == (ActionKind.ADOPT, ())
    assert actions[RACK].predicted_by == OLD
    assert [command.cmdlet for command in actions[OLD].commands] == ["Set-Box"]


def test_of_several_removals_each_takes_its_element_out_of_what_the_one_before_left() -> None:
    other = Action(Address("box", "other"), ActionKind.DELETE)
    actions = unlinked(SWAP, DELETE, other)
    assert actions[OLD].takes_from[0].expects == {"tags": ("new", "old", "other")}
    assert actions[other.address].takes_from[0].expects == {"tags": ("new", "other")}
    assert actions[other.address].needs == (RACK, OLD)


def test_a_list_of_strangers_is_left_alone_and_one_of_ours_is_not() -> None:
    assert unlinked(DELETE)[OLD] == DELETE
    ours = replace(BEFORE, prior=Snapshot("test", resources={RACK: Remembered(RACK)}))
    assert unlinked(DELETE, before=ours)[OLD].takes_from != ()


def test_without_a_removal_nothing_changes() -> None:
    assert unlinked(SWAP) == {RACK: SWAP}
