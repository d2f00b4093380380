"""Reads declarations in YAML and CSV with a pydantic model, which is made from the table of the type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from providers.cmdlets.problems import problem, read_only, relevant
from providers.cmdlets.table import Column
from reconciler.model.diagnostics import Problem
from reconciler.model.resources import AttributeKind, AttributeRole
from reconciler.model.values import Value


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

    @classmethod
    def of(cls, declared: type, columns: Mapping[str, Column], key_type: Any) -> Declaration:
        """Return the declaration of a type; the class that declares its attributes documents it."""
        fields: dict[str, Any] = {name: (column.annotation, _field(column)) for name, column in columns.items()}
        model = create_model(declared.__name__, __base__=_Strict, __doc__=declared.__doc__, **fields)
        read_only = (name for name, one in columns.items() if one.attribute.role is AttributeRole.READ_ONLY)
        return cls(columns, model, TypeAdapter(key_type), tuple(read_only))

    def json_schema(self) -> Mapping[str, object]:
        schema: dict[str, Any] = _with_limits(self.model.model_json_schema())
        properties: dict[str, Any] = schema.get("properties", {})
        for name, column in self.columns.items():
            if name in self.read_only:
                properties.pop(name, None)
            elif column.is_clearable and name in properties:
                properties[name] = _or_null(properties[name])
        return schema

    def read(self, key: str, data: Mapping[str, object]) -> tuple[str, Mapping[str, Value]] | list[Problem]:
        """Return the canonical key and values of one declaration, or all its problems."""
        problems: list[Problem] = []
        try:
            key = self.key_type.validate_python(key)
        except ValidationError as error:
            problems += [problem(found, key, on_key=True) for found in error.errors()]
        problems += [read_only(name) for name in self.read_only if name in data]
        cleared = self._cleared(data) if None in data.values() else {}
        try:
            declared = self.model.model_validate({name: data[name] for name in data if name not in cleared})
        except ValidationError as error:
            return [*problems, *(self._explained(problem(found, key)) for found in relevant(error.errors()))]
        if problems:
            return problems
        written = declared.model_fields_set
        values = {name: _canonical(getattr(declared, name)) for name in self.columns if name in written}
        return key, {**values, **cleared}

    def _cleared(self, data: Mapping[str, object]) -> dict[str, Value]:
        """Return the value of an allowed ``null``: None, or an empty list."""
        known = ((name, self.columns.get(name)) for name, value in data.items() if value is None)
        found = {name: (column, column.attribute.kind is AttributeKind.SCALAR) for name, column in known if column}
        return {
            name: None if is_scalar else ()
            for name, (column, is_scalar) in found.items()
            if column.is_clearable or not is_scalar
        }

    def _explained(self, found: Problem) -> Problem:
        """Return the problem with the documentation of the attribute as its advice, if it has no better advice."""
        column = self.columns.get(str(found.path[0])) if found.path else None
        if found.remedy or column is None or not column.attribute.doc:
            return found
        return replace(found, remedy=f"{column.attribute.name}: {column.attribute.doc}")


def _field(column: Column) -> Any:
    """Return the field. A field that is left out is not managed, so the schema shows no default."""
    if column.is_required:
        return Field(description=column.attribute.doc or None)
    return Field(default=None, description=column.attribute.doc or None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


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


def _canonical(value: Any) -> Value:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | frozenset):
        return tuple(_canonical(item) for item in value)
    return value  # type: ignore[no-any-return]  # the value types of providers.cmdlets.value_types are canonical already
