"""Declarations in rows, by column: an estate may have a hundred thousand users, nearly all of them alike.

A row stands in the table where there is nothing to say about it but its values. The others are *odd*: they are declared
one by one by ``declaration.Writer``, which finds what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress

from reconciler.config.source_text import has_unseen
from reconciler.config.written import as_read
from reconciler.export.declaration import EMPTY_VALUES, Writer, Written
from reconciler.model.abilities import Rows
from reconciler.model.resources import Resource, Resources
from reconciler.model.roster import Column, Roster
from reconciler.model.values import UNSET, Unset, Value, folded, leaves


@dataclass(frozen=True, slots=True, eq=False)
class WrittenRows:
    """The declarations of one type in rows, in order of their folded keys."""

    kind: Rows
    roster: Roster
    """The declared resources, as the readers return them."""
    values: Mapping[str, Column]
    """The attributes to write, in the order of the type; UNSET where a row does not write it."""
    resources: Resources = field(init=False)
    """Those of the roster, by key."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "resources", Resources(roster=self.roster))

    def __len__(self) -> int:
        return len(self.roster)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WrittenRows) and [*self.all()] == [*other.all()]

    def __hash__(self) -> int:
        return hash((self.kind.name, len(self)))

    def written(self, row: int) -> Written:
        """Return a row as a declaration of its own."""
        values = ((name, column[row]) for name, column in self.values.items())
        resource = self.resources[self.roster.keys[row]]
        return Written(self.kind, resource, {name: one for name, one in values if not isinstance(one, Unset)})

    def all(self) -> Iterator[Written]:
        """Yield each row as a declaration of its own."""
        return map(self.written, range(len(self)))

    def get(self, key: str) -> Written | None:
        """Return the declaration of a key."""
        return self.written(self.resources.row(key)) if key in self.resources else None

    def with_others(self, others: Sequence[Resource]) -> Resources:
        """Return the declared resources, and others that are not in the table."""
        return self.resources.replaced(others) if others else self.resources

    def without(self, keys: Iterable[str]) -> WrittenRows:
        """Return the table without the rows of some keys; their spelling does not count."""
        gone = {*map(folded, keys)}
        stays = [key not in gone for key in self.resources.folded]
        if all(stays):
            return self
        roster = Roster(self.roster.type, [*compress(self.roster.keys, stays)], _without(self.roster.columns, stays))
        return WrittenRows(self.kind, roster, _used(_without(self.values, stays)))


def rows_of(
    writer: Writer, kind: Rows, observed: Resources, keys: Sequence[str], *, is_parsed: bool = True
) -> tuple[WrittenRows | None, Sequence[str]]:
    """Return the declarations of observed objects, and the folded keys of the odd ones.

    Args:
        keys: the folded keys of the objects, in order.
        is_parsed: False: take it for granted that the readers take each value as it was observed.
    """
    shown = observed.attribute_names
    names = [name for name, one in kind.attributes.items() if one.is_compared and name in shown]
    spelt = dict(zip(observed.folded, observed, strict=True))
    those = [spelt[key] for key in keys]
    read = list(zip(*(row or () for row in observed.rows(names, keys)), strict=True))
    columns = {name: _kept(writer, kind, name, column) for name, column in zip(names, read, strict=False)}
    even = [not any(odd) for odd in zip(_unseen(those), *map(_odd, columns.values()), strict=True)]
    found = _roster(kind, those, columns, even) if not is_parsed else _parsed(kind, those, columns, even)
    if found is None:
        even = [
            is_even and _is_read(kind, key, {name: column[row] for name, column in columns.items()})
            for row, (key, is_even) in enumerate(zip(those, even, strict=True))
        ]
        found = _parsed(kind, those, columns, even)
    odd = [key for key, is_even in zip(keys, even, strict=True) if not is_even]
    if found is None:
        return None, keys
    return WrittenRows(kind, found, _used(_lean(writer, kind, found, _without(columns, even)))), odd


def _kept(writer: Writer, kind: Rows, name: str, column: Sequence[Value | Unset]) -> Column:
    """Return the column without the values that nobody has to write."""
    gone = set(column).intersection(writer.omitted(kind, name))
    return [UNSET if one in gone else one for one in column] if gone else column


def _odd(column: Column) -> Iterable[bool]:
    """Return for each value whether it may have to be left out, with a note."""
    if set(column).isdisjoint(EMPTY_VALUES) and not has_unseen(_text(column)):
        return [False] * len(column)
    return [not isinstance(one, Unset) and (one in EMPTY_VALUES or any(map(has_unseen, leaves(one)))) for one in column]


def _unseen(keys: Sequence[str]) -> Iterable[bool]:
    return map(has_unseen, keys) if has_unseen("".join(keys)) else [False] * len(keys)


def _text(column: Column) -> str:
    """Return every text in a column, one after the other."""
    flat = [*chain.from_iterable([one if isinstance(one, tuple) else (one,) for one in column if one is not UNSET])]
    parts = [one for one in flat if isinstance(one, str)]
    return "".join(parts if len(parts) == len(flat) else chain.from_iterable(map(leaves, flat)))


def _roster(kind: Rows, keys: Sequence[str], columns: Mapping[str, Column], even: Sequence[bool]) -> Roster | None:
    """Return the even rows as they were observed."""
    return Roster(kind.name, [*compress(keys, even)], _without(columns, even)) if any(even) else None


def _parsed(kind: Rows, keys: Sequence[str], columns: Mapping[str, Column], even: Sequence[bool]) -> Roster | None:
    """Return the even rows as the readers return them; None where they refuse one, or name it otherwise."""
    named = [*compress(keys, even)]
    cells = {name: [*map(_cell, column)] for name, column in _without(columns, even).items()}
    found = kind.parse_all(named, cells) if named else None
    is_same = found is not None and (found.keys == named or [*map(folded, found.keys)] == [*map(folded, named)])
    return found if is_same else None


def _is_read(kind: Rows, key: str, values: Mapping[str, Value | Unset]) -> bool:
    """True where the readers take a row, and name it alike."""
    found = kind.parse(key, {name: as_read(one) for name, one in values.items() if not isinstance(one, Unset)})
    return isinstance(found, Resource) and folded(found.key) == folded(key)


def _cell(value: Value | Unset) -> object:
    return value if value is UNSET or isinstance(value, str) else as_read(value)


def _lean(writer: Writer, kind: Rows, found: Roster, columns: Mapping[str, Column]) -> Mapping[str, Column]:
    """Return the columns without what follows from other values; that depends on the references alone."""
    references = [column for name, column in columns.items() if kind.attributes[name].references]
    known = list(zip(*references, strict=True)) if references else [()] * len(found)
    follows: dict[tuple[Value | Unset, ...], Collection[str]] = {}
    table = WrittenRows(kind, found, columns)
    for row, named in enumerate(known):
        if named not in follows:
            one = table.written(row)
            follows[named] = one.values.keys() - writer.lean(kind, one.resource, one.values).keys()
    return {
        name: [UNSET if name in follows[named] else one for named, one in zip(known, column, strict=True)]
        if any(name in gone for gone in follows.values())
        else column
        for name, column in columns.items()
    }


def _without(columns: Mapping[str, Column], stays: Sequence[bool]) -> Mapping[str, Column]:
    return columns if all(stays) else {name: [*compress(column, stays)] for name, column in columns.items()}


def _used(columns: Mapping[str, Column]) -> Mapping[str, Column]:
    """Return the columns that hold a value."""
    return {name: column for name, column in columns.items() if any(one is not UNSET for one in column)}
