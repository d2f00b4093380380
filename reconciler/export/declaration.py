"""Writes one observed object as a declaration, without defaults of the server and without what its type refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.config.source_text import has_unseen
from reconciler.config.written import as_read
from reconciler.model.abilities import Inferring, Rows
from reconciler.model.attributes import AttributeRole
from reconciler.model.diagnostics import Problem
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed
from reconciler.model.resources import Address, Resource
from reconciler.model.values import UNSET, Nested, Value, folded, leaves

EMPTY_VALUES = (None, (), "", Nested())


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
        if kind.name not in self._defaults:
            self._defaults[kind.name] = kind.defaults(self._landscape)
        defaults = self._defaults[kind.name]
        found: dict[str, Value] = {}
        for name, value in observed.attributes.items():
            attribute = kind.attributes.get(name)
            if attribute is not None and attribute.is_compared:
                default = defaults.get(name, UNSET)
                is_default = value in EMPTY_VALUES if default is UNSET else _are_equal(value, default)
                if self._in_full or not is_default:
                    found[name] = value
        return found

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
        return Written(kind, found, left if self._in_full else self._lean(kind, key, left, found), tuple(said))

    def _lean(self, kind: Managed, key: str, values: Mapping[str, Value], parsed: Resource) -> Mapping[str, Value]:
        """Return the values without those that follow from others, such as the policy from the dial plan."""
        references = [name for name in reversed(list(values)) if kind.attributes[name].references]
        known = (kind.name, *((name, values[name]) for name in references))
        if not isinstance(kind, Rows) or known not in self._redundant:
            fixed = (name for name in values if kind.attributes[name].role is AttributeRole.CREATE_ONLY)
            gone: set[str] = set()
            for name in dict.fromkeys((*references, *fixed)):
                less = {other: value for other, value in values.items() if other != name and other not in gone}
                again = _parsed(kind, key, less)
                if isinstance(again, Resource) and again.attributes == parsed.attributes:
                    gone.add(name)
            self._redundant[known] = frozenset(gone)
        return {name: value for name, value in values.items() if name not in self._redundant[known]}


def _are_equal(value: object, other: object) -> bool:
    """True where both are one value; True is not 1."""
    return value.__class__ is other.__class__ and value == other


def _parsed(kind: Managed, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
    return kind.parse(key, {name: as_read(value) for name, value in values.items()})
