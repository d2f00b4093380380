"""What the table of an output may say of a type: the words of ``codec``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
"""JSON Schema."""


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass as a JSON object.

    ``fields`` names what is written, in this order, separated by blanks:

    ``name``    the field, or property, of this name
    ``name?``   left out where it is None, UNSET, zero or empty
    ``name!``   a property: written, and compared when the value is read
    ``a.name``  that of the value in ``a``
    ``x=name``  written as ``x``
    """

    fields: str = ""
    """Empty for all fields of the class."""
    name: str = ""
    """How the schema names it; empty for the name of the class."""
    tag: str = ""
    """A field that says this name, before all others; empty for none."""


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
    """How the schema names it; empty where it stands in place."""
    empty: object = None
    """What a field stands for that is left out."""


Shape: TypeAlias = Record | Row | Leaf
