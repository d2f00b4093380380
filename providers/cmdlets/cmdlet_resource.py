"""The base of resource types that are managed by cmdlets: the declaration is the schema, the mapping and the rules.

A type is declared by a pydantic model whose fields are its attributes, each mentioned once: its value type, the
cmdlet parameter that sets it, the property that tells it, its role. From that table follow the YAML schema, the JSON
Schema, the listing, the comparison, the New-, Set- and Remove- commands, the simulator's behaviour and the
documentation. A type that is irregular overrides one of the pure methods of ``ResourceType``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from providers.cmdlets.value_types import Unordered
from reconciler.model.actions import Action, Change
from reconciler.model.addresses import Address
from reconciler.model.attributes import Attribute, AttributeKind, AttributeRole
from reconciler.model.commands import (
    EXCHANGE,
    Argument,
    Command,
    Connection,
    Delta,
    Endpoint,
    NameOf,
    ObjectId,
    read,
    write,
)
from reconciler.model.diagnostics import MISSING_ATTRIBUTE, Problem
from reconciler.model.errors import NotFound, SessionError
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Answer, Diagnosed, Lifecycle, ResourceType
from reconciler.model.resources import Resource
from reconciler.model.values import Record, Value

_T = TypeVar("_T")


class Declared(BaseModel):
    """The base of declarations: frozen, and unknown attributes are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


_VERBS: Final[Mapping[Lifecycle, tuple[str, ...]]] = {
    Lifecycle.OBJECT: ("Get", "New", "Set", "Remove"),
    Lifecycle.SETTING: ("Get", "Set"),
    Lifecycle.FIXED: ("Get", "New", "Remove"),
    Lifecycle.FEATURE: ("Get", "Enable", "Set", "Disable"),
    Lifecycle.TASK: (),
    Lifecycle.MANUAL: ("Get",),
    Lifecycle.FACT: ("Get",),
}


def unset() -> Any:
    """The default of an attribute that may be left out: then it is not managed. It never equals a product's default."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


# --- what a field says about itself beside its value type ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Param:
    """The cmdlet parameter, where it is not the attribute's name in Pascal case."""

    name: str


@dataclass(frozen=True, slots=True)
class Output:
    """The cmdlet property, where it is not the parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateOnly:
    """No Set parameter exists: another value means another object."""


@dataclass(frozen=True, slots=True)
class AfterCreate:
    """New lacks the parameter: a create sends a Set after it."""


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """Observed and recorded, never declared."""


@dataclass(frozen=True, slots=True)
class Intent:
    """For the engine alone: other resources follow from it."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Of a set, only the elements declared are ours."""


@dataclass(frozen=True, slots=True)
class Clearable:
    """``null`` clears it: the cmdlet is sent ``$null``."""


@dataclass(frozen=True, slots=True)
class References:
    """The resource type that the value names."""

    type_name: str


@dataclass(frozen=True, slots=True)
class Exclusive:
    """One object alone may hold the value (each element) within ``scope``."""

    scope: str
    at_birth: bool = False
    """The object is made with it: it cannot be given by a later command."""


@dataclass(frozen=True, slots=True)
class _Column:
    """One row of the table: the attribute, and how a server's value becomes canonical."""

    attribute: Attribute
    normalise: Callable[[object], Value]
    after_create: bool
    is_clearable: bool


