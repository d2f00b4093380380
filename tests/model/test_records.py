"""Records by column: the same records as they came, and fewer bytes for each."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.records import Records, column_of, joined
from reconciler.model.values import UNSET, Record

VALUES = st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3) | st.lists(st.text(max_size=2), max_size=2)
RECORDS = st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES), max_size=6)


@given(st.lists(RECORDS, max_size=4))
def test_the_parts_of_a_reply_are_its_records_in_order(parts: list[list[Record]]) -> None:
    records = [record for part in parts for record in part]
    found = joined([Records.of(part) if len(part) % 2 else part for part in parts])
    assert list(found) == records
    assert found == tuple(records)
    assert tuple(records) == found
    assert found == Records.of(records)
    assert len(found) == len(records)
    assert [found[place] for place in range(-len(records), len(records))] == records * 2
    assert found[1:3] == tuple(records[1:3])
    for name in "abcde":
        assert list(column_of(found, name)) == [record.get(name, UNSET) for record in records]
        assert list(column_of(records, name)) == list(column_of(found, name))


def test_a_record_that_is_not_there_is_an_error() -> None:
    with pytest.raises(IndexError):
        Records.of([{"a": 1}])[1]


def listing(users: int) -> list[Record]:
    rows = [
        {
            "PrimarySmtpAddress": f"user{number}@contoso.com",
            "SIPAddress": f"sip:user{number}@contoso.com",
            "UMMailboxPolicy": "Redmond Default Policy",
            "Guid": f"{number:036}",
            "UMEnabled": True,
            "PhoneticDisplayName": "",
        }
        for number in range(users)
    ]
    found: list[Record] = json.loads(json.dumps(rows))
    return found


def held(kept: Callable[[int], Sequence[Record]]) -> int:
    """Return the bytes for each of 2,000 records."""
    kept(2_000)  # Python's own table of texts grows in large steps
    tracemalloc.start()
    try:
        found = kept(2_000)
        return tracemalloc.get_traced_memory()[0] // len(found)
    finally:
        tracemalloc.stop()


def test_records_by_column_take_fewer_bytes() -> None:
    assert held(lambda users: Records.of(listing(users))) < 0.7 * held(listing)
