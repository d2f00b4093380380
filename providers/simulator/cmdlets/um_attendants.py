"""UM auto attendants: their business hours, holidays and menus as Exchange keeps and answers them.

Business hours and holidays are answered in the culture en-US, which the runner gives its sessions. Names of exception
types that no document establishes are the ones the product's assemblies are known by. Sources: New-, Set- and
Disable-UMAutoAttendant (Microsoft Learn); DOMAIN 7.6, 8. The checks of menus are observed, not documented.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from providers.simulator.cmdlets.um_objects import Rules, check_language, referring, refuse_taken
from providers.simulator.invocation.call import Call
from providers.simulator.world.directory import Entry
from reconciler.model.values import folded

_WEEK: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_MOMENT: Final = re.compile(r"(\w+)\.(\d{1,2}):(\d\d)(?: ?([AP])M)?", re.IGNORECASE)
_FIELDS: Final = 10
_COUNTS: Final = (5, 6, 8, 10)
_LEADING: Final = (2, 3, 6, 7, 8, 9)
"""The fields that say where a key leads: extension, attendant, mailboxes, announcements. At most one has a value."""
_AUDIO: Final = re.compile(r".*\.(wav|wma)", re.IGNORECASE)


# --- schedules -------------------------------------------------------------------------------------------------------


def _interval(shown: str) -> str:
    """Return an interval as Exchange answers it: ``Mon.9:00 AM-Mon.5:00 PM``."""
    begin, dash, end = shown.partition("-")
    if not dash:
        raise ValueError
    return f"{_moment(begin)}-{_moment(end)}"


def _moment(shown: str) -> str:
    match = _MOMENT.fullmatch(shown.strip())
    if match is None:
        raise ValueError
    day, hour, minute, half = match.groups()
    number = int(day) if day.isdigit() else [one.lower() for one in _WEEK].index(day[:3].lower())
    hours = int(hour) if half is None else int(hour) % 12 + 12 * (half.upper() == "P")
    if not 0 <= number < len(_WEEK) or hours > 23 or int(minute) > 59:
        raise ValueError
    return f"{_WEEK[number]}.{hours % 12 or 12}:{minute} {'AM' if hours < 12 else 'PM'}"


def _holiday(shown: str) -> str:
    """Return a holiday as Exchange answers it: name, greeting, first and last day."""
    name, greeting, first, *last = (part.strip() for part in shown.split(","))
    begin, end = _day(first), _day(last[0]) if last and last[0] else _day(first)
    if not name or len(last) > 1 or end < begin or (greeting and not _AUDIO.fullmatch(greeting)):
        raise ValueError
    return ",".join([name, greeting, *(f"{day.month}/{day.day}/{day.year}" for day in (begin, end))])


def _day(shown: str) -> date:
    month, day, year = shown.split("/")
    return date(int(year), int(month), int(day))


# --- menus -----------------------------------------------------------------------------------------------------------


def _key(shown: str) -> str:
    """Return a key mapping as Exchange answers it: all of its fields."""
    fields = [part.strip() for part in shown.split(",")]
    if len(fields) not in _COUNTS:
        raise ValueError
    fields += [""] * (_FIELDS - len(fields))
    key, name, extension, _, prompt = fields[:5]
    leading = [place for place in _LEADING if fields[place]]
    is_key = key == "-" or (key.isdigit() and 1 <= int(key) <= 9)
    is_plain = bool(name) and (not extension or extension.isdigit()) and (not prompt or bool(_AUDIO.fullmatch(prompt)))
    if not is_key or not is_plain or len(leading) > 1 or not (leading or prompt):
        raise ValueError
    return ",".join(fields)


def _check_menu(call: Call, keys: Iterable[str], plan: object, is_enabled: bool) -> None:
    """Refuse a key that is there twice, or leads to no attendant of the dial plan, or from an enabled to a disabled."""
    seen: set[str] = set()
    for mapping in keys:
        key, _, _, attendant, *_ = mapping.split(",")
        if key in seen:
            raise call.error("InvalidCustomMenuException", "menu-key-twice", key, key=key)
        seen.add(key)
        if not attendant:
            continue
        other = next((one for one in call.view.of("UMAutoAttendant") if folded(one.name) == folded(attendant)), None)
        if other is None or other.properties.get("UMDialPlan") != plan:
            raise call.error("InvalidAutoAttendantException", "menu-attendant-unknown", attendant, name=attendant)
        if is_enabled and other.properties.get("Status") == "Disabled":
            raise call.error("InvalidAutoAttendantException", "menu-attendant-disabled", attendant, name=attendant)


_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "BusinessHoursSchedule": _interval,
    "HolidaySchedule": _holiday,
    "BusinessHoursKeyMapping": _key,
    "AfterHoursKeyMapping": _key,
}
_MENUS: Final = ("BusinessHoursKeyMapping", "AfterHoursKeyMapping")


# --- attendants ------------------------------------------------------------------------------------------------------


def _check_attendant(call: Call, entry: Entry | None, properties: dict[str, Any]) -> None:
    everything = {**(entry.properties if entry else {}), **properties}
    name = entry.name if entry else str(call.get("Name"))
    plan = call.view.follow(everything.get("UMDialPlan"))
    if entry is None and plan is not None:
        properties["Language"] = plan.properties.get("DefaultLanguage", "en-US")
    elif "Language" in properties:
        check_language(call, properties["Language"])
    if everything.get("DTMFFallbackAutoAttendant") and not everything.get("SpeechEnabled"):
        raise call.error("InvalidDtmfFallbackAutoAttendantException", "fallback-needs-speech", name, name=name)
    for number in properties.get("PilotIdentifierList") or ():
        if not re.fullmatch(r"\+[0-9]{2,15}|[0-9]{1,20}", str(number)):
            raise call.error("DataValidationException", "bad-e164", str(number), number=number)
        refuse_taken(call, "UMAutoAttendant", "PilotIdentifierList", number, entry, "PilotIdentifierInUseException")
    for changed, form in _FORMS.items():
        if changed in properties:
            properties[changed] = [_in_form(call, changed, form, one) for one in properties[changed] or ()]
    for changed in _MENUS:
        if changed in properties:
            _check_menu(call, properties[changed], everything["UMDialPlan"], everything.get("Status") == "Enabled")


def _in_form(call: Call, name: str, form: Callable[[str], str], value: object) -> str:
    try:
        return form(str(value))
    except ValueError:
        raise call.invalid(name, value) from None


def _check_attendant_is_free(call: Call, attendant: Entry) -> None:
    plan = next(iter(referring(call, "UMDialPlan", "UMAutoAttendant", attendant)), None)
    if plan is not None:
        name, error = attendant.name, "DefaultAutoAttendantInDialPlanException"
        raise call.error(error, "attendant-in-use", name, name=name, plan=plan.name)


ATTENDANT = Rules(
    "UMAutoAttendant",
    "UM AutoAttendant Container",
    others={
        "UMDialPlan": None,
        "Language": "en-US",
        "DTMFFallbackAutoAttendant": None,
        "NameLookupEnabled": True,
        "SendVoiceMsgEnabled": False,
        "TimeZoneName": "Pacific Standard Time",
        "WeekStartDay": "Monday",
        "BusinessHoursSchedule": ["Sun.12:00 AM-Sun.12:00 AM"],
        "BusinessHoursTransferToOperatorEnabled": False,
        "AfterHoursTransferToOperatorEnabled": False,
        "AfterHoursKeyMappingEnabled": False,
        "ContactScope": "DialPlan",
        "MatchedNameSelectionMethod": "InheritFromDialPlan",
    },
    check=_check_attendant,
    removing=_check_attendant_is_free,
    disabling=_check_attendant_is_free,
)
