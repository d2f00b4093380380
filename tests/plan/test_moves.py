"""What goes from one object to another is found by comparing what each holds before and after."""

from __future__ import annotations

from dataclasses import replace

from providers.resources.auto_attendant import AutoAttendantType
from reconciler.model.actions import Action, ActionKind
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.plan.moves import key_of, moves_of
from tests.support.landscapes import resource
from tests.support.types import the

ATTENDANT = the(AutoAttendantType)
HAS, LACKS = ("+14255550111",), ()


def attendant(name: str, numbers: tuple[str, ...]) -> Resource:
    return resource(f"auto_attendant/{name}", dial_plan="Redmond", pilot_numbers=numbers)


def there(*resources: Resource) -> Landscape:
    return Landscape().with_observed(ATTENDANT.name, Resources(resources))


def moves(before: Landscape, end: Landscape, **kinds: ActionKind) -> list[tuple[str, str, str]]:
    """Return holder, taker and value of each move, where each attendant named has an action of that kind."""
    actions = [Action(attendant(name, ()).address, kind) for name, kind in kinds.items()]
    found = moves_of({ATTENDANT.name: ATTENDANT}, {key_of(one.address): one for one in actions}, before, end)
    return [(move.holder, move.taker, move.claim.shown) for move in found]


def test_a_number_goes_from_its_holder_to_its_taker() -> None:
    before, end = there(attendant("Old", HAS)), there(attendant("Old", LACKS), attendant("New", HAS))
    assert moves(before, end, Old=ActionKind.UPDATE, New=ActionKind.CREATE) == [
        ("auto_attendant/old", "auto_attendant/new", "+14255550111")
    ]


def test_what_its_holder_keeps_does_not_move() -> None:
    before, end = there(attendant("Old", HAS)), there(attendant("Old", HAS), attendant("New", HAS))
    assert moves(before, end, Old=ActionKind.UPDATE, New=ActionKind.CREATE) == []


def test_what_nobody_held_or_nobody_takes_does_not_move() -> None:
    assert moves(there(), there(attendant("New", HAS)), New=ActionKind.CREATE) == []
    assert moves(there(attendant("Old", HAS)), there(), Old=ActionKind.DELETE) == []


def test_what_goes_is_waited_for_though_its_number_was_freed_already() -> None:
    prior = Remembered(attendant("Old", HAS).address, attendant("Old", HAS).attributes)
    state = Snapshot("test", resources={prior.address: prior})
    before = replace(there(attendant("Old", LACKS)), prior=state)
    assert moves(before, there(attendant("New", HAS)), Old=ActionKind.DELETE, New=ActionKind.CREATE) == [
        ("auto_attendant/old", "auto_attendant/new", "+14255550111")
    ]


def test_an_object_has_one_name_in_any_spelling() -> None:
    assert key_of(attendant("Main", HAS).address) == key_of(attendant("MAIN", HAS).address)
