"""Options: keys of the files that set something for a whole environment.

A resource type declares its options in a section of its own (``abilities.Adjustable``), and reads their values with
``Settings.option``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section: its parser, its JSON Schema and its description."""

    parse: Callable[[str], Any]
    """Returns the value of a text, or raises ValueError with a clause such as ``is not true or false``."""
    schema: Mapping[str, object]
    """Of a text; of each text where there is one by name."""
    doc: str
    is_by_name: bool = False
    """True for a mapping: one text for each name. The value is a mapping of names in small letters to parsed texts."""


@dataclass(frozen=True, slots=True)
class Option(Generic[Value]):
    """A key of a section with the type of its value."""

    name: str
    """Unique among the options of all types: ``restarts.settle``."""
    key: Key
    default: Value
    """The value where no file has the key."""
    write: Callable[[Value], str] = str
    """Returns the text of a value, as ``key.parse`` reads it."""

    def of(self, value: Value) -> dict[str, object]:
        """Return the options of an environment that sets only this one."""
        return {self.name: value}


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the files whose keys are options."""

    name: str
    doc: str
    options: tuple[Option[Any], ...]

    @property
    def keys(self) -> Mapping[str, Key]:
        """The keys of the section, as they stand in the files."""
        return {option.name.removeprefix(f"{self.name}."): option.key for option in self.options}


_DURATION = re.compile(r"(?=.)(?:(?P<h>\d{1,5})h)?(?:(?P<m>\d{1,5})m)?(?:(?P<s>\d{1,5})s)?", re.ASCII)
_LONGEST_SECONDS = 24 * 60 * 60
DURATION_SCHEMA: Mapping[str, object] = {
    "type": "string",
    "pattern": "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
    "minLength": 2,
}


def parse_duration(text: str) -> int:
    """Return a duration in seconds from ``0s``, ``90s``, ``20m``, ``1h`` or ``1h30m``.

    Raises:
        ValueError: the text has none of these forms, or is longer than a day.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("is not a duration: write a number with its unit, such as 90s, 20m or 1h")
    seconds = int(match["h"] or 0) * 3600 + int(match["m"] or 0) * 60 + int(match["s"] or 0)
    if seconds > _LONGEST_SECONDS:
        raise ValueError("is longer than a day")
    return seconds
