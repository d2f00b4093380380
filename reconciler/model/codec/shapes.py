"""The entries of a codec's table: how an output writes a type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
"""JSON Schema."""


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass as a JSON object.

    ``fields`` lists the fields to write, in this order, separated by blanks:

    ``name``    the field, or property, of this name
    ``name?``   left out where it is None, UNSET, zero or empty
    ``name!``   a property: written, and compared when the value is read
    ``a.name``  the field ``name`` of the value in ``a``
    ``x=name``  written as ``x``
    """

    fields: str = ""
    """Empty for all fields of the class."""
    name: str = ""
    """Its name in the JSON Schema; empty for the name of the class."""
    tag: str = ""
    """The name of a first field that holds ``name``; empty for no such field."""


@dataclass(frozen=True, slots=True)
class Row:
    """A dataclass as a JSON list of these fields."""

    fields: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value with a form of its own; ``read`` gets a text where the schema says so."""

    schema: Schema
    write: Callable[[Any], Any] = lambda value: value
    read: Callable[[Any], Any] = lambda plain: plain
    name: str = ""
    """Its name in the JSON Schema; empty to write the schema where the value is used."""
    empty: object = None
    """The value of a field that is left out."""


Shape: TypeAlias = Record | Row | Leaf
