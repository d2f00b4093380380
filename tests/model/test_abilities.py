"""A type has an ability by inheriting it; what it does not say about it is the harmless answer."""

from __future__ import annotations

from typing import ClassVar

from reconciler.app import vocabulary
from reconciler.model.abilities import (
    DESTROYS,
    Duty,
    Foreseeing,
    Holder,
    Impact,
    Obliged,
    Owing,
    Piecemeal,
    Rows,
    Stepwise,
    Vocabulary,
    met,
)
from reconciler.model.actions import Action, ActionKind, Claim
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Resources
from reconciler.model.snapshot import Obligation, Snapshot
from tests.support.boxes import Box, Mark, Stamp, box

RESTART = Duty("restart", "{subject} has to restart")


def test_an_obligation_keeps_the_name_of_its_kind_alone() -> None:
    assert RESTART.of("fe1", "2026-01-05T08:00:00Z") == Obligation("restart", "fe1", "2026-01-05T08:00:00Z")


def test_a_kind_knows_its_own() -> None:
    assert RESTART.is_kind_of(Obligation("restart", "fe1"))
    assert not RESTART.is_kind_of(Obligation("renewal", "fe1"))


def test_a_clause_names_the_subject_or_both_its_parts() -> None:
    assert RESTART.clause("fe1") == "fe1 has to restart"
    assert Duty("runs", "{item} on {host} has to run").clause("fe1/RTCCAA") == "RTCCAA on fe1 has to run"


def test_two_kinds_for_one_subject_are_two_obligations() -> None:
    assert len({Obligation("restart", "fe1"), Obligation("renewal", "fe1")}) == 2


def test_a_clause_counts_its_noun() -> None:
    assert Impact("restarts", "restart").clause(1) == "1 restart"
    assert Impact("users", "user", "voice mail of {count} changes").clause(1240) == "voice mail of 1,240 users changes"
    assert DESTROYS.clause(2) == "2 objects destroyed"


WORDS = vocabulary()


def test_every_obligation_that_state_and_plans_may_hold_has_words() -> None:
    assert set(WORDS.duties) >= {"front-end-restart", "um-service-restart", "service-runs", "lower-outcalls"}


def test_what_no_type_declares_is_still_shown() -> None:
    owed = Obligation("re{new}al", "{fe1}")
    assert WORDS.duty_of(owed).clause(owed.subject) == "renewal is still to do for {fe1}"


def test_impacts_are_shown_by_what_is_counted_and_what_is_lost_comes_last() -> None:
    assert [impact.name for impact in WORDS.impacts] == ["restarts", "users", "interrupted_users", "destroys"]


def test_types_without_words_leave_the_engine_its_own() -> None:
    assert Vocabulary.of([Mark(), Box()]) == Vocabulary({}, (DESTROYS,), {}, "replica")


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


def test_rows_mean_what_they_name() -> None:
    one = Everything()
    assert (one.meant(NOTHING), one.group(UPDATE, NOTHING)) == ({}, "")


def test_a_holder_claims_its_exclusive_attributes_and_gives_them_up() -> None:
    one = Everything()
    assert one.claims(box("a", size=1), NOTHING) == ()
    assert one.released(box("a", size=1), [Claim.of("box", "size", "1")], NOTHING) == box("a", size=None)


def test_no_obligation_and_no_progress_unless_a_type_says_so() -> None:
    one = Everything()
    assert (one.obligations(box("a"), (), NOTHING), one.owed_after(UPDATE, NOTHING)) == ((), ())


def test_an_obligation_is_judged_by_the_type_that_declares_its_kind() -> None:
    owed = (PAINT.of("a"), PAINT.of("b"), Obligation("dance", "a"))
    given = Landscape(prior=Snapshot("test", obligations=owed)).with_observed("box", Resources([box("a")]))
    assert met([Mark(), Everything()], given) == (PAINT.of("a"),)
    assert met([Mark()], given) == ()
