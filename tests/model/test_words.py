"""Counts, durations and lists read as a person would write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.words import count, did_you_mean, duration, listed, nearest, plural_of


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (0.04, "0s"),
        (0.44, "0.4s"),
        (3, "3s"),
        (9.96, "10s"),
        (59.7, "1m"),
        (130, "2m 10s"),
        (3600, "1h"),
        (3900, "1h 5m"),
        (180000, "2d 2h"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("number", "noun", "shown"),
    [
        (1, "mailbox", "1 mailbox"),
        (60, "mailbox", "60 mailboxes"),
        (0, "policy", "0 policies"),
        (10000, "gateway", "10,000 gateways"),
    ],
)
def test_counts(number: int, noun: str, shown: str) -> None:
    assert count(number, noun) == shown


def test_lists_tell_how_many_they_leave_out() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c", "d"]) == "a, b, c and d"
    assert listed("abcdefg", 3) == "a, b, c and 4 more"


@pytest.mark.parametrize(
    ("noun", "plural"),
    [("box", "boxes"), ("switch", "switches"), ("policy", "policies"), ("day", "days"), ("pass", "passes")],
)
def test_plurals_follow_the_end_of_the_noun(noun: str, plural: str) -> None:
    assert plural_of(noun) == plural
    assert count(2, noun) == f"2 {plural}"
    assert count(2, noun, "others") == "2 others"


@given(st.floats(0, 10**7))
def test_a_duration_has_two_units_at_most(seconds: float) -> None:
    assert 1 <= len(duration(seconds).split()) <= 2


# --- what was meant --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "choices", "meant"),
    [
        ("dial_plan", ["dial_plans", "mailboxes"], ("dial_plans",)),
        ("REDMOND", ["Redmond", "Bellevue"], ("Redmond",)),
        ("extension", ["extension_digits", "voip"], ("extension_digits",)),
        ("x", ["dial_plans", "mailboxes"], ()),
        ("a", [], ()),
    ],
)
def test_the_nearest_name_is_meant(word: str, choices: list[str], meant: tuple[str, ...]) -> None:
    assert nearest(word, choices) == meant


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=6), st.integers(1, 3))
def test_only_choices_are_meant_and_no_more_than_asked_for(word: str, choices: list[str], most: int) -> None:
    found = nearest(word, choices, most=most)
    assert len(found) <= most
    assert set(found) <= set(choices)


def test_choices_are_listed_where_none_is_near() -> None:
    assert did_you_mean("dial_plan", ["dial_plans"], otherwise="Or not.") == 'Did you mean "dial_plans"? Or not.'
    assert all(name in did_you_mean("x", ["two", "one"]) for name in ("one", "two"))
    assert did_you_mean("x", [], otherwise="Or not.") == "Or not."