class CmdletResource(ResourceType):
    """A resource type whose objects New-, Get-, Set- and Remove-<noun> manage."""

    model: ClassVar[type[Declared]]
    noun: ClassVar[str]
    """Of the cmdlets: ``UMDialPlan``."""
    endpoint: ClassVar[Endpoint] = EXCHANGE
    key_type: ClassVar[Any] = Annotated[str, BeforeValidator(lambda value: value)]
    """Value type of the key."""
    key_parameter: ClassVar[str] = "Name"
    """Parameter of New- that takes the key."""
    key_output: ClassVar[str] = "Name"
    """Property that tells the key."""
    name_output: ClassVar[str] = "Name"
    """Property that ``-Identity`` takes."""
    has_guid: ClassVar[bool] = True
    """Whether its objects stand in the directory, where a GUID means one for ever."""
    shown_as: ClassVar[str] = "object"
    """How a plan calls one whose name is not known yet: ``<gateway of ...>``."""
    listing: ClassVar[Mapping[str, Argument]] = {}
    """Parameters of the Get- that lists all."""
    extra_outputs: ClassVar[tuple[str, ...]] = ()
    """Properties to ask for beyond those of attributes."""
    other_cmdlets: ClassVar[tuple[str, ...]] = ()
    """Cmdlets that it calls beside those of its noun."""

    # what it is

    @property
    def cmdlets(self) -> frozenset[str]:
        return frozenset({*(f"{verb}-{self.noun}" for verb in _VERBS[self.lifecycle]), *self.other_cmdlets})

    @cached_property
    def _columns(self) -> Mapping[str, _Column]:
        return {name: _column(name, field) for name, field in self.model.model_fields.items()}

    @cached_property
    def _attributes(self) -> Mapping[str, Attribute]:
        return {name: column.attribute for name, column in self._columns.items()}

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return self._attributes

    @cached_property
    def _read_only(self) -> tuple[str, ...]:
        return tuple(name for name, one in self._attributes.items() if one.role is AttributeRole.READ_ONLY)

    def json_schema(self) -> Mapping[str, object]:
        schema: dict[str, Any] = _with_limits(self.model.model_json_schema())
        properties: dict[str, Any] = schema.get("properties", {})
        for name, attribute in self.attributes.items():
            if attribute.role is AttributeRole.READ_ONLY:
                properties.pop(name, None)
            elif self._columns[name].is_clearable and name in properties:
                properties[name] = _or_null(properties[name])
        return schema

    @cached_property
    def _key_adapter(self) -> TypeAdapter[str]:
        return TypeAdapter(self.key_type)

    @cached_property
    def _key_normaliser(self) -> Callable[[object], Value]:
        return _normaliser(self.key_type, ())

    def parse(self, key: str, data: Mapping[str, object]) -> Resource | Sequence[Problem]:
        problems: list[Problem] = []
        try:
            key = self._key_adapter.validate_python(key)
        except ValidationError as error:
            problems += [_problem(found, key, on_key=True) for found in error.errors()]
        for name in self._read_only:
            if name in data:
                problems.append(
                    Problem(
                        (name,),
                        "Attribute is read-only",
                        f'"{name}" is made by the server.',
                        "Remove it.",
                        on_key=True,
                    )
                )
        cleared: dict[str, Value] = {}
        if None in data.values():
            cleared = {
                name: self._cleared(name) for name, value in data.items() if value is None and self._clears(name)
            }
        declared = None
        try:
            declared = self.model.model_validate(
                {name: value for name, value in data.items() if name not in cleared} if cleared else dict(data)
            )
        except ValidationError as error:
            problems += [self._explained(_problem(found, key)) for found in _relevant(error.errors())]
        if problems or declared is None:
            return problems
        written = declared.model_fields_set
        values = {name: _canonical(getattr(declared, name)) for name in self._columns if name in written}
        return self.declared(key, {**values, **cleared} if cleared else values)

    def declared(self, key: str, values: Mapping[str, Value]) -> Resource | Sequence[Problem]:
        """Return the resource of a declaration whose attributes are right each by itself; or how they do not fit."""
        return Resource(Address(self.name, key), values)

    def _explained(self, problem: Problem) -> Problem:
        """Return the problem with what the attribute is documented as, where nothing better says what to write."""
        attribute = self.attributes.get(str(problem.path[0])) if problem.path else None
        if problem.remedy or attribute is None or not attribute.doc:
            return problem
        return replace(problem, remedy=f"{attribute.name}: {attribute.doc}")

    def _clears(self, name: str) -> bool:
        column = self._columns.get(name)
        return column is not None and (column.is_clearable or column.attribute.kind is not AttributeKind.SCALAR)

    def _cleared(self, name: str) -> Value:
        return None if self.attributes[name].kind is AttributeKind.SCALAR else ()

    @property
    def is_replicated(self) -> bool:
        return self.endpoint.connection is Connection.EXCHANGE

    # how it is read

    def queries(self, landscape: Landscape, keys: frozenset[str] | None = None) -> Sequence[Command]:
        return (read(f"Get-{self.noun}", *self.outputs, endpoint=self.endpoint, **self.listing),)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The properties a listing asks for: no more than are compared or identify."""
        named = (self.key_output, self.name_output, *(("Guid",) if self.has_guid else ()), *self.extra_outputs)
        told = (a.output for a in self.attributes.values() if a.output)
        return tuple(dict.fromkeys((*named, *told)))

    def observe(self, answers: Sequence[Answer], landscape: Landscape) -> Sequence[Resource | Diagnosed]:
        found: list[Resource | Diagnosed] = []
        for _, reply in answers:
            if isinstance(reply, NotFound):
                continue
            if isinstance(reply, SessionError):
                found += [Diagnosed(Address(self.name, "*"), told) for told in reply.diagnostics]
                continue
            for record in reply.records:
                resource = self.from_record(record, landscape)
                if resource is not None:
                    found.append(resource)
        return found

    def from_record(self, record: Record, landscape: Landscape) -> Resource | None:
        """Return the resource that one object of a listing is; None where it is none of this type."""
        key = self._key_normaliser(record.get(self.key_output))
        if not isinstance(key, str) or not key:
            return None
        return Resource(
            Address(self.name, key),
            self.canonical(record),
            name=_text(record.get(self.name_output)),
            guid=_text(record.get("Guid")) if self.has_guid else None,
        )

    def canonical(self, record: Record) -> Mapping[str, Value]:
        """Return the attributes that ``record`` tells, canonical; one it does not tell is missing."""
        return {
            name: column.normalise(record[output])
            for name, column in self._columns.items()
            if (output := column.attribute.output) is not None and output in record
        }

    def expectation(self, action: Action, landscape: Landscape) -> Mapping[str, Value] | None:
        """Return what the action takes for granted; of a predicted object only what the prediction told.

        A dial plan brings a policy with the product's defaults, which nobody can know before: they are no reason to
        stop.
        """
        found = super().expectation(action, landscape)
        if found is None:
            return None
        if action.predicted_by is not None:
            return {name: value for name, value in found.items() if name in (action.expects or {})}
        if action.address in landscape.predicted_by:
            observed = landscape.one(self.name, action.address.key)
            return {name: value for name, value in found.items() if observed and name in observed.attributes}
        return found

    # what changes it

    def identity(self, key: str, landscape: Landscape) -> Argument:
        """Return what ``-Identity`` takes for the resource at ``key``: the very object that was observed there."""
        observed = landscape.one(self.name, key)
        if observed is not None and observed.name is None and self.key_output != self.name_output:
            return NameOf(Address(self.name, key), self.shown_as)
        return object_argument(observed, key)

    def create(self, desired: Resource, landscape: Landscape) -> Sequence[Command]:
        now, later = self._split(desired)
        made = write(f"New-{self.noun}", self.endpoint, **{self.key_parameter: desired.key}, **now)
        if not later:
            return (made,)
        return (made, write(f"Set-{self.noun}", self.endpoint, Identity=desired.key, **later))

    def _split(self, desired: Resource) -> tuple[dict[str, Argument], dict[str, Argument]]:
        now: dict[str, Argument] = {}
        later: dict[str, Argument] = {}
        for name, column in self._columns.items():
            parameter = column.attribute.parameter
            if parameter and column.attribute.is_compared and name in desired.attributes:
                (later if column.after_create else now)[parameter] = desired.attributes[name]
        return now, later

    def update(
        self, desired: Resource, observed: Resource, changes: Sequence[Change], landscape: Landscape
    ) -> Sequence[Command]:
        arguments = {
            parameter: _argument(self.attributes[change.attribute], change)
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
    """Return what a cmdlet takes for an object: its GUID, or the name of one that has none yet."""
    name = (observed.name if observed else None) or key
    return ObjectId(observed.guid, name) if observed is not None and observed.guid else name


def _argument(attribute: Attribute, change: Change) -> Argument:
    if attribute.kind is AttributeKind.MEMBERSHIP:
        before, after = _items(change.before), _items(change.after)
        return Delta(
            add=tuple(item for item in after if item not in before),
            remove=tuple(item for item in before if item not in after),
        )
    return change.after  # type: ignore[return-value]  # a change is sent only where its after is a value


def _items(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


_LIMITS: Final = {"ge": "minimum", "le": "maximum", "max_length": "maxLength", "min_length": "minLength"}


def _with_limits(schema: Any) -> Any:
    """Return a schema whose limits bear JSON Schema's names: beside a parser, pydantic leaves its own."""
    if isinstance(schema, dict):
        return {_LIMITS.get(name, name): _with_limits(value) for name, value in schema.items()}
    return [_with_limits(value) for value in schema] if isinstance(schema, list) else schema


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a property's schema that accepts ``null`` too; its documentation stays outside the choice."""
    inner = {name: value for name, value in schema.items() if name not in ("title", "description")}
    outer = {name: value for name, value in schema.items() if name in ("title", "description")}
    return {**outer, "anyOf": [inner, {"type": "null"}]}


