"""Types whose listings have many thousands of records, such as the mailboxes: they are read by column.

The values of a column mostly repeat, or are texts of one form. So a column needs a few steps for each distinct value
instead of many steps for each record. The canonical values are those of ``CmdletType``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from providers.cmdlets.cmdlet_resource import CmdletResource, CmdletType
from providers.cmdlets.declaration import canonical
from providers.cmdlets.table import ColumnNormaliser, column_normaliser
from reconciler.model.abilities import Rows
from reconciler.model.attributes import AttributeRole
from reconciler.model.diagnostics import NotFound, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Answer, Diagnosed
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.roster import Column, Roster, shared
from reconciler.model.values import UNSET, Record, Value


class Numerous(CmdletType):
    """A type of cmdlets with many thousands of objects, each in one record."""

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        resources, unreadable = self.read(answers, landscape)
        return (*resources.values(), *unreadable)

    def read(self, answers: Sequence[Answer], landscape: Landscape) -> tuple[Resources, Sequence[Diagnosed]]:
        records: list[Record] = []
        unreadable: list[Diagnosed] = []
        for _, reply in answers:
            if not isinstance(reply, SessionError):
                records += reply.records
            elif not isinstance(reply, NotFound):
                unreadable += [Diagnosed(Address(self.name, "*"), why) for why in reply.diagnostics]
        return Resources(roster=self.enrolled(self._roster(records), answers, landscape)), unreadable

    def enrolled(self, roster: Roster, answers: Sequence[Answer], landscape: Landscape) -> Roster:
        """Return the roster with values that need more than its records."""
        return roster

    def _roster(self, records: Sequence[Record]) -> Roster:
        keys = self._keys(records)
        if not all(isinstance(key, str) and key for key in keys):
            records = [one for one, key in zip(records, keys, strict=True) if isinstance(key, str) and key]
            keys = self._keys(records)
        return Roster(
            self.name,
            shared(keys),
            {name: shared(normalise(_column(records, output))) for name, output, normalise in self._columns},
            names=_texts(records, self.name_output) if self.name_output else None,
            guids=_texts(records, "Guid") if self.has_guid else None,
        )

    def _keys(self, records: Sequence[Record]) -> Sequence[object]:
        return self._key_column(_column(records, self.key_output))

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


def _column(records: Sequence[Record], name: str) -> list[object]:
    return [record.get(name, UNSET) for record in records]


def _texts(records: Sequence[Record], name: str) -> list[str | None]:
    found = (record.get(name) for record in records)
    return shared(value if isinstance(value, str) and value else None for value in found)
