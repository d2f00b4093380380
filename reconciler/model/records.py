"""The records of a long reply, by column.

A listing of users has a record for each of them. A dictionary for each takes 1.2 kB, from the time when it arrives to
the end of the listing. Columns of the same values take a third of that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, overload

from reconciler.model.roster import chained, shared
from reconciler.model.values import UNSET, Record


class Records(Sequence[Record]):
    """Records in the order of the server; each is made when it is asked for."""

    __slots__ = ("_columns", "_length")

    def __init__(self, columns: Mapping[str, Sequence[Any]], length: int) -> None:
        """``columns``: the values of each property; UNSET where a record does not have it."""
        self._columns, self._length = columns, length

    @property
    def names(self) -> Collection[str]:
        """The properties that any of them has."""
        return self._columns.keys()

    def column(self, name: str) -> Sequence[Any]:
        """Return the value of a property of each record; UNSET where it does not have it."""
        found = self._columns.get(name)
        return (UNSET,) * self._length if found is None else found

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Record]:
        return map(self._record, range(self._length))

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        rows = range(self._length)[index]
        return self._record(rows) if isinstance(rows, int) else tuple(map(self._record, rows))

    def _record(self, row: int) -> Record:
        values = ((name, column[row]) for name, column in self._columns.items())
        return {name: value for name, value in values if value is not UNSET}

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, Records) else other)

    __hash__ = None  # type: ignore[assignment]  # records are dictionaries, which have none either

    def __repr__(self) -> str:
        return f"Records({list(self)!r})"


_SPARSE: Final = 4
"""Columns with more than so many places for each value are not made: hostile records have a name of their own each."""


def compact(records: Sequence[Record]) -> Sequence[Record]:
    """Return the records by column where they have the same properties, otherwise as they are."""
    names = names_of(records)
    if len(names) * len(records) > _SPARSE * sum(map(len, records)):
        return tuple(records)
    return Records({name: _kept([record.get(name, UNSET) for record in records]) for name in names}, len(records))


def joined(parts: Sequence[Sequence[Record]]) -> Sequence[Record]:
    """Return the records of all parts."""
    several = [part for part in parts if isinstance(part, Records)]
    names = dict.fromkeys(chain.from_iterable(part.names for part in several))
    places = sum(len(part) * len(part.names) for part in several)
    length = sum(map(len, parts))
    if len(several) < len(parts) or len(names) * length > _SPARSE * places:
        return tuple(chain.from_iterable(parts))
    return Records({name: chained([part.column(name) for part in several]) for name in names}, length)


def _kept(column: Sequence[Any]) -> Sequence[Any]:
    """Return a column in which equal values are one: texts, and objects such as the policy of each mailbox."""
    if dict not in set(map(type, column)):
        return shared(column)
    known: dict[object, object] = {}
    return [known.setdefault(tuple(value.items()), value) if _is_flat(value) else value for value in column]


def _is_flat(value: object) -> bool:
    return type(value) is dict and all(type(inner) is str for inner in value.values())


def names_of(records: Sequence[Record]) -> Collection[str]:
    """Return the properties that any of the records has."""
    return records.names if isinstance(records, Records) else dict.fromkeys(chain.from_iterable(records)).keys()


def column_of(records: Sequence[Record], name: str) -> Sequence[Any]:
    """Return the value of a property of each record; UNSET where it does not have it."""
    return records.column(name) if isinstance(records, Records) else [record.get(name, UNSET) for record in records]
