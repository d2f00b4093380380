"""Maintenance windows: what may be written, when one is open, and when the next one opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.estate.restart_windows import WINDOWS, Window, opens, parse_windows
from reconciler.config.environment import load
from reconciler.config.source_text import Files
from reconciler.model.diagnostics import Position
from tests.support.trial import Trial, types
from tests.support.worlds import world_of

MINUTE = timedelta(minutes=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def next_of(windows: str, now: str) -> str | None:
    """Return when the next window opens, in UTC; None while one is open."""
    found = opens(parse_windows(windows), at(now))
    return found[0].strftime("%Y-%m-%dT%H:%M") if found else None


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        ("Sat 22:00-23:00 UTC", "2026-01-05T12:00", "2026-01-10T22:00"),
        ("Sat 22:00-23:00 UTC", "2026-01-10T22:00", None),
        ("Sat 22:00-23:00 UTC", "2026-01-10T23:00", "2026-01-17T22:00"),
        ("Sat 22:00-04:00 UTC", "2026-01-11T03:59", None),
        ("Sat 22:00-04:00 UTC", "2026-01-11T04:00", "2026-01-17T22:00"),
        ("Sat,Sun 22:00-04:00 Europe/Berlin", "2026-01-05T12:00", "2026-01-10T21:00"),
        ("Sat,Sun 22:00-04:00 Europe/Berlin", "2026-07-06T12:00", "2026-07-11T20:00"),
        ("daily 00:00-24:00 UTC", "2026-01-05T12:00", None),
        ("Fri-Mon 01:00-02:00 UTC", "2026-01-05T12:00", "2026-01-09T01:00"),
        ("Wed 01:00-02:00 UTC; Tue 05:00-06:00 UTC", "2026-01-05T12:00", "2026-01-06T05:00"),
        # Clocks go forward at 02:00 on 29 March 2026: that night has no half past two, so the window is left out.
        ("Sun 02:15-02:45 Europe/Berlin", "2026-03-22T12:00", "2026-04-05T00:15"),
        ("Sun 01:00-04:00 Europe/Berlin", "2026-03-29T01:59", None),
        ("Sun 01:00-02:30 Europe/Berlin", "2026-03-29T00:59", None),
        ("Sun 01:00-02:30 Europe/Berlin", "2026-03-29T01:00", "2026-04-04T23:00"),
        ("Sun 02:30-04:00 Europe/Berlin", "2026-03-29T00:59", "2026-03-29T01:00"),
        ("Sun 02:15-02:20 Australia/Lord_Howe", "2026-10-02T00:00", "2026-10-10T15:15"),
        # Clocks go back at 03:00 on 25 October 2026: the hour from two to three lasts two hours.
        ("Sun 02:00-03:00 Europe/Berlin", "2026-10-25T01:30", None),
        ("Sun 02:00-03:00 Europe/Berlin", "2026-10-25T00:30", None),
    ],
)
def test_a_window_is_open_at_the_times_of_its_zone(windows: str, now: str, expected: str | None) -> None:
    assert next_of(windows, now) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sat 22:00-04:00",
        "22:00-04:00 UTC",
        "Caturday 22:00-04:00 UTC",
        "Sat- 22:00-04:00 UTC",
        "Sat 22-04 UTC",
        "Sat 22:60-04:00 UTC",
        "Sat 24:01-04:00 UTC",
        "Sat 24:00-04:00 UTC",
        "Sat 04:00-04:00 UTC",
        "Sat 22:00-04:00 Europe/Atlantis",
        "Sat 22:00-04:00 ../../etc/passwd",
        "Sat 22:00-04:00 Europe",
        "Sat 22:00-04:00 UTC;",
    ],
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|begins|has|names) "):
        parse_windows(text)


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("Sat 24:00-04:00 UTC", "00:00-04:00"),
        ("Sat 22:00-04:00 Europe/Berlim", "Europe/Berlin"),
        ("Sat 22:00-04:00 europe/berlin", "Europe/Berlin"),
    ],
)
def test_a_refusal_names_what_to_write_instead(text: str, instead: str) -> None:
    with pytest.raises(ValueError, match=f"write {instead}"):
        parse_windows(text)


def test_blanks_between_days_and_the_case_of_utc_do_not_count() -> None:
    loose, strict = parse_windows("sat, SUN 22:00-04:00 utc")[0], parse_windows("Sat,Sun 22:00-04:00 UTC")[0]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert list(loose.spans(now, 14)) == list(strict.spans(now, 14))


def test_windows_are_written_as_they_are_read() -> None:
    text = "Sat 22:00-04:00 Europe/Berlin; Wed 01:00-02:00 UTC"
    assert WINDOWS.write({"default": parse_windows(text)}) == f'{{default: "{text}"}}'


@given(
    st.sampled_from(ZONES),
    st.lists(st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]), min_size=1, unique=True),
    st.integers(0, 1439),
    st.integers(1, 1440),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
def test_a_window_is_open_exactly_from_the_time_that_was_announced(
    zone: str, days: list[str], begin: int, end: int, now: datetime
) -> None:
    if begin == end:
        end = begin + 1
    text = f"{','.join(days)} {begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02} {zone}"
    window = Window.parse(text)
    found = opens([window], now)
    if found is None:
        return
    assert found[0] > now
    assert opens([window], found[0]) is None, "it is open when it was said to open"
    assert opens([window], max(now, found[0] - MINUTE)) is not None, "it is closed until then"


def test_a_window_of_an_unknown_pool_has_its_place_in_the_file() -> None:
    text = b"""environment: test
restarts:
  windows:
    pool1.contoso.com: daily 22:00-23:00 UTC
    Pool9.contoso.com: daily 22:00-23:00 UTC
"""
    environment, found = load(Files({"a.yaml": text}), types())
    assert environment is not None, found
    plan = Trial(world_of(0, [1], director=False, branch=False), environment).plan()
    (told,) = [one for one in plan.diagnostics if one.code == "UM039"]
    assert told.position == Position("a.yaml", 5, 5)
