"""Orders steps by hard edges (``needs``) and soft edges (``after``), and resource types by the types they follow.

graphlib does the sorting. The graph has about a hundred nodes for any number of users, because equal actions on many
users are one node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from reconciler.model.resource_types import Fact, ResourceType


def levels(edges: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Return the level of each node, in topological order.

    A node without edges has level 1; other nodes have the highest level of the nodes that they wait for, plus 1. The
    nodes of one level are sorted, so equal graphs give equal orders.

    Raises:
        ValueError: the edges form a circle; the message names it.
    """
    known = {node: sorted({other for other in waits_for if other in edges}) for node, waits_for in edges.items()}
    sorter = TopologicalSorter(known)
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(" -> ".join(error.args[1])) from None
    found: dict[str, int] = {}
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        for node in ready:
            found[node] = 1 + max((found[other] for other in known[node]), default=0)
        sorter.done(*ready)
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0])))


def closure(starts: Iterable[str], edges: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Return ``starts`` and everything reached from them along ``edges``."""
    reached: set[str] = set()
    waiting = [start for start in starts if start in edges]
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += [other for other in edges[node] if other in edges]
    return frozenset(reached)


def reversed_edges(edges: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return the same graph with every edge reversed."""
    turned: dict[str, set[str]] = {node: set() for node in edges}
    for node, others in edges.items():
        for other in others:
            if other in turned:
                turned[other].add(node)
    return turned


def in_order(types: Iterable[ResourceType]) -> tuple[ResourceType, ...]:
    """Return the types in the order of planning: facts first, each type after the types that it follows, then by name.

    Raises:
        ValueError: a type follows an unknown type, or types follow each other; the message names them.
    """
    by_name = {kind.name: kind for kind in types}
    places = places_of(by_name.values())
    for kind in by_name.values():
        if unknown := [name for name in kind.after if name not in by_name]:
            raise ValueError(f"{kind.name} follows {', '.join(unknown)}, which is not a resource type")

    def order(kind: ResourceType) -> tuple[bool, int, str]:
        return not isinstance(kind, Fact), places[kind.name], kind.name

    return tuple(sorted(by_name.values(), key=order))


def places_of(types: Iterable[ResourceType]) -> dict[str, int]:
    """Return the place of each type by its name: 1 if it follows no type, otherwise the highest place before it plus 1.

    Raises:
        ValueError: some types follow each other; the message names them.
    """
    try:
        return levels({kind.name: kind.after for kind in types})
    except ValueError as error:
        raise ValueError(f"resource types follow each other: {error}") from None
