"""The resource types there are, found by being there: those in the modules of ``schema`` (facts) and ``resources``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

import providers.resources
import providers.schema
from reconciler.model.graph import in_order
from reconciler.model.resource_types import ResourceType, Rule


@cache
def resource_types() -> tuple[ResourceType, ...]:
    """Return the one instance of each resource type, in the order in which planning visits them."""
    classes = {
        declared
        for module in _modules()
        for declared in vars(module).values()
        if isinstance(declared, type)
        and declared.__module__ == module.__name__
        and issubclass(declared, ResourceType)
        and hasattr(declared, "name")
    }
    return in_order(declared() for declared in classes)


def rules() -> tuple[Rule, ...]:
    """Return every check that the resource types make, by code; ``explain`` shows them."""
    found = {rule.code: rule for kind in resource_types() for rule in kind.rules}
    return tuple(found[code] for code in sorted(found))


def _modules() -> list[ModuleType]:
    return [
        importlib.import_module(f"{package.__name__}.{found.name}")
        for package in (providers.schema, providers.resources)
        for found in pkgutil.iter_modules(package.__path__)
    ]
