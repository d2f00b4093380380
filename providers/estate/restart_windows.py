"""Maintenance windows: when the Front Ends of a pool may restart, in the time zone of the people who are interrupted.

A window recurs every week: ``Sat,Sun 22:00-04:00 Europe/Berlin``. One that ends before it begins lasts until the next
day. Only stopping a running Front End needs one, and only the stop has to be inside: starting what is down interrupts
nobody. Where the clocks change, a window has the length that its times have on that day: of the times that the clocks
skip, it begins or ends when they skip them.

The time is that of the landscape, which comes from the clock of the run; nothing here asks for the time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from providers.estate.front_end_services import stops
from providers.estate.topology import UcPool
from providers.schema.windows_services import ServiceRestart
from reconciler.model.actions import Action
from reconciler.model.diagnostics import Diagnostic, Severity, did_you_mean, nearest
from reconciler.model.landscape import Landscape
from reconciler.model.options import Key, Option
from reconciler.model.resource_types import NotNow, Rule
from reconciler.model.resources import Address
from reconciler.model.values import EMPTY

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TEXT = re.compile(
    r"(?P<days>[A-Za-z]+(?:(?: *, *|-)[A-Za-z]+)*) +"
    r"(?P<begin>[0-9:]{4,5})-(?P<end>[0-9:]{4,5}) +(?P<zone>[A-Za-z0-9_+/-]{1,60})"
)
_TIME = re.compile(r"(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])")
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_AHEAD: Final = 17
"""Days to look ahead: a window of one night in the week may fall into the hour that the clocks skip."""
EVERY_POOL: Final = "default"


@dataclass(frozen=True, slots=True)
class Window:
    """Times of the week."""

    text: str
    """As it is written."""
    days: frozenset[int]
    """The days on which it begins, Monday is 0."""
    begin: timedelta
    """From midnight."""
    end: timedelta
    """From midnight of the day on which it begins; more than a day where it ends on the next."""
    zone: str

    @classmethod
    def parse(cls, text: str) -> Window:
        """Return the window of ``Sat,Sun 22:00-04:00 Europe/Berlin``.

        Raises:
            ValueError: with a clause that says what is wrong.
        """
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError("is not a window such as Sat,Sun 22:00-04:00 Europe/Berlin")
        begin, end = _time_of(match["begin"]), _time_of(match["end"])
        if begin == _DAY:
            raise ValueError(f"begins at 24:00: write 00:00-{match['end']}, on the day after")
        if begin == end:
            raise ValueError("begins when it ends: write 00:00-24:00 for a whole day")
        _zone(match["zone"])
        return cls(text.strip(), _days_of(match["days"]), begin, end if end > begin else end + _DAY, match["zone"])

    def spans(self, since: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Yield begin and end, in UTC, of each window of ``days`` from the day before ``since`` on."""
        zone = _zone(self.zone)
        first = since.astimezone(zone).date() - _DAY
        for day in (first + number * _DAY for number in range(days)):
            begin, end = _moment(day, self.begin, zone, 0), _moment(day, self.end, zone, 1)
            if day.weekday() in self.days and begin < end:
                yield begin, end


def _moment(day: date, since_midnight: timedelta, zone: tzinfo, fold: int) -> datetime:
    """Return a time of day in UTC; of one that the clocks skip, the moment at which they skip it.

    Args:
        fold: of an hour that occurs twice, 0 takes the first and 1 the second.
    """
    local = datetime.combine(day, time()) + since_midnight
    first, second = (local.replace(tzinfo=zone, fold=one).astimezone(UTC) for one in (0, 1))
    if second < first:
        return _change_between(second, first, zone)
    return second if fold else first


