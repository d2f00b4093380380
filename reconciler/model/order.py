"""The order in which the resource types are planned: each type names the types that it follows (``after``)."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.graph import levels
from reconciler.model.resource_types import Fact, ResourceType


def in_order(types: Iterable[ResourceType]) -> tuple[ResourceType, ...]:
    """Return the types as they are planned: facts first, then each type after those that it follows, then by name.

    Raises:
        ValueError: a type follows one that does not exist, or some follow each other; the message names them.
    """
    by_name = {kind.name: kind for kind in types}
    places = places_of(by_name.values())
    for kind in by_name.values():
        if unknown := [name for name in kind.after if name not in by_name]:
            raise ValueError(f"{kind.name} follows {', '.join(unknown)}, which is no resource type")

    def order(kind: ResourceType) -> tuple[bool, int, str]:
        return not isinstance(kind, Fact), places[kind.name], kind.name

    return tuple(sorted(by_name.values(), key=order))


def places_of(types: Iterable[ResourceType]) -> dict[str, int]:
    """Return the place of each type by its name: 1 for a type that follows none, else one more than the last before it.

    Raises:
        ValueError: some types follow each other; the message names them.
    """
    try:
        return levels({kind.name: kind.after for kind in types})
    except ValueError as error:
        raise ValueError(f"resource types follow each other: {error}") from None
