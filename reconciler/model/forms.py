"""The form of a type: how ``pydantic_core`` reads and writes its values, and their JSON Schema.

A dataclass is an object of its fields, without those that do not count for equality. An enum is its value, a tuple a
list, and UNSET is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from pydantic_core import core_schema as core
from pydantic_core.core_schema import CoreSchema

from reconciler.model.commands import Delta, NameOf, ObjectId
from reconciler.model.shapes import About, Leaf, Record, Schema
from reconciler.model.values import UNSET, Nested, Unset


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one type are read and written."""

    core: CoreSchema
    schema: Schema


class AnyValue:
    """Stands for ``Value`` in the types of fields, where it is only text."""


_ALIASES: Final = {"Value": AnyValue, "Argument": AnyValue | Delta | NameOf | ObjectId}


@cache
def hints_of(kind: Any) -> Mapping[str, Any]:
    """Return the types of the fields of a class."""
    return get_type_hints(kind, localns=_ALIASES, include_extras=True)


def hint_of(kind: Any, name: str) -> Any:
    """Return the type of a field or of a property."""
    if name in hints_of(kind):
        return hints_of(kind)[name]
    return get_type_hints(getattr(kind, name).fget, localns=_ALIASES, include_extras=True)["return"]


class Forms:
    """The forms of all types of one output."""

    def __init__(self, shapes: Mapping[Any, Leaf | Record], about: About, *, is_lean: bool) -> None:
        self._shapes, self._about, self._is_lean = shapes, about, is_lean
        self._made: dict[Any, Form] = {}
        self.definitions: dict[str, Schema] = {"value": _VALUE_SCHEMA}
        """The JSON Schema of each type, by name."""

    def core_of(self, kind: Any) -> CoreSchema:
        """Return what reads and writes a type, with the form of attribute values, which hold each other."""
        return core.definitions_schema(self.of(kind).core, [_value()])

    def of(self, hint: Any) -> Form:
        """Return the form of a type; what ``Annotated`` adds are keywords of its JSON Schema, each with its value."""
        if get_origin(hint) is Annotated:
            base = self.of(hint.__origin__)
            return Form(base.core, {**base.schema, **dict(hint.__metadata__)})
        if hint not in self._made:
            self._made[hint] = self._new(hint)
        return self._made[hint]

    def _new(self, hint: Any) -> Form:
        match self._shapes.get(hint):
            case Leaf() as leaf:
                return Form(_leaf(leaf), self._named(leaf.name, leaf.schema))
            case Record() as record:
                return self._record(hint, record)
        if is_dataclass(hint):
            return self._dataclass(hint)
        if is_typeddict(hint):
            return self._typed_dict(hint)
        if isinstance(hint, type) and issubclass(hint, Enum):
            write = core.plain_serializer_function_ser_schema(attrgetter("value"))
            schema = {"enum": [one.value for one in hint]}
            return Form(core.enum_schema(hint, list(hint), serialization=write), schema)
        return self._generic(get_origin(hint), get_args(hint)) if get_origin(hint) else _PLAIN[hint]

    def _generic(self, origin: Any, arguments: Sequence[Any]) -> Form:
        if origin in (Union, UnionType):
            return self._union(arguments)
        if origin is Literal:
            return Form(core.literal_schema(list(arguments)), {"enum": list(arguments)})
        if origin is not tuple:
            return self._mapping(*arguments)
        items = [self.of(item) for item in arguments if item is not Ellipsis]
        if Ellipsis in arguments:
            schema: Schema = {"type": "array", "items": items[0].schema}
            return Form(core.tuple_schema([items[0].core], variadic_item_index=0), schema)
        schemas = [item.schema for item in items]
        schema = {"type": "array", "prefixItems": schemas, "items": False, "minItems": len(items)}
        return Form(core.tuple_schema([item.core for item in items]), schema)

    def _mapping(self, of_keys: Any, of_items: Any) -> Form:
        key, item = self.of(of_keys), self.of(of_items)
        names = key.schema.get("enum")
        inner = core.dict_schema(key.core, item.core)
        write = core.plain_serializer_function_ser_schema(dict if names else _in_order, return_schema=inner)
        form = core.no_info_after_validator_function(MappingProxyType, inner, serialization=write)
        if names:
            return Form(form, _object(dict.fromkeys(names, item.schema), names))
        return Form(form, {"type": "object", "additionalProperties": item.schema})

    def _union(self, members: Sequence[Any]) -> Form:
        others = [one for one in members if one is not NoneType and one is not Unset]
        form = self.of(others[0]) if len(others) == 1 else self._one_of(others)
        return Form(core.nullable_schema(form.core), _or_null(form.schema)) if NoneType in members else form

    def _one_of(self, members: Sequence[Any]) -> Form:
        """Return the form of a value or one of some dataclasses, which the names of its fields tell apart."""
        by_name = {one.__name__: one for one in members}
        forms = {name: self.of(kind) for name, kind in by_name.items()}
        names = {name: {one.name for one in fields(kind)} for name, kind in by_name.items() if is_dataclass(kind)}

        def choose(value: Any) -> str | None:
            if type(value) is dict:
                return next((name for name, known in names.items() if value.keys() <= known), None)
            kind = type(value).__name__
            return kind if kind in names else AnyValue.__name__

        choices = {name: form.core for name, form in forms.items()}
        return Form(core.tagged_union_schema(choices, choose), {"anyOf": [form.schema for form in forms.values()]})

    def _named(self, name: str, schema: Schema) -> Schema:
        if not name:
            return schema
        self.definitions[name] = schema
        return {"$ref": f"#/$defs/{name}"}

    # --- what has fields

    def _dataclass(self, kind: Any) -> Form:
        found = {one.name: self.of(hints_of(kind)[one.name]) for one in fields(kind) if one.compare}
        required = [one.name for one in fields(kind) if one.compare and not (self._is_lean and _has_default(one))]
        listed = [self._argument(one, found.get(one.name)) for one in fields(kind)]
        arguments = core.dataclass_args_schema(kind.__name__, listed, extra_behavior="forbid")
        form = core.dataclass_schema(kind, arguments, list(found), slots=True)
        return Form(form, self._named(_snake(kind.__name__), self._schema(kind, found, required)))

    def _argument(self, one: Field[Any], form: Form | None) -> core.DataclassField:
        schema = core.any_schema() if form is None else form.core
        if _has_default(one) and (self._is_lean or form is None):
            default = {"default": one.default} if one.default_factory is MISSING else _made_by(one.default_factory)
            schema = core.with_default_schema(schema, **default)
        return core.dataclass_field(one.name, schema, kw_only=True, init=form is not None)

    def _typed_dict(self, kind: Any) -> Form:
        found = {name: self.of(hint) for name, hint in hints_of(kind).items()}
        required = kind.__required_keys__
        made = {name: core.typed_dict_field(form.core, required=name in required) for name, form in found.items()}
        return Form(core.typed_dict_schema(made), self._schema(kind, found, sorted(required)))

    def _schema(self, kind: Any, found: Mapping[str, Form], required: Sequence[str]) -> Schema:
        about = self._about(kind)
        properties = {name: {**form.schema, **_described(about.get(name, ""))} for name, form in found.items()}
        return {**_object(properties, required), **_described(about.get("", ""))}

    def _record(self, kind: Any, record: Record) -> Form:
        """Return how an object of the fields that a record names is written."""
        name = record.name or _snake(kind.__name__)
        found = [self._field(kind, part) for part in record.fields.split() or [one.name for one in fields(kind)]]
        tag = {"type": name} if record.is_tagged else {}
        properties = {key: {"const": value} for key, value in tag.items()}
        properties |= {one.name: {**one.schema, **_described(one.about)} for one in found}
        required = [*tag, *(one.name for one in found if not one.is_lean)]
        schema = {**_object(properties, required), **_described(self._about(kind).get("", ""))}
        inner = {key: core.typed_dict_field(core.any_schema()) for key in tag}
        inner |= {one.name: core.typed_dict_field(one.core) for one in found}
        getters = [(one.name, attrgetter(one.path)) for one in found]
        write = core.plain_serializer_function_ser_schema(
            lambda value: {**tag, **{name: get(value) for name, get in getters}},
            return_schema=core.typed_dict_schema(inner),
        )
        return Form(core.any_schema(serialization=write), self._named(name, schema))

    def _field(self, kind: Any, text: str) -> _Field:
        renamed, _, path = text.removesuffix("?").rpartition("=")
        owner, (*way, last) = kind, path.split(".")
        for step in way:
            owner = hints_of(owner)[step]
        hint, is_lean = hint_of(owner, last), text.endswith("?")
        form = self.of(hint)
        schema = core.with_default_schema(form.core, **_empty(hint)) if is_lean else form.core
        return _Field(renamed or last, path, schema, form.schema, self._about(owner).get(last, ""), is_lean)


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that a record names."""

    name: str
    path: str
    core: CoreSchema
    schema: Schema
    about: str
    is_lean: bool


# --- parts of forms --------------------------------------------------------------------------------------------------


def _leaf(leaf: Leaf) -> CoreSchema:
    write = core.plain_serializer_function_ser_schema(leaf.write)
    if leaf.schema.get("type") == "string":
        return core.no_info_after_validator_function(leaf.read, core.str_schema(strict=True), serialization=write)
    return core.no_info_plain_validator_function(leaf.read, serialization=write)


def _made_by(factory: Callable[[], Any]) -> dict[str, Any]:
    return {"default_factory": factory}


def _empty(hint: Any) -> dict[str, Any]:
    """Return the value that a field has where it says nothing: UNSET, None, an empty list or an empty mapping."""
    for one, value in ((Unset, UNSET), (NoneType, None)):
        if one in get_args(hint):
            return {"default": value}
    return {"default": ()} if get_origin(hint) is tuple else _made_by(dict)


def _has_default(one: Field[Any]) -> bool:
    return one.default is not MISSING or one.default_factory is not MISSING


def _in_order(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(sorted(mapping.items()))


def _object(properties: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": dict(properties), **needed, "additionalProperties": False}


def _described(text: str) -> Schema:
    return {"description": text} if text else {}


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


_REFERENCE: Final = {"$ref": "#/$defs/value"}
_VALUE_SCHEMA: Final[Schema] = {
    "description": "An attribute value; null where it was cleared on purpose.",
    "anyOf": [
        {"type": ["null", "boolean", "integer", "string"]},
        {"type": "array", "items": _REFERENCE},
        {"type": "object", "additionalProperties": _REFERENCE},
    ],
}


def _nested(value: object) -> dict[str, object]:
    if not isinstance(value, Nested):
        raise ValueError("it holds a value that is not an attribute value")
    return dict(value)


def _value() -> CoreSchema:
    again = core.definition_reference_schema("value")
    kinds = [
        core.str_schema(strict=True),
        core.tuple_schema([again], variadic_item_index=0),
        core.none_schema(),
        core.bool_schema(strict=True),
        core.int_schema(strict=True),
        core.no_info_after_validator_function(
            Nested,
            inner := core.dict_schema(core.str_schema(strict=True), again),
            serialization=core.plain_serializer_function_ser_schema(_nested, return_schema=inner),
        ),
    ]
    words = {"custom_error_type": "value", "custom_error_message": "is not an attribute value"}
    return core.union_schema(kinds, mode="left_to_right", ref="value", **words)  # type: ignore[arg-type]


_PLAIN: Final[Mapping[Any, Form]] = {
    AnyValue: Form(core.definition_reference_schema("value"), _REFERENCE),
    str: Form(core.str_schema(strict=True), {"type": "string"}),
    int: Form(core.int_schema(strict=True), {"type": "integer"}),
    bool: Form(core.bool_schema(strict=True), {"type": "boolean"}),
    object: Form(core.any_schema(), {}),
}
