"""How an output writes a type that it does not write field by field: the entries of a codec's table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
"""JSON Schema."""
About: TypeAlias = Callable[[Any], Mapping[str, str]]
"""Returns what a class says of its fields, and under '' of itself."""


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass as an object of these fields, which is written and never read.

    ``fields`` names what is written, in this order, separated by blanks:

    ``name``    the field, or property, of this name
    ``name?``   left out where it is UNSET, None or empty
    ``a.name``  that of the value in ``a``
    ``x=name``  written as ``x``
    """

    fields: str = ""
    """Empty for all fields of the class."""
    name: str = ""
    """How the schema names it; empty for the name of the class."""
    is_tagged: bool = False
    """Whether its first field, ``type``, says this name."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value with a form of its own; ``read`` gets a text where the schema says so."""

    schema: Schema
    write: Callable[[Any], Any] = lambda value: value
    read: Callable[[Any], Any] = lambda plain: plain
    name: str = ""
    """How the schema names it; empty where it stands in place."""
