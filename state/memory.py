"""What is remembered of resources, read by column: an environment remembers a hundred thousand users.

The rows of a chunk are read as one JSON list, because that takes a third of the time. It is as strict as
``codec.decode_remembered``, which then names what is wrong with a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from reconciler.model.records import column_of, compact, joined, names_of
from reconciler.model.resources import Address, Resources
from reconciler.model.roster import Roster, shared
from reconciler.model.snapshot import Memory
from reconciler.model.values import EMPTY, Nested, Value, parse
from state import codec

_CHUNK: Final = 2000
_FIELDS: Final = frozenset({"attributes", "guid", "name", "needs"})

Row = tuple[str, str]
"""The text of an address, and the text of what is remembered there."""
Needs = tuple[Address, ...]


def decode_memory(rows: Sequence[Row]) -> Memory:
    """Return the saved resources of all rows.

    Raises:
        ValueError: a text does not have the form of a saved resource.
    """
    by_type: dict[str, list[Row]] = {}
    for row in rows:
        by_type.setdefault(row[0].partition("/")[0], []).append(row)
    read = [_of_type(found) for found in by_type.values()]
    rosters = {roster.type: Resources(roster=roster) for roster, _ in read}
    return Memory(rosters, {roster.type: needs for roster, needs in read})


def _of_type(rows: Sequence[Row]) -> tuple[Roster, Sequence[Needs]]:
    chunks = [_read(rows[start : start + _CHUNK]) for start in range(0, len(rows), _CHUNK)]
    attributes = joined([chunk.attributes for chunk in chunks])
    roster = Roster(
        codec.parse_address(rows[0][0]).type,
        shared([codec.parse_address(text).key if "%" in text else text.partition("/")[2] for text, _ in rows]),
        {name: column_of(attributes, name) for name in sorted(names_of(attributes))},
        names=[name for chunk in chunks for name in chunk.names],
        guids=[guid for chunk in chunks for guid in chunk.guids],
    )
    return roster, [needs for chunk in chunks for needs in chunk.needs]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some rows of one type, by column: a dictionary for each row would take most of the memory of a plan."""

    attributes: Sequence[Mapping[str, Value]]
    names: Sequence[str | None]
    guids: Sequence[str | None]
    needs: Sequence[Needs]


def _read(rows: Sequence[Row]) -> _Chunk:
    bodies = _bodies(rows)
    return _Chunk(
        compact([_values(body.get("attributes", EMPTY)) for body in bodies]),
        shared([body.get("name") for body in bodies]),
        shared([body.get("guid") for body in bodies]),
        [_needs(tuple(body.get("needs", ()))) for body in bodies],
    )


@lru_cache(maxsize=4096)  # thousands of users depend on the same few resources
def _needs(texts: tuple[str, ...]) -> Needs:
    return tuple(map(codec.parse_address, texts))


def _bodies(rows: Sequence[Row]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parse(f"[{','.join(body for _, body in rows)}]")
    if len(found) != len(rows) or not all(map(_has_known_form, found)):
        for address, body in rows:
            codec.decode_remembered(address, body)
        raise ValueError("a row does not have the known form")
    return found


def _has_known_form(body: Any) -> bool:
    if not isinstance(body, dict) or not body.keys() <= _FIELDS or not isinstance(body.get("attributes", {}), dict):
        return False
    needs = body.get("needs", [])
    texts = (body.get("name"), body.get("guid"))
    are_texts = all(one is None or isinstance(one, str) for one in texts)
    return are_texts and isinstance(needs, list) and all(isinstance(one, str) for one in needs)


def _values(attributes: Mapping[str, Any]) -> Mapping[str, Value]:
    return {name: one if type(one) is str else _value(one) for name, one in attributes.items()}


def _value(plain: Any) -> Value:
    if isinstance(plain, list):
        return tuple(map(_value, plain))
    if isinstance(plain, dict):
        return Nested({name: _value(one) for name, one in plain.items()})
    if plain is None or isinstance(plain, bool | int | str):
        return plain
    raise ValueError("an attribute has a value of another kind")
