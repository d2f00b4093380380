"""An environment that is taken down: what its files declare counts as declared with ``state: absent``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from reconciler.config.environment import Environment
from reconciler.config.resolve import implied_by_default
from reconciler.model.attributes import AttributeRole
from reconciler.model.graph import closure, reversed_edges
from reconciler.model.resource_types import Lifecycle, Managed, ResourceType, declared_types
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.values import folded


def ending(environment: Environment, types: Sequence[ResourceType], is_meant: Callable[[Address], bool]) -> Environment:
    """Return the environment in which the meant resources, and all that reference them, have to be removed.

    What cannot be removed by itself is no longer declared where its owner ends. Otherwise it stays declared, and what
    references it stays too. A setting without an owner is no longer declared if it is meant.
    """
    kinds = {kind.name: kind for kind in declared_types(types)}
    every = {_name(one.address): one for each in environment.declared.values() for one in each.values()}
    meant = [
        name for name, one in every.items() if is_meant(one.address) and _end(kinds[one.address.type], one) is not None
    ]
    reached = closure(meant, reversed_edges({name: _needs(one, kinds) for name, one in every.items()}))
    ends = [end for name in reached if (end := _end(kinds[every[name].address.type], every[name])) is not None]
    ended = _together(environment.ended, ends)
    brought = implied_by_default(types, {name: list(each) for name, each in ended.items()})
    gone = {one.address.folded for one in ends}
    gone |= {Address(name, key).folded for name, keys in brought.items() for key in keys}
    gone |= {
        one.address.folded
        for one in every.values()
        if kinds[one.address.type].lifecycle is Lifecycle.SETTING and is_meant(one.address)
    }
    left = {
        name: Resources(one for one in each.values() if one.address.folded not in gone)
        for name, each in environment.declared.items()
    }
    moved = {before: after for before, after in environment.moved.items() if after.folded not in gone}
    return replace(
        environment,
        declared=MappingProxyType(left),
        ended=MappingProxyType(dict(ended)),
        moved=MappingProxyType(moved),
    )


def _name(address: Address) -> str:
    return "/".join(address.folded)


def _needs(resource: Resource, kinds: Mapping[str, Managed]) -> list[str]:
    """Return the resources that a declared one references."""
    attributes = kinds[resource.address.type].attributes.values()
    return [
        _name(Address(one.references, key))
        for one in attributes
        if one.references
        for key in one.targets(resource.get(one.name))
    ]


def _end(kind: Managed, resource: Resource) -> Resource | None:
    """Return the resource that is to be removed; None where it cannot be removed by itself."""
    if not kind.can_end:
        return None
    intents = (one.name for one in kind.attributes.values() if one.role is AttributeRole.INTENT)
    kept = {name: value for name in intents if isinstance(value := resource.get(name), str)}
    found = kind.parse_end(resource.key, kept)
    if not isinstance(found, Resource):
        return None
    return replace(found, position=resource.position, written=resource.written)


def _together(before: Mapping[str, Resources], ends: Iterable[Resource]) -> Mapping[str, Resources]:
    by_type: dict[str, list[Resource]] = {name: list(each.values()) for name, each in before.items()}
    for one in ends:
        by_type.setdefault(one.address.type, []).append(one)
    return {name: Resources(sorted(each, key=lambda one: folded(one.key))) for name, each in by_type.items()}
