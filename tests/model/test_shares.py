"""Limits written as a number or as a percentage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.shares import Share


@pytest.mark.parametrize("text", ["", "-1", "1.5", "101%", "%", "ten", "1 %", "٣", "10%%"])
def test_anything_else_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        Share.parse(text)


@given(st.integers(0, 10_000), st.integers(0, 100))
def test_a_share_is_never_less_than_its_part_nor_one_more(total: int, percent: int) -> None:
    allowed = Share(percent, is_percent=True).of(total)
    assert 0 <= allowed * 100 - total * percent < 100
    assert Share.parse(str(Share(percent, is_percent=True))) == Share(percent, is_percent=True)


@given(st.integers(0, 10_000), st.integers(0, 100))
def test_one_more_than_within_a_share_is_above_it(total: int, percent: int) -> None:
    within = Share(percent, is_percent=True).within(total)
    assert within * 100 <= total * percent < (within + 1) * 100
