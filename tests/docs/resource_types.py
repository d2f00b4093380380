"""The reference of resource types: every attribute with type, limits, default of the server and source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from providers.catalogue import resource_types
from providers.cmdlets.defaults import default_of
from reconciler.config.connections import KEYS
from reconciler.config.environment import RESTARTS
from reconciler.model.abilities import Rows
from reconciler.model.resource_types import Fact, Lifecycle, Managed, ResourceType
from reconciler.model.resources import Attribute, AttributeKind, AttributeRole
from tests.docs.markdown import code_marks, first_sentence, table
from tests.docs.schema_words import words

_LIFECYCLES: Final[Mapping[Lifecycle, str]] = {
    Lifecycle.OBJECT: "an object: created, changed and removed",
    Lifecycle.SETTING: "a setting of something that exists: only changed",
    Lifecycle.FIXED: "a fixed object: created and removed, never changed",
    Lifecycle.FEATURE: "a feature of an object that somebody else owns: enabled, changed and disabled",
    Lifecycle.MANUAL: "manual: made by a person, verified by reconciler",
}
_KINDS: Final[Mapping[AttributeKind, str]] = {
    AttributeKind.SCALAR: "",
    AttributeKind.SET: "set",
    AttributeKind.LIST: "list, in order",
    AttributeKind.MEMBERSHIP: "set; only the declared elements are managed",
}


# --- one type --------------------------------------------------------------------------------------------------------


def _type(kind: ResourceType) -> str:
    parts = [f"### {kind.name}", code_marks(first_sentence(type(kind).__doc__)), _about(kind)]
    declared = [one for one in kind.attributes.values() if one.role is not AttributeRole.READ_ONLY]
    observed = [one for one in kind.attributes.values() if one.role is AttributeRole.READ_ONLY]
    if declared:
        parts.append(table(_HEAD, _rows(kind, declared)))
    if observed:
        rows = [
            (f"`{one.name}`", one.doc, _KINDS[one.kind], f"`{one.output}`" if one.output else "") for one in observed
        ]
        parts.append(
            ("Only observed:\n\n" if declared else "") + table(("attribute", "meaning", "kind", "property"), rows)
        )
    return "\n\n".join(part for part in parts if part)


def _about(kind: ResourceType) -> str:
    if isinstance(kind, Fact):
        return "It is a fact: read for checks, never changed."
    if not isinstance(kind, Managed):
        return "It is a task: run when the servers show that it is needed."
    said = f"It is {_LIFECYCLES[kind.lifecycle]}."
    if kind.section is None:
        return said
    style = "a list of rows" if isinstance(kind, Rows) else "a mapping of names to attributes"
    return f"{said} Section `{kind.section}`, {style}."


_HEAD: Final = ("attribute", "meaning", "type and limits", "default of the server", "parameter", "source")


def _rows(kind: ResourceType, attributes: Iterable[Attribute]) -> Iterator[tuple[str, ...]]:
    properties = _properties(kind)
    for one in attributes:
        schema = properties.get(one.name)
        limits = words(schema) if schema is not None else _KINDS[one.kind]
        default = default_of(kind, one)
        parameter = f"`{one.parameter}`" if one.parameter else ""
        yield f"`{one.name}`", _meaning(one, schema), limits, default.text, parameter, default.source


def _properties(kind: ResourceType) -> Mapping[str, Any]:
    found = kind.json_schema().get("properties", {}) if isinstance(kind, Managed) else {}
    assert isinstance(found, Mapping)
    return found


def _meaning(one: Attribute, schema: Mapping[str, Any] | None) -> str:
    said = one.doc or str((schema or {}).get("description", ""))
    if one.references:
        said += f" Refers to [`{one.references}`](#{one.references})."
    if one.exclusive:
        said += " Each value belongs to one object alone."
    if one.role is AttributeRole.CREATE_ONLY and "cannot be changed" not in said:
        said += " Cannot be changed later."
    return said.strip()


# --- the blocks ------------------------------------------------------------------------------------------------------


def _types(is_meant: Callable[[ResourceType], bool]) -> str:
    return "\n\n".join(_type(kind) for kind in resource_types() if is_meant(kind))


def _fixed(section: str) -> str:
    keys = KEYS if section == "connections" else RESTARTS
    rows = [(f"`{name}`", key.doc, words(dict(key.schema))) for name, key in keys.items()]
    return table(("key", "meaning", "type and limits"), rows)


def _overview() -> str:
    rows = (
        (f"[`{kind.name}`](#{kind.name})", first_sentence(type(kind).__doc__), _lifecycle(kind), _section(kind))
        for kind in resource_types()
        if not isinstance(kind, Fact)
    )
    return table(("type", "what it is", "lifecycle", "section"), rows)


def _lifecycle(kind: ResourceType) -> str:
    return kind.lifecycle.value if isinstance(kind, Managed) else "task"


def _is_declared(kind: ResourceType) -> bool:
    return isinstance(kind, Managed) and kind.section is not None


def _section(kind: ResourceType) -> str:
    return f"`{kind.section}`" if isinstance(kind, Managed) and kind.section else "follows from the others"


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "resource-types": _overview,
    "declared-types": lambda: _types(_is_declared),
    "derived-types": lambda: _types(lambda kind: not _is_declared(kind) and not isinstance(kind, Fact)),
    "facts": lambda: _types(lambda kind: isinstance(kind, Fact)),
    "connections": lambda: _fixed("connections"),
    "restarts": lambda: _fixed("restarts"),
}
