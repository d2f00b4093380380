"""Makes the form of a type: its reader, its writer and its JSON Schema. One source, so the three cannot differ.

An entry for the type in the table of the output decides. Without an entry, a dataclass becomes an object with all its
fields, an enum its value, and a tuple a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from operator import attrgetter
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, is_typeddict

from pydantic_core import core_schema as core
from pydantic_core.core_schema import CoreSchema

from reconciler.model.codec.forms import About, AnyValue, Field, Form, hint_of, hints_of, written
from reconciler.model.codec.records import direct, rebuilt, rebuilt_row
from reconciler.model.codec.shapes import Leaf, Record, Row, Schema, Shape
from reconciler.model.values import EMPTY, UNSET, Unset, Value, plain_attributes, plain_value


class Derivation:
    """The forms of all types of one output."""

    def __init__(self, shapes: Mapping[Any, Shape], about: About) -> None:
        self._shapes: Mapping[Any, Shape] = {**_LEAVES, **shapes}
        self._about = about
        self._made: dict[Any, Form] = {}
        self.definitions: dict[str, Schema] = {}
        """The JSON Schema of each type, by name."""

    def of(self, hint: Any) -> Form:
        """Return the form of a type. The metadata of ``Annotated`` are pairs of a JSON Schema keyword and its value."""
        if get_origin(hint) is Annotated:
            base, more = self.of(hint.__origin__), dict(hint.__metadata__)
            return Form(base.read, base.write, {**base.schema, **more}, base.empty)
        if hint not in self._made:
            self._made[hint] = self._new(hint)
        return self._made[hint]

    def _new(self, hint: Any) -> Form:
        shape = self._shapes.get(hint)
        if isinstance(shape, Leaf):
            return Form(_read_by(shape), written(shape.write), self._named(shape.name, shape.schema), shape.empty)
        if is_dataclass(hint):
            return self._row(hint, shape) if isinstance(shape, Row) else self._record(hint, shape or Record())
        if is_typeddict(hint):
            return self._typed_dict(hint)
        if isinstance(hint, type) and issubclass(hint, Enum):
            schema = {"enum": [one.value for one in hint]}
            return Form(core.enum_schema(hint, list(hint)), written(attrgetter("value")), schema)
        if get_origin(hint) is None:
            return _PLAIN[hint]
        return self._generic(get_origin(hint), get_args(hint))

    def _generic(self, origin: Any, arguments: Sequence[Any]) -> Form:
        if origin in (Union, UnionType):
            return self._union(arguments)
        if origin is Literal:
            return Form(core.literal_schema(list(arguments)), core.any_schema(), {"enum": list(arguments)})
        if origin is tuple and arguments[-1] is not Ellipsis:
            return _list_of([self.of(item) for item in arguments])
        if origin is tuple:
            item = self.of(arguments[0])
            read, write = (core.tuple_schema([one], variadic_item_index=0) for one in (item.read, item.write))
            return Form(read, write, {"type": "array", "items": item.schema}, ())
        return self._mapping(*arguments)

    def _mapping(self, of_keys: Any, of_items: Any) -> Form:
        key, item = self.of(of_keys), self.of(of_items)
        read, write = core.dict_schema(key.read, item.read), core.dict_schema(key.write, item.write)
        if "enum" in key.schema:
            names = key.schema["enum"]
            return Form(read, write, _object(dict.fromkeys(names, item.schema), names))
        schema = {"type": "object", "additionalProperties": item.schema}
        return Form(read, written(_in_order, write), schema, EMPTY)

    def _union(self, members: Sequence[Any]) -> Form:
        """Return the form of a union. A member UNSET without a form of its own is omitted and never written."""
        others = [one for one in members if one is not NoneType and (one is not Unset or one in self._shapes)]
        forms = {_snake(one.__name__): self.of(one) for one in others}
        empty = UNSET if Unset in members else None
        if len(forms) > 1:
            choose = _chooser(others, {name: self._resolved(form.schema) for name, form in forms.items()})
            read = core.tagged_union_schema({name: form.read for name, form in forms.items()}, choose)
            write = core.tagged_union_schema({name: form.write for name, form in forms.items()}, choose)
            return Form(read, write, {"anyOf": [form.schema for form in forms.values()]}, empty)
        (one,) = forms.values()
        if NoneType not in members:
            return Form(one.read, one.write, one.schema, empty)
        return Form(core.nullable_schema(one.read), core.nullable_schema(one.write), _or_null(one.schema), empty)

    def _resolved(self, schema: Schema) -> Schema:
        name = schema.get("$ref", "").rpartition("/")[2]
        return self.definitions[name] if name else schema

    def _named(self, name: str, schema: Schema) -> Schema:
        if not name:
            return schema
        self.definitions[name] = schema
        return {"$ref": f"#/$defs/{name}"}

    # --- what has fields

    def _record(self, kind: Any, shape: Record) -> Form:
        name = shape.name or _snake(kind.__name__)
        found = self._fields(kind, shape.fields)
        tag = {shape.tag: name} if shape.tag else {}
        properties = {
            **{key: {"const": value} for key, value in tag.items()},
            **{one.name: {**_present(one), **_described(one.about)} for one in found},
        }
        required = [*tag, *(one.name for one in found if not one.is_lean)]
        schema = {**_object(properties, required), **_described(self._about(kind).get("", ""))}
        is_direct = not tag and all("." not in one.path for one in found)
        read, write = direct(kind, found) if is_direct else rebuilt(kind, found, tag)
        return Form(read, write, self._named(name, schema))

    def _row(self, kind: Any, shape: Row) -> Form:
        found = self._fields(kind, shape.fields)
        row = _list_of([one.form for one in found])
        names = ", ".join(one.name for one in found).capitalize()
        read, write = rebuilt_row(kind, found, row)
        return Form(read, write, {**row.schema, "description": f"{names}."})

    def _typed_dict(self, kind: Any) -> Form:
        found = {name: self.of(hint) for name, hint in hints_of(kind).items()}
        about = self._about(kind)
        properties = {name: {**form.schema, **_described(about.get(name, ""))} for name, form in found.items()}
        schema = {**_object(properties, sorted(kind.__required_keys__)), **_described(about.get("", ""))}
        read, write = (
            core.typed_dict_schema(
                {name: core.typed_dict_field(form, required=name in kind.__required_keys__) for name, form in side},
                extra_behavior="forbid",
            )
            for side in (
                [(name, form.read) for name, form in found.items()],
                [(name, form.write) for name, form in found.items()],
            )
        )
        return Form(read, write, schema)

    def _fields(self, kind: Any, text: str) -> list[Field]:
        return [self._field(kind, part) for part in text.split() or [one.name for one in fields(kind)]]

    def _field(self, kind: Any, text: str) -> Field:
        renamed, _, path = text.rstrip("?!").rpartition("=")
        owner, (*way, last) = kind, path.split(".")
        for step in way:
            owner = hints_of(owner)[step]
        about = self._about(owner).get(last, "")
        form = self.of(hint_of(owner, last))
        return Field(renamed or last, path, form, about, text.endswith("?"), text.endswith("!"))


# --- parts of forms --------------------------------------------------------------------------------------------------


def _chooser(members: Sequence[Any], schemas: Mapping[str, Schema]) -> Callable[[Any], str | None]:
    """Return the function that finds the member of a union to which a value belongs, for writing and for reading.

    When reading, the first required field of an object decides.
    """
    marks = {schema["required"][0]: name for name, schema in schemas.items() if "required" in schema}
    (other,) = schemas.keys() - marks.values()
    names = {member: _snake(member.__name__) for member in members}

    def choose(value: Any) -> str | None:
        if type(value) is dict:
            return next((marks[name] for name in value if name in marks), None)
        return names.get(type(value), other)

    return choose


def _read_by(leaf: Leaf) -> CoreSchema:
    if leaf.schema.get("type") == "string":
        return core.no_info_after_validator_function(leaf.read, core.str_schema(strict=True))
    return core.no_info_plain_validator_function(leaf.read)


def _object(properties: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": dict(properties), **needed, "additionalProperties": False}


def _list_of(forms: Sequence[Form]) -> Form:
    schema = {
        "type": "array",
        "prefixItems": [form.schema for form in forms],
        "items": False,
        "minItems": len(forms),
    }
    return Form(
        core.tuple_schema([form.read for form in forms]), core.tuple_schema([form.write for form in forms]), schema
    )


def _in_order(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    return {name: mapping[name] for name in sorted(mapping)}


def _described(text: str) -> Schema:
    return {"description": text} if text else {}


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _present(one: Field) -> Schema:
    """Return the schema of a field that is present: an optional field is omitted, so it is never null."""
    schema = one.form.schema
    if not one.is_lean or one.form.empty is not None:
        return schema
    if "anyOf" in schema:
        return next(choice for choice in schema["anyOf"] if choice != {"type": "null"})
    return {**schema, "type": next(kind for kind in schema["type"] if kind != "null")}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _value(plain: Any) -> Value:
    if isinstance(plain, list):
        return tuple([_value(item) for item in plain])
    if isinstance(plain, dict):
        raise ValueError("a value must be text, a number, a Boolean or a list of these")
    return plain  # type: ignore[no-any-return]  # JSON has no other types


def _attributes(plain: Any) -> Mapping[str, Value]:
    if not isinstance(plain, dict):
        raise ValueError("attributes are not an object")
    return MappingProxyType(
        {name: _value(value) if isinstance(value, list | dict) else value for name, value in plain.items()}
    )


def _plain(form: CoreSchema, schema: Schema, empty: object) -> Form:
    return Form(form, core.any_schema(), schema, empty)


_PLAIN: Final[Mapping[Any, Form]] = {
    str: _plain(core.str_schema(strict=True), {"type": "string"}, ""),
    int: _plain(core.int_schema(strict=True), {"type": "integer"}, 0),
    bool: _plain(core.bool_schema(strict=True), {"type": "boolean"}, False),
    object: _plain(core.any_schema(), {}, None),
}
_REFERENCE: Final = {"$ref": "#/$defs/value"}
_LEAVES: Final[Mapping[Any, Shape]] = {
    AnyValue: Leaf(
        {
            "description": "An attribute value; null where it was cleared on purpose.",
            "anyOf": [{"type": ["null", "boolean", "integer", "string"]}, {"type": "array", "items": _REFERENCE}],
        },
        plain_value,
        _value,
        name="value",
    ),
    Mapping[str, AnyValue]: Leaf(
        {"type": "object", "additionalProperties": _REFERENCE}, plain_attributes, _attributes, empty=EMPTY
    ),
}
