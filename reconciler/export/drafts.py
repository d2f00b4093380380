"""The declarations while they are tried: some are corrected, some are left out.

Rows stand in tables, one for each type. A row that is corrected or left out leaves its table for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.export.declaration import LeftOut, Written
from reconciler.export.rows import WrittenRows
from reconciler.model.attributes import Attribute
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import Unset, Value, folded


@dataclass(slots=True)
class Drafts:
    """The declarations so far, and the objects that are left out."""

    single: dict[Address, Written] = field(default_factory=dict)
    """The declarations, except those of the tables."""
    left_out: dict[Address, LeftOut] = field(default_factory=dict)
    tables: dict[str, WrittenRows] = field(default_factory=dict)
    """By type, the rows to which no trial objected."""
    _taken: dict[str, set[str]] = field(default_factory=dict)
    """By type, the folded keys of rows that are still in a table, although they were taken out of it."""

    def one(self, address: Address) -> Written | None:
        """Return the declaration of an object."""
        return self.single.get(address) or self.row(address)

    def row(self, address: Address) -> Written | None:
        """Return the declaration of an object in a table."""
        table = self.tables.get(address.type)
        if table is None or folded(address.key) in self._taken.get(address.type, ()):
            return None
        return table.get(address.key)

    def put(self, found: Written | LeftOut) -> None:
        """Replace the declaration of an object."""
        self._take(found.address)
        if isinstance(found, Written):
            self.single[found.address] = found
        else:
            self.left_out[found.address] = found

    def leave_out(self, address: Address, reason: str, detail: str = "") -> None:
        one = self._take(address)
        if one is not None:
            self.left_out[address] = LeftOut(one.kind, one.resource.key, one.values, reason, detail)

    def add_reason(self, address: Address, words: str) -> None:
        """Add another reason why an object is left out."""
        one = self.left_out[address]
        self.left_out[address] = replace(one, detail=f"{one.detail} {words}")

    def _take(self, address: Address) -> Written | None:
        """Return the declaration of an object, which ends with that."""
        one = self.one(address)
        if self.single.pop(address, None) is None and one is not None:
            self._taken.setdefault(address.type, set()).add(folded(address.key))
        return one

    def sort(self, types: Sequence[ResourceType]) -> None:
        """Order everything by type and key."""
        order = {kind.name: place for place, kind in enumerate(types)}
        self._tidy()
        self.single = {one: self.single[one] for one in sorted(self.single, key=lambda one: _place(one, order))}
        self.left_out = {one: self.left_out[one] for one in sorted(self.left_out, key=lambda one: _place(one, order))}

    def _tidy(self) -> None:
        """Let the tables hold only the rows that were not taken."""
        for name, keys in self._taken.items():
            self.tables[name] = self.tables[name].without(keys)
        self._taken.clear()

    # --- all of them -------------------------------------------------------------------------------------------------

    def resources(self) -> Mapping[str, Resources]:
        """Return the declared resources by type."""
        self._tidy()
        by_type: dict[str, list[Resource]] = {}
        for one in self.single.values():
            by_type.setdefault(one.kind.name, []).append(one.resource)
        found = {name: Resources(those) for name, those in by_type.items()}
        return found | {name: table.with_others(by_type.get(name, ())) for name, table in self.tables.items()}

    def referring(self, counts: Callable[[Address], bool]) -> Iterator[tuple[Address, Address]]:
        """Yield each declaration with each of its references that ``counts``."""
        self._tidy()
        for one in self.single.values():
            for attribute in one.kind.attributes.values():
                for target in _targets(attribute, one.resource.get(attribute.name)):
                    if counts(target):
                        yield one.address, target
        for table in self.tables.values():
            for attribute in table.kind.attributes.values():
                yield from _referring_rows(table, attribute, counts)


def _place(address: Address, order: Mapping[str, int]) -> tuple[int, str, str]:
    return order[address.type], folded(address.key), address.key


def _targets(attribute: Attribute, value: Value | Unset) -> Iterator[Address]:
    """Yield what a value references."""
    if attribute.references is not None and not isinstance(value, Unset):
        for name in filter(None, attribute.targets(value)):
            yield Address(attribute.references, name)


def _referring_rows(
    table: WrittenRows, attribute: Attribute, counts: Callable[[Address], bool]
) -> Iterator[tuple[Address, Address]]:
    column = table.roster.column(attribute.name) if attribute.references is not None else ()
    named = {value: [one for one in _targets(attribute, value) if counts(one)] for value in set(column)}
    if any(named.values()):
        for key, value in zip(table.roster.keys, column, strict=True):
            for target in named[value]:
                yield Address(table.kind.name, key), target
