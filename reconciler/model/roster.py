"""Many resources of one type, kept by column: a value of each attribute for each row.

An estate has a few hundred objects and a hundred thousand users. Nearly all users are as they are desired, so nobody
asks for one of them. A roster holds no object for each user; ``Resources`` makes a ``Resource`` for a row that is asked
for. Columns are also the cheap form for work over all users: a list is walked and compared without a look-up by name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from sys import intern
from typing import Any, TypeAlias

from reconciler.model.diagnostics import Position
from reconciler.model.text_lists import TextLists
from reconciler.model.values import UNSET, Unset, Value

Column: TypeAlias = "Sequence[Value | Unset]"
"""The values of one attribute by row; UNSET where the row does not have the attribute."""


def shared(column: Sequence[Any]) -> Sequence[Any]:
    """Return a column whose texts are the same objects as equal texts of other columns.

    The address of a user stands in a dozen columns: as key, name, SIP address and so on, of each listing. An extension
    stands in three, as the one item of a list.
    """
    if isinstance(column, TextLists):
        return column
    kinds = set(map(type, column))
    if str in kinds:
        return [intern(one) if type(one) is str else one for one in column]
    return TextLists.of(column) if tuple in kinds else column


def chained(columns: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """Return the rows of some columns as one column."""
    lists = [column for column in columns if isinstance(column, TextLists)]
    return TextLists.joined(lists) if len(lists) == len(columns) else list(chain.from_iterable(columns))


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Resources by row. Rows are counted from 0, in the order in which they were read."""

    type: str
    keys: Sequence[str]
    columns: Mapping[str, Column]
    names: Sequence[str | None] | None = None
    """The ``-Identity`` arguments, where they may differ from the keys."""
    guids: Sequence[str | None] | None = None
    written: Sequence[str | None] | None = None
    """The names in the configuration, where they may differ from the keys."""
    position: Callable[[int], Position] | None = None
    """Returns where a row is declared."""

    typed: dict[str, Sequence[Any]] = field(init=False, default_factory=dict, repr=False)
    """The columns as handles return them, found once."""

    def __len__(self) -> int:
        return len(self.keys)

    def column(self, name: str) -> Column:
        """Return the values of an attribute; UNSET for each row if no row has it."""
        found = self.columns.get(name)
        return (UNSET,) * len(self) if found is None else found

    def attributes(self, row: int) -> Mapping[str, Value]:
        """Return the attributes that a row has."""
        found = ((name, column[row]) for name, column in self.columns.items())
        return {name: value for name, value in found if not isinstance(value, Unset)}


def joined(rosters: Sequence[Roster]) -> Roster:
    """Return the rows of some rosters of one type as one, each with its place in the configuration."""
    if len(rosters) == 1:
        return rosters[0]
    names = dict.fromkeys(chain.from_iterable(one.columns for one in rosters))
    ends = list(accumulate(map(len, rosters)))

    def position(row: int) -> Position:
        part = bisect_right(ends, row)
        place = rosters[part].position
        assert place is not None
        return place(row - (ends[part] - len(rosters[part])))

    return Roster(
        rosters[0].type,
        [key for one in rosters for key in one.keys],
        {name: chained([one.column(name) for one in rosters]) for name in names},
        position=position,
    )
