"""Declared attributes, and values of them, that the Exchange version of the organization does not have.

The published reference of each version decides: an attribute without a parameter there cannot be set, and a text that
its parameter does not accept is refused. Source: the cmdlet references (Microsoft Learn); DOMAIN 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from providers.cmdlets.cmdlet_resource import CmdletResource
from providers.cmdlets.reference import setters
from providers.estate.servers import newest_version
from reconciler.model.diagnostics import Diagnostic, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Rule
from reconciler.model.resources import Resource
from reconciler.model.values import Value, folded

NOT_IN_VERSION = Rule(
    "UM006",
    "Exchange version does not have an attribute",
    "The cmdlets of the newest Exchange version with Unified Messaging in the organization have no parameter for the "
    "attribute, or do not accept its value.",
    "Remove the attribute, or write another value.",
    "Set-UMDialPlan, Set-UMMailboxPolicy, Set-UMAutoAttendant of each version; DOMAIN 2.2",
)


def check_attributes(kind: CmdletResource, landscape: Landscape) -> Sequence[Diagnostic]:
    """Return an error for each declared attribute or value that the Exchange version does not have."""
    return [found for one in landscape.written(kind).values() for found in _check(kind, one, landscape)]


def _check(kind: CmdletResource, declared: Resource, landscape: Landscape) -> Iterator[Diagnostic]:
    version = newest_version(landscape)
    known = setters(kind.noun, version.release)
    for name, value in declared.attributes.items():
        parameter = kind.attributes[name].parameter
        if not parameter or kind.columns[name].changed_by:
            continue
        found = known.find(parameter)
        if found is None:
            detail = f'{declared.address} has "{name}", which Exchange {version.product} does not have.'
            yield NOT_IN_VERSION.found(declared, detail, f'Remove "{name}".')
        elif found.values and not _is_among(found.values, value):
            detail = f'{declared.address} has {value} as "{name}", which Exchange {version.product} does not accept.'
            yield NOT_IN_VERSION.found(declared, detail, f"Write one of: {listed(found.values)}.")


def _is_among(values: Sequence[str], value: Value) -> bool:
    return not isinstance(value, str) or folded(value) in map(folded, values)
