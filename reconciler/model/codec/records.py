"""Dataclasses as objects and lists: builds them from fields when reading, and splits them into fields when writing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from operator import attrgetter
from typing import Any, TypeAlias

from pydantic_core import core_schema as core
from pydantic_core.core_schema import CoreSchema

from reconciler.model.codec.forms import Field, Form, hints_of, written
from reconciler.model.values import EMPTY

Sides: TypeAlias = tuple[CoreSchema, CoreSchema]
"""The pydantic schemas for reading and for writing."""


# --- fields that are the value's own ---------------------------------------------------------------------------------


def direct(kind: Any, found: Sequence[Field]) -> Sides:
    """Return the schemas of a dataclass as an object of its own fields.

    No Python call per object, so thousands are fast.
    """
    listed = [_argument(one, one.form.read) for one in found if not one.is_derived]
    listed += [_default(one) for one in fields(kind) if one.name not in {field.path for field in found}]
    return _compared(found, _dataclass(kind, listed)), _dataclass(
        kind, [_argument(one, one.form.write) for one in found]
    )


def _dataclass(kind: Any, arguments: list[core.DataclassField]) -> CoreSchema:
    schema = core.dataclass_args_schema(kind.__name__, arguments, extra_behavior="forbid")
    return core.dataclass_schema(kind, schema, [one["name"] for one in arguments], slots=True)


def _argument(one: Field, form: CoreSchema) -> core.DataclassField:
    return core.dataclass_field(
        one.path, _optional(one, form), kw_only=True, validation_alias=one.name, serialization_alias=one.name
    )


def _optional(one: Field, form: CoreSchema) -> CoreSchema:
    if not one.is_lean:
        return form
    if one.form.empty is EMPTY:  # the core would copy it, which it cannot
        return core.with_default_schema(form, default_factory=dict)
    return core.with_default_schema(form, default=one.form.empty)


def _default(one: Any) -> core.DataclassField:
    """Return a field that is never read and always has its default."""
    default = {"default": one.default} if one.default_factory is MISSING else {"default_factory": one.default_factory}
    return core.dataclass_field(one.name, core.with_default_schema(core.any_schema(), **default), init=False)


def _compared(found: Sequence[Field], form: CoreSchema) -> CoreSchema:
    """Return the schema that reads a value and compares its properties with those in the file."""
    paths = {one.name: one.path for one in found if one.is_derived}

    def read(values: Any, inner: Callable[[Any], Any]) -> Any:
        if not isinstance(values, dict):
            return inner(values)
        made = inner({name: value for name, value in values.items() if name not in paths})
        for name, path in paths.items():
            if getattr(made, path) != values.get(name):
                raise ValueError(f"the {name} is not that of the content")
        return made

    return core.no_info_wrap_validator_function(read, form) if paths else form


# --- fields from elsewhere -------------------------------------------------------------------------------------------


def rebuilt(kind: Any, found: Sequence[Field], tag: Mapping[str, str]) -> Sides:
    """Return the schemas of an object, some of whose fields belong to a value inside the dataclass (``a.name``)."""
    own = [one for one in found if not one.is_derived]
    read = _typed_dict({one.name: (one, one.form.read) for one in own})
    read = core.no_info_after_validator_function(_builder(kind, own), read)
    tags = {name: (None, core.any_schema()) for name in tag}
    write = _typed_dict({**tags, **{one.name: (one, one.form.write) for one in found}})
    return _compared(found, read), written(_taken_apart(found, tag), write)


def _typed_dict(entries: Mapping[str, tuple[Field | None, CoreSchema]]) -> CoreSchema:
    made = {
        name: core.typed_dict_field(form)
        if one is None or not one.is_lean
        else core.typed_dict_field(_optional(one, form), required=False)
        for name, (one, form) in entries.items()
    }
    return core.typed_dict_schema(made, extra_behavior="forbid")


def rebuilt_row(kind: Any, found: Sequence[Field], row: Form) -> Sides:
    """Return the schemas of a dataclass as a list of its fields."""
    build, names = _builder(kind, found), [one.name for one in found]
    read = core.no_info_after_validator_function(lambda items: build(dict(zip(names, items, strict=True))), row.read)
    return read, written(_getter(found), row.write)


def _taken_apart(found: Sequence[Field], tag: Mapping[str, str]) -> Callable[[Any], dict[str, Any]]:
    names, get = [one.name for one in found], _getter(found)
    return lambda value: {**tag, **dict(zip(names, get(value), strict=True))}


def _getter(found: Sequence[Field]) -> Callable[[Any], tuple[Any, ...]]:
    if len(found) == 1:
        get = attrgetter(found[0].path)
        return lambda value: (get(value),)
    return attrgetter(*(one.path for one in found))


def _builder(kind: Any, found: Sequence[Field]) -> Callable[[dict[str, Any]], Any]:
    """Return the function that makes a value from the fields that were read, given by their names in the file."""
    parts: _Parts = {}
    for one in found:
        _place(parts, one.path.split("."), one.name)
    return lambda values: kind(**_built(kind, parts, values))


_Parts: TypeAlias = "dict[str, tuple[str, _Parts]]"
"""By field of the dataclass: its name in the file ('' if it has none), and the parts of its value."""


def _place(parts: _Parts, path: Sequence[str], name: str) -> None:
    field, *rest = path
    known, inner = parts.get(field, ("", {}))
    parts[field] = (known if rest else name, inner)
    if rest:
        _place(inner, rest, name)


def _built(kind: Any, parts: _Parts, values: Mapping[str, Any]) -> dict[str, Any]:
    hints = hints_of(kind)
    return {field: _part(hints[field], name, inner, values) for field, (name, inner) in parts.items()}


def _part(kind: Any, name: str, inner: _Parts, values: Mapping[str, Any]) -> Any:
    if not inner:
        return values[name]
    built = _built(kind, inner, values)
    return replace(values[name], **built) if name else kind(**built)