def _change_between(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first minute that has the offset of ``after``."""
    offset = after.astimezone(zone).utcoffset()
    minutes = range((after - before) // _MINUTE)
    passed = bisect_left(
        minutes, True, key=lambda number: (before + number * _MINUTE).astimezone(zone).utcoffset() == offset
    )
    return before + passed * _MINUTE


def _time_of(text: str) -> timedelta:
    match = _TIME.fullmatch(text)
    found = timedelta(hours=int(match["hour"]), minutes=int(match["minute"])) if match else None
    if found is None or found > _DAY:
        raise ValueError(f"has no time of day in {text}: write 00:00 to 24:00")
    return found


def _days_of(text: str) -> frozenset[int]:
    """Return the days of ``Sat,Sun``, ``Mon-Fri`` or ``daily``; a range may pass the end of the week."""
    if text.casefold() == "daily":
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, is_range, last = part.strip().partition("-")
        begin, end = _day_of(first), _day_of(last if is_range else first)
        found |= {day % 7 for day in range(begin, end + (1 if end >= begin else 8))}
    return frozenset(found)


def _day_of(text: str) -> int:
    if text.title() not in _DAYS:
        raise ValueError(f'has no day in "{text}": write {", ".join(_DAYS)}, a range such as Mon-Fri, or daily')
    return _DAYS.index(text.title())


def _zone(name: str) -> tzinfo:
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = nearest(name, available_timezones(), most=1)
        advice = f": write {near[0]}" if near else ""
        raise ValueError(f"names the time zone {name}, which this machine does not know{advice}") from None


def parse_windows(text: str) -> tuple[Window, ...]:
    """Return the windows of a text, with semicolons between them."""
    return tuple(Window.parse(part) for part in text.split(";"))


def _written(windows: Mapping[str, Sequence[Window]]) -> str:
    pools = (f'{pool}: "{"; ".join(one.text for one in those)}"' for pool, those in sorted(windows.items()))
    return f"{{{', '.join(pools)}}}"


def _waits(text: str) -> bool:
    if text not in ("stop", "wait"):
        raise ValueError("is not stop or wait")
    return text == "wait"


WINDOWS: Final[Option[Mapping[str, tuple[Window, ...]]]] = Option(
    "restarts.windows",
    Key(
        parse_windows,
        {"type": "string"},
        "By pool, or by default for all others: when its Front Ends may restart, such as Sat,Sun 22:00-04:00 "
        "Europe/Berlin; semicolons stand between several. Default: at any time.",
        is_by_name=True,
    ),
    EMPTY,
    _written,
)
OUTSIDE: Final = Option(
    "restarts.outside",
    Key(
        _waits,
        {"enum": ["stop", "wait"]},
        "What an apply does with a restart outside its window: leave it open, or wait for the window. Default: stop.",
    ),
    False,
    lambda is_waiting: "wait" if is_waiting else "stop",
)

CLOSED = Rule(
    "UM038",
    "Restart is outside its window",
    "The pool has a maintenance window, and it is closed. With outside: stop an apply leaves the restart open and ends "
    "with 3. With outside: wait it waits, and so do the steps after the restart.",
    "Apply again when the window is open.",
    "DOMAIN 5.2",
    Severity.WARNING,
)
UNKNOWN_POOL = Rule(
    "UM039",
    "Window of an unknown pool",
    "A maintenance window is for a pool that the topology does not have, or that is never restarted. So the window "
    "holds for nothing, and the pool that was meant has none.",
    "Write the FQDN of a pool with Front Ends, or default.",
    "Get-CsPool (Microsoft Learn)",
)
RULES: Final = (CLOSED, UNKNOWN_POOL)


def windows_of(pool: UcPool, landscape: Landscape) -> tuple[Window, ...]:
    """Return the windows of a pool; empty where it may restart at any time."""
    windows = landscape.settings.option(WINDOWS)
    return windows.get(pool.fqdn, windows.get(EVERY_POOL, ()))


def opens(windows: Sequence[Window], now: datetime) -> tuple[datetime, Window] | None:
    """Return when the next window opens, and which; None while one is open."""
    spans = [(begin, end, one) for one in windows for begin, end in one.spans(now, _AHEAD)]
    if any(begin <= now < end for begin, end, _ in spans):
        return None
    return min(((begin, one) for begin, _, one in spans if begin > now), key=lambda found: found[0])


def closed(action: Action, pool: UcPool, landscape: Landscape) -> NotNow | None:
    """Return why an action may not stop its Front End now; None where it may, or stops nothing."""
    windows = windows_of(pool, landscape)
    if not windows or not stops(action):
        return None
    if landscape.now is None:
        return NotNow(f"the time is not known, and {pool.fqdn} has a maintenance window")
    found = opens(windows, landscape.now)
    if found is None:
        return None
    reason = f"the maintenance window of {pool.fqdn} opens {_shown(*found)}"
    return NotNow(reason, found[0] if landscape.settings.option(OUTSIDE) else None)


def _shown(begin: datetime, window: Window) -> str:
    return f"{begin.astimezone(_zone(window.zone)):%a %Y-%m-%d %H:%M} {window.zone}"


def check_windows(pools: Mapping[str, UcPool], landscape: Landscape) -> Iterator[Diagnostic]:
    """Yield the pools that have to wait for their windows, one finding each, and windows of unknown pools.

    Args:
        pools: by Front End.
    """
    said: set[str] = set()
    for host, pool in pools.items():
        action = landscape.actions.get(Address(ServiceRestart.name, host))
        found = closed(action, pool, landscape) if action is not None and pool.fqdn not in said else None
        if action is not None and found is not None:
            said.add(pool.fqdn)
            yield _closed(action, pool, found, landscape)
    known = {pool.fqdn for pool in pools.values()}
    for name in sorted(landscape.settings.option(WINDOWS).keys() - {EVERY_POOL, *known}) if known else ():
        detail = f'restarts.windows names the pool "{name}", which has no Front Ends here.'
        unknown = UNKNOWN_POOL.found(None, detail, did_you_mean(name, known))
        yield replace(unknown, position=landscape.settings.places.get((WINDOWS.name, name)))


def _closed(action: Action, pool: UcPool, found: NotNow, landscape: Landscape) -> Diagnostic:
    texts = "; ".join(window.text for window in windows_of(pool, landscape))
    if found.until is not None:
        end, remedy = "An apply waits for it.", "Apply, and let the run wait; or apply when the window is open."
    else:
        end, remedy = "An apply before then leaves the restart open.", CLOSED.remedy
    detail = f"{pool.fqdn} restarts in {texts}. {found.reason[:1].upper()}{found.reason[1:]}. {end}"
    return CLOSED.found(action, detail, remedy)
