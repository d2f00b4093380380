"""What one desired, observed and remembered resource asks for, and what is left of those no longer declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from reconciler.model.actions import Action, ActionKind
from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.plan.decide import decide, declared_digest
from tests.support.boxes import TYPES, box, declared

A, B = box("a").address, box("b").address


def landscape(
    wanted: Sequence[Resource] = (), observed: Sequence[Resource] = (), remembered: Sequence[Remembered] = ()
) -> Landscape:
    """Return a landscape of boxes, each of them stamped."""
    stamped = Resources(Resource(Address("mark", one.key)) for one in (*wanted, *observed))
    prior = Snapshot("test", "lineage", 1, {one.address: one for one in remembered})
    return Landscape(declared=declared(*wanted), observed={"box": Resources(observed), "mark": stamped}, prior=prior)


def actions(known: Landscape) -> dict[str, Action]:
    end, _ = decide(TYPES, known)
    return {str(address): action for address, action in end.actions.items()}


RED, BLUE = box("a", colour="red"), box("a", colour="blue")


@pytest.mark.parametrize(
    ("wanted", "observed", "remembered", "kind"),
    [
        (RED, None, None, ActionKind.CREATE),
        (box("a", size=2), box("a", size=1), None, ActionKind.UPDATE),
        (RED, BLUE, None, ActionKind.REPLACE),
        (RED, RED, None, ActionKind.ADOPT),
        (RED, RED, Remembered(A, {"colour": "red"}), None),
        (RED, RED, Remembered(A, {"colour": "red"}, guid="another"), ActionKind.ADOPT),
        (RED, RED, Remembered(A, {"colour": "blue"}), ActionKind.ADOPT),
        (None, RED, Remembered(A), ActionKind.DELETE),
        (None, None, Remembered(A), ActionKind.FORGET),
        (None, RED, None, None),
    ],
)
def test_what_a_resource_asks_for_follows_from_what_is_known_of_it(
    wanted: Resource | None, observed: Resource | None, remembered: Remembered | None, kind: ActionKind | None
) -> None:
    known = landscape(*([] if one is None else [one] for one in (wanted, observed, remembered)))  # type: ignore[arg-type]
    found = [action.kind for action in actions(known).values()]
    assert found == ([] if kind is None else [kind])


def test_what_is_as_desired_and_ours_is_counted() -> None:
    _, unchanged = decide(TYPES, landscape([RED, box("b")], [RED, box("b")], [Remembered(A, {"colour": "red"})]))
    assert unchanged == 1


def test_what_cannot_be_read_is_neither_made_nor_removed() -> None:
    known = landscape([RED], [], [Remembered(B)])
    unread = replace(known, unreadable={one: Diagnostic("No answer") for one in (A, B)})
    assert actions(unread) == {}


def test_an_update_names_what_it_takes_for_granted_and_how_to_undo_it() -> None:
    update = actions(landscape([box("a", size=2)], [box("a", size=1, colour="red")]))["box/a"]
    assert (update.expects, update.expects_after) == ({"size": 1}, {"size": 2})
    assert [str(command) for command in (*update.commands, *update.inverse)] == [
        "Set-Box -Identity a -Size 2",
        "Set-Box -Identity a -Size 1",
    ]


def test_a_replacement_removes_and_makes_and_counts_as_destroyed() -> None:
    action = actions(landscape([RED], [BLUE]))["box/a"]
    assert [command.cmdlet for command in action.commands] == ["Remove-Box", "New-Box"]
    assert [command.cmdlet for command in action.inverse] == ["Remove-Box", "New-Box"]
    assert action.destroyed == (A,)


def test_a_type_sees_the_world_as_the_types_before_it_will_leave_it() -> None:
    """The stamp is due because of a box that does not exist yet."""
    bare = replace(landscape([RED]), observed={})
    end, _ = decide(TYPES, bare)
    assert [str(address) for address in end.actions] == ["box/a", "stamp/all", "restart/press"]
    assert end.predicted_by[Address("mark", "a")] == Address("stamp", "all")


def test_a_removal_waits_for_what_stood_on_it() -> None:
    remembered = [Remembered(A), Remembered(B, needs=(A,))]
    found = actions(landscape([], [box("a"), box("b", on="a")], remembered))
    assert (found["box/a"].needs, found["box/b"].needs) == ((B,), ())


# --- the digest of the files -----------------------------------------------------------------------------------------


def test_the_digest_of_the_files_depends_on_values_and_neither_on_spelling_nor_on_order() -> None:
    digest = declared_digest(TYPES, landscape([box("a", on="b"), box("b", size=1)]))
    assert digest == declared_digest(TYPES, landscape([box("B", size=1), box("A", on="B")]))
    assert digest != declared_digest(TYPES, landscape([box("a", on="b"), box("b", size=2)]))
