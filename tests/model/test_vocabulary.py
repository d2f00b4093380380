"""The words of the types: what they call their obligations and impacts, and in which order these are shown."""

from __future__ import annotations

from reconciler.app import vocabulary
from reconciler.model.impacts import DESTROYS
from reconciler.model.snapshot import Obligation
from reconciler.model.vocabulary import Vocabulary
from tests.support.boxes import Box, Mark

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
