"""Moves users away from an object before it is replaced: the servers refuse to remove an object in use.

Example: a policy that moves to another dial plan is removed and created again. Its users who move or end do so first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model.actions import Action, ActionKind
from reconciler.model.graph import closure
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Managed, ResourceType
from reconciler.model.resources import Address, Resource
from reconciler.model.values import texts
from reconciler.plan.selection import hard_needs


def leavers_first(types: Sequence[ResourceType], before: Landscape, end: Landscape) -> Landscape:
    """Return ``end`` with changed actions: the replacement of an object waits for the users that leave the object.

    It does not wait if this would close a circle, for example if the users of two policies change places.
    """
    managed = (kind for kind in types if isinstance(kind, Managed))
    objects = {kind.name for kind in managed if kind.lifecycle is Lifecycle.OBJECT}
    replaced = [a for a in end.actions.values() if a.kind is ActionKind.REPLACE and a.address.type in objects]
    if not replaced:
        return end
    actions = dict(end.actions)
    edges = _edges(actions)
    for action in replaced:
        first = list(dict.fromkeys(_leavers(types, action.address, before, end)))
        nodes = {_node(actions[address]) for address in first}
        if first and _node(action) not in closure(nodes, edges):
            actions[action.address] = replace(action, needs=tuple(dict.fromkeys((*action.needs, *first))))
            edges[_node(action)] |= nodes
    return replace(end, actions=actions)


def _leavers(types: Sequence[ResourceType], address: Address, before: Landscape, end: Landscape) -> Iterator[Address]:
    """Yield the actions that end a reference to ``address``."""
    for kind in types:
        for attribute in kind.attributes.values():
            if attribute.references != address.type:
                continue
            for user in before.all(kind.name).values():
                left = end.one(kind.name, user.key)
                is_leaving = left is None or not _refers(left, attribute.name, address)
                if _refers(user, attribute.name, address) and is_leaving and user.address in end.actions:
                    yield user.address


def _refers(user: Resource, attribute: str, address: Address) -> bool:
    return any(Address(address.type, name) == address for name in texts(user.get(attribute)))


def _edges(actions: Mapping[Address, Action]) -> dict[str, set[str]]:
    """Return the steps that each step waits for; actions of one step count as one."""
    edges: dict[str, set[str]] = {_node(action): set() for action in actions.values()}
    for action in actions.values():
        needed = (actions[need] for need in hard_needs(action) if need in actions)
        edges[_node(action)] |= {_node(other) for other in needed} - {_node(action)}
    return edges


def _node(action: Action) -> str:
    if action.group:
        return f"{action.kind.value} {action.address.type} {action.group} {action.wave}"
    return "/".join(action.address.folded)
