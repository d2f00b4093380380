"""Reads declarations in YAML and CSV with a pydantic model of the type's table, and explains the errors it finds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from providers.cmdlets.table import Column
from reconciler.model.attributes import AttributeKind, AttributeRole
from reconciler.model.diagnostics import MISSING_ATTRIBUTE, Problem, did_you_mean
from reconciler.model.values import EMPTY, Nested, Value

_MESSAGES: Final = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
}


UNKNOWN: Final = "Unknown attribute"
_KEY: Final = "[key]"
"""The last part of the place of a key, as pydantic names it."""


def relevant(errors: Sequence[Any]) -> list[Any]:
    """Return the errors; for "a word or a list", the errors about the word are dropped if the list has errors."""
    others = {error["loc"][:1] for error in errors if error["type"] != "literal_error"}
    return [error for error in errors if error["type"] != "literal_error" or error["loc"][:1] not in others]


def problem(found: Any, key: str, *, on_key: bool = False, nested: Mapping[str, object] = EMPTY) -> Problem:
    """Return pydantic's finding in the project's words; values are shown unless they could be secrets (none here).

    Args:
        nested: what is written as nested values, by attribute; these have names of their own.
    """
    # Beside keys and places in lists, pydantic names the alternatives of a union.
    loc: tuple[str | int, ...] = found["loc"]
    is_nested = bool(loc) and loc[0] in nested
    path = (
        _as_written(loc, nested)
        if is_nested
        else tuple(part for place, part in enumerate(loc) if place == 0 or isinstance(part, int))
    )
    if is_nested and path[-1] == _KEY:
        path, on_key = path[:-1], True
    kind, written = found["type"], found.get("input")
    name = _named(path) or key
    if kind == "extra_forbidden":
        return Problem(path, UNKNOWN, f'"{name}" is no attribute here.', on_key=True)
    if kind == "missing":
        return missing(str(path[-1]), path[:-1])
    message = _MESSAGES.get(kind) or str(found["msg"]).removeprefix("Value error, ")
    if kind.endswith("too_short") and found["ctx"]["min_length"] == 1:
        message = "must not be empty"
    message = message[:1].lower() + message[1:]
    message = re.sub("^(input|string|value) should", "must", message)
    if on_key and path:
        return Problem(path, "Invalid name", f'"{name}" {message}.', on_key=True)
    subject = f'The name "{_shown(key)}"' if on_key else f'"{name}"{_is(written, message)}'
    return Problem(path, "Invalid name" if on_key else "Invalid value", f"{subject} {message}.", on_key=on_key)


def _causes(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems without an attribute that is missing where another one is misspelt."""
    misspelt = {one.path[:-1] for one in problems if one.summary == UNKNOWN}
    return [one for one in problems if one.summary != MISSING_ATTRIBUTE or one.path not in misspelt]


def _is(written: object, message: str) -> str:
    """Return what is written, between the name of a value and what is wrong with it."""
    if not isinstance(written, (Mapping, list, tuple)):
        return f" is {_shown(repr(written))}: it"
    kind = "mapping" if isinstance(written, Mapping) else "list"
    return f" is a {kind}: it" if message.startswith("must be ") else ""


