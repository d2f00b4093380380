"""What is remembered is read by column as it is read row by row, and as strictly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.resources import Address
from reconciler.model.snapshot import Remembered
from state import codec
from state.memory import decode_memory
from tests.support.state_support import remembered


@given(st.lists(remembered, max_size=8, unique_by=lambda one: one.address.folded))
def test_rows_are_read_as_each_by_itself(kept: list[Remembered]) -> None:
    memory = decode_memory(sorted(codec.rows_of(kept)))
    assert dict(memory) == {one.address: one for one in kept}
    assert len(memory) == len(kept)
    for one in kept:
        assert memory.of_type(one.address.type)[one.address.key].attributes == one.attributes
    assert Address("no such type", "x") not in memory
    assert memory.get(Address("no such type", "x")) is None


@pytest.mark.parametrize(
    "body",
    [
        '{"attributes":{"a":1.5}}',
        '{"attributes":{"a":{"b":1.5}}}',
        '{"attributes":{"a":[{"b":1.5}]}}',
        '{"attributes":[]}',
        '{"guid":1}',
        '{"needs":"box/a"}',
        '{"needs":["box"]}',
        '{"other":1}',
        '{"address":"box/a"}',
        "[]",
        "1",
        "{},{}",
        "",
    ],
)
def test_a_row_of_another_form_is_refused(body: str) -> None:
    whole = ("box/b", '{"attributes":{"a":"1"}}')
    with pytest.raises(ValueError, match=r"\w"):
        decode_memory([("box/a", body), whole])
