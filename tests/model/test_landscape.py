"""A landscape answers what is there, what is wanted and what can be read; predictions make a new one."""

from __future__ import annotations

from reconciler.model.diagnostics import Diagnostic
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resources
from tests.support.boxes import box

A, B, STAMP = Address("box", "a"), Address("box", "b"), Address("stamp", "all")
SEEN = Landscape(observed={"box": Resources([box("a", size=1)])})


def test_what_was_not_observed_is_not_there() -> None:
    assert SEEN.one("box", "A") == box("a", size=1)
    assert SEEN.one("box", "b") is None
    assert SEEN.one("box", None) is None
    assert SEEN.one("lid", "a") is None
    assert len(SEEN.all("lid")) == 0


def test_what_is_derived_stands_before_what_is_declared() -> None:
    declared = Landscape(declared={"box": Resources([box("a")])})
    derived = declared.with_desired("box", Resources([box("a"), box("b")]))
    assert list(declared.wanted("box")) == ["a"]
    assert list(derived.wanted("box")) == ["a", "b"]
    assert list(derived.wanted("lid")) == []


def test_a_type_that_cannot_be_read_makes_each_of_its_resources_unreadable() -> None:
    reason = Diagnostic("No answer")
    one, every = Landscape(unreadable={A: reason}), Landscape(unreadable={Address("box", "*"): reason})
    assert (one.is_readable("box", "A"), one.is_readable("box", "b"), one.is_readable("box")) == (False, True, True)
    assert (every.is_readable("box", "b"), every.is_readable("box"), every.is_readable("lid", "a")) == (
        False,
        False,
        True,
    )


def test_a_prediction_says_which_action_makes_it_so() -> None:
    later = SEEN.predicting(STAMP, "box", put=[box("b")], drop=["a"])
    assert list(later.all("box")) == ["b"]
    assert later.predicted_by == {A: STAMP, B: STAMP}
    assert SEEN.predicted_by == {}, "the landscape before it stays as it is"
    assert list(SEEN.all("box")) == ["a"]


def test_a_fact_is_found_once_while_its_parts_stay_the_same() -> None:
    asked: list[Resources] = []

    def how_many(boxes: Resources) -> int:
        asked.append(boxes)
        return len(boxes)

    later = SEEN.with_desired("lid", Resources())
    assert [one.fact(how_many, one.all("box")) for one in (SEEN, later, SEEN)] == [1, 1, 1]
    assert len(asked) == 1
    changed = later.predicting(STAMP, "box", put=[box("b")])
    assert changed.fact(how_many, changed.all("box")) == 2
    assert len(asked) == 2
