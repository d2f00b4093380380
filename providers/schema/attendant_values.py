"""The nested values of auto attendants: business hours by day, and holidays by name.

Each has three forms: as users write it, as the servers answer it, and as the cmdlets take it. Here are all of them.

    business hours   ``monday: 09:00-17:00``    answered ``Mon.9:00 AM-Mon.5:00 PM``    sent ``1.09:00-1.17:00``
    holidays         ``New Year: {date: 2027-01-01}``                    answered and sent ``New Year,,1/1/2027``

The runner gives its sessions the culture en-US, so the servers write days, times and dates in that form. A text that is
not understood stays a text: its object then counts as unreadable.

Source: Set-UMAutoAttendant, parameters BusinessHoursSchedule and HolidaySchedule (Microsoft Learn), and its examples.
The form of the answers is observed, not documented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)

from providers.cmdlets.value_types import Normalise, Text, checked, text
from reconciler.model.values import Nested, Value

_NO_COMMA = checked(r"[^,;]*", "must not contain a comma or a semicolon", shown="")
FileName = Annotated[
    Text,
    Field(max_length=255),
    _NO_COMMA,
    checked(r".*\.([wW][aA][vV]|[wW][mM][aA])", "must be the name of a .wav or .wma file"),
]
Plain = Annotated[Text, Field(min_length=1, max_length=255), _NO_COMMA]


class Part(BaseModel):
    """The base of what stands within nested values: unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def one_or_several(value: object) -> Sequence[object]:
    """Return a list of one element for a value that is no list."""
    return value if isinstance(value, (list, tuple)) else [value]


class OneOrSeveral(BeforeValidator):
    """Marks a list of which a single element needs no list."""

    def __init__(self) -> None:
        super().__init__(one_or_several)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = dict(handler(schema))
        return {"anyOf": [several["items"], several]}


def _texts(value: object) -> Iterator[str]:
    """Yield the elements of an answer as texts; an answer of one element may come without its list."""
    for item in () if value is None else one_or_several(value):
        yield str(text(item) or "").strip()


# --- business hours --------------------------------------------------------------------------------------------------

DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
ALWAYS, NEVER = "always", "never"
_SPAN: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")

_Minutes = tuple[int, int]
"""Begin and end of opening hours, in minutes."""


def _span(value: str) -> _Minutes:
    match = _SPAN.fullmatch(value.strip())
    begin, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
    if not match or int(match[2]) > 59 or int(match[4]) > 59 or end > _DAY:
        raise ValueError("must be the begin and the end, such as 09:00-17:00; a day ends at 24:00")
    if begin >= end:
        raise ValueError("must end after it begins; hours after midnight belong to the next day")
    return begin, end


def _clock(begin: int, end: int) -> str:
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"


def _is_span(value: str) -> str:
    return _clock(*_span(value))


