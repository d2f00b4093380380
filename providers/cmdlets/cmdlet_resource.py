"""The base of resource types that are managed by cmdlets: the declaration is the schema, the mapping and the rules.

Its attributes are declared once, each with its value type, the cmdlet parameter that sets it, the property that holds
it, and its role. From that table follow the YAML schema, the JSON Schema, the listing, the comparison, the New-, Set-
and Remove- commands, the simulator's behaviour and the documentation. A type that is irregular overrides one of the
pure methods of ``ResourceType``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final

from pydantic import BeforeValidator

from providers.cmdlets.declaration import Declaration
from providers.cmdlets.defaults import default_of
from providers.cmdlets.products import EXCHANGE_PROVIDER
from providers.cmdlets.reference import Setters, cmdlet_of, setters
from providers.cmdlets.table import Column, Tabled, declaring, normaliser
from reconciler.model.actions import Change
from reconciler.model.attributes import Attr, AttributeKind
from reconciler.model.commands import (
    Argument,
    Command,
    Delta,
    Endpoint,
    NameOf,
    ObjectId,
    read,
    write,
)
from reconciler.model.diagnostics import Diagnostic, NotFound, Problem, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.provider import Provider
from reconciler.model.resource_types import Answer, Diagnosed, Fact, Lifecycle, Managed
from reconciler.model.resources import Address, Resource
from reconciler.model.values import Record, Value, items, shown

_VERBS: Final[Mapping[Lifecycle, tuple[str, ...]]] = {
    Lifecycle.OBJECT: ("New", "Set", "Remove"),
    Lifecycle.SETTING: ("Set",),
    Lifecycle.FIXED: ("New", "Remove"),
    Lifecycle.FEATURE: ("Enable", "Set", "Disable"),
    Lifecycle.MANUAL: (),
}


class CmdletType(Tabled):
    """A resource type whose objects Get-<noun> lists."""

    noun: ClassVar[str]
    """Of the cmdlets: ``UMDialPlan``."""
    provider: ClassVar[Provider] = EXCHANGE_PROVIDER
    key_type: ClassVar[Any] = Annotated[str, BeforeValidator(lambda value: value)]
    """Value type of the key."""
    key_output: ClassVar[str] = "Name"
    """Property that holds the key."""
    name_output: ClassVar[str | None] = "Name"
    """Property that ``-Identity`` takes; None if the key is the argument."""
    has_guid: ClassVar[bool] = True
    """True if its objects are in the directory, where a GUID always names the same object."""
    other_cmdlets: ClassVar[tuple[str, ...]] = ()
    """Cmdlets that it calls in addition to those of its noun."""

    # what it is

    @property
    def cmdlets(self) -> frozenset[str]:
        return frozenset({f"Get-{self.noun}", *self.other_cmdlets})

    @cached_property
    def _key_normaliser(self) -> Callable[[object], Value]:
        return normaliser(self.key_type)

    @property
    def endpoint(self) -> Endpoint:
        """The entry point at which it is listed and changed."""
        return Endpoint(self.provider.name)

    @property
    def is_replicated(self) -> bool:
        return self.provider is EXCHANGE_PROVIDER

    # how it is read

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return (read(f"Get-{self.noun}", *self.outputs, endpoint=self.endpoint),)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The properties that a listing requests: those that are compared and those that identify the object."""
        name = self.name_output or self.key_output
        named = (self.key_output, name, *(("Guid",) if self.has_guid else ()))
        compared = (one.output for one in self.attributes.values() if one.output)
        return tuple(dict.fromkeys((*named, *compared)))

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        found: list[Resource] = []
        unreadable: list[Diagnosed] = []
        for _, reply in answers:
            if not isinstance(reply, SessionError):
                resources = (self.from_record(record, landscape) for record in reply.records)
                each = [resource for resource in resources if resource is not None]
                found += [one for one in each if not self._unknown_forms(one)]
                unreadable += [Diagnosed(one.address, why) for one in each for why in self._unknown_forms(one)]
            elif not isinstance(reply, NotFound):
                unreadable += [Diagnosed(Address(self.name, "*"), why) for why in reply.diagnostics]
        return (*self.completed(found, answers, landscape), *unreadable)

    def _unknown_forms(self, one: Resource) -> Sequence[Diagnostic]:
        """Return an error for each attribute whose answer is not understood: it is a text in place of nested values."""
        return [
            unknown_form(one, name, text) for name in self._nested if isinstance(text := one.attributes.get(name), str)
        ]

    @cached_property
    def _nested(self) -> Sequence[str]:
        return [name for name, one in self.attributes.items() if one.kind is AttributeKind.NESTED]

    def completed(
        self, found: Sequence[Resource], answers: Sequence[Answer], landscape: Landscape
    ) -> Sequence[Resource]:
        """Return the resources with values that need more than one record."""
        return found

    def from_record(self, record: Record, landscape: Landscape) -> Resource | None:
        """Return the resource for one record of a listing; None if the record is not of this type."""
        key = self._key_normaliser(record.get(self.key_output))
        if not isinstance(key, str) or not key:
            return None
        return Resource(
            Address(self.name, key),
            self.canonical(record),
            name=_text(record.get(self.name_output)) if self.name_output else None,
            guid=_text(record.get("Guid")) if self.has_guid else None,
        )

    def canonical(self, record: Record) -> Mapping[str, Value]:
        """Return the canonical attributes of ``record``; an attribute whose property it lacks is omitted."""
        return {name: parse(record[output]) for name, output, parse in self._read if output in record}

    @cached_property
    def _read(self) -> Sequence[tuple[str, str, Callable[[object], Value]]]:
        """The attributes that a listing shows, each with the property and the parser of its values."""
        columns = [(one.attribute, one.normalise) for one in self.columns.values()]
        return [(attribute.name, attribute.output, parse) for attribute, parse in columns if attribute.output]


