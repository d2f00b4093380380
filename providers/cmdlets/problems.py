"""The errors that pydantic finds in a declaration, in the words of this project."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from reconciler.model.diagnostics import MISSING_ATTRIBUTE, Problem

_MESSAGES: Final = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
}


def relevant(errors: Sequence[Any]) -> list[Any]:
    """Return the errors; for "a word or a list", the errors about the word are dropped if the list has errors."""
    others = {error["loc"][:1] for error in errors if error["type"] != "literal_error"}
    return [error for error in errors if error["type"] != "literal_error" or error["loc"][:1] not in others]


def problem(found: Any, key: str, *, on_key: bool = False) -> Problem:
    """Return pydantic's finding in the project's words; values are shown unless they could be secrets (none here)."""
    # Beside keys and places in lists, pydantic names the alternatives of a union.
    path = tuple(part for place, part in enumerate(found["loc"]) if place == 0 or isinstance(part, int))
    kind, written = found["type"], found.get("input")
    name = _named(path) or key
    if kind == "extra_forbidden":
        return Problem(path, "Unknown attribute", f'"{name}" is no attribute here.', on_key=True)
    if kind == "missing":
        return missing(str(path[-1]), path[:-1])
    message = _MESSAGES.get(kind) or str(found["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    message = re.sub("^(input|string|value) should", "must", message)
    subject = f'The name "{_shown(key)}"' if on_key else f'"{name}" is {_shown(repr(written))}: it'
    return Problem(path, "Invalid name" if on_key else "Invalid value", f"{subject} {message}.", on_key=on_key)


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
