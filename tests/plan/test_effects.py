"""What an action takes for granted, what it will have done, and whether it did."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.attributes import Attribute, AttributeKind, AttributeRole
from reconciler.model.landscape import Landscape
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.model.values import UNSET, Unset, Value
from reconciler.plan.effects import (
    compare,
    expectation,
    forces_replacement,
    is_done,
    needs_of,
    predicted,
    project,
    unlike,
)
from tests.support.boxes import ATTRIBUTES, Box, Mark, Stamp, box
from tests.support.strategies import values

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


ONE = {"one": Attribute("one")}
SPELT_TAGS = st.frozensets(st.sampled_from(["a", "B", "c"])).map(lambda tags: tuple(sorted(tags)))


def remembered(**attributes: Value) -> Remembered:
    return Remembered(box("a").address, attributes)


def tags(desired: Resource, observed: Resource | None, prior: Remembered | None = None) -> Value | Unset:
    """Return the tags that a change would leave; those observed where nothing changes."""
    (change,) = compare(ATTRIBUTES, desired, observed, prior) or (Change("tags", UNSET, None),)
    return change.after


@given(values, values)
def test_values_differ_exactly_where_they_are_not_equal(before: Value, after: Value) -> None:
    assume((before == after) is (repr(before) == repr(after)))  # a parser never gives True for one and 1 for another
    changes = compare(ONE, box("a", one=after), box("a", one=before))
    assert changes == (() if before == after else (Change("one", before, after),))


@pytest.mark.parametrize(("before", "after"), [("1", 1), (None, ""), ((), None), (False, None)])
def test_values_of_two_types_are_never_the_same(before: Value, after: Value) -> None:
    assert compare(ONE, box("a", one=after), box("a", one=before)) == (Change("one", before, after),)


@given(st.dictionaries(st.sampled_from(["size", "colour", "on"]), values))
def test_everything_written_is_new_where_nothing_was_observed(attributes: dict[str, Value]) -> None:
    assert compare(ATTRIBUTES, box("a", **attributes), None) == tuple(
        Change(name, UNSET, value) for name, value in attributes.items()
    )


def test_what_is_not_written_or_not_compared_is_passed_over() -> None:
    table = {**ATTRIBUTES, "wave": Attribute("wave", role=AttributeRole.INTENT)}
    assert compare(table, box("a", wave="2", other=1), box("a", size=5, wave="1", other=2)) == ()


def test_a_value_that_the_server_did_not_tell_starts_from_unset() -> None:
    assert compare(ATTRIBUTES, box("a", size=1), box("a")) == (Change("size", UNSET, 1),)


def test_names_of_objects_compare_as_the_directory_compares_them() -> None:
    assert compare(ATTRIBUTES, box("a", on="Redmond"), box("a", on="REDMOND")) == ()
    assert compare(ATTRIBUTES, box("a", colour="Red"), box("a", colour="RED")) != ()


# --- memberships -----------------------------------------------------------------------------------------------------


@given(SPELT_TAGS, SPELT_TAGS, SPELT_TAGS)
def test_of_a_membership_only_our_elements_leave(
    desired: tuple[str, ...], observed: tuple[str, ...], applied: tuple[str, ...]
) -> None:
    changes = compare(ATTRIBUTES, box("a", tags=desired), box("a", tags=observed), remembered(tags=applied))
    after = set(observed if not changes else changes[0].after)  # type: ignore[arg-type]  # a tuple of tags
    assert after == (set(observed) - (set(applied) - set(desired))) | set(desired)


def test_a_membership_that_is_written_no_more_gives_back_what_was_ours() -> None:
    observed, prior = box("a", tags=("ours", "theirs")), remembered(tags=("ours",))
    assert tags(box("a"), observed, prior) == ("theirs",)
    assert compare(ATTRIBUTES, box("a"), observed) == ()


def test_an_element_in_another_spelling_is_the_same() -> None:
    assert compare(ATTRIBUTES, box("a", tags=("OURS",)), box("a", tags=("OURS",)), remembered(tags=("ours",))) == ()
    assert tags(box("a", tags=("new",)), box("a", tags=("OURS",)), remembered(tags=("ours",))) == ("new",)


# --- what no command can change --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "forces"),
    [
        (Change("colour", "red", "blue"), True),
        (Change("colour", UNSET, "blue"), False),
        (Change("size", 1, 2), False),
    ],
)
def test_only_a_known_value_that_no_command_can_set_forces_replacement(change: Change, forces: bool) -> None:
    assert forces_replacement(ATTRIBUTES, (change,)) is forces
    assert forces_replacement(ATTRIBUTES, (Change("size", 1, 2), change)) is forces


def test_lists_keep_their_order_and_sets_do_not() -> None:
    written, there = box("a", one=("b", "a")), box("a", one=("a", "b"))
    kinds = {kind: {"one": Attribute("one", kind=kind, references="box")} for kind in AttributeKind}
    assert compare(kinds[AttributeKind.LIST], written, there) != ()
    assert compare(kinds[AttributeKind.SET], written, there) == ()


FEW = st.dictionaries(st.sampled_from(["size", "colour", "tags"]), st.sampled_from([1, "red", ("a",), None]))


def is_alike(desired: Resource, observed: Resource, prior: Remembered) -> bool:
    """Whether the resource is left out of those that are compared attribute by attribute."""
    known = Snapshot("test", resources={prior.address: prior}).of_type("box")
    return not list(unlike(ATTRIBUTES, Resources([desired]), Resources([observed]), known))


@given(FEW, FEW, FEW)
def test_what_is_equal_has_no_change_and_is_remembered(
    wanted: dict[str, Value], there: dict[str, Value], applied: dict[str, Value]
) -> None:
    desired, observed, prior = box("a", **wanted), box("a", **there), remembered(**applied)
    if is_alike(desired, observed, prior):
        assert compare(ATTRIBUTES, desired, observed, prior) == ()
        assert prior.attributes == wanted


@given(FEW, FEW)
def test_without_the_state_a_row_is_equal_where_the_servers_have_its_values(
    wanted: dict[str, Value], there: dict[str, Value]
) -> None:
    desired, observed = box("a", **wanted), box("a", **there)
    found = list(unlike(ATTRIBUTES, Resources([desired]), Resources([observed]), None))
    if not found:
        assert compare(ATTRIBUTES, desired, observed) == ()
    elif "tags" not in wanted:  # a membership is always compared in detail
        assert any(name not in there or there[name] != value for name, value in wanted.items())
    assert list(unlike(ATTRIBUTES, Resources([desired]), Resources(), None)) == ["a"]


def test_a_row_as_applied_is_equal_until_something_differs() -> None:
    desired, prior = box("a", size=1, colour="red"), remembered(size=1, colour="red")
    assert is_alike(desired, box("a", size=1, colour="red", on=True), prior)
    assert is_alike(box("a", size=1, colour="red", comment="not compared"), desired, prior)
    assert not is_alike(desired, box("a", size=2, colour="red"), prior)
    assert not is_alike(desired, box("a", size=1), prior)
    assert not is_alike(desired, desired, remembered(size=1))
    assert not is_alike(desired, desired, remembered(size=1, colour="red", tags=("a",)))
    assert not is_alike(desired, desired, remembered(size=1, colour="red", comment="of an earlier version"))
    assert not is_alike(box("a", size=1), desired, prior)
    assert not is_alike(desired, replace(desired, guid="0a"), prior)
    assert not is_alike(box("b", size=1, colour="red"), desired, prior)