def _apart(spans: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hours of a day in order; hours without a gap are one.

    Raises:
        ValueError: some overlap.
    """
    ordered = sorted(map(_span, spans))
    for (_, end), (begin, _) in pairwise(ordered):
        if begin < end:
            raise ValueError("has hours that overlap")
    return tuple(_clock(*one) for one in _joined(ordered))


def _joined(spans: Iterable[_Minutes]) -> list[_Minutes]:
    """Return hours in order, without overlaps and with gaps between them."""
    found: list[_Minutes] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


_Hours = Annotated[
    tuple[Annotated[str, Normalise(text), AfterValidator(_is_span)], ...], AfterValidator(_apart), OneOrSeveral()
]


class BusinessHours(Part):
    """Opening hours by day: 09:00-17:00, or a list of such hours; a day that is left out is closed."""

    monday: _Hours = ()
    tuesday: _Hours = ()
    wednesday: _Hours = ()
    thursday: _Hours = ()
    friday: _Hours = ()
    saturday: _Hours = ()
    sunday: _Hours = ()


class _HoursInWords(BeforeValidator):
    """Marks business hours that may be ``always`` or ``never``."""

    def __init__(self) -> None:
        super().__init__(_in_words)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"enum": [ALWAYS, NEVER]}, dict(handler(schema))]}


def _in_words(value: object) -> object:
    word = value.strip().lower() if isinstance(value, str) else ""
    return {ALWAYS: {day: ["00:00-24:00"] for day in DAYS}, NEVER: {}}.get(word, value)


def _as_hours(hours: BusinessHours) -> Nested:
    return Nested((day, spans) for day in DAYS if (spans := getattr(hours, day)))


HOURS: Final[Any] = Annotated[BusinessHours, _HoursInWords(), AfterValidator(_as_hours)]
"""Business hours as users write them."""

_POINT: Final = (
    r"(?P<day{0}>[A-Za-z0-9]+)\.(?P<hour{0}>[0-9]{{1,2}}):(?P<minute{0}>[0-9]{{2}})(:00)?\s*(?P<half{0}>[AP]M)?"
)
_INTERVAL: Final = re.compile(f"{_POINT.format(1)}-{_POINT.format(2)}", re.IGNORECASE)
_NUMBERS: Final = {
    **{day: number for number, day in enumerate(DAYS)},
    **{day[:3]: number for number, day in enumerate(DAYS)},
    **{str(number): number for number in range(7)},
}


def answered_hours(value: object) -> Value:
    """Return the business hours of an answer by day; the text itself where it is not understood.

    Hours without a gap are one. An interval whose ends are the same moment is the whole week.
    """
    if isinstance(value, str) and value.lower() in (ALWAYS, NEVER):
        return _by_day([(0, _WEEK)] if value.lower() == ALWAYS else [])
    spans: list[_Minutes] = []
    for shown in _texts(value):
        match = _INTERVAL.fullmatch(shown)
        begin, end = (_minute(match, 1), _minute(match, 2)) if match else (None, None)
        if begin is None or end is None:
            return shown
        spans += [(begin, end)] if begin < end else [(begin, _WEEK), (0, end)]
    return _by_day(spans)


def _minute(match: re.Match[str], place: int) -> int | None:
    """Return a moment in minutes since the begin of Sunday; None where it is no moment."""
    day = _NUMBERS.get(match[f"day{place}"].lower())
    hour, minute, half = int(match[f"hour{place}"]), int(match[f"minute{place}"]), match[f"half{place}"]
    if day is None or minute > 59 or hour > (12 if half else 23):
        return None
    if half:
        hour = hour % 12 + (12 if half.upper() == "PM" else 0)
    return day * _DAY + hour * 60 + minute


def _by_day(spans: Iterable[_Minutes]) -> Nested:
    whole, found = _joined(spans), {}
    for number, day in enumerate(DAYS):
        begin, end = number * _DAY, (number + 1) * _DAY
        inside = [(max(first, begin) - begin, min(last, end) - begin) for first, last in whole]
        found[day] = tuple(_clock(first, last) for first, last in inside if first < last)
    return Nested((day, hours) for day, hours in found.items() if hours)


def sent_hours(value: Value) -> tuple[str, ...]:
    """Return business hours as the cmdlets take them: days are numbers, Sunday is 0."""
    return tuple(
        _sent_span(number, *_span(str(span)))
        for number, day in enumerate(DAYS)
        for span in _items(value.get(day) if isinstance(value, Nested) else ())
    )


def _sent_span(day: int, begin: int, end: int) -> str:
    last = (day + end // _DAY) % 7
    return f"{day}.{begin // 60:02}:{begin % 60:02}-{last}.{end // 60 % 24:02}:{end % 60:02}"


def _items(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else () if value is None else (value,)


def in_a_word(hours: Nested) -> str | None:
    """Return ``always`` or ``never`` for business hours that a word says; None for any other."""
    if not hours:
        return NEVER
    return ALWAYS if all(hours.get(day) == ("00:00-24:00",) for day in DAYS) else None


# --- holidays --------------------------------------------------------------------------------------------------------


def _is_date(value: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
        raise ValueError("must be a date, such as 2027-01-01")
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        raise ValueError("is no day of the calendar") from None


_Date = Annotated[str, Normalise(text), AfterValidator(_is_date), Field(json_schema_extra={"format": "date"})]


class Holiday(Part):
    """One day, or the first and the last day, with the greeting that callers hear."""

    day: _Date | None = Field(default=None, alias="date")
    first: _Date | None = Field(default=None, alias="from")
    last: _Date | None = Field(default=None, alias="to")
    greeting: FileName | None = None

    @model_validator(mode="after")
    def _has_days(self) -> Holiday:
        if (self.day is None) is (self.first is None and self.last is None):
            raise ValueError("must have a date, or from and to")
        if self.day is None and (self.first is None or self.last is None):
            raise ValueError("must have both from and to")
        if self.first and self.last and self.first > self.last:
            raise ValueError("must not end before it begins")
        return self


def _as_holidays(written: Mapping[str, Sequence[Holiday]]) -> Nested:
    return _by_name(
        (name, one.first or one.day or "", one.last or one.day or "", one.greeting or "")
        for name, those in written.items()
        for one in those
    )


def _by_name(holidays: Iterable[tuple[str, str, str, str]]) -> Nested:
    """Return holidays by name, in the order of their first days; several of one name are a list."""
    found: dict[str, dict[Nested, None]] = {}
    for first, last, name, greeting in sorted(
        (first, last, name, greeting) for name, first, last, greeting in holidays
    ):
        days: dict[str, Value] = {"date": first} if first == last else {"from": first, "to": last}
        one = Nested({**days, **({"greeting": greeting} if greeting else {})})
        found.setdefault(name, {})[one] = None
    return Nested((name, tuple(those) if len(those) > 1 else next(iter(those))) for name, those in found.items())


def _is_some(those: tuple[Holiday, ...]) -> tuple[Holiday, ...]:
    if not those:
        raise ValueError("must not be empty")
    return those


_Holidays = dict[Plain, Annotated[tuple[Holiday, ...], AfterValidator(_is_some), OneOrSeveral()]]
HOLIDAYS: Final[Any] = Annotated[_Holidays, AfterValidator(_as_holidays)]
"""Holidays as users write them."""


def answered_holidays(value: object) -> Value:
    """Return the holidays of an answer by name; the text itself where it is not understood."""
    found: list[tuple[str, str, str, str]] = []
    for item in () if value is None else one_or_several(value):
        name, greeting, *days = fields_of(item, "Name", "Greeting", "StartDate", "EndDate")
        dates = [_answered_date(day) for day in days if day]
        if not name or not 1 <= len(dates) <= 2 or "" in dates:
            return str(text(item) or "")
        found.append((name, dates[0], dates[-1], greeting))
    return _by_name(found)


def fields_of(item: object, *names: str) -> list[str]:
    """Return the fields of an object of an answer: of its text, or of its properties where the session kept them."""
    if isinstance(item, Mapping) and names[0] in item:
        return [str(text(item.get(name)) or "").strip() for name in names]
    shown = [part.strip() for part in str(text(item) or "").split(",")]
    return [*shown, *[""] * (len(names) - len(shown))]


def _answered_date(shown: str) -> str:
    """Return a date of an answer as ISO 8601; '' where it is none. Its time of day does not count."""
    bare = re.split(r"[ T]", shown.strip(), maxsplit=1)[0]
    for form in ("%m/%d/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(bare, form).date().isoformat()  # a date has no time zone
        except ValueError:
            continue
    return ""


def sent_holidays(value: Value) -> tuple[str, ...]:
    """Return holidays as the cmdlets take them: name, greeting, first day and, if it differs, last day."""
    pairs = value.items() if isinstance(value, Nested) else ()
    return tuple(
        ",".join([name, str(one.get("greeting") or ""), *map(_sent_date, _days(one))])
        for name, those in pairs
        for one in _items(those)
        if isinstance(one, Nested)
    )


def _days(holiday: Nested) -> list[str]:
    return [str(holiday[name]) for name in ("date", "from", "to") if name in holiday]


def _sent_date(day: str) -> str:
    found = date.fromisoformat(day)
    return f"{found.month}/{found.day}/{found.year}"
