"""A handle finds the value of its attribute, of one resource or of a whole column; attributes compare as names do."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.attributes import Attr, Attribute, AttributeKind, AttributeRole, Declares
from reconciler.model.resources import Address, Resource
from reconciler.model.values import UNSET, Unset, Value
from tests.support.strategies import values

PLAIN, SET, LIST = (
    Attribute("on", kind=kind, references="box")
    for kind in (AttributeKind.SCALAR, AttributeKind.SET, AttributeKind.LIST)
)


@pytest.mark.parametrize(
    ("attribute", "value", "compared"),
    [
        (Attribute("name"), "Redmond", "Redmond"),
        (PLAIN, "Redmond ", "redmond"),
        (PLAIN, None, None),
        (SET, ("B", "a", "b"), ("a", "b")),
        (LIST, ("B", "a", "b"), ("b", "a", "b")),
        (SET, (), ()),
    ],
)
def test_only_names_are_folded_and_only_sets_are_sorted(attribute: Attribute, value: Value, compared: Value) -> None:
    assert attribute.comparable(value) == compared


@pytest.mark.parametrize("role", AttributeRole)
def test_only_what_a_command_can_give_is_compared(role: AttributeRole) -> None:
    is_given = role in (AttributeRole.MANAGED, AttributeRole.CREATE_ONLY)
    assert Attribute("one", role=role).is_compared is is_given


# --- handles ---------------------------------------------------------------------------------------------------------


class Lid(Declares):
    color: Attr[str]


class Box(Lid):
    """A type as a provider declares it."""

    name: ClassVar[str] = "box"

    label: Attr[Annotated[str, "a mark"]]
    size: Attr[int]
    is_open: Attr[bool]
    contents: Attr[tuple[str, ...]]
    shelves: Attr[Literal["all"] | tuple[str, ...]]


BOX = Resource(Address("box", "a"), {"label": "", "size": 0, "is_open": False, "contents": (), "shelves": "all"})


def test_annotations_become_handles_of_the_class_and_of_its_bases() -> None:
    assert list(Box.handles) == ["color", "label", "size", "is_open", "contents", "shelves"]
    assert Box.handles["color"] is Lid.color
    assert Box.label.annotation == Annotated[str, "a mark"]
    assert Box.shelves.types == (str, tuple)


def test_handle_tells_false_and_zero_from_missing() -> None:
    empty = Resource(BOX.address)
    assert (BOX.get(Box.size), BOX.get(Box.is_open), BOX.get(Box.shelves)) == (0, False, "all")
    assert (empty.get(Box.size), empty.get(Box.is_open), empty.get(Box.shelves)) == (None, None, None)
    assert BOX.get(Box.label) is None
    assert empty.get(Box.contents) == ()


def test_value_of_another_type_counts_as_missing() -> None:
    odd = Resource(BOX.address, {"size": "large", "contents": "a", "label": None})
    assert (odd.get(Box.size), odd.get(Box.contents), odd.get(Box.label)) == (None, (), None)
    assert odd.has(Box.label)


def test_other_value_makes_another_resource() -> None:
    assert BOX.having(Box.size, 3).get(Box.size) == 3
    assert BOX.get(Box.size) == 0


def test_what_is_written_stands_over_what_was_observed() -> None:
    desired = Resource(BOX.address, {"size": 3})
    assert desired.over(BOX).attributes == {**BOX.attributes, "size": 3}
    assert desired.over(None) is desired


def test_attribute_that_hides_a_member_of_a_base_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Hidden\.handles"):

        class Hidden(Declares):
            handles: Attr[str]  # type: ignore[assignment, misc]  # the mistake that is tested


@given(st.sampled_from(["label", "size", "is_open", "contents", "shelves"]), st.lists(st.just(UNSET) | values))
def test_a_column_holds_what_the_handle_returns_for_each(name: str, column: list[Value | Unset]) -> None:
    handle = Box.handles[name]
    single = [handle.of({} if isinstance(value, Unset) else {name: value}) for value in column]
    assert list(handle.of_all(column)) == single
