"""Finds out which attribute each column of a CSV file holds.

Operators bring files that Exchange, Lync or a spreadsheet wrote. So a column may stand anywhere and have another name:
one that the environment gives it (``columns``), or one that the exports of the products use. Several columns may name
one attribute; then the best name counts. Other columns stay in the file and are ignored.

A column whose name is nearly that of an attribute is an error, because it is probably misspelt. So is one that may hold
secrets.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.config.redaction import is_secret_name
from reconciler.model.values import EMPTY, folded

IGNORE: Final = "ignore"
"""The value in ``columns`` for a column without a meaning."""
_NEARLY: Final = 0.75
"""Similarity from which a name is probably another one, misspelt."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a file may have and must have."""

    known: Collection[str]
    """The attributes."""
    required: Sequence[str] = ()
    aliases: Mapping[str, Sequence[str]] = field(default_factory=lambda: EMPTY)
    """By attribute: its names in exports of the products, the best one first."""
    foreign: Collection[str] = ()
    """Names in such exports, spelt like this, that look like an attribute and are none."""
    named: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """By column: the attribute that the environment says, or ``ignore``."""

    def meanings(self, headers: Sequence[str]) -> tuple[str, ...]:
        """Return the attribute of each column; '' for a column without one."""
        ranked = [self._ranked(header) for header in headers]
        best: dict[str, int] = {}
        for rank, name in ranked:
            if name:
                best[name] = min(rank, best.get(name, rank))
        return tuple(name if name and best[name] == rank else "" for rank, name in ranked)

    def _ranked(self, header: str) -> tuple[int, str]:
        """Return the attribute that a column names, and how good this name is: 0 is best."""
        name = folded(header)
        said = next((meant for column, meant in self.named.items() if folded(column) == name), None)
        if said is not None:
            return 0, "" if said == IGNORE else said
        if header in self.known:
            return 1, header
        if name in self.known and name != _STATE:
            return 2, name
        for attribute, others in self.aliases.items():
            for place, other in enumerate(others, 3):
                if folded(other) == name:
                    return place, attribute
        return 0, ""

    def is_ignored(self, header: str) -> bool:
        """True for a column that the environment or the type says to have no meaning."""
        ignored = {folded(column) for column, meant in self.named.items() if meant == IGNORE}
        return folded(header) in ignored or header in self.foreign

    def misspelt(self, headers: Sequence[str], meanings: Sequence[str]) -> dict[str, str]:
        """Return the columns without a meaning that probably should have one, each with the attribute.

        ``''`` for a column that may hold secrets.
        """
        left = [one for one, name in zip(headers, meanings, strict=True) if one and not name]
        lacking = [name for name in self.known if name not in meanings]
        names = {
            folded(name): attribute for attribute in lacking for name in (attribute, *self.aliases.get(attribute, ()))
        }
        return dict(_suspected((one for one in left if not self.is_ignored(one)), names))


_STATE: Final = "state"
"""A column ``State`` of other exports is a part of a country, so only this spelling means the state of an object."""


def _suspected(headers: Iterable[str], names: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for header in headers:
        if is_secret_name(header):
            yield header, ""
        elif near := difflib.get_close_matches(folded(header), names, n=1, cutoff=_NEARLY):
            yield header, names[near[0]]