def _canonical(value: Any) -> Value:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | frozenset):
        return tuple(_canonical(item) for item in value)
    return value  # type: ignore[no-any-return]  # the value types of providers.cmdlets.value_types are canonical already


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _find(metadata: Sequence[object], kind: type[_T]) -> _T | None:
    return next((mark for mark in metadata if isinstance(mark, kind)), None)


def _column(name: str, field: FieldInfo) -> _Column:
    marks = [*field.metadata]
    intent = _find(marks, Intent)
    role = AttributeRole.MANAGED
    if intent:
        role = AttributeRole.INTENT
    elif _find(marks, ReadOnly):
        role = AttributeRole.READ_ONLY
    elif _find(marks, CreateOnly):
        role = AttributeRole.CREATE_ONLY
    param, output, references = _find(marks, Param), _find(marks, Output), _find(marks, References)
    exclusive = _find(marks, Exclusive)
    parameter = None if intent else (param.name if param else _pascal(name))
    is_many = get_origin(field.annotation) is tuple
    kind = AttributeKind.SCALAR
    if is_many:
        kind = AttributeKind.SET if _find(marks, Unordered) else AttributeKind.LIST
        kind = AttributeKind.MEMBERSHIP if _find(marks, Membership) else kind
    attribute = Attribute(
        name,
        doc=field.description or "",
        kind=kind,
        role=role,
        parameter=None if role is AttributeRole.READ_ONLY else parameter or None,
        output=None if intent else (output.name if output else parameter) or None,
        references=references.type_name if references else None,
        exclusive=exclusive.scope if exclusive else "",
        is_born_with=exclusive is not None and exclusive.at_birth,
    )
    return _Column(
        attribute,
        _normaliser(field.annotation, marks),
        after_create=_find(marks, AfterCreate) is not None,
        is_clearable=_find(marks, Clearable) is not None,
    )


