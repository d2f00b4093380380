"""A roster gives the resources that were put in, by key and by column, and holds no object for each."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.attributes import Attr
from reconciler.model.diagnostics import Position
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.roster import Roster, shared
from reconciler.model.values import UNSET, Value
from tests.support.strategies import names, values

NAMES = ("size", "colour", "tags")
COLOUR: Attr[str] = Attr("colour", str, (str,))
TAGS: Attr[tuple[Value, ...]] = Attr("tags", tuple, (tuple,))
ROWS = st.lists(
    st.builds(
        Resource,
        st.builds(Address, st.just("box"), names),
        st.dictionaries(st.sampled_from(NAMES), values),
        st.none() | names,
        st.none() | names,
        st.none() | names,
    ),
    max_size=6,
    unique_by=lambda one: one.address.folded,
)


def roster(rows: Sequence[Resource]) -> Roster:
    return Roster(
        "box",
        [one.key for one in rows],
        {name: [one.attributes.get(name, UNSET) for one in rows] for name in NAMES},
        names=[one.name for one in rows],
        guids=[one.guid for one in rows],
        written=[one.written for one in rows],
        position=lambda row: Position("users.csv", row + 2),
    )


def both(rows: Sequence[Resource], put: Sequence[Resource]) -> tuple[Resources, Resources]:
    """The same resources by row and as objects, some replaced or added, and the first one dropped."""
    drop = [one.key for one in rows[:1]]
    return Resources(roster=roster(rows)).replaced(put, drop), Resources(rows).replaced(put, drop)


@given(ROWS, ROWS)
def test_rows_are_the_resources_that_they_were_made_of(rows: list[Resource], put: list[Resource]) -> None:
    by_row, plain = both(rows, put)
    assert by_row == plain
    assert list(by_row) == list(plain)
    assert list(by_row.values()) == list(plain.values())
    assert [by_row[key].written for key in by_row] == [plain[key].written for key in plain]
    assert (by_row | Resources(put)) == (plain | Resources(put))
    assert by_row.in_order() == plain.in_order()
    assert list(by_row.in_order()) == sorted(plain)


@given(ROWS, ROWS)
def test_columns_are_the_values_of_the_resources(rows: list[Resource], put: list[Resource]) -> None:
    for found in both(rows, put):
        every = list(found.values())
        assert list(found.column(COLOUR)) == [one.get(COLOUR) for one in every]
        assert list(found.lists(TAGS)) == [one.get(TAGS) for one in every]
        assert list(found.spelt) == [one.written or one.key for one in every]
        assert found.attribute_names >= {name for one in every for name in one.attributes}
        keys = ["no such key", *found.folded]
        listed = [(*(one.attributes.get(name, UNSET) for name in NAMES), one.guid) for one in every]
        assert list(found.rows(NAMES, keys)) == [None, *listed]


@given(ROWS, ROWS, st.data())
def test_a_new_column_changes_only_its_attribute(
    rows: list[Resource], put: list[Resource], data: st.DataObject
) -> None:
    for found in both(rows, put):
        column = data.draw(st.lists(st.just(UNSET) | names, min_size=len(found), max_size=len(found)))
        after = list(found.with_column(COLOUR, column).values())
        pairs = zip(found.values(), column, strict=True)
        assert after == [one if value is UNSET else one.having(COLOUR, str(value)) for one, value in pairs]
        assert list(found.values()) == list(found.replaced().values())


@given(ROWS, names)
def test_a_renamed_row_keeps_its_place_and_its_written_name(rows: list[Resource], name: str) -> None:
    for found in (Resources(roster=roster(rows)), Resources(rows)):
        known = [key for key in found if key != name and name not in found][:1]
        after = found.renamed(dict.fromkeys(known, name))
        assert list(after) == [name if key in known else key for key in found]
        assert all(after[name].written == key for key in known)


def test_a_row_has_the_place_where_it_is_declared() -> None:
    (one,) = Resources(roster=roster([Resource(Address("box", "a"))])).values()
    assert one.position == Position("users.csv", 2)


def test_equal_texts_of_a_column_are_one_object() -> None:
    texts = ["".join(("Plan", str(number % 2))) for number in range(10)]
    assert shared(texts) == texts
    assert len({id(one) for one in shared(texts)}) == 2


def test_extensions_of_several_columns_are_one_object_each() -> None:
    columns = [[("".join(("40", str(number))),) for number in range(3)] for _ in range(2)]
    one, other = map(shared, columns)
    assert [list(one), list(other)] == columns
    assert all(first[0] is second[0] for first, second in zip(one, other, strict=True))
    assert list(shared([(), ("a", "b"), (1,)])) == [(), ("a", "b"), (1,)]


def test_a_look_up_leaves_no_object_behind() -> None:
    found = Resources(roster=roster([Resource(Address("box", str(number))) for number in range(1000)]))
    tracemalloc.start()
    try:
        assert len(found.values()) == len(found)
        for key in found:
            assert found[key].key == key
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 20_000
