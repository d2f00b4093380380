"""Attribute values as YAML writes them, with quotes only where the value would be ambiguous."""

from __future__ import annotations

from typing import Final

from reconciler.model.values import Unset, Value
from reconciler.views.style import Style

_MISLEADING: Final = frozenset({"", "null", "true", "false", "(not set)"})


def value_text(value: Value | Unset, style: Style) -> str:
    """Return a value on one line; an unset value is ``(not set)``, a cleared value ``null``."""
    match value:
        case Unset():
            return "(not set)"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case tuple():
            return f"[{', '.join(value_text(item, style) for item in value)}]"
        case str():
            bare = value.strip() == value and value not in _MISLEADING
            return style.show(value) if bare else f'"{style.show(value)}"'
