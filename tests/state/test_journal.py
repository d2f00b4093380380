"""What stays known of open intents between writes is what the store has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.model.diagnostics import StateError
from reconciler.model.snapshot import Intent, Run, StateChange
from tests.support.state_support import Place, holder, intent, outcome

RUN = Run("run1", "2026-01-01", "kim", "ops1")


def intents(names: str) -> tuple[Intent, ...]:
    return tuple(map(intent, names))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "private" / "state.db")
    yield made
    made.close()


def open_ones(place: Place) -> str:
    """Return the open intents as a store sees them that is opened now, whose audit must hold."""
    store = place.open()
    store.verify_audit()
    return "".join(sorted(one.id for one in store.read().open_intents))


def test_outcomes_in_any_order_close_their_intents_alone(place: Place) -> None:
    lease = place.open().acquire(holder())
    lease.commit(StateChange(intents=intents("abcdef")))
    lease.commit(StateChange(intents=intents("gh"), outcomes=tuple(map(outcome, "ebd"))))
    assert open_ones(place) == "acfgh"
    lease.commit(StateChange(outcomes=tuple(map(outcome, "hcgab"))))
    assert open_ones(place) == "f"


def test_a_write_that_failed_leaves_nothing_known(place: Place) -> None:
    fails: list[str] = []

    def point(name: str) -> None:
        if name == "state-before-commit" and fails:
            raise InterruptedError(fails.pop())

    lease = place.open(point=point).acquire(holder())
    lease.commit(StateChange(intents=intents("abc")))
    fails.append("once")
    with pytest.raises(StateError, match="State not accessible"):
        lease.commit(StateChange(intents=intents("d"), outcomes=(outcome("b"),)))
    assert open_ones(place) == "abc"
    lease.commit(StateChange(outcomes=(outcome("b"), outcome("c"))))
    assert open_ones(place) == "a"


def test_another_write_in_between_changes_nothing_of_it(place: Place) -> None:
    lease = place.open().acquire(holder())
    lease.commit(StateChange(intents=intents("ab")))
    lease.end(RUN)
    lease.commit(StateChange(outcomes=(outcome("a"),)))
    lease.release()
    again = place.open().acquire(holder("run2"))
    again.commit(StateChange(intents=intents("c"), outcomes=(outcome("b"),)))
    assert open_ones(place) == "c"


def test_an_intent_sent_again_replaces_the_open_one(place: Place) -> None:
    lease = place.open().acquire(holder())
    lease.commit(StateChange(intents=intents("ab")))
    lease.commit(StateChange(intents=intents("bbc")))
    assert open_ones(place) == "abc"
    lease.commit(StateChange(outcomes=tuple(map(outcome, "ba"))))
    assert open_ones(place) == "c"


def test_an_intent_closed_by_another_program_is_noticed(place: Place) -> None:
    lease = place.open().acquire(holder())
    lease.commit(StateChange(intents=intents("abc")))
    with closing(sqlite3.connect(place.path)) as other, other:
        other.execute("UPDATE intents SET is_open = 0 WHERE id = 'b'")
    with pytest.raises(StateError, match="Damaged state"):
        lease.commit(StateChange(outcomes=tuple(map(outcome, "abc"))))
