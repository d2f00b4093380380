"""Values as text that no code of the project writes or reads, so that two versions of it can be compared.

A dataclass is an object with its name under ``is`` and its fields by name; a field is left out where it has the default
that it had then, as ``forms.json`` says. Addresses, enumerations and times are texts with their type before them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

FORMS = Path(__file__).parent / "forms.json"
"""By class, the fields it had: each with its default in a list, or an empty list where it had none."""


def neutral(value: object, forms: Mapping[str, Mapping[str, list[Any]]]) -> Any:
    """Return ``value`` as plain JSON; what is of no known form is an error."""
    match value:
        case None | bool() | int() | str():
            return value
        case tuple():
            return [neutral(item, forms) for item in value]
        case Mapping():
            return _mapping(value, forms)
        case Enum():
            return f"{type(value).__name__}({value.value!a})"
        case datetime():
            return f"datetime({value.isoformat()!a})"
    name = type(value).__name__
    if name == "Address":
        return f"Address({getattr(value, 'type')!a}, {getattr(value, 'key')!a})"  # noqa: B009  # of either version
    if name not in forms:
        raise TypeError(f"{name} is of no known form")
    told = {field: neutral(getattr(value, field), forms) for field in forms[name]}
    if name == "Endpoint":  # its connection was an enumeration then
        told["connection"] = f"Connection({getattr(value, 'connection')!a})"  # noqa: B009
    return {"is": name, **{field: one for field, one in told.items() if [one] != forms[name][field]}}


def _mapping(value: Mapping[Any, object], forms: Mapping[str, Mapping[str, list[Any]]]) -> Any:
    if all(isinstance(key, str) for key in value):
        return {key: neutral(value[key], forms) for key in sorted(value)}
    pairs = [[neutral(key, forms), neutral(inner, forms)] for key, inner in value.items()]
    return sorted(pairs, key=lambda pair: str(pair[0]))


def text(value: object, depth: int = 0) -> str:
    """Return plain JSON as text to be compared and read: ASCII, short things on one line."""
    flat = json.dumps(value)
    if depth > 0 and (len(flat) + 2 * depth <= 118 or not isinstance(value, dict | list) or not value):
        return flat
    inset = "\n" + " " * (depth + 1)
    if isinstance(value, dict):
        inside = [f"{json.dumps(key)}: {text(inner, depth + 1)}" for key, inner in value.items()]
        return "{" + inset + ("," + inset).join(inside) + "}"
    if isinstance(value, list):
        return "[" + inset + ("," + inset).join(text(inner, depth + 1) for inner in value) + "]"
    return flat


def forms_of(*roots: type) -> dict[str, dict[str, list[Any]]]:
    """Return the form of every dataclass given."""
    told: dict[str, dict[str, list[Any]]] = {}
    for root in roots:
        assert is_dataclass(root)
        told[root.__name__] = {}
        for field in fields(root):
            default = field.default if field.default_factory is MISSING else field.default_factory()
            told[root.__name__][field.name] = [] if default is MISSING else [_of_default(default, told)]
    return told


def _of_default(default: object, told: Mapping[str, Mapping[str, list[Any]]]) -> Any:
    """Return a default; one that is a dataclass has to be listed before the class that has it."""
    return neutral(default, told)
