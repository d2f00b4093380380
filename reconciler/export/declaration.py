"""Writes one observed object as a declaration, without defaults of the server and without what its type refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.config.source_text import has_unseen
from reconciler.config.written import as_read
from reconciler.model.abilities import Inferring, Rows
from reconciler.model.attributes import AttributeRole
from reconciler.model.diagnostics import Problem
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed
from reconciler.model.resources import Address, Resource
from reconciler.model.values import UNSET, Nested, Value, folded, leaves

EMPTY_VALUES: Final[tuple[Value, ...]] = (None, (), "", Nested())


@dataclass(frozen=True, slots=True)
class Written:
    """One declaration."""

    kind: Managed
    resource: Resource
    """The declared resource, as the readers return it."""
    values: Mapping[str, Value]
    """The attributes to write, in the order of the type."""
    notes: tuple[str, ...] = ()
    """What it does not say, and why; for people."""

    @property
    def address(self) -> Address:
        return self.resource.address


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object that is not declared, with the reason."""

    kind: Managed
    key: str
    values: Mapping[str, Value]
    """The attributes that a declaration would have."""
    reason: str
    """Words that do not depend on the object, as far as there are some: ``Mailbox does not exist (UM070).``"""
    detail: str = ""

    @property
    def address(self) -> Address:
        return Address(self.kind.name, self.key)


class Writer:
    """Writes declarations: ``in_full`` also with defaults of the server and references that follow from others."""

    def __init__(self, landscape: Landscape, *, in_full: bool) -> None:
        self._landscape, self._in_full = landscape, in_full
        self._redundant: dict[object, frozenset[str]] = {}
        """The redundant attributes of rows, by the values of all their references: there may be ten thousand rows."""
        self._defaults: dict[str, Mapping[str, Value]] = {}

    def declaration(self, kind: Managed, observed: Resource) -> Written | LeftOut:
        """Return the declaration of an observed object."""
        values = self._observed(kind, observed)
        notes: tuple[str, ...] = ()
        if isinstance(kind, Inferring):
            inferred = kind.inferred(observed, self._landscape)
            follows = frozenset() if self._in_full else inferred.follows
            kept = {name: value for name, value in values.items() if name not in follows}
            values, notes = {**kept, **inferred.values}, inferred.notes
        return self.of(kind, observed.key, values, notes)

    def _observed(self, kind: Managed, observed: Resource) -> dict[str, Value]:
        """Return the attributes to write: all, or those that differ from the defaults of the server."""
        return {
            name: value
            for name, value in observed.attributes.items()
            if (attribute := kind.attributes.get(name)) is not None
            if attribute.is_compared and not self.omits(kind, name, value)
        }

    def omits(self, kind: Managed, name: str, value: Value) -> bool:
        """True for an observed value that is not written, because it is the default of the server."""
        return any(value.__class__ is one.__class__ and value == one for one in self.omitted(kind, name))

    def omitted(self, kind: Managed, name: str) -> Sequence[Value]:
        """Return the values of an attribute that are not written: the default of the server, or all that are empty."""
        if self._in_full:
            return ()
        if kind.name not in self._defaults:
            self._defaults[kind.name] = kind.defaults(self._landscape)
        default = self._defaults[kind.name].get(name, UNSET)
        return EMPTY_VALUES if default is UNSET else (default,)

    def of(self, kind: Managed, key: str, values: Mapping[str, Value], notes: Sequence[str] = ()) -> Written | LeftOut:
        """Return the declaration with these values, without those that the type refuses; or why there is none."""
        left = {name: values[name] for name in kind.attributes if name in values}
        said = list(notes)
        if has_unseen(key):
            return LeftOut(kind, key, left, "Its name has a character that editors do not show.")
        for name in [name for name, value in left.items() if any(map(has_unseen, leaves(value)))]:
            said.append(f"{name}: left out. It has a character that editors do not show.")
            del left[name]
        while not isinstance(found := _parsed(kind, key, left), Resource):
            first = found[0]
            name = str(first.path[0]) if first.path and not first.on_key else ""
            if name not in left:
                return LeftOut(kind, key, left, f"{first.summary}.", first.detail)
            if left[name] not in EMPTY_VALUES:
                said.append(f"{name}: left out. {first.detail}")
            del left[name]
        if folded(found.key) != folded(key):
            return LeftOut(kind, key, left, "The files would name it otherwise.", f'They would say "{found.key}".')
        return Written(kind, found, self.lean(kind, found, left), tuple(said))

    def lean(self, kind: Managed, parsed: Resource, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return the values of a declaration without those that follow from others, such as the policy from the plan.

        Args:
            parsed: the declared resource, as the readers return it.
        """
        if self._in_full:
            return values
        references = [name for name in reversed(list(values)) if kind.attributes[name].references]
        known = (kind.name, *((name, values[name]) for name in references))
        if not isinstance(kind, Rows) or known not in self._redundant:
            fixed = (name for name in values if kind.attributes[name].role is AttributeRole.CREATE_ONLY)
            gone: set[str] = set()
            for name in dict.fromkeys((*references, *fixed)):
                less = {other: value for other, value in values.items() if other != name and other not in gone}
                again = _parsed(kind, parsed.key, less)
                if isinstance(again, Resource) and again.attributes == parsed.attributes:
                    gone.add(name)
            self._redundant[known] = frozenset(gone)
        return {name: value for name, value in values.items() if name not in self._redundant[known]}


def _parsed(kind: Managed, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
    return kind.parse(key, {name: as_read(value) for name, value in values.items()})
