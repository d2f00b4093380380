"""The real resource types by their class, so that a test calls what is a type's own."""

from __future__ import annotations

from typing import TypeVar

from providers.catalogue import resource_types
from reconciler.model.resource_types import Managed, declared_types

_T = TypeVar("_T")


def the(kind: type[_T]) -> _T:
    """Return the one instance of a resource type."""
    return next(one for one in resource_types() if type(one) is kind)


def declared() -> dict[str, Managed]:
    """Return the types that YAML declares, by name."""
    return {one.name: one for one in declared_types(resource_types())}
