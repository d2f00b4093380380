"""The form of a type: how its values are read and written, and their JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias, get_type_hints

from pydantic_core import core_schema as core
from pydantic_core.core_schema import CoreSchema

from reconciler.model.codec.shapes import Schema
from reconciler.model.commands import Delta, NameOf, ObjectId

About: TypeAlias = Callable[[Any], Mapping[str, str]]
"""Returns the descriptions of the fields of a class by name, and the description of the class under ''."""


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one type are read and written."""

    read: CoreSchema
    write: CoreSchema
    schema: Schema
    empty: object = None
    """The value of a field that is left out."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a JSON object, as an entry of the table names it."""

    name: str
    path: str
    """The attribute of the value that the field holds: ``a.name``."""
    form: Form
    about: str
    is_lean: bool
    is_derived: bool


def written(write: Callable[[Any], Any], form: CoreSchema | None = None) -> CoreSchema:
    """Return the schema that writes ``write(value)`` instead of the value, in the form ``form``."""
    return core.any_schema(serialization=core.plain_serializer_function_ser_schema(write, return_schema=form))


# --- the types of fields ---------------------------------------------------------------------------------------------


class AnyValue:
    """Replaces ``Value`` in the type hints of fields, where that name is only text."""


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
