"""PowerShell's conversion of an argument to the type of its parameter.

The rules are those of the engine's binder for splatted arguments: numbers from several forms of text, rounded to even;
enumerations by name, by an unambiguous beginning, by number, or by several of them; no Booleans from text; no text from
lists. ``tests/providers/simulator/test_engines_agree.py`` holds these rules against a real engine.

Source: LanguagePrimitives.ConvertTo (Microsoft Learn), and the engine itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from providers.cmdlets.reference import Enumeration

_INTEGERS: Final[Mapping[str, tuple[int, int]]] = {
    "Byte": (0, 2**8 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "Int64": (-(2**63), 2**63 - 1),
    "UInt16": (0, 2**16 - 1),
    "UInt32": (0, 2**32 - 1),
}
_HEXADECIMAL: Final = re.compile(r"(?:#|0[xX])([0-9A-Fa-f]{1,8})\Z")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:,[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?\Z")
_MULTIPLIED: Final = re.compile(r"([+-]?[0-9]+)([kKmMgG])[bB]\Z")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,10}\Z")
_MOST_DAYS: Final = 10675198
_DASHED: Final = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_GUID: Final = re.compile(rf"(?:{_DASHED}|\{{{_DASHED}\}}|\({_DASHED}\)|[0-9A-Fa-f]{{32}})\Z")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,7})?Z?)?\Z")
_THOUSANDS: Final = re.compile(r"[+-]?[0-9]+(?:,[0-9]+)+\Z")
_SPAN: Final = re.compile(
    r"(-?)(?:([0-9]{1,8})|(?:([0-9]{1,8})\.)?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,7}))?)?)\Z"
)
_DAYS: Final = re.compile(r"([0-9]{1,8})\.00:00:00\Z")


@dataclass(frozen=True, slots=True)
class Difference:
    """A bound ``@{Add=...;Remove=...}``."""

    add: tuple[Any, ...] = ()
    remove: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """A bound SecureString; its text is used where a product would and never shown."""

    text: str = field(repr=False)


def one(type: str, value: object) -> Any:
    """Return ``value`` as the type of that name has it.

    Raises:
        ValueError: it does not convert.
    """
    if type in _INTEGERS:
        return integer(type, value)
    if type in _CONVERTERS:
        return _CONVERTERS[type](value)
    return parsed(value, may_be_empty=not type.endswith("IdParameter"))


def _nothing(value: object) -> None:
    """Refuse every value: a credential cannot be made from text."""
    if value is not None:
        raise ValueError


def _read(value: object, form: re.Pattern[str]) -> str:
    if not isinstance(value, str) or form.match(value.strip()) is None:
        raise ValueError
    return value.strip()


def moment(value: object) -> str:
    """Return a time in ISO 8601."""
    return _read(value, _MOMENT)


def guid(value: object) -> str:
    """Return a GUID in the one form in which .NET writes it, from any in which it is written."""
    digits = re.sub("[^0-9a-f]", "", _read(value, _GUID).lower())
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def integer(type: str, value: object) -> int:
    """Return a whole number; text may have a fraction, which is rounded to even."""
    number = _number(value)
    low, high = _INTEGERS[type]
    if not low <= number <= high:
        raise ValueError
    return number


def _number(value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, int | float):
        return round(value)
    if not isinstance(value, str):
        raise ValueError
    bare = value.strip()
    if not bare:
        return 0
    if (found := _HEXADECIMAL.match(bare)) is not None:
        return int(found[1], 16)
    if (found := _MULTIPLIED.match(bare)) is not None:
        return int(found[1]) << 10 * ("kmg".index(found[2].lower()) + 1)
    if _DECIMAL.match(bare) is None:
        raise ValueError
    plain = bare.replace(",", "")
    return int(plain) if _WHOLE.match(plain) else round(float(plain))


def boolean(value: object) -> bool:
    """Return a Boolean, also from a number."""
    if isinstance(value, int | float):
        return bool(value)
    raise ValueError


def switch(value: object) -> bool:
    """Return a Boolean; null is False."""
    if value is None or isinstance(value, bool):
        return bool(value)
    raise ValueError


def unlimited(value: object) -> int | str | None:
    """Return a count, a number of days given as a time span, or "Unlimited"."""
    if value is None:
        return None
    if isinstance(value, str):
        bare = value.strip()
        if bare.casefold() == "unlimited":
            return "Unlimited"
        if (days := _DAYS.match(bare)) is not None:
            return int(days[1])
        if not _WHOLE.match(bare):
            raise ValueError
        return integer("Int32", bare)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError
    return integer("Int32", value)


def span(value: object) -> str | None:
    """Return a time span as .NET writes it, ``5.00:00:00``; a number alone is days."""
    shown = parsed(value)
    if shown is None:
        return None
    found = _SPAN.match(shown.strip())
    if found is None:
        raise ValueError
    sign, whole, days, hours, minutes, seconds, fraction = (group or "" for group in found.groups())
    day, hour, minute, second = (int(part or 0) for part in (whole or days, hours, minutes, seconds))
    if day > _MOST_DAYS or hour > 23 or minute > 59 or second > 59:
        raise ValueError
    ticks = fraction.ljust(7, "0")
    clock = f"{hour:02}:{minute:02}:{second:02}" + (f".{ticks}" if int(ticks) else "")
    is_zero = not (day or hour or minute or second or int(ticks))
    return ("" if is_zero else sign) + (f"{day}." if day else "") + clock


def text(value: object) -> str | None:
    """Return text of anything but a list; null stays null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return _shown(value)
    if isinstance(value, Mapping):
        return "System.Security.SecureString" if "$secure" in value else "System.Collections.Hashtable"
    raise ValueError


