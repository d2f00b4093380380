"""Columns of lists give back what was put in. What they save is measured by ``tests/whole/test_plan_growth.py``."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.text_lists import TextLists, values_at
from reconciler.model.values import UNSET

TEXTS = st.text(st.sampled_from("ab\0é"), max_size=3)
LISTS = st.lists(TEXTS, max_size=3).map(tuple)
COLUMNS = st.lists(LISTS | st.just(UNSET) | st.none() | st.tuples(st.integers(0, 3)), max_size=5)


@given(COLUMNS | st.lists(st.tuples(TEXTS), max_size=5))
def test_a_column_gives_back_what_was_put_in(values: list[object]) -> None:
    column = TextLists.of(values)
    assert list(column) == [column[row] for row in range(len(column))] == values
    assert list(column[1:]) == values[1:]
    last_first = range(len(values) - 1, -1, -1)
    assert list(values_at(column, last_first)) == list(values_at(values, last_first)) == values[::-1]
    assert list(TextLists.joined([column, column])) == values * 2
    assert column.are_lists is all(isinstance(value, tuple) for value in values)


def test_rows_are_picked_beside_other_values() -> None:
    column = TextLists.of([("a", "b"), ("c",)])
    assert list(column.picked([1, "x", 0], lambda one: (one, "y"))) == [("c",), ("x", "y"), ("a", "b")]


def test_equal_lists_of_one_text_are_one_object() -> None:
    one, other = (TextLists.of([("".join(("40", "1")),)])[0] for _ in range(2))
    assert one[0] is other[0]
