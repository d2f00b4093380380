"""The reference of checks, resource types and attributes in words; ``explain`` and the pages in ``docs/`` show it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reconciler.model.abilities import Rows
from reconciler.model.attributes import Attribute, AttributeKind, AttributeRole
from reconciler.model.diagnostics import Severity
from reconciler.model.resource_types import Fact, Lifecycle, Managed, ResourceType, Rule
from reconciler.views.schema_words import words

DefaultOf = Callable[[ResourceType, Attribute], tuple[str, str]]
"""Returns the default of the server for an attribute, and where that is stated."""

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
    AttributeKind.NESTED: "mapping",
    AttributeKind.MEMBERSHIP: "set; only the declared elements are managed",
}


@dataclass(frozen=True, slots=True)
class AttributeWords:
    """One attribute in words; a text that does not apply is empty. Double backquotes mark what is typed."""

    name: str
    meaning: str
    limits: str
    """The type and its limits."""
    default: str
    """What the server takes where it is left out."""
    parameter: str
    """The parameter of the cmdlets; for an attribute that is only observed, the property of the answers."""
    source: str
    is_observed: bool
    """True where nobody declares it."""


def attributes_of(kind: ResourceType, default_of: DefaultOf) -> Iterator[AttributeWords]:
    """Yield the attributes of a type: first those that are declared, then those that are only observed."""
    found = kind.json_schema().get("properties", {}) if isinstance(kind, Managed) else {}
    properties = found if isinstance(found, Mapping) else {}
    for one in sorted(kind.attributes.values(), key=lambda one: one.role is AttributeRole.READ_ONLY):
        if one.role is AttributeRole.READ_ONLY:
            yield AttributeWords(one.name, one.doc, _KINDS[one.kind], "", one.output or "", "", is_observed=True)
            continue
        schema = properties.get(one.name)
        limits = words(schema, link=lambda _: "mapping") if schema is not None else _KINDS[one.kind]
        default, source = default_of(kind, one)
        meaning = _meaning(one, schema or {})
        yield AttributeWords(one.name, meaning, limits, default, one.parameter or "", source, is_observed=False)


def _meaning(one: Attribute, schema: Mapping[str, Any]) -> str:
    said = one.doc or str(schema.get("description", ""))
    if one.references:
        said += f" Refers to ``{one.references}``."
    if one.exclusive:
        said += " Each value belongs to one object alone."
    if one.role is AttributeRole.CREATE_ONLY and "cannot be changed" not in said:
        said += " Cannot be changed later."
    return said.strip()


def first_sentence(text: str | None) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join((text or "").strip().split("\n\n", 1)[0].split())


def about_type(kind: ResourceType) -> str:
    """Return what may happen to resources of a type, and where they are declared."""
    if isinstance(kind, Fact):
        return "It is a fact: read for checks, never changed."
    if not isinstance(kind, Managed):
        return "It is a task: run when the servers show that it is needed."
    said = f"It is {_LIFECYCLES[kind.lifecycle]}."
    if kind.section is None:
        return said
    style = "a list of rows" if isinstance(kind, Rows) else "a mapping of names to attributes"
    end = " ``state: absent`` ends it." if kind.can_end else ""
    return f"{said} Section ``{kind.section}``, {style}.{end}"


def effect_of(rule: Rule) -> str:
    """Return the severities of a check, whether it leaves out one resource, and whether a waiver may name it."""
    parts = (severities_of(rule), *(["only this resource is left out"] if rule.leaves_out else ()))
    return "; ".join((*parts, "can be waived") if rule.can_be_waived else parts)


def severities_of(rule: Rule) -> str:
    """Return the severity of a check, and those that it has in some cases: ``warning, in some cases a note``."""
    others = " or ".join(f"{'an' if one is Severity.ERROR else 'a'} {one.value}" for one in rule.also)
    return f"{rule.severity.value}, in some cases {others}" if others else rule.severity.value


def source_of(rule: Rule) -> str:
    """Return the public document that states a rule."""
    named = re.sub(r"(?:^|; )DOMAIN [0-9., ]+", "", rule.source).strip("; ")
    return named or "inferred from the behaviour of the products"
