"""Records as a list of properties, much as Format-List shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any


def format_list(records: Sequence[Mapping[str, Any]], chosen: Sequence[str]) -> str:
    """Return one ``Name : value`` line a property, and a blank line after each record.

    Args:
        chosen: names of properties, in any case and with wildcards, in the order in which they are shown.
    """
    return "".join(f"{line}\n" for record in records for line in (*_lines(record, chosen), ""))


def _lines(record: Mapping[str, Any], chosen: Sequence[str]) -> Iterator[str]:
    names = list(dict.fromkeys(name for pattern in chosen for name in record if _fits(name, pattern)))
    room = max(map(len, names), default=0)
    for name in names:
        yield f"{name:<{room}} : {_shown(record[name])}".rstrip()


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), pattern.casefold())


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case list():
            return "{" + ", ".join(map(_shown, value)) + "}"
        case {"name": name}:
            return str(name)
        case _:
            return str(value)
