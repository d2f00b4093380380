"""Nested values never change, compare without order, and show which of them differ."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.nested import Part, parts
from reconciler.model.values import UNSET, Nested, Unset, Value, canonical, leaves, plain_value

WEEK = Nested({"monday": ("09:00-17:00",), "friday": ("09:00-12:00",)})

_names = st.text(min_size=1, max_size=4)
_leaves = st.none() | st.booleans() | st.integers(2, 9) | st.text(max_size=3) | st.tuples(st.text(max_size=3))
values: st.SearchStrategy[Any] = st.recursive(_leaves, lambda one: st.dictionaries(_names, one, max_size=3).map(Nested))
nested = st.dictionaries(_names, values, max_size=4).map(Nested)


def _with(before: Value | Unset, found: tuple[Part, ...]) -> dict[str, Any]:
    """Return nested values with the parts set, each at its place."""
    after: Any = copy.deepcopy(plain_value(before))
    for part in found:
        at = after
        for name in part.path[:-1]:
            at = at[name]
        if isinstance(part.after, Unset):
            del at[part.path[-1]]
        else:
            at[part.path[-1]] = plain_value(part.after)
    return dict(after)


@given(nested, nested)
def test_the_parts_lead_from_one_value_to_the_other(before: Nested, after: Nested) -> None:
    assert canonical(_with(before, parts(before, after))) == canonical(plain_value(after))


@given(nested)
def test_equal_values_have_no_parts_one_hash_and_one_text(value: Nested) -> None:
    turned = Nested(reversed(value.items()))
    assert (turned == value, hash(turned)) == (True, hash(value))
    assert parts(value, turned) == ()
    assert canonical(plain_value(turned)) == canonical(plain_value(value))


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (WEEK, Nested({"monday": ("09:00-18:00",), "friday": ("09:00-12:00",)}), ("monday",)),
        (WEEK, Nested({"friday": ("09:00-12:00",)}), ("monday",)),
        (Nested({"1": Nested({"name": "Sales"})}), Nested({"1": Nested({"name": "Shop"})}), ("1", "name")),
        (Nested({"1": Nested({"name": "Sales"})}), Nested({"1": "Sales"}), ("1",)),
    ],
)
def test_a_part_has_its_place(before: Nested, after: Nested, found: tuple[str, ...]) -> None:
    assert [part.path for part in parts(before, after)] == [found]


def test_a_part_that_a_side_lacks_is_unset() -> None:
    assert parts(WEEK, Nested()) == (
        Part(("monday",), ("09:00-17:00",), UNSET),
        Part(("friday",), ("09:00-12:00",), UNSET),
    )


def test_parts_stand_in_the_order_of_the_side_with_more_names() -> None:
    days = ("sunday", "monday", "tuesday", "wednesday")
    always = Nested((day, "00:00-24:00") for day in days)
    some = Nested({"wednesday": "09:00-17:00", "monday": "09:00-17:00"})
    assert [part.path for part in parts(always, some)] == [(day,) for day in days]
    assert [part.path for part in parts(some, always)] == [(day,) for day in days]
    inner = parts(Nested({"2": "a", "1": some}), Nested({"1": always, "3": "b"}))
    assert [part.path for part in inner] == [("2",), *(("1", day) for day in days), ("3",)]


@pytest.mark.parametrize("other", [UNSET, None, "always", ("a",), 1])
def test_other_values_have_no_parts(other: Any) -> None:
    assert (parts(other, WEEK), parts(WEEK, other)) == ((), ())


def test_nested_values_never_change() -> None:
    changes: list[Callable[[], object]] = [
        lambda: WEEK.__setitem__("sunday", ()),
        lambda: WEEK.__delitem__("monday"),
        lambda: WEEK.update({"sunday": ()}),
        lambda: WEEK.pop("monday"),
        lambda: WEEK.setdefault("sunday", ()),
        lambda: WEEK.popitem(),
        lambda: WEEK.clear(),
    ]
    for change in changes:
        with pytest.raises(TypeError):
            change()
    assert copy.deepcopy(WEEK) == pickle.loads(pickle.dumps(WEEK)) == WEEK
    assert type(copy.deepcopy(WEEK)) is Nested


def test_every_text_of_a_value_is_found() -> None:
    assert list(leaves(Nested({"1": Nested({"name": "Sales", "phrases": ("a", "b")}), "2": 5}))) == [
        "1",
        "name",
        "Sales",
        "phrases",
        "a",
        "b",
        "2",
    ]
