"""Decides before sending whether an action has already ended: it is done, or its object has changed."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.actions import Action
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.resources import comparable
from reconciler.model.snapshot import OutcomeKind
from reconciler.model.values import Value, fingerprint
from reconciler.plan.effects import expectation, is_done
from reconciler.plan.verdict import difference, why_unreadable
from reconciler.run.observe import unread
from reconciler.run.sent import Ended


def foregone(kind: ResourceType, action: Action, landscape: Landscape) -> Ended | None:
    """Return the end of an action that must not be sent; None where it must be sent."""
    if (lacking := unread(kind, action.address, landscape)) is not None:
        return Ended(action, OutcomeKind.NOT_RUN, why_unreadable(lacking, landscape))
    if is_done(kind, action, landscape):
        return Ended(action, OutcomeKind.DONE, was_there=True)
    found = expectation(kind, action, landscape)
    if _fingerprint(kind, found) != _fingerprint(kind, action.expects):
        return Ended(action, OutcomeKind.NOT_RUN, difference(action.expects, found), is_stale=True)
    return _not_to_be_taken(action, landscape) or _not_brought(action, landscape)


def _not_to_be_taken(action: Action, landscape: Landscape) -> Ended | None:
    """Return the end of an action where an object from which it takes values has changed, else None."""
    for taken in action.takes_from:
        address = taken.address
        if not landscape.is_readable(address.type, address.key):
            return Ended(action, OutcomeKind.NOT_RUN, f"{address}: {why_unreadable(address, landscape)}")
        one = landscape.at(address)
        found = None if one is None else {name: one.get(name) for name in taken.expects}
        if fingerprint(found) != fingerprint(taken.expects):
            return Ended(action, OutcomeKind.NOT_RUN, f"{address}: {difference(taken.expects, found)}", is_stale=True)
    return None


def _not_brought(action: Action, landscape: Landscape) -> Ended | None:
    """Return the end of an action that names an object that does not exist yet, else None."""
    for command in action.commands:
        for value in command.references:
            if landscape.at(value.address) is None:
                return Ended(action, OutcomeKind.NOT_RUN, f"{value.address} should exist now, but it does not")
    return None


def _fingerprint(kind: ResourceType, expects: Mapping[str, Value] | None) -> str:
    """Return the fingerprint of an expected state; different spellings of a name give the same one."""
    return fingerprint(None if expects is None else comparable(kind.attributes, expects))