def unknown_form(one: Resource, name: str, text: str) -> Diagnostic:
    """Return the error about an attribute whose value a server writes in an unknown form."""
    return Diagnostic(
        "Value in an unknown form",
        f'A server answers "{shown(text)}" as "{name}" of {one.address}, which is not understood.',
        "This is a bug in reconciler. Report it with this text.",
        address=str(one.address),
    )


class CmdletFact(CmdletType, Fact):
    """A type that cmdlets read, for checks and derivation, and never change."""


class CmdletResource(CmdletType, Managed):
    """A resource type whose objects New-, Get-, Set- and Remove-<noun> manage."""

    key_parameter: ClassVar[str] = "Name"
    """Parameter of New- that takes the key."""
    shown_as: ClassVar[str] = "object"
    """What a plan shows while the name is not known: ``<gateway of ...>``."""

    @property
    def cmdlets(self) -> frozenset[str]:
        own = {f"{verb}-{self.noun}" for verb in _VERBS[self.lifecycle]}
        return super().cmdlets.union(own, *(column.changed_by for column in self.columns.values()))

    @property
    def setters(self) -> Setters:
        return setters(self.noun)

    def release(self, landscape: Landscape) -> str:
        """Return the release whose defaults its objects have; '' for the newest."""
        return ""

    def defaults(self, landscape: Landscape) -> Mapping[str, Value]:
        release = self.release(landscape)
        known = ((name, column, default_of(self, column.attribute)) for name, column in self.columns.items())
        said = ((name, column, default.value(release)) for name, column, default in known)
        return {name: column.parse_default(value) for name, column, value in said if value is not None}

    # how it is declared

    @cached_property
    def _declaration(self) -> Declaration:
        return Declaration.of(declaring(type(self))[0], self.columns, self.key_type)

    def json_schema(self) -> Mapping[str, object]:
        return self._declaration.json_schema()

    def parse(self, key: str, data: Mapping[str, object]) -> Resource | Sequence[Problem]:
        found = self._declaration.read(key, data)
        return found if isinstance(found, list) else self.declared(*found)

    def declared(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        """Return the resource of these values, each valid by itself; or the problems of their combination."""
        return Resource(Address(self.name, key), values)

    def parse_end(self, key: str, data: Mapping[str, object]) -> Resource | Sequence[Problem]:
        found = self._declaration.read(key, data, is_whole=False)
        return found if isinstance(found, list) else self.declared_end(*found)

    def declared_end(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        """Return the resource of a declaration with ``state: absent``; or the problems that forbid its end."""
        return Resource(Address(self.name, key))

    # what changes it

    def identity(self, key: str, landscape: Landscape) -> Argument:
        """Return the ``-Identity`` argument for the resource at ``key``: exactly the object that was observed."""
        observed = landscape.one(self, key)
        if observed is not None and observed.name is None and self.key_output != self.name_output:
            return NameOf(Address(self.name, key), self.shown_as)
        return object_argument(observed, key)

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        """Return a New- command, and a Set- command for the values that New- has no parameter for."""
        values: dict[str, Argument] = {
            one.parameter: self.columns[name].argument(desired.attributes[name])
            for name, one in self.attributes.items()
            if one.parameter and name in desired.attributes
        }
        later = {name: value for name, value in values.items() if self.setters.is_only_change(name)}
        now = {name: value for name, value in values.items() if name not in later}
        made = write(f"New-{self.noun}", self.endpoint, **{self.key_parameter: desired.key}, **now)
        if not later:
            return (made,)
        return (made, write(f"Set-{self.noun}", self.endpoint, Identity=desired.key, **later))

    def mandatory(self, release: str) -> tuple[Attr[Any], ...]:
        """Return the attributes that New-<noun> of a release requires."""
        new = cmdlet_of(f"New-{self.noun}", release)
        asked = frozenset().union(*new.mandatory) if new else frozenset()
        return tuple(self.handles[name] for name, one in self.attributes.items() if one.parameter in asked)

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        arguments = {
            parameter: _argument(self.columns[change.attribute], change)
            for change in changes
            if (parameter := self.attributes[change.attribute].parameter)
        }
        if not arguments:
            return ()
        target = self.identity(desired.key, landscape)
        return (write(f"Set-{self.noun}", self.endpoint, Identity=target, **arguments),)

    def delete(self, observed: Resource, landscape: Landscape) -> Sequence[Command]:
        return (write(f"Remove-{self.noun}", self.endpoint, Identity=self.identity(observed.key, landscape)),)


def object_argument(observed: Resource | None, key: str) -> str | ObjectId:
    """Return the argument that identifies an object: its GUID, or its name if it has no GUID yet."""
    name = (observed.name if observed else None) or key
    return ObjectId(observed.guid, name) if observed is not None and observed.guid else name


def _argument(column: Column, change: Change) -> Argument:
    if column.attribute.kind is AttributeKind.MEMBERSHIP:
        before, after = items(change.before), items(change.after)
        return Delta(
            add=tuple(item for item in after if item not in before),
            remove=tuple(item for item in before if item not in after),
        )
    return column.argument(change.after)  # type: ignore[arg-type]  # a change is sent only where its after is a value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
