"""When a waiver ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from reconciler.model.diagnostics import Position
from reconciler.model.waivers import Waiver, over

PLACE = Position("waivers.yaml", 4, 5)
WAIVER = Waiver("UM012", "dial_plan/Redmond", date(2026, 3, 31), "Two old servers", PLACE)


@pytest.mark.parametrize(
    ("now", "is_over"),
    [
        (datetime(2026, 3, 31, tzinfo=UTC), False),
        (datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC), False),
        (datetime(2026, 4, 1, tzinfo=UTC), True),
        (datetime(2026, 4, 1, 1, 59, tzinfo=timezone(timedelta(hours=2))), False),
        (datetime(2026, 3, 31, 19, 0, tzinfo=timezone(timedelta(hours=-5))), True),
    ],
)
def test_a_waiver_ends_with_its_last_day_in_utc(now: datetime, *, is_over: bool) -> None:
    assert WAIVER.is_over(now) is is_over
    assert [one.position for one in over([WAIVER], now)] == ([PLACE] if is_over else [])


def test_the_last_day_of_the_calendar_never_ends() -> None:
    assert not Waiver("UM012", "*", date.max, "x").is_over(datetime.max.replace(tzinfo=UTC))
