"""Diagnostics come in the order of the files, without repeats; only errors forbid a plan, and not all of them."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import diagnostics as module
from reconciler.model.diagnostics import (
    AmbiguousOutcome,
    Diagnostic,
    ErrorRecord,
    NotFound,
    PermanentError,
    Position,
    ReconcilerError,
    SessionError,
    Severity,
    Throttled,
    TransientError,
    count,
    did_you_mean,
    duration,
    has_errors,
    in_order,
    listed,
    nearest,
    plural_of,
)
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


KINDS = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, ReconcilerError)]
ANOTHER_CODE = {
    "Refused": 4,
    "PlanError": 5,
    "Locked": 6,
    "LeaseLost": 3,
    "AmbiguousOutcome": 7,
    "Interrupted": 130,
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_error_has_its_exit_code(kind: type[ReconcilerError]) -> None:
    assert kind(Diagnostic("Wrong")).exit_code == ANOTHER_CODE.get(kind.__name__, 1)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, SessionError)])
def test_a_session_error_says_one_thing_about_sending_again(kind: type[SessionError]) -> None:
    """It may be sent again, it has to be looked at first, or it is not sent again: never two of these."""
    answers = [issubclass(kind, answer) for answer in (TransientError, AmbiguousOutcome, PermanentError)]
    assert sum(answers) == (kind is not SessionError)


def test_an_error_keeps_its_diagnostics_in_the_order_of_files() -> None:
    first, last = (Diagnostic("Wrong", position=Position("a.yaml", line)) for line in (1, 2))
    error = ReconcilerError(last, first, last)
    assert error.diagnostics == (first, last)


def test_a_session_error_keeps_the_record_and_the_delay_that_the_server_asked_for() -> None:
    record = ErrorRecord("ManagementObjectNotFoundException", category="ObjectNotFound")
    assert NotFound(record=record).record is record
    assert (Throttled(delay_seconds=3.0).delay_seconds, Throttled().delay_seconds) == (3.0, 0.0)


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
