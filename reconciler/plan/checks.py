"""What forbids or clouds a plan, beyond what each resource type checks about itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.model.actions import Action, ActionKind
from reconciler.model.addresses import Address
from reconciler.model.diagnostics import Diagnostic, Severity, in_order
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Managed, ResourceType
from reconciler.model.resources import Resource
from reconciler.model.snapshot import short_run
from reconciler.plan.open_values import nobody_brings
from reconciler.plan.rules import NOTHING_TO_SET, OPEN_OUTCOME, REMOVED_IN_USE, RENAMED, REPLACED_IN_USE, UNREADABLE


def check_plan(
    types: Sequence[ResourceType], end: Landscape, chosen: Mapping[Address, Action]
) -> tuple[Diagnostic, ...]:
    """Return every diagnostic of a plan.

    Args:
        end: the landscape as the plan will leave it.
        chosen: the actions that are part of the plan.
    """
    return in_order([*unreadable(end), *find_conditions(types, end, chosen)])


def find_conditions(
    types: Sequence[ResourceType], end: Landscape, chosen: Mapping[Address, Action]
) -> tuple[Diagnostic, ...]:
    """Return what forbids or clouds a plan beside what could not be read, which a report of drift tells by itself."""
    planned = replace(end, actions=chosen)  # what was left out needs no check
    return in_order(
        [
            *_left_open(end),
            *(told for kind in types for told in kind.check(planned)),
            *_settings_of_nothing(types, end),
            *_renamed(types, end, chosen),
            *_torn(types, end, chosen),
            *nobody_brings(end, chosen),
        ]
    )


def unreadable(end: Landscape) -> Iterable[Diagnostic]:
    """A whole type that cannot be read is an error; one host among many clouds the plan and is left out of it.

    A server that gives no answer leaves a dozen types unread: what has one cause is told once.
    """
    by_cause: dict[Diagnostic, list[str]] = defaultdict(list)
    for address, told in end.unreadable.items():
        is_whole = address.key == "*"
        cause = replace(
            told, severity=Severity.ERROR if is_whole else Severity.WARNING, code=told.code or UNREADABLE.code
        )
        by_cause[cause].append(address.type if is_whole else str(address))
    for cause, unread in by_cause.items():
        if cause.address is not None or len(unread) == 1:
            yield replace(cause, address=cause.address or unread[0])
        else:
            yield replace(cause, detail=f"{cause.detail} {_not_read(sorted(unread))}")


def _not_read(unread: Sequence[str]) -> str:
    """Return in words what one cause kept from being read: what belongs to a server, nobody wants to see listed."""
    shown = [name.replace("_", " ") for name in unread[:2]]
    more = [f"{len(unread) - 2} more kinds of object"] if len(unread) > 2 else []
    return f"Not read therefore: {' and '.join([', '.join(shown), *more]) if more else ' and '.join(shown)}."


def _left_open(end: Landscape) -> Iterable[Diagnostic]:
    """Commands that were being sent when a run ended: the next apply looks at each before it does anything."""
    intents = end.prior.open_intents
    if intents:
        named = ", ".join(f"{intent.kind} {intent.address}" for intent in intents[:8])
        more = f" and {len(intents) - 8} more" if len(intents) > 8 else ""
        yield OPEN_OUTCOME.found(None, f"Run {short_run(intents[0].run)} was sending {named}{more} when it ended.")


def _settings_of_nothing(types: Sequence[ResourceType], end: Landscape) -> Iterable[Diagnostic]:
    for kind in types:
        is_setting = isinstance(kind, Managed) and kind.lifecycle is Lifecycle.SETTING
        if not is_setting or not end.is_readable(kind.name):
            continue
        for desired in end.wanted(kind.name).values():
            is_there = end.one(kind.name, desired.key) is not None
            if desired.attributes and not is_there and end.is_readable(kind.name, desired.key):
                what = kind.name.replace("_", " ")
                detail = f"{desired.address} has settings, but there is no such {what} on the server."
                yield NOTHING_TO_SET.found(desired, detail)


def _renamed(types: Sequence[ResourceType], end: Landscape, chosen: Mapping[Address, Action]) -> Iterable[Diagnostic]:
    """Objects that would be made a second time, because somebody gave the first one another name."""
    for kind in types:
        if not isinstance(kind, Managed) or kind.lifecycle is not Lifecycle.OBJECT:
            continue
        by_guid = {one.guid: one for one in end.all(kind.name).values() if one.guid is not None}
        for action in chosen.values():
            prior = end.prior.resources.get(action.address)
            if action.address.type == kind.name and action.kind is ActionKind.CREATE and prior is not None:
                now = by_guid.get(prior.guid) if prior.guid is not None else None
                if now is not None and now.key not in end.wanted(kind.name):
                    yield _has_another_name(action, now)


def _has_another_name(action: Action, now: Resource) -> Diagnostic:
    name = now.name or now.key
    return RENAMED.found(
        action,
        f'{action.address} was renamed to "{name}" on the servers. This plan would make a second one.',
        f'Write "{name}" in the files, or rename it back to "{action.address.key}" on the servers.',
    )


def _torn(types: Sequence[ResourceType], end: Landscape, chosen: Mapping[Address, Action]) -> Iterable[Diagnostic]:
    """Removals and replacements of what others refer to, with those others."""
    torn = [action for action in chosen.values() if action.kind in (ActionKind.DELETE, ActionKind.REPLACE)]
    if not torn:
        return
    users = _users(types, end)
    for action in torn:
        by = [user for user in users[action.address.folded] if _stays(user, chosen)]
        if by:
            yield _in_use(action, by)


def _users(types: Sequence[ResourceType], end: Landscape) -> Mapping[tuple[str, str], list[Resource]]:
    """Return, by what is referred to, the resources that do so."""
    users: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for kind in types:
        for attribute in kind.attributes.values():
            if attribute.references is None:
                continue
            for resource in end.all(kind.name).values():
                value = resource.get(attribute.name)
                for name in value if isinstance(value, tuple) else (value,):
                    if isinstance(name, str):
                        users[Address(attribute.references, name).folded].append(resource)
    return users


def _stays(user: Resource, chosen: Mapping[Address, Action]) -> bool:
    action = chosen.get(user.address)
    return action is None or action.kind is not ActionKind.DELETE


def _in_use(action: Action, by: Sequence[Resource]) -> Diagnostic:
    shown = ", ".join(str(user.address) for user in by[:8]) + (f" and {len(by) - 8} more" if len(by) > 8 else "")
    rule, verb = (REPLACED_IN_USE, "replaced") if action.kind is ActionKind.REPLACE else (REMOVED_IN_USE, "removed")
    why = f" ({'; '.join(action.reasons)})" if action.reasons else ""
    return rule.found(action, f"{action.address} would be {verb}{why}, but {len(by)} resources depend on it: {shown}.")
