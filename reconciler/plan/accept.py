"""Builds the declaration that accepts drift: the files then declare the observed values.

The declaration is complete, so that users can paste it over the present one. It is offered only if the resource type
parses it and the files declare everything it references. ``accept_rows`` adds the row for a CSV file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.config.resolve import implied_by_default
from reconciler.config.row_tables import IDENTITY
from reconciler.config.written import as_read, as_yaml, entry_lines
from reconciler.model.abilities import Rows
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.attributes import AttributeKind
from reconciler.model.diagnostics import Position, listed
from reconciler.model.landscape import NO_RESOURCES, Landscape
from reconciler.model.resource_types import Managed, ResourceType, declared_types
from reconciler.model.resources import Address, Resource
from reconciler.model.trimming import Trimming
from reconciler.model.values import UNSET, Value, folded, items


class Acceptance:
    """Builds the declarations for one report."""

    def __init__(self, types: Sequence[ResourceType], landscape: Landscape) -> None:
        self._types = types
        self._landscape = landscape
        self._declared = landscape.declared
        self._by_place: dict[str, dict[Position | None, Resource]] = {}
        implied = implied_by_default(types, landscape.declared)
        self._implied = {name: {folded(key) for key in keys} for name, keys in implied.items()}

    def declaration(self, action: Action) -> Resource | None:
        """Return the declaration of an action's resource; a row may use another name of the mailbox."""
        declared = self._declared.get(action.address.type, NO_RESOURCES)
        found = declared.get(action.address.key)
        if found is not None or action.position is None:
            return found
        if action.address.type not in self._by_place:
            self._by_place[action.address.type] = {one.position: one for one in declared.values()}
        return self._by_place[action.address.type].get(action.position)

    def offer(self, kind: ResourceType, action: Action) -> str:
        """Return the YAML that accepts the drift; empty where the files cannot express it."""
        declared = self.declaration(action)
        if isinstance(kind, Trimming) and action.kind is ActionKind.DELETE:
            return self._wanting(kind, action.address.key)
        if not isinstance(kind, Managed) or kind.section is None or declared is None:
            return ""
        if action.kind is ActionKind.CREATE:
            return self._removal(kind, declared)
        if any(change.before is UNSET for change in action.changes):
            return ""
        values = accepted_values(kind, declared, action.changes)
        cleared = [change.attribute for change in action.changes if change.before is None]
        for left_out in ([], cleared):  # a value that cannot be null is left out, and then not compared
            written = {name: value for name, value in values.items() if name not in left_out}
            parsed = kind.parse(declared.key, {name: as_read(value) for name, value in written.items()})
            if isinstance(parsed, Resource):
                return _declaration(kind, declared.key, written, left_out) if self._is_known(kind, parsed) else ""
        return ""

    def _wanting(self, kind: Trimming, key: str) -> str:
        """Return the declaration of the other type that would want an object."""
        found = kind.surplus(self._landscape).get(key)
        other = next((one for one in self._types if found is not None and one.name == found.wanting.address.type), None)
        if found is None or not isinstance(other, Managed):
            return ""
        return _declaration(other, found.wanting.key, found.wanting.attributes, ())

    def _removal(self, kind: Managed, declared: Resource) -> str:
        users = [str(user) for user in self._users(kind, declared)]
        also = f", and the references to it in {listed(users, 3)}" if users else ""
        return f"# remove {declared.key} from {kind.section}{also}"

    def _users(self, kind: ResourceType, declared: Resource) -> Iterable[Address]:
        """Yield the addresses of declared resources that reference a resource."""
        for other in self._types:
            referring = [one for one in other.attributes.values() if one.references == kind.name]
            for resource in self._declared.get(other.name, NO_RESOURCES).values() if referring else ():
                named = (key for one in referring for key in one.targets(resource.get(one.name)))
                if any(folded(key) == folded(declared.key) for key in named):
                    yield resource.address

    def _is_known(self, kind: ResourceType, resource: Resource) -> bool:
        """True where the files declare, or bring, everything that ``resource`` references."""
        sections = {one.name for one in declared_types(self._types)}
        return all(
            value in self._declared.get(target, NO_RESOURCES) or folded(value) in self._implied.get(target, ())
            for attribute in kind.attributes.values()
            if (target := attribute.references) in sections
            for value in filter(None, attribute.targets(resource.get(attribute.name)))
        )


def accepted_values(kind: ResourceType, declared: Resource, changes: Sequence[Change]) -> Mapping[str, Value]:
    """Return the attributes of the declaration with the observed values; changed attributes come last."""
    observed = {change.attribute: _observed(kind, declared, change) for change in changes}
    return {**{name: value for name, value in declared.attributes.items() if name not in observed}, **observed}


def _observed(kind: ResourceType, declared: Resource, change: Change) -> Value:
    """Return the observed value of an attribute; for a membership, the declared elements that still exist."""
    assert change.before is not UNSET
    if kind.attributes[change.attribute].kind is AttributeKind.MEMBERSHIP:
        there = change.before if isinstance(change.before, tuple) else ()
        return tuple(item for item in items(declared.get(change.attribute)) if item in there)
    return change.before


# --- as YAML ---------------------------------------------------------------------------------------------------------


def _declaration(kind: Managed, key: str, values: Mapping[str, Value], left_out: Sequence[str]) -> str:
    """Return a declaration under the name of its section."""
    lines = [f"    {line}" for name, value in values.items() for line in entry_lines(name, value)]
    lines += [f"    # {name} is left out, so it is not compared" for name in left_out]
    if isinstance(kind, Rows):
        return "\n".join([f"{kind.section}:", f"  - {IDENTITY}: {as_yaml(key)}", *lines])
    return "\n".join([f"{kind.section}:", f"  {as_yaml(key)}:", *lines])