def _normaliser(annotation: Any, metadata: Sequence[object]) -> Callable[[object], Value]:
    """Return the lenient half of a value type: its BeforeValidators, item by item for tuples, in order."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return _normaliser(inner, [*marks, *metadata])
    steps = [mark.func for mark in metadata if isinstance(mark, BeforeValidator)]
    if get_origin(annotation) is tuple:
        item = _normaliser(get_args(annotation)[0], ())
        is_set = any(isinstance(mark, Unordered | Membership) for mark in metadata)
        return lambda value: _many(value, item, is_set=is_set)

    def normalise(value: object) -> Value:
        for step in steps:
            value = step(value)  # type: ignore[call-arg]  # only functions of the value alone are used
        return value if isinstance(value, str | int | bool | None) else str(value)

    return normalise


def _many(value: object, item: Callable[[object], Value], *, is_set: bool) -> Value:
    """Return a multi-valued property as a tuple; a single element may come unrolled (PowerShell 2.0)."""
    if value is None:
        return ()
    items = [item(one) for one in (value if isinstance(value, list | tuple) else [value])]
    return tuple(sorted(set(items), key=str)) if is_set else tuple(items)


def _shown(value: str) -> str:
    """Return a value as a message shows it: cut where it is longer than anybody wants to read."""
    return value if len(value) <= 80 else f"{value[:77]}..."


_MESSAGES: Final = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
}


def _relevant(errors: Sequence[Any]) -> list[Any]:
    """Return the errors without those of the word in "a word or a list", where the list says what is wrong."""
    others = {error["loc"][:1] for error in errors if error["type"] != "literal_error"}
    return [error for error in errors if error["type"] != "literal_error" or error["loc"][:1] not in others]


def _named(path: Sequence[str | int]) -> str:
    """Return a place in a declaration as people count: ``servers, element 1``."""
    return ", ".join(f"element {part + 1}" if isinstance(part, int) else part for part in path)


def _problem(found: Any, key: str, *, on_key: bool = False) -> Problem:
    """Return pydantic's finding in the project's words; values are shown unless they could be secrets (none here)."""
    # Beside keys and places in lists, pydantic names the alternatives of a union.
    path = tuple(part for place, part in enumerate(found["loc"]) if place == 0 or isinstance(part, int))
    kind, told = found["type"], found.get("input")
    name = _named(path) or key
    if kind == "extra_forbidden":
        return Problem(path, "Unknown attribute", f'"{name}" is no attribute here.', on_key=True)
    if kind == "missing":
        return Problem(
            path[:-1],
            MISSING_ATTRIBUTE,
            f'"{path[-1]}" is not written and has no default.',
            f"Write {path[-1]}.",
        )
    message = _MESSAGES.get(kind) or str(found["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    message = re.sub("^(input|string|value) should", "must", message)
    subject = f'The name "{_shown(key)}"' if on_key else f'"{name}" is {_shown(repr(told))}: it'
    detail = f"{subject} {message}."
    return Problem(path, "Invalid name" if on_key else "Invalid value", detail, on_key=on_key)


class Fact(CmdletResource):
    """A type that is read for checks and derivation and never changed."""

    lifecycle: ClassVar[Lifecycle] = Lifecycle.FACT
