"""The records of a long reply, by column.

A listing of users has a record for each of them. A dictionary for each takes 1.2 kB, from the time when it arrives to
the end of the listing. Columns of the same values take a third of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, overload

from reconciler.model.roster import shared
from reconciler.model.values import UNSET, Record


class Records(Sequence[Record]):
    """Records in the order of the server; each is made when it is asked for."""

    __slots__ = ("_columns", "_length")

    def __init__(self, columns: Mapping[str, Sequence[Any]], length: int) -> None:
        """``columns``: the values of each property; UNSET where a record does not have it."""
        self._columns, self._length = columns, length

    @classmethod
    def of(cls, records: Sequence[Record]) -> Records:
        """Return records by column."""
        names = dict.fromkeys(chain.from_iterable(records))
        columns = {name: _kept([record.get(name, UNSET) for record in records]) for name in names}
        return cls(columns, len(records))

    @property
    def names(self) -> Iterable[str]:
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


def joined(parts: Sequence[Sequence[Record]]) -> Records:
    """Return the records of all parts."""
    several = [part if isinstance(part, Records) else Records.of(part) for part in parts]
    names = dict.fromkeys(name for part in several for name in part.names)
    columns = {name: [value for part in several for value in part.column(name)] for name in names}
    return Records(columns, sum(map(len, several)))


def _kept(column: Sequence[Any]) -> Sequence[Any]:
    """Return a column in which equal values are one: texts, and objects such as the policy of each mailbox."""
    if dict not in set(map(type, column)):
        return shared(column)
    known: dict[object, object] = {}
    return [known.setdefault(tuple(value.items()), value) if _is_flat(value) else value for value in column]


def _is_flat(value: object) -> bool:
    return type(value) is dict and all(type(inner) is str for inner in value.values())


def column_of(records: Sequence[Record], name: str) -> Sequence[Any]:
    """Return the value of a property of each record; UNSET where it does not have it."""
    return records.column(name) if isinstance(records, Records) else [record.get(name, UNSET) for record in records]