def element(item: object) -> str:
    """Return an element of a list as text: there, a list is its elements and null an empty text."""
    if isinstance(item, list | tuple):
        return " ".join(element(inner) for inner in item)
    return text(item) or ""


def _shown(value: bool | int | float) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value).upper()
    return str(value)


def secret(value: object) -> Secret | None:
    if isinstance(value, Mapping) and "$secure" in value:
        return Secret(str(value["$secure"]))
    _nothing(value)
    return None


def parsed(value: object, *, may_be_empty: bool = True) -> str | None:
    """Return the text of a value of a type that a product parses: from text and numbers alone."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError
    shown = value if isinstance(value, str) else _shown(value)
    if not shown and not may_be_empty:
        raise ValueError
    return shown


def enumerated(enumeration: Enumeration, value: object) -> str:
    """Return the proper name of a value of ``enumeration``."""
    if isinstance(value, bool) or value is None or isinstance(value, Mapping):
        raise ValueError
    if isinstance(value, int | float):
        return enumeration.shown(_cast(value))
    if isinstance(value, list | tuple):
        value = ",".join(element(item) for item in value)
    if _THOUSANDS.match(str(value).strip()):
        return enumeration.shown(integer("Int32", value))
    number = 0
    for part in str(value).split(","):
        bare = part.strip()
        found = int(bare) if _WHOLE.match(bare) else enumeration.value(bare)
        if found is None:
            raise ValueError
        number |= found
    return enumeration.shown(number)


def _cast(value: int | float) -> int:
    """Return a number as the 32 bits of an enumeration: a longer one loses its upper half, as a cast does."""
    if value != int(value) or abs(value) >= 2**63:
        raise ValueError
    return (int(value) + 2**31) % 2**32 - 2**31


def many(type: str, value: object, *, differences: bool) -> list[Any] | Difference | None:
    """Return the values of a multi-valued property or of a list modifier; each is one text.

    An empty list modifier adds and removes nothing.
    """
    if isinstance(value, Mapping):
        if "$secure" in value or not value.keys() <= {"$add", "$remove"} or not differences:
            raise ValueError
        add, remove = (_texts(value.get(side)) for side in ("$add", "$remove"))
        return Difference(tuple(add), tuple(remove))
    if value == [] and type == "PSListModifier":
        return Difference()
    return _texts(value)


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    items: Sequence[object] = value if isinstance(value, list | tuple) else [value]
    texts = [text(item) for item in items if isinstance(item, str | int | float)]
    if len(texts) != len(items):
        raise ValueError
    return [item for item in texts if item is not None]


_CONVERTERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "Boolean": boolean,
    "SwitchParameter": switch,
    "Unlimited": unlimited,
    "String": text,
    "PSObject": text,
    "SecureString": secret,
    "PSCredential": _nothing,
    "EnhancedTimeSpan": span,
    "Guid": guid,
    "DateTime": moment,
}
