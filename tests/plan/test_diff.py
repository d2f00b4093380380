"""Only what is written is compared; a change says what was there before and what will be there after."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.model.actions import Change
from reconciler.model.resources import Attribute, AttributeKind, AttributeRole, Resource
from reconciler.model.snapshot import Remembered
from reconciler.model.values import UNSET, Unset, Value
from reconciler.plan.diff import compare, forces_replacement
from tests.support.boxes import ATTRIBUTES, box
from tests.support.strategies import values

ONE = {"one": Attribute("one")}
TAGS = st.frozensets(st.sampled_from(["a", "B", "c"])).map(lambda tags: tuple(sorted(tags)))


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


@given(TAGS, TAGS, TAGS)
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
