"""The reference of resource types: every attribute with type, limits, default of the server and source."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from providers.catalogue import resource_types
from providers.cmdlets.defaults import default_of
from reconciler.config.connections import KEYS, keys_of
from reconciler.model.abilities import sections_of
from reconciler.model.options import Key
from reconciler.model.resource_types import Fact, Managed, ResourceType, providers_of
from reconciler.views.reference import AttributeWords, about_type, attributes_of, first_sentence
from reconciler.views.schema_words import words
from tests.docs.markdown import code_marks, table

_HEAD: Final = ("attribute", "meaning", "type and limits", "default of the server", "parameter", "source")


def _type(kind: ResourceType) -> str:
    parts = [f"### {kind.name}", code_marks(first_sentence(type(kind).__doc__)), code_marks(about_type(kind))]
    every = list(attributes_of(kind, default_of))
    declared = [_row(one) for one in every if not one.is_observed]
    observed = [(f"`{one.name}`", one.meaning, one.limits, _code(one.parameter)) for one in every if one.is_observed]
    if declared:
        parts.append(table(_HEAD, declared))
    if observed:
        head = "Only observed:\n\n" if declared else ""
        parts.append(head + table(("attribute", "meaning", "kind", "property"), observed))
    return "\n\n".join(part for part in parts if part)


def _row(one: AttributeWords) -> tuple[str, ...]:
    meaning = re.sub(r"Refers to ``(\w+)``", r"Refers to [`\1`](#\1)", one.meaning)
    return f"`{one.name}`", meaning, one.limits, one.default, _code(one.parameter), one.source


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


# --- the blocks ------------------------------------------------------------------------------------------------------


def _types(is_meant: Callable[[ResourceType], bool]) -> str:
    return "\n\n".join(_type(kind) for kind in resource_types() if is_meant(kind))


def _fixed(section: str) -> str:
    types = resource_types()
    keys = (
        sections_of(types)[section].keys
        if section != "connections"
        else {
            **KEYS,
            **{f"adapter` of `{name}": keys_of(one)["adapter"] for name, one in providers_of(types).items()},
        }
    )
    rows = [(f"`{name}`", key.doc, _words_of(key)) for name, key in keys.items()]
    return table(("key", "meaning", "type and limits"), rows)


def _words_of(key: Key) -> str:
    found = words(dict(key.schema))
    return f"names, each with a {found}" if key.is_by_name else found


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
