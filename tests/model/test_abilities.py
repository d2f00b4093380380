"""A type has an ability by inheriting it; what it does not say about it is the harmless answer."""

from __future__ import annotations

from typing import ClassVar

from reconciler.model.abilities import Foreseeing, Holder, Obliged, Owing, Piecemeal, Rows, Stepwise, met
from reconciler.model.actions import Action, ActionKind
from reconciler.model.claims import Claim
from reconciler.model.landscape import Landscape
from reconciler.model.obligations import Duty
from reconciler.model.resources import Resources
from reconciler.model.snapshot import Obligation, Snapshot
from tests.support.boxes import Box, Mark, Stamp, box

NOTHING = Landscape()
UPDATE = Action(box("a").address, ActionKind.UPDATE)
PAINT = Duty("paint", "{subject} has to be painted")


class Everything(Box, Rows, Holder, Owing, Obliged):
    """A box with all the abilities that a managed type may have."""

    name: ClassVar[str] = "everything"
    duties: ClassVar[tuple[Duty, ...]] = (PAINT,)

    def is_met(self, owed: Obligation, landscape: Landscape) -> bool:
        return owed.subject in landscape.all("box")


def test_abilities_are_asked_for_by_their_class() -> None:
    assert isinstance(Stamp(), Foreseeing)
    assert not isinstance(Stamp(), Stepwise | Piecemeal)
    assert not isinstance(Box(), Rows | Holder | Obliged)
    assert not isinstance(Mark(), Foreseeing)


def test_rows_mean_what_they_name_and_end_nothing() -> None:
    one = Everything()
    assert (one.meant(NOTHING), one.ended(NOTHING), one.group(UPDATE, NOTHING)) == ({}, (), "")


def test_a_holder_claims_its_exclusive_attributes_and_gives_them_up() -> None:
    one = Everything()
    assert one.claims(box("a", size=1), NOTHING) == ()
    assert one.released(box("a", size=1), [Claim.of("box", "size", "1")], NOTHING) == box("a", size=None)


def test_nothing_is_owed_or_under_way_unless_a_type_says_so() -> None:
    one = Everything()
    assert (one.obligations(box("a"), (), NOTHING), one.owed_after(UPDATE, NOTHING)) == ((), ())


def test_what_is_owed_is_judged_by_the_type_that_declares_its_kind() -> None:
    owed = (PAINT.of("a"), PAINT.of("b"), Obligation("dance", "a"))
    given = Landscape(prior=Snapshot("test", obligations=owed)).with_observed("box", Resources([box("a")]))
    assert met([Mark(), Everything()], given) == (PAINT.of("a"),)
    assert met([Mark()], given) == ()
