"""Types whose listings have many thousands of records, such as the mailboxes: they are read by column.

The values of a column mostly repeat, or are texts of one form. So a column needs a few steps for each distinct value
instead of many steps for each record. The canonical values are those of ``CmdletType``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, compress
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from providers.cmdlets.cmdlet_resource import CmdletResource, CmdletType
from providers.cmdlets.declaration import canonical
from providers.cmdlets.table import ColumnNormaliser, column_normaliser
from reconciler.model.abilities import Rows
from reconciler.model.attributes import AttributeRole
from reconciler.model.diagnostics import NotFound, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.records import column_of
from reconciler.model.resource_types import Answer, Diagnosed
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.roster import Column, Roster, shared
from reconciler.model.values import UNSET, Record, Value


@dataclass(frozen=True, slots=True)
class Listed:
    """The records of all listings of a type, as one."""

    listings: Sequence[Sequence[Record]]
    chosen: Sequence[bool] | None = None
    """For each record whether it counts; None: all do."""

    def column(self, name: str) -> list[object]:
        """Return the value of a property of each record; UNSET where it does not have it."""
        values = chain.from_iterable(column_of(records, name) for records in self.listings)
        return list(values if self.chosen is None else compress(values, self.chosen))

    def texts(self, name: str) -> Sequence[str | None]:
        """Return a property as texts; None where it is none."""
        return shared([value if isinstance(value, str) and value else None for value in self.column(name)])


FEW: Final = 200
"""Up to this number, objects are read by name or GUID instead of all: apply reads two batches of 100 at a time."""


class Numerous(CmdletType):
    """A type of cmdlets with many thousands of objects, each in one record."""

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        resources, unreadable = self.read(answers, landscape)
        return (*resources.values(), *unreadable)

    def read(self, answers: Sequence[Answer], landscape: Landscape) -> tuple[Resources, Sequence[Diagnosed]]:
        listings: list[Sequence[Record]] = []
        unreadable: list[Diagnosed] = []
        for _, reply in answers:
            if not isinstance(reply, SessionError):
                listings.append(reply.records)
            elif not isinstance(reply, NotFound):
                unreadable += [Diagnosed(Address(self.name, "*"), why) for why in reply.diagnostics]
        return Resources(roster=self.enrolled(self._roster(Listed(listings)), answers, landscape)), unreadable

    def enrolled(self, roster: Roster, answers: Sequence[Answer], landscape: Landscape) -> Roster:
        """Return the roster with values that need more than its records."""
        return roster

    def _roster(self, listed: Listed) -> Roster:
        keys = self._key_column(listed.column(self.key_output))
        if not all(isinstance(key, str) and key for key in keys):
            listed = Listed(listed.listings, [isinstance(key, str) and key != "" for key in keys])
            keys = self._key_column(listed.column(self.key_output))
        return Roster(
            self.name,
            shared(keys),
            {name: shared(normalise(listed.column(output))) for name, output, normalise in self._columns},
            names=listed.texts(self.name_output) if self.name_output else None,
            guids=listed.texts("Guid") if self.has_guid else None,
        )

    @cached_property
    def _key_column(self) -> ColumnNormaliser:
        return column_normaliser(self.key_type)

    @cached_property
    def _columns(self) -> Sequence[tuple[str, str, ColumnNormaliser]]:
        """The attributes that a listing shows, each with the property and the parser of its column."""
        shown = ((name, one.attribute.output, one.annotation) for name, one in self.columns.items())
        return [(name, output, column_normaliser(annotation)) for name, output, annotation in shown if output]


class NumerousRows(Numerous, CmdletResource, Rows):
    """A type of cmdlets with many thousands of objects, which are declared in rows."""

    def parse_all(self, keys: Sequence[str], cells: Mapping[str, Sequence[object]]) -> Roster | None:
        """Return the rows; a column is checked in one call, and a repeated text once."""
        attributes = self.attributes
        if any(name not in attributes or attributes[name].role is AttributeRole.READ_ONLY for name in cells):
            return None
        if any(one.is_required and UNSET in cells.get(name, (UNSET,)) for name, one in self.columns.items()):
            return None
        try:
            canonical_keys = self._declared_keys.validate_python(keys)
            columns = {name: self._declared_column(name, cells[name]) for name in attributes if name in cells}
        except ValidationError:
            return None
        columns = {name: shared(column) for name, column in columns.items()}
        return self.declared_all(Roster(self.name, shared(canonical_keys), columns))

    def declared_all(self, roster: Roster) -> Roster | None:
        """Return the rows of these values, each valid by itself; None where ``declared`` would find a problem."""
        return roster

    def _declared_column(self, name: str, cells: Sequence[object]) -> Column:
        there = [cell for cell in cells if cell is not UNSET]
        distinct = set(there) if all(isinstance(cell, str) for cell in there) else set()
        if distinct and len(distinct) * 2 < len(there):
            texts = list(distinct)
            known = dict(zip(texts, self._declared_values(name, texts), strict=True))
            return [UNSET if cell is UNSET else known[cell] for cell in cells]
        found = self._declared_values(name, there)
        if len(there) == len(cells):
            return found
        rest = iter(found)
        return [UNSET if cell is UNSET else next(rest) for cell in cells]

    def _declared_values(self, name: str, values: list[object]) -> list[Value]:
        read: list[Any] = self._declared_types[name].validate_python(values)
        return read if all(isinstance(value, str | tuple) for value in read) else list(map(canonical, read))

    @cached_property
    def _declared_keys(self) -> TypeAdapter[list[str]]:
        return TypeAdapter(_list_of(self.key_type))

    @cached_property
    def _declared_types(self) -> Mapping[str, TypeAdapter[list[Any]]]:
        return {name: TypeAdapter(_list_of(column.annotation)) for name, column in self.columns.items()}


def _list_of(annotation: Any) -> Any:
    return list[annotation]
