"""UM auto attendants: their business hours, holidays and menus as Exchange keeps and answers them.

Business hours and holidays are answered in the culture en-US, which the runner gives its sessions. Names of exception
types that no document establishes are the ones the product's assemblies are known by. Sources: New-, Set- and
Disable-UMAutoAttendant (Microsoft Learn); DOMAIN 7.6, 8.

No document says what Exchange checks where one attendant leads to another. It is as the assemblies of Exchange 2013 are
known to do it:

* Set- checks all keys, also those that it does not change: their attendants are in the dial plan, and enabled where the
  attendant itself is. It checks the fallback only where it sets it.
* Enable- checks the fallback, and the keys during business hours if that menu is on. It does not check the other keys.
* Disable- and Remove- refuse an attendant to which another one leads, enabled or not.
* New- checks no status.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
_BAD_LINK: Final = "InvalidDtmfFallbackAutoAttendantException"
"""Exchange raises it for keys too, where an attendant is disabled or removed."""
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
        key = mapping.split(",")[0]
        if key in seen:
            raise call.error("InvalidCustomMenuException", "menu-key-twice", key, key=key)
        seen.add(key)
    for attendant in _led_to(keys):
        _check_link(call, attendant, plan, is_enabled)


def _led_to(keys: Iterable[str]) -> Iterator[str]:
    """Yield the names of the attendants to which keys lead."""
    return (name for mapping in keys if (name := mapping.split(",")[3]))


def _check_link(call: Call, attendant: str, plan: object, is_enabled: bool) -> None:
    other = next((one for one in call.view.of("UMAutoAttendant") if folded(one.name) == folded(attendant)), None)
    if other is None or other.properties.get("UMDialPlan") != plan:
        raise call.error("InvalidAutoAttendantException", "menu-attendant-unknown", attendant, name=attendant)
    if is_enabled and other.properties.get("Status") == "Disabled":
        raise call.error("InvalidAutoAttendantException", "linked-attendant-disabled", attendant, name=attendant)


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
        raise call.error(_BAD_LINK, "fallback-needs-speech", name, name=name)
    is_enabled = entry is not None and entry.properties.get("Status") == "Enabled"
    fallback = call.view.follow(properties.get("DTMFFallbackAutoAttendant"))
    if is_enabled and fallback is not None and fallback.properties.get("Status") == "Disabled":
        raise call.error(_BAD_LINK, "linked-attendant-disabled", fallback.name, name=fallback.name)
    for number in properties.get("PilotIdentifierList") or ():
        if not re.fullmatch(r"\+[0-9]{2,15}|[0-9]{1,20}", str(number)):
            raise call.error("DataValidationException", "bad-e164", str(number), number=number)
        refuse_taken(call, "UMAutoAttendant", "PilotIdentifierList", number, entry, "PilotIdentifierInUseException")
    for changed, form in _FORMS.items():
        if changed in properties:
            properties[changed] = [_in_form(call, changed, form, one) for one in properties[changed] or ()]
    for menu in _MENUS:
        _check_menu(call, properties.get(menu, everything.get(menu)) or (), everything["UMDialPlan"], is_enabled)


def _in_form(call: Call, name: str, form: Callable[[str], str], value: object) -> str:
    try:
        return form(str(value))
    except ValueError:
        raise call.invalid(name, value) from None


def _check_attendant_leads_on(call: Call, attendant: Entry) -> None:
    """Refuse to enable an attendant that leads to a disabled one, or to none."""
    own = attendant.properties
    fallback = call.view.follow(own.get("DTMFFallbackAutoAttendant"))
    keys = own.get("BusinessHoursKeyMapping") if own.get("BusinessHoursKeyMappingEnabled") else ()
    for name in (*((fallback.name,) if fallback else ()), *_led_to(keys or ())):
        _check_link(call, name, own["UMDialPlan"], is_enabled=True)


def _check_attendant_is_free(call: Call, attendant: Entry) -> None:
    """Refuse to disable or remove an attendant that the star key, or another attendant, leads to."""
    name = attendant.name
    plan = next(iter(referring(call, "UMDialPlan", "UMAutoAttendant", attendant)), None)
    if plan is not None:
        error = "DefaultAutoAttendantInDialPlanException"
        raise call.error(error, "attendant-in-use", name, name=name, plan=plan.name)
    for other in call.view.of("UMAutoAttendant"):
        is_neighbour = other.properties.get("UMDialPlan") == attendant.properties.get("UMDialPlan")
        if is_neighbour and other.guid != attendant.guid and _leads_to(other, attendant):
            raise call.error(_BAD_LINK, "attendant-led-to", name, name=name, other=other.name)


def _leads_to(one: Entry, other: Entry) -> bool:
    keys = (mapping for menu in _MENUS for mapping in one.properties.get(menu) or ())
    is_named = folded(other.name) in map(folded, _led_to(keys))
    return is_named or one.refers_to("DTMFFallbackAutoAttendant", other.guid)


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
    enabling=_check_attendant_leads_on,
    disabling=_check_attendant_is_free,
)
