"""What leads to an object stays until the object itself is removed, by the step that removes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from reconciler.model.actions import Action, ActionKind, Change, Taken
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Attribute, Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.plan.unlinking import keep_until_removed
from tests.support.boxes import ATTRIBUTES, TYPES, Box, box

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
