"""Business hours, holidays and menus: every form of one value means the same."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from providers.schema.attendant_values import (
    DAYS,
    HOLIDAYS,
    HOURS,
    answered_holidays,
    answered_hours,
    sent_holidays,
    sent_hours,
)
from providers.schema.menu_values import KEYS, answered_keys, sent_keys
from reconciler.model.values import Nested, Value

_HOURS: TypeAdapter[Any] = TypeAdapter(HOURS)
_HOLIDAYS: TypeAdapter[Any] = TypeAdapter(HOLIDAYS)
_KEYS: TypeAdapter[Any] = TypeAdapter(KEYS)
ALWAYS = _HOURS.validate_python("always")


def _errors(form: TypeAdapter[Any], written: object) -> list[tuple[object, ...]]:
    with pytest.raises(ValidationError) as caught:
        form.validate_python(written)
    return [found["loc"] for found in caught.value.errors()]


# --- business hours --------------------------------------------------------------------------------------------------


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


_spans = st.lists(st.integers(0, 24 * 60), min_size=0, max_size=6, unique=True).map(sorted)
_weeks = st.dictionaries(st.sampled_from(DAYS), _spans, max_size=7)


def _written(week: dict[str, list[int]]) -> dict[str, list[str]]:
    pairs = {day: list(zip(marks[::2], marks[1::2], strict=False)) for day, marks in week.items()}
    return {day: [f"{_clock(begin)} - {_clock(end)}" for begin, end in spans] for day, spans in pairs.items()}


def _is_open(hours: Value, day: int, minute: int) -> bool:
    spans = hours.get(DAYS[day], ()) if isinstance(hours, Nested) else ()
    assert isinstance(spans, tuple)
    marks = [[int(h) * 60 + int(m) for h, m in (end.split(":") for end in str(one).split("-"))] for one in spans]
    return any(begin <= minute < end for begin, end in marks)


@given(_weeks)
def test_hours_that_are_sent_are_the_hours_that_were_written(week: dict[str, list[int]]) -> None:
    hours = _HOURS.validate_python(_written(week))
    assert answered_hours(list(sent_hours(hours))) == hours
    assert _HOURS.validate_python({day: list(spans) for day, spans in hours.items()}) == hours


@given(_weeks, st.integers(0, 6), st.integers(0, 24 * 60 - 1))
def test_hours_keep_every_minute(week: dict[str, list[int]], day: int, minute: int) -> None:
    marks = week.get(DAYS[day], [])
    spans = zip(marks[::2], marks[1::2], strict=False)
    is_open = any(begin <= minute < end for begin, end in spans)
    assert _is_open(_HOURS.validate_python(_written(week)), day, minute) is is_open


@pytest.mark.parametrize(
    ("answer", "hours"),
    [
        (["Mon.9:00 AM-Mon.5:00 PM"], {"monday": ["09:00-17:00"]}),
        ("Mon.12:00 PM-Mon.12:30 PM", {"monday": ["12:00-12:30"]}),
        (["1.09:00-1.17:00"], {"monday": ["09:00-17:00"]}),
        (["monday.09:00-Monday.17:00"], {"monday": ["09:00-17:00"]}),
        (["Mon.9:00 AM-Mon.12:00 PM", "Mon.12:00 PM-Mon.5:00 PM"], {"monday": ["09:00-17:00"]}),
        (["Fri.10:00 PM-Sat.2:00 AM"], {"friday": ["22:00-24:00"], "saturday": ["00:00-02:00"]}),
        (["Sat.10:00 PM-Sun.2:00 AM"], {"saturday": ["22:00-24:00"], "sunday": ["00:00-02:00"]}),
        (["Sat.11:00 PM-Sun.12:00 AM"], {"saturday": ["23:00-24:00"]}),
        ([{"$type": "ScheduleInterval", "$str": "Tue.8:15 AM-Tue.8:30 AM"}], {"tuesday": ["08:15-08:30"]}),
        ([], {}),
        (None, {}),
    ],
)
def test_hours_are_understood_in_each_form_of_an_answer(answer: object, hours: dict[str, object]) -> None:
    assert answered_hours(answer) == _HOURS.validate_python(hours)


@pytest.mark.parametrize("answer", ["Sun.12:00 AM-Sun.12:00 AM", ["Wed.3:00 AM-Wed.3:00 AM"], "always"])
def test_an_interval_of_one_moment_is_the_whole_week(answer: object) -> None:
    assert answered_hours(answer) == ALWAYS


@pytest.mark.parametrize(
    "answer", ["Mo.09:00-Mo.17:00", "Mon.13:00 PM-Mon.2:00 PM", "x", "8.09:00-8.10:00", "1.9:61-1.10:00"]
)
def test_hours_in_an_unknown_form_stay_a_text(answer: str) -> None:
    assert answered_hours([answer]) == answer


@pytest.mark.parametrize(
    ("written", "places"),
    [
        ("sometimes", [()]),
        ({"funday": "09:00-17:00"}, [("funday",)]),
        ({"monday": "17:00-09:00"}, [("monday", 0)]),
        ({"monday": "09:00-09:00"}, [("monday", 0)]),
        ({"monday": "09:00-24:01"}, [("monday", 0)]),
        ({"monday": "9-17"}, [("monday", 0)]),
        ({"monday": ["09:00-12:00", "11:00-13:00"]}, [("monday",)]),
        ({"monday": ["09:00-12:00", "x"], "friday": "y"}, [("monday", 1), ("friday", 0)]),
    ],
)
def test_wrong_hours_are_refused_at_their_place(written: object, places: list[tuple[object, ...]]) -> None:
    assert _errors(_HOURS, written) == places


# --- holidays --------------------------------------------------------------------------------------------------------

_days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
_holidays = st.dictionaries(
    st.text("abc XYZ.é'", min_size=1, max_size=8).filter(lambda name: name.strip() == name),
    st.lists(st.tuples(_days, _days, st.sampled_from(["", "a.wav", "Bell.WMA"])), min_size=1, max_size=3),
    max_size=4,
)


@given(_holidays)
def test_holidays_that_are_sent_are_those_that_were_written(named: dict[str, list[tuple[date, date, str]]]) -> None:
    written = {
        name: [
            {"from": min(one, two).isoformat(), "to": max(one, two).isoformat()} | ({"greeting": file} if file else {})
            for one, two, file in those
        ]
        for name, those in named.items()
    }
    holidays = _HOLIDAYS.validate_python(written)
    sent = sent_holidays(holidays)
    assert answered_holidays(list(sent)) == holidays
    with_both = [one if one.count(",") > 2 else f"{one},{one.rpartition(',')[2]}" for one in sent]
    assert answered_holidays(with_both) == holidays


@pytest.mark.parametrize(
    ("answer", "holidays"),
    [
        ("New Year,n.wav,1/2/2027", {"New Year": {"date": "2027-01-02", "greeting": "n.wav"}}),
        (
            ["New Year,n.wav,1/2/2027 12:00:00 AM,1/2/2027 12:00:00 AM"],
            {"New Year": {"date": "2027-01-02", "greeting": "n.wav"}},
        ),
        (["Works,,4/24/2027,4/28/2027"], {"Works": {"from": "2027-04-24", "to": "2027-04-28"}}),
        (
            [
                {
                    "Name": "Works",
                    "Greeting": None,
                    "StartDate": "2027-04-24T00:00:00Z",
                    "EndDate": "2027-04-24T00:00:00Z",
                }
            ],
            {"Works": {"date": "2027-04-24"}},
        ),
        (
            [{"$type": "HolidaySchedule", "$str": "A,a.wav,12/31/2027"}],
            {"A": {"date": "2027-12-31", "greeting": "a.wav"}},
        ),
        (["A,,1/1/2026", "A,,1/1/2027"], {"A": [{"date": "2026-01-01"}, {"date": "2027-01-01"}]}),
        (None, {}),
    ],
)
def test_holidays_are_understood_in_each_form_of_an_answer(answer: object, holidays: dict[str, object]) -> None:
    assert answered_holidays(answer) == _HOLIDAYS.validate_python(holidays)


@pytest.mark.parametrize("answer", ["New Year", "New Year,n.wav", ",,1/1/2027", "A,,13/13/2027", "A,,1.1.2027"])
def test_a_holiday_in_an_unknown_form_stays_a_text(answer: str) -> None:
    assert answered_holidays([answer]) == answer


@pytest.mark.parametrize(
    ("written", "places"),
    [
        ([], [()]),
        ({"A": {}}, [("A", 0)]),
        ({"A": {"date": "2027-02-29"}}, [("A", 0, "date")]),
        ({"A": {"date": "1/1/2027"}}, [("A", 0, "date")]),
        ({"A": {"from": "2027-01-02", "to": "2027-01-01"}}, [("A", 0)]),
        ({"A": {"from": "2027-01-02"}}, [("A", 0)]),
        ({"A": {"date": "2027-01-02", "to": "2027-01-03"}}, [("A", 0)]),
        ({"A": {"date": "2027-01-02", "greeting": "a.mp3"}}, [("A", 0, "greeting")]),
        ({"A, B": {"date": "2027-01-02"}}, [("A, B", "[key]")]),
        ({"Empty": []}, [("Empty",)]),
    ],
)
def test_wrong_holidays_are_refused_at_their_place(written: object, places: list[tuple[object, ...]]) -> None:
    assert _errors(_HOLIDAYS, written) == places


# --- menus -----------------------------------------------------------------------------------------------------------

_names = st.text("abc DEF", min_size=1, max_size=6).filter(lambda name: name.strip() == name)
_leading = st.one_of(
    st.from_regex(r"[0-9]{1,5}", fullmatch=True).map(lambda number: {"extension": number}),
    _names.map(lambda name: {"attendant": name.replace(" ", "")}),
    _names.map(lambda name: {"leave_message_for": name}),
    _names.map(lambda name: {"transfer_to": name}),
    st.sampled_from(["hours", "location"]).map(lambda what: {"announce": what}),
    st.just({"prompt": "a.wav"}),
)
_menu_keys = st.builds(
    lambda name, leading, phrases: {"name": name, **leading, **({"phrases": phrases} if phrases else {})},
    _names,
    _leading,
    st.lists(_names, max_size=2),
)
_menus = st.dictionaries(st.sampled_from([*"123456789", "timeout"]), _menu_keys)


@given(_menus)
def test_keys_that_are_sent_are_those_that_were_written(menu: dict[str, dict[str, object]]) -> None:
    keys = _KEYS.validate_python(menu)
    sent = sent_keys(keys)
    assert answered_keys(list(sent)) == keys
    assert answered_keys([one + "," * (9 - one.count(",")) for one in reversed(sent)]) == keys
    assert {one.count(",") + 1 for one in sent} <= {5, 6, 8, 10}


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        ("1,Sales,,Sales,,,,,,", {"1": {"name": "Sales", "attendant": "Sales"}}),
        (["2,Support,12345"], {"2": {"name": "Support", "extension": "12345"}}),
        (["-,Nobody,,,bye.wav"], {"timeout": {"name": "Nobody", "prompt": "bye.wav"}}),
        (
            [{"Key": "3", "Description": "Hours", "AnnounceBusinessHours": "1", "Extension": None}],
            {"3": {"name": "Hours", "announce": "hours"}},
        ),
        ([], {}),
        (None, {}),
    ],
)
def test_keys_are_understood_in_each_form_of_an_answer(answer: object, keys: dict[str, object]) -> None:
    assert answered_keys(answer) == _KEYS.validate_python(keys)


@pytest.mark.parametrize("answer", [["0,Operator,1"], ["12,x,1"], ["1,a,1", "1,b,2"], ["x"], [""]])
def test_keys_in_an_unknown_form_stay_a_text(answer: list[str]) -> None:
    assert isinstance(answered_keys(answer), str)


@pytest.mark.parametrize(
    ("written", "places"),
    [
        ({"0": {"name": "x", "extension": "1"}}, [("0", "[key]")]),
        ({"1": {"extension": "1"}}, [("1", "name")]),
        ({"1": {"name": "x"}}, [("1",)]),
        ({"1": {"name": "x", "extension": "1", "attendant": "A"}}, [("1",)]),
        ({"1": {"name": "x", "extension": "ab"}}, [("1", "extension")]),
        ({"1": {"name": "x,y", "extension": "1"}}, [("1", "name")]),
        ({"1": {"name": "x", "prompt": "a.mp3"}}, [("1", "prompt")]),
        ({"1": {"name": "x", "announce": "weather"}}, [("1", "announce")]),
        ({"1": {"name": "x", "extention": "1"}}, [("1", "extention")]),
    ],
)
def test_wrong_keys_are_refused_at_their_place(written: object, places: list[tuple[object, ...]]) -> None:
    assert _errors(_KEYS, written) == places
