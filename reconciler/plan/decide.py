"""Decides the action of each resource, type by type:

    derive -> compare -> act -> predict

Each type sees the landscape as the earlier types will leave it. So a plan also shows the effects of objects that it
will create. Pure: equal inputs give equal actions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reconciler.model.abilities import Explaining, Grouped, Owing, Rows
from reconciler.model.actions import Action, ActionKind, Change, turned, values_after
from reconciler.model.attributes import comparable
from reconciler.model.commands import Command
from reconciler.model.graph import places_of
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Due, Lifecycle, Managed, ResourceType, Task, declared_types
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered, Snapshot
from reconciler.model.trimming import Trimming
from reconciler.model.values import EMPTY, UNSET, Value, fingerprint, folded
from reconciler.plan.checks import with_bringers
from reconciler.plan.effects import (
    Planned,
    compare,
    expectation,
    forces_replacement,
    needs_of,
    predicted,
    project,
    unlike,
)
from reconciler.plan.exchanges import settle_exchanges
from reconciler.plan.removals import keep_until_removed, leavers_first


def decide(types: Sequence[ResourceType], landscape: Landscape, *, adopts_rows: bool = True) -> tuple[Landscape, int]:
    """Return the landscape after the plan, with all actions, and the number of resources without an action.

    Args:
        types: in the order in which they are planned.
        landscape: everything that was read and loaded; nothing in it is predicted yet.
        adopts_rows: False: the plan is a trial, and a row that has its desired values needs no action to adopt it.
    """
    landscape = identified(types, landscape)
    before, unchanged = landscape, 0
    for kind in types:
        if isinstance(kind, Task):
            landscape = _plan_tasks(kind, landscape)
        elif isinstance(kind, Managed):
            landscape, same = _plan_resources(kind, landscape, adopts=adopts_rows or not isinstance(kind, Rows))
            unchanged += same
    end = keep_until_removed(types, before, _plan_removals(types, landscape))
    return leavers_first(types, before, with_bringers(settle_exchanges(types, before, end))), unchanged


def declared_digest(types: Sequence[ResourceType], landscape: Landscape) -> str:
    """Return a digest of the declarations, without the rows of users, which are compared one by one."""
    alone = [kind for kind in declared_types(types) if not isinstance(kind, Rows)]
    declared: dict[str, Value] = {
        "/".join(resource.address.folded): tuple(
            (name, _folded(value)) for name, value in sorted(resource.attributes.items())
        )
        for kind in alone
        for resource in landscape.written(kind).values()
    }
    ended = {"/".join(one.address.folded): "absent" for kind in alone for one in landscape.ending(kind).values()}
    return fingerprint(declared | ended)


def ended_digest(landscape: Landscape) -> str:
    """Return a digest of what is declared with ``state: absent``, rows included; '' if nothing is."""
    ended = sorted("/".join(one.address.folded) for each in landscape.ended.values() for one in each.values())
    return fingerprint({"ended": tuple(ended)}) if ended else ""


def _folded(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(_folded(item) for item in value)
    return folded(value) if isinstance(value, str) else value


def identified(types: Sequence[ResourceType], landscape: Landscape) -> Landscape:
    """Return the landscape with every declaration under the key of its object."""
    for kind in types:
        if isinstance(kind, Rows) and (meant := kind.meant(landscape)):
            rows, ended = (each.renamed(meant) for each in (landscape.written(kind), landscape.ending(kind)))
            landscape = replace(
                landscape,
                declared={**landscape.declared, kind.name: rows},
                ended={**landscape.ended, kind.name: ended},
            )
    return landscape


def _plan_tasks(kind: Task, landscape: Landscape) -> Landscape:
    planned: list[Planned] = []
    for due in kind.due(landscape):
        action = _task_action(due)
        planned.append((replace(action, expects=kind.expectation(action, landscape)), due.resource))
    return _acted(kind, landscape, planned)


def _task_action(due: Due) -> Action:
    return Action(
        due.resource.address,
        ActionKind.RUN,
        changes=tuple(Change(name, UNSET, value) for name, value in due.resource.attributes.items()),
        commands=due.commands,
        reasons=due.reasons,
        expects_after=due.resource.attributes,
        needs=tuple(due.needs),
        owes=tuple(due.owes),
        discharges=tuple(due.discharges),
        proof=due.proof,
        settle_seconds=due.settle_seconds,
        destroyed=tuple(due.destroyed),
        group=due.group,
        position=due.resource.position,
    )


def _plan_resources(kind: Managed, landscape: Landscape, *, adopts: bool) -> tuple[Landscape, int]:
    """Plan the resources of a type; return also the number of those without an action."""
    desired = kind.desired(landscape)
    landscape = landscape.with_desired(kind.name, desired)
    unread = [] if landscape.is_readable(kind.name) and not landscape.unreadable else _unread(kind, landscape)
    readable = desired.replaced(drop=unread) if unread else desired
    prior = landscape.prior.of_type(kind.name) if adopts else None
    differing = unlike(kind.attributes, readable, landscape.all(kind.name), prior)
    decided = [(_decide(kind, resource, landscape), resource) for resource in map(readable.__getitem__, differing)]
    planned: list[Planned] = [(action, resource) for action, resource in decided if action is not None]
    return _acted(kind, landscape, planned), len(readable) - len(planned)


def _unread(kind: Managed, landscape: Landscape) -> list[str]:
    return [key for key in landscape.wanted(kind.name) if not landscape.is_readable(kind.name, key)]


def _decide(kind: Managed, desired: Resource, landscape: Landscape) -> Action | None:
    """Return the action of one desired resource; None where it is managed and has its desired values."""
    observed = landscape.one(kind.name, desired.key)
    prior = landscape.prior.resources.get(desired.address)
    changes = compare(kind.attributes, desired, observed, prior)
    if observed is None:
        if kind.lifecycle in (Lifecycle.SETTING, Lifecycle.MANUAL):
            return None
        return _change(kind, ActionKind.CREATE, desired, None, changes, landscape)
    if not changes:
        remember = _remembered(kind, desired, observed)
        if prior is not None and prior.guid == remember.guid and _is_remembered(kind, prior, remember):
            return None
        needs = needs_of(kind, desired, landscape)
        made_by = landscape.predicted_by.get(desired.address)
        return Action(
            desired.address,
            ActionKind.ADOPT,
            remember=remember,
            needs=needs,
            predicted_by=made_by,
            position=desired.position,
        )
    replaces = kind.lifecycle is Lifecycle.FIXED or forces_replacement(kind.attributes, changes)
    action_kind = ActionKind.REPLACE if replaces else ActionKind.UPDATE
    return _change(kind, action_kind, desired, observed, changes, landscape)


def _change(
    kind: Managed,
    action_kind: ActionKind,
    desired: Resource,
    observed: Resource | None,
    changes: tuple[Change, ...],
    landscape: Landscape,
) -> Action:
    """Return the action that makes ``changes``, with its expected state and its inverse."""
    kept = _remembered(kind, desired, observed if action_kind is ActionKind.UPDATE else None)
    # Of a setting in which nothing of ours is left, nothing is remembered: the next plan would forget it.
    remember = None if kind.lifecycle is Lifecycle.SETTING and _is_vacant(kept) else kept
    needs = tuple(need for need in needs_of(kind, desired, landscape) if need != desired.address)
    draft = Action(
        desired.address, action_kind, changes=changes, position=desired.position, remember=remember, needs=needs
    )
    target = Resource(desired.address, values_after(changes))
    is_torn = action_kind is ActionKind.REPLACE and kind.lifecycle is not Lifecycle.FIXED
    return replace(
        draft,
        commands=_commands(kind, action_kind, desired, observed, changes, landscape),
        inverse=_inverse(kind, action_kind, desired, observed, changes, landscape),
        reasons=_reasons(action_kind, changes, kind, desired, observed, landscape),
        expects=expectation(kind, draft, landscape),
        expects_after=project(kind, changes, target),
        predicted_by=landscape.predicted_by.get(desired.address) if observed is not None else None,
        owes=tuple(kind.obligations(desired, changes, landscape)) if isinstance(kind, Owing) else (),
        destroyed=(desired.address,) if is_torn else (),
        group=kind.group(draft, landscape) if isinstance(kind, Grouped) else "",
        wave=str(desired.get("wave") or ""),
    )


def _commands(
    kind: Managed,
    action_kind: ActionKind,
    desired: Resource,
    observed: Resource | None,
    changes: tuple[Change, ...],
    landscape: Landscape,
) -> tuple[Command, ...]:
    if observed is None:
        return tuple(kind.create(desired, landscape))
    if action_kind is ActionKind.REPLACE:
        return (*kind.delete(observed, landscape), *kind.create(desired, landscape))
    return tuple(kind.update(desired, observed, changes, landscape))


def _inverse(
    kind: Managed,
    action_kind: ActionKind,
    desired: Resource,
    observed: Resource | None,
    changes: tuple[Change, ...],
    landscape: Landscape,
) -> tuple[Command, ...]:
    """Return the commands that would restore the observed state."""
    if observed is None:
        return tuple(kind.delete(desired, landscape))
    if action_kind is ActionKind.REPLACE:
        made = landscape.with_observed(kind.name, landscape.all(kind.name).replaced(drop=[desired.key]))
        return (*kind.delete(desired, made), *kind.create(replace(observed, name=None, guid=None), landscape))
    back = turned(changes)
    before = replace(observed, attributes=values_after(back))
    return tuple(kind.update(before, observed, back, landscape)) if back else ()


def _reasons(
    action_kind: ActionKind,
    changes: tuple[Change, ...],
    kind: Managed,
    desired: Resource,
    observed: Resource | None,
    landscape: Landscape,
) -> tuple[str, ...]:
    if action_kind is not ActionKind.REPLACE or observed is None:
        return tuple(kind.why(desired, changes, landscape)) if isinstance(kind, Explaining) else ()
    fixed = [change.attribute for change in changes if forces_replacement(kind.attributes, (change,))]
    why = f"{', '.join(fixed or [change.attribute for change in changes])} cannot be changed in place"
    return tuple(filter(None, (why, kind.lost(observed, landscape))))


def _remembered(kind: Managed, desired: Resource, observed: Resource | None) -> Resource:
    """Return the state to save: the managed attributes, and the identity where it is known."""
    managed = {
        name: value
        for name, value in desired.attributes.items()
        if name in kind.attributes and kind.attributes[name].is_compared
    }
    return Resource(
        desired.address, managed, name=observed.name if observed else None, guid=observed.guid if observed else None
    )


def _is_vacant(setting: Resource) -> bool:
    return all(value in (None, (), "") for value in setting.attributes.values())


def _is_remembered(kind: ResourceType, prior: Remembered, remember: Resource) -> bool:
    return comparable(kind.attributes, prior.attributes) == comparable(kind.attributes, remember.attributes)


def _acted(kind: ResourceType, landscape: Landscape, planned: Sequence[Planned]) -> Landscape:
    if not planned:
        return landscape
    after = predicted(kind, planned, landscape)
    return replace(after, actions={**after.actions, **{action.address: action for action, _ in planned}})


# --- what the configuration no longer names --------------------------------------------------------------------------


def _plan_removals(types: Sequence[ResourceType], landscape: Landscape) -> Landscape:
    """Plan the removal of managed resources that are no longer desired: after their successors, dependents first."""
    managed = [kind for kind in types if isinstance(kind, Managed)]
    gone = {kind.name: _gone(kind, landscape) for kind in managed}
    moving = {*landscape.actions, *(prior.address for priors in gone.values() for prior in priors)}
    places = places_of(types)
    for kind in sorted(managed, key=lambda kind: -places[kind.name]):
        planned = [_removal(kind, prior, moving, landscape) for prior in gone[kind.name]]
        landscape = _acted(kind, landscape, [*planned, *_trimmed(kind, gone[kind.name], landscape)])
    return landscape


def _trimmed(kind: Managed, gone: Sequence[Remembered], landscape: Landscape) -> list[Planned]:
    """Return the removals of objects that declarations of other types do not want."""
    surplus = kind.surplus(landscape) if isinstance(kind, Trimming) else EMPTY
    known = {one.address for one in gone}
    found: list[Planned] = []
    for key, why in sorted(surplus.items(), key=lambda one: one[0]):
        address, observed = Address(kind.name, key), landscape.one(kind.name, key)
        if observed is not None and address not in known:
            draft = Action(address, ActionKind.DELETE, reasons=(why.reason,))
            made_by = landscape.predicted_by.get(address)
            needs = tuple(dict.fromkeys(kind.successors(observed, landscape)))
            found.append((_ending(kind, replace(draft, predicted_by=made_by, needs=needs), observed, landscape), None))
    return found


def _ending(kind: Managed, draft: Action, observed: Resource, landscape: Landscape) -> Action:
    """Return the removal with its commands, their inverse, and the expected state of the object."""
    return replace(
        draft,
        commands=tuple(kind.delete(observed, landscape)),
        inverse=tuple(kind.create(observed, landscape)),
        expects=expectation(kind, draft, landscape),
    )


def _gone(kind: Managed, landscape: Landscape) -> list[Remembered]:
    """Return the resources to remove: no longer desired, or declared absent; unreadable ones are left alone."""
    desired = landscape.desired.get(kind.name, Resources())
    there, prior = landscape.all(kind.name), landscape.prior.of_type(kind.name)
    ended = [one.address for one in landscape.ending(kind).values() if one.key in there and one.key not in prior]
    left = [prior[key].address for key in prior.folded - desired.folded]
    gone = [one for one in (*ended, *left) if one.key not in desired and landscape.is_readable(kind.name, one.key)]
    return [landscape.prior.resources.get(one) or Remembered(one) for one in sorted(gone)]


def _removal(
    kind: Managed,
    prior: Remembered,
    moving: Collection[Address],
    landscape: Landscape,
) -> Planned:
    """Return the removal of one resource, which is declared absent or no longer declared."""
    ended = landscape.ending(kind).get(prior.address.key)
    observed = landscape.one(kind.name, prior.address.key)
    known = Resource(prior.address, prior.attributes, prior.name, prior.guid)
    if observed is None or (ended is None and kind.is_forgotten(known, landscape)):
        forgetting = Action(prior.address, ActionKind.FORGET)
        if observed is not None and kind.lifecycle is Lifecycle.FEATURE:
            # It stays on the servers and counts for --max-forget; settings and implied objects do not count.
            forgetting = replace(
                forgetting,
                expects=expectation(kind, forgetting, landscape),
                reasons=tuple(filter(None, (kind.left(observed, landscape),))),
            )
        return forgetting, None
    if kind.lifecycle is Lifecycle.SETTING:
        return _abandoned_setting(kind, prior, observed, landscape)
    where = ended.position if ended else None
    successor = landscape.moved.get(prior.address)
    draft = Action(prior.address, ActionKind.DELETE, destroyed=(prior.address,), position=where, replaced_by=successor)
    why = f"replaced by {successor}" if successor else "declared absent" if ended else "no longer declared"
    first = (*_dependents(prior.address, moving, landscape), *kind.successors(observed, landscape))
    action = replace(
        _ending(kind, draft, observed, landscape),
        reasons=tuple(filter(None, (why, kind.lost(observed, landscape)))),
        group=kind.group(draft, landscape) if isinstance(kind, Grouped) else "",
        wave=str(ended.get("wave") or "") if ended else "",
        needs=tuple(dict.fromkeys(first)),
    )
    return action, None


def _abandoned_setting(kind: Managed, prior: Remembered, observed: Resource, landscape: Landscape) -> Planned:
    """Remove the managed elements from its memberships; other values stay unchanged and are forgotten."""
    empty = Resource(prior.address, EMPTY)
    changes = compare(kind.attributes, empty, observed, prior)
    if not changes:
        return Action(prior.address, ActionKind.FORGET), None
    action = _change(kind, ActionKind.UPDATE, empty, observed, changes, landscape)
    return replace(action, remember=None, reasons=("no longer declared",)), empty


def _dependents(address: Address, moving: Collection[Address], landscape: Landscape) -> tuple[Address, ...]:
    """Return those of ``moving`` that depended on ``address`` in the last apply; they are removed first."""
    depending = landscape.fact(_by_need, landscape.prior).get(address.folded, ())
    return tuple(other for other in depending if other in moving)


def _by_need(prior: Snapshot) -> Mapping[tuple[str, str], Sequence[Address]]:
    """Return, by folded address, the resources that depended on it in the last apply, in order."""
    found: dict[tuple[str, str], list[Address]] = {}
    for known in sorted(prior.resources.values(), key=lambda known: known.address):
        for need in dict.fromkeys(need.folded for need in known.needs):
            found.setdefault(need, []).append(known.address)
    return found
