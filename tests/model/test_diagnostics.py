"""Diagnostics come in the order of the files, without repeats; only errors forbid a plan, and not all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.diagnostics import Diagnostic, Position, Severity, has_errors, in_order
from tests.support.strategies import diagnostics

ERROR = Diagnostic("Wrong")
WARNING = replace(ERROR, severity=Severity.WARNING)


@pytest.mark.parametrize(
    ("one", "is_error", "forbids"),
    [
        (ERROR, True, True),
        (replace(ERROR, leaves_out=True), True, False),
        (WARNING, False, False),
        (replace(ERROR, severity=Severity.NOTE), False, False),
    ],
)
def test_only_an_error_that_leaves_nothing_out_forbids_the_plan(one: Diagnostic, is_error: bool, forbids: bool) -> None:
    assert (one.is_error, one.forbids) == (is_error, forbids)
    assert has_errors([WARNING, one]) is is_error


@given(st.lists(diagnostics, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_they_were_found_does_not_matter(found: list[Diagnostic], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random
    ordered = in_order(shuffled)
    assert {one.sort_key() for one in ordered} == {one.sort_key() for one in found}
    assert [one.sort_key() for one in ordered] == [one.sort_key() for one in in_order(found)]
    assert len(ordered) == len(set(found))


def test_those_with_a_place_come_first_by_file_and_line() -> None:
    places = (Position("a.yaml", 2, 9), Position("a.yaml", 10), Position("b.yaml"), None)
    found = [replace(ERROR, position=place) for place in places]
    assert in_order(found[::-1]) == tuple(found)
    assert str(places[0]) == "a.yaml:2:9"
