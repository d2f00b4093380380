"""What an action takes for granted, what it will have done, and whether it did."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import UNSET
from reconciler.plan.effects import expectation, is_done, needs_of, predicted, project
from tests.support.boxes import Box, Mark, Stamp, box

A = Address("box", "a")
UPDATE = Action(A, ActionKind.UPDATE, (Change("size", 1, 2),), expects_after={"size": 2})
DELETE = Action(A, ActionKind.DELETE)
TAGS = st.frozensets(st.sampled_from("abcd")).map(lambda tags: tuple(sorted(tags)))


def seen(*boxes: Resource) -> Landscape:
    return Landscape(observed={"box": Resources(boxes)})


def test_a_resource_needs_what_its_attributes_reference() -> None:
    assert needs_of(Box(), box("a", on="b", size=1), Landscape()) == (Address("box", "b"),)
    assert needs_of(Box(), box("a"), Landscape()) == ()


# --- before it runs --------------------------------------------------------------------------------------------------


def test_only_what_changes_is_taken_for_granted() -> None:
    assert expectation(Box(), UPDATE, seen(box("a", size=1, colour="red"))) == {"size": 1}
    assert expectation(Box(), UPDATE, seen()) is None


def test_of_a_predicted_object_only_what_the_prediction_knew_is_taken_for_granted() -> None:
    both = replace(UPDATE, changes=(Change("size", 1, 2), Change("colour", UNSET, "red")))
    foreseen = replace(seen(box("a", size=1)), predicted_by={A: Address("stamp", "all")})
    planned = expectation(Box(), both, foreseen)
    assert planned == {"size": 1}
    later = replace(both, predicted_by=Address("stamp", "all"), expects=planned)
    assert expectation(Box(), later, seen(box("a", size=1, colour="blue"))) == planned


def test_a_task_says_itself_what_it_takes_for_granted_and_a_fact_takes_nothing() -> None:
    run = Action(Address("stamp", "all"), ActionKind.RUN)
    assert expectation(Stamp(), run, seen(box("a"))) == Stamp().expectation(run, seen(box("a")))
    assert expectation(Mark(), Action(Address("mark", "a"), ActionKind.UPDATE), Landscape()) is None


@given(TAGS, TAGS, TAGS)
def test_of_a_membership_only_the_elements_that_move_are_looked_at(
    before: tuple[str, ...], after: tuple[str, ...], there: tuple[str, ...]
) -> None:
    found = project(Box(), (Change("tags", before, after),), box("a", tags=there))
    assert found == {"tags": tuple(tag for tag in there if (tag in before) != (tag in after))}


# --- after it ran ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "landscape", "is_there"),
    [
        (UPDATE, seen(box("a", size=2, colour="green")), True),
        (UPDATE, seen(box("a", size=1)), False),
        (UPDATE, seen(), False),
        (DELETE, seen(), True),
        (DELETE, seen(box("a")), False),
        (replace(UPDATE, changes=(Change("on", "x", "B"),), expects_after={"on": "B"}), seen(box("a", on="b")), True),
    ],
)
def test_an_action_is_done_where_its_effect_is_seen(action: Action, landscape: Landscape, is_there: bool) -> None:
    assert is_done(Box(), action, landscape) is is_there


# --- as it will be ---------------------------------------------------------------------------------------------------


def test_actions_change_what_they_name_and_keep_the_rest() -> None:
    end = predicted(Box(), [(UPDATE, box("a", size=2))], seen(box("a", size=1, colour="red"), box("b")))
    assert list(end.all("box").values()) == [box("a", size=2, colour="red"), box("b")]
    assert end.predicted_by == {A: A}


def test_what_is_made_anew_is_as_it_is_desired() -> None:
    replacing = replace(UPDATE, kind=ActionKind.REPLACE)
    end = predicted(Box(), [(replacing, box("a", size=2))], seen(box("a", size=1, colour="red")))
    assert list(end.all("box").values()) == [box("a", size=2)]


def test_what_is_removed_is_gone_and_what_sends_nothing_changes_nothing() -> None:
    start = seen(box("a"), box("b"))
    assert list(predicted(Box(), [(DELETE, None)], start).all("box")) == ["b"]
    for kind in (ActionKind.ADOPT, ActionKind.FORGET):
        assert predicted(Box(), [(Action(A, kind), None)], start).observed == start.observed


def test_what_a_server_adds_by_itself_is_foreseen() -> None:
    run = Action(Address("stamp", "all"), ActionKind.RUN)
    end = predicted(Stamp(), [(run, None)], seen(box("a"), box("b")))
    assert list(end.all("mark")) == ["a", "b"]
    assert set(end.predicted_by.values()) == {run.address}
