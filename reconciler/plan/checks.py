"""Checks of a plan that hold for every resource type; each type has its own checks in addition.

One of them concerns open values. A command may name an object whose name is known only after an earlier step created it
(``NameOf``). Then the command depends on that step. Where neither a step nor an object brings the value, the plan is
refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model.abilities import noun_of
from reconciler.model.actions import Action, ActionKind
from reconciler.model.commands import NameOf
from reconciler.model.diagnostics import Diagnostic, Severity, count, in_order, listed
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Lifecycle, Managed, ResourceType
from reconciler.model.resources import Address, Resource
from reconciler.model.snapshot import short_run
from reconciler.plan.rules import (
    MOVED_ALREADY,
    NOBODY_BRINGS,
    NOTHING_TO_SET,
    OPEN_OUTCOME,
    REMOVED_IN_USE,
    RENAMED,
    REPLACED_IN_USE,
    UNREADABLE,
)


def with_bringers(end: Landscape) -> Landscape:
    """Return the landscape in which each action with an open value needs the action that creates the object."""
    actions = {address: _needing(action, end) for address, action in end.actions.items()}
    return replace(end, actions=actions)


def _needing(action: Action, end: Landscape) -> Action:
    brought = {by for one in _open(action) if (by := _bringer(one, end)) is not None}
    lacking = sorted(by for by in brought if by.folded not in {need.folded for need in action.needs})
    lacking = [by for by in lacking if by.folded != action.address.folded]
    return replace(action, needs=(*action.needs, *lacking)) if lacking else action


def _open(action: Action) -> Iterator[NameOf]:
    for command in action.commands:
        yield from command.references


def _bringer(value: NameOf, end: Landscape) -> Address | None:
    """Return the action that creates the object of a value; None if the object exists or no action creates it."""
    known = end.at(value.address)
    by = end.predicted_by.get(known.address) if known is not None else None
    while by is not None and (action := end.actions.get(by)) is not None and action.kind is ActionKind.UPDATE:
        by = action.predicted_by  # it changes what another action makes
    return by


def nobody_brings(end: Landscape, chosen: Mapping[Address, Action]) -> Iterable[Diagnostic]:
    """Yield an error for each value that neither an object nor an action of the plan brings."""
    for action in chosen.values():
        for value in dict.fromkeys(_open(action)):
            if end.predicted_by.get(value.address) == action.address:
                continue  # it removes that object itself, which an earlier step makes
            known, by = end.at(value.address), _bringer(value, end)
            if known is None or (by is not None and by not in chosen):
                yield _unbrought(value, action)


def _unbrought(value: NameOf, action: Action) -> Diagnostic:
    found = NOBODY_BRINGS.found(
        action,
        f"{action.address} needs {value.address}. It does not exist, and no step of the plan creates it.",
        f"Declare {value.address}, or name an existing object.",
    )
    return replace(found, leaves_out=bool(action.group))


def check_plan(
    types: Sequence[ResourceType], end: Landscape, chosen: Mapping[Address, Action]
) -> tuple[Diagnostic, ...]:
    """Return all diagnostics of a plan.

    Args:
        end: the landscape after the plan.
        chosen: the actions of the plan.
    """
    return in_order([*unreadable(end), *find_conditions(types, end, chosen)])


def find_conditions(
    types: Sequence[ResourceType], end: Landscape, chosen: Mapping[Address, Action]
) -> tuple[Diagnostic, ...]:
    """Return the errors and warnings of a plan, without unreadable objects, which drift reports separately."""
    planned = replace(end, actions=chosen)  # actions that were left out need no check
    return in_order(
        [
            *_left_open(end),
            *(found for kind in types for found in kind.check(planned)),
            *_settings_of_nothing(types, end),
            *_moved_already(end),
            *_renamed(types, end, chosen),
            *_torn(types, end, chosen),
            *nobody_brings(end, chosen),
            *(why for address, why in end.refused.items() if address in chosen),
        ]
    )


def unreadable(end: Landscape) -> Iterable[Diagnostic]:
    """Yield an error for each unreadable type, and a warning for each unreadable host among many.

    A server that does not answer makes a dozen types unreadable; one cause gives one diagnostic.
    """
    by_cause: dict[Diagnostic, list[str]] = defaultdict(list)
    for address, why in end.unreadable.items():
        is_whole = address.key == "*"
        cause = replace(
            why, severity=Severity.ERROR if is_whole else Severity.WARNING, code=why.code or UNREADABLE.code
        )
        by_cause[cause].append(address.type if is_whole else str(address))
    for cause, unread in by_cause.items():
        if cause.address is not None or len(unread) == 1:
            yield replace(cause, address=cause.address or unread[0])
        else:
            yield replace(cause, detail=f"{cause.detail} {_not_read(sorted(unread))}")


def _not_read(unread: Sequence[str]) -> str:
    """Return the sentence that names the unread types of one cause: two of them, and the number of others."""
    shown = [name.replace("_", " ") for name in unread[:2]]
    more = [f"{len(unread) - 2} more kinds of object"] if len(unread) > 2 else []
    return f"Not read because of this: {' and '.join([', '.join(shown), *more]) if more else ' and '.join(shown)}."


def _left_open(end: Landscape) -> Iterable[Diagnostic]:
    """Yield a warning about commands that a run was sending when it ended; the next apply observes them first."""
    intents = end.prior.interrupted
    if intents:
        named = listed(f"{intent.kind} {intent.address}" for intent in intents)
        yield OPEN_OUTCOME.found(None, f"Run {short_run(intents[0].run)} was sending {named} when it ended.")


def _settings_of_nothing(types: Sequence[ResourceType], end: Landscape) -> Iterable[Diagnostic]:
    for kind in types:
        is_setting = isinstance(kind, Managed) and kind.lifecycle is Lifecycle.SETTING
        if not is_setting or not end.is_readable(kind.name):
            continue
        for desired in end.wanted(kind.name).values():
            is_there = end.one(kind.name, desired.key) is not None
            if desired.attributes and not is_there and end.is_readable(kind.name, desired.key):
                what = noun_of(kind)
                detail = f"{desired.address} is declared with settings, but this {what} does not exist on the servers."
                yield NOTHING_TO_SET.found(desired, detail)


def _moved_already(end: Landscape) -> Iterable[Diagnostic]:
    """Yield a note about each object that another one has replaced already."""
    for before, after in end.moved.items():
        is_there = before in end.actions or end.at(before) is not None
        if not is_there and end.is_readable(before.type, before.key):
            declared = end.ending(before.type).get(before.key)
            found = MOVED_ALREADY.found(before, f"{after} has taken the place of {before}.")
            yield replace(found, position=declared.position if declared else None)


def _renamed(types: Sequence[ResourceType], end: Landscape, chosen: Mapping[Address, Action]) -> Iterable[Diagnostic]:
    """Yield an error for each managed object that was renamed on the servers: the plan would create a second one."""
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
        f'{action.address} was renamed to "{name}" on the servers. The plan would create a second object.',
        f'Write "{name}" in the files, or rename it back to "{action.address.key}" on the servers.',
    )


def _torn(types: Sequence[ResourceType], end: Landscape, chosen: Mapping[Address, Action]) -> Iterable[Diagnostic]:
    """Yield an error for each removal or replacement of a resource that others reference."""
    torn = [action for action in chosen.values() if action.kind in (ActionKind.DELETE, ActionKind.REPLACE)]
    if not torn:
        return
    users = _users(types, end)
    for action in torn:
        by = [user for user in users[action.address.folded] if _stays(user, chosen)]
        if by:
            yield _in_use(action, by)


def _users(types: Sequence[ResourceType], end: Landscape) -> Mapping[tuple[str, str], list[Resource]]:
    """Return the resources that reference a resource, by its address."""
    users: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for kind in types:
        for attribute in kind.attributes.values():
            if attribute.references is None or not attribute.holds:
                continue
            for resource in end.all(kind.name).values():
                for name in attribute.targets(resource.get(attribute.name)):
                    users[Address(attribute.references, name).folded].append(resource)
    return users


def _stays(user: Resource, chosen: Mapping[Address, Action]) -> bool:
    action = chosen.get(user.address)
    return action is None or action.kind is not ActionKind.DELETE


def _in_use(action: Action, by: Sequence[Resource]) -> Diagnostic:
    shown = listed(str(user.address) for user in by)
    rule, verb = (REPLACED_IN_USE, "replace") if action.kind is ActionKind.REPLACE else (REMOVED_IN_USE, "remove")
    why = f" ({'; '.join(action.reasons)})" if action.reasons else ""
    users = f"{count(len(by), 'resource')} {'references' if len(by) == 1 else 'reference'}"
    return rule.found(action, f"The plan would {verb} {action.address}{why}, but {users} it: {shown}.")
