"""What ``explain`` knows: the checks and resource types of the catalogue, and the defaults of servers."""

from __future__ import annotations

from functools import cache

from providers.catalogue import resource_types, rules
from providers.cmdlets.defaults import default_of
from reconciler.plan.rules import RULES
from reconciler.views.explain import Reference


@cache
def reference() -> Reference:
    """Return everything that can be explained."""
    return Reference(tuple(sorted((*rules(), *RULES), key=lambda one: one.code)), resource_types(), default_of)
