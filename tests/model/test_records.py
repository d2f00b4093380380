"""Records by column: the same records as they came, and fewer bytes for each."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.records import Records, column_of, compact, joined
from reconciler.model.values import UNSET, Record

VALUES = st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3) | st.lists(st.text(max_size=2), max_size=2)
RECORDS = st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES), max_size=6)


@given(st.lists(RECORDS, max_size=4))
def test_the_parts_of_a_reply_are_its_records_in_order(parts: list[list[Record]]) -> None:
    records = [record for part in parts for record in part]
    found = joined([compact(part) if len(part) % 2 else part for part in parts])
    assert list(found) == records
    assert found == tuple(records)
    assert tuple(records) == found
    assert found == compact(records)
    assert len(found) == len(records)
    assert [found[place] for place in range(-len(records), len(records))] == records * 2
    assert found[1:3] == tuple(records[1:3])
    for name in "abcde":
        assert list(column_of(found, name)) == [record.get(name, UNSET) for record in records]
        assert list(column_of(records, name)) == list(column_of(found, name))


def test_a_record_that_is_not_there_is_an_error() -> None:
    with pytest.raises(IndexError):
        compact([{"a": 1}])[1]


@pytest.mark.parametrize(("parts", "names"), [(1, 50), (6, 1), (6, 50)])
def test_records_whose_names_differ_take_no_place_for_each_name(parts: int, names: int) -> None:
    """A server that names every property anew makes no columns, of a part or of all parts."""
    given = [[{f"{part}.{row % names}": row} for row in range(100)] for part in range(parts)]
    found = joined([compact(part) for part in given])
    assert list(found) == [record for part in given for record in part]
    assert not isinstance(found, Records)


def listing(users: int) -> list[Record]:
    """Return records as they are read from JSON. Their texts repeat: Python's own table of texts grows in steps."""
    policy = {"name": "Redmond Default Policy", "guid": "f7e6dc3a-4bbd-4ec9-9a49-80d5b093aed4"}
    rows = [
        {"PrimarySmtpAddress": f"user{number % 50}@contoso.com", "UMMailboxPolicy": policy, "Extensions": []}
        for number in range(users)
    ]
    found: list[Record] = json.loads(json.dumps(rows))
    return found


def held(kept: Callable[[int], Sequence[Record]]) -> int:
    """Return the bytes for each of 2,000 records."""
    tracemalloc.start()
    try:
        found = kept(2_000)
        return tracemalloc.get_traced_memory()[0] // len(found)
    finally:
        tracemalloc.stop()


def test_records_by_column_take_a_third_of_their_bytes() -> None:
    found = compact(listing(10))
    assert isinstance(found, Records)
    assert held(lambda users: compact(listing(users))) < held(listing) / 3