def _as_written(loc: tuple[str | int, ...], written: object) -> tuple[str | int, ...]:
    """Return a place without the numbers of single elements, which are written without their list."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(part, int) and not isinstance(written, list):
            continue
        path.append(part)
        is_there = part in written if isinstance(written, Mapping) else isinstance(written, list)
        written = written[part] if is_there else None  # type: ignore[index]  # it holds the part
    return tuple(path)


def missing(name: str, path: Sequence[str | int] = ()) -> Problem:
    """Return the problem of a missing attribute."""
    return Problem(tuple(path), MISSING_ATTRIBUTE, f'"{name}" is missing and has no default.', f"Write {name}.")


def read_only(name: str) -> Problem:
    return Problem((name,), "Attribute is read-only", f'The server sets "{name}".', "Remove it.", on_key=True)


def _named(path: Sequence[str | int]) -> str:
    """Return a place in a declaration, counted from 1: ``servers, element 1``."""
    return ", ".join(f"element {part + 1}" if isinstance(part, int) else part for part in path)


def _shown(value: str) -> str:
    """Return a value for a message; a long value is cut."""
    return value if len(value) <= 80 else f"{value[:77]}..."


class _Strict(BaseModel):
    """The base of the models: frozen, and unknown attributes are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Declaration:
    """How users declare one resource type: the attributes that they may write, and the values that result."""

    columns: Mapping[str, Column]
    model: type[BaseModel]
    key_type: TypeAdapter[str]
    read_only: tuple[str, ...]
    nested: frozenset[str]
    """The attributes with nested values."""

    @classmethod
    def of(cls, declared: type, columns: Mapping[str, Column], key_type: Any) -> Declaration:
        """Return the declaration of a type; the class that declares its attributes documents it."""
        fields: dict[str, Any] = {name: (column.annotation, _field(column)) for name, column in columns.items()}
        model = create_model(declared.__name__, __base__=_Strict, __doc__=declared.__doc__, **fields)
        read_only = (name for name, one in columns.items() if one.attribute.role is AttributeRole.READ_ONLY)
        nested = frozenset(name for name, one in columns.items() if one.attribute.kind is AttributeKind.NESTED)
        return cls(columns, model, TypeAdapter(key_type), tuple(read_only), nested)

    def json_schema(self) -> Mapping[str, object]:
        schema: dict[str, Any] = _with_limits(self.model.model_json_schema())
        properties: dict[str, Any] = schema.get("properties", {})
        for name, column in self.columns.items():
            if name in self.read_only:
                properties.pop(name, None)
            elif column.is_clearable and name in properties:
                properties[name] = _or_null(properties[name])
        return schema

    def read(
        self, key: str, data: Mapping[str, object], *, is_whole: bool = True
    ) -> tuple[str, Mapping[str, Value]] | list[Problem]:
        """Return the canonical key and values of one declaration, or all its problems.

        Args:
            is_whole: an attribute that is missing is a problem.
        """
        problems: list[Problem] = []
        try:
            key = self.key_type.validate_python(key)
        except ValidationError as error:
            problems += [problem(found, key, on_key=True) for found in error.errors()]
        problems += [read_only(name) for name in self.read_only if name in data]
        cleared = self._cleared(data) if None in data.values() else {}
        try:
            written = {name: data[name] for name in data if name not in cleared} if cleared else data
            declared = (self.model if is_whole else _in_part(self.model)).model_validate(written)
        except ValidationError as error:
            nested = {name: written.get(name) for name in self.nested}
            found = [problem(one, key, nested=nested) for one in relevant(error.errors())]
            return [*problems, *map(self._explained, _causes(found))]
        if problems:
            return problems
        values = {
            name: value if isinstance(value, str) else canonical(value)
            for name, value in vars(declared).items()
            if name in written
        }
        return key, {**values, **cleared}

    def _cleared(self, data: Mapping[str, object]) -> dict[str, Value]:
        """Return the value of an allowed ``null``: None, or an empty list."""
        known = ((name, self.columns.get(name)) for name, value in data.items() if value is None)
        found = {name: column for name, column in known if column}
        return {
            name: column.cleared
            for name, column in found.items()
            if column.is_clearable or column.attribute.kind is not AttributeKind.SCALAR
        }

    def _explained(self, found: Problem) -> Problem:
        """Return the problem with the documentation of the attribute as its advice, if it has no better advice."""
        column = self.columns.get(str(found.path[0])) if found.path else None
        if found.remedy or column is None or not column.attribute.doc:
            return found
        if found.summary == UNKNOWN and len(found.path) > 1:
            schema: Mapping[str, Any] = self.json_schema()
            known = _names_at(schema, found.path[:-1], schema.get("$defs", EMPTY))
            return replace(found, remedy=did_you_mean(str(found.path[-1]), known))
        words = " ".join(column.attribute.doc.replace("``", "").split())
        return replace(found, remedy=f"{column.attribute.name}: {words}")


def _names_at(schema: Mapping[str, Any], path: Sequence[str | int], shared: Mapping[str, Any]) -> set[str]:
    """Return the names that a JSON Schema allows in the mapping at ``path``.

    Args:
        shared: the schemas to which others refer (``$defs``).
    """
    if (name := schema.get("$ref")) is not None:
        return _names_at(shared[name.rpartition("/")[2]], path, shared)
    if choices := schema.get("anyOf"):
        return set().union(*(_names_at(one, path, shared) for one in choices))
    if not path:
        return set(schema.get("properties", ()))
    inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("patternProperties", EMPTY).values()]
    if path[0] in schema.get("properties", EMPTY):
        inner = [schema["properties"][path[0]]]
    return set().union(*(_names_at(one, path[1:], shared) for one in inner if isinstance(one, Mapping)))


@cache
def _in_part(model: type[BaseModel]) -> type[BaseModel]:
    """Return the model without required attributes."""
    required = {name: one.annotation for name, one in model.model_fields.items() if one.is_required()}
    optional: dict[str, Any] = {name: (annotation, None) for name, annotation in required.items()}
    return create_model(model.__name__, __base__=model, **optional)


def _field(column: Column) -> Any:
    """Return the field. A field that is left out is not managed, so the schema shows no default."""
    if column.is_required:
        return Field(json_schema_extra=partial(_describe, column))
    return Field(default=None, json_schema_extra=partial(_describe, column))


def _describe(column: Column, schema: dict[str, Any]) -> None:
    """Add the documentation, which a model without a JSON Schema does not need."""
    schema.pop("default", None)
    if doc := column.attribute.doc:
        schema["description"] = doc


_LIMITS: Final = {"ge": "minimum", "le": "maximum", "max_length": "maxLength", "min_length": "minLength"}


def _with_limits(schema: Any) -> Any:
    """Return a schema with the limit keywords of JSON Schema.

    If the field has a parser, pydantic writes its own keywords.
    """
    if isinstance(schema, dict):
        return {_LIMITS.get(name, name): _with_limits(value) for name, value in schema.items()}
    return [_with_limits(value) for value in schema] if isinstance(schema, list) else schema


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a property that also accepts ``null``; its description stays outside ``anyOf``."""
    inner = {name: value for name, value in schema.items() if name not in ("title", "description")}
    outer = {name: value for name, value in schema.items() if name in ("title", "description")}
    return {**outer, "anyOf": [inner, {"type": "null"}]}


def canonical(value: Any) -> Value:
    """Return a value that a model has read, with its lists as tuples and its mappings as nested values."""
    if isinstance(value, (list, tuple, frozenset)):
        return tuple(map(canonical, value))
    if isinstance(value, BaseModel):
        return Nested((name, canonical(item)) for name, item in value if name in value.model_fields_set)
    if isinstance(value, Mapping):
        return Nested((name, canonical(item)) for name, item in value.items())
    return value  # type: ignore[no-any-return]  # the value types of providers.cmdlets.value_types are canonical already
