"""How an action ends before it begins: what was looked at just before it is to be sent forbids it, or it is done."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.actions import Action
from reconciler.model.attributes import comparable
from reconciler.model.json_text import fingerprint
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import ResourceType
from reconciler.model.snapshot import OutcomeKind
from reconciler.model.values import Value
from reconciler.plan.effects import expectation, is_done
from reconciler.plan.verdict import difference, why_unreadable
from reconciler.run.observe import unread
from reconciler.run.sent import Ended


def foregone(kind: ResourceType, action: Action, landscape: Landscape) -> Ended | None:
    """Return how an action ends before it begins; None where it is to be carried out."""
    if (lacking := unread(kind, action.address, landscape)) is not None:
        return Ended(action, OutcomeKind.NOT_RUN, why_unreadable(lacking, landscape))
    if is_done(kind, action, landscape):
        return Ended(action, OutcomeKind.DONE, was_there=True)
    found = expectation(kind, action, landscape)
    if _fingerprint(kind, found) != _fingerprint(kind, action.expects):
        return Ended(action, OutcomeKind.NOT_RUN, difference(action.expects, found), is_stale=True)
    return _not_to_be_taken(action, landscape) or _not_brought(action, landscape)


def _not_to_be_taken(action: Action, landscape: Landscape) -> Ended | None:
    """Return the end of an action where a holder of what it takes is no longer as the plan saw it, else None."""
    for taken in action.takes_from:
        address = taken.address
        if not landscape.is_readable(address.type, address.key):
            return Ended(action, OutcomeKind.NOT_RUN, f"{address}: {why_unreadable(address, landscape)}")
        one = landscape.one(address.type, address.key)
        found = None if one is None else {name: one.get(name) for name in taken.expects}
        if fingerprint(found) != fingerprint(taken.expects):
            return Ended(action, OutcomeKind.NOT_RUN, f"{address}: {difference(taken.expects, found)}", is_stale=True)
    return None


def _not_brought(action: Action, landscape: Landscape) -> Ended | None:
    """Return the end of an action that names an object which was to be there by now and is not, else None."""
    for command in action.commands:
        for value in command.references:
            if landscape.one(value.address.type, value.address.key) is None:
                return Ended(action, OutcomeKind.NOT_RUN, f"{value.address} was to be there by now, and it is not")
    return None


def _fingerprint(kind: ResourceType, expects: Mapping[str, Value] | None) -> str:
    """Return the fingerprint of what is taken for granted, the same however the names in it are spelt."""
    return fingerprint(None if expects is None else comparable(kind.attributes, expects))
