"""The differences of a resource, and what an action expects, will change, and has changed, for all types.

Only attributes that the operator wrote, or that follow from them, are compared. Equality of the canonical values
answers first. If some differ, deepdiff finds them. It is imported only then, because its import costs more than a plan
without changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Final, TypeAlias

from reconciler.model.abilities import Foreseeing
from reconciler.model.actions import Action, ActionKind, Change
from reconciler.model.attributes import Attribute, AttributeKind, AttributeRole, comparable
from reconciler.model.landscape import Landscape
from reconciler.model.resource_types import Managed, ResourceType, Task
from reconciler.model.resources import Address, Resource, Resources
from reconciler.model.snapshot import Remembered
from reconciler.model.values import EMPTY, UNSET, Unset, Value, folded, items, texts


def compare(
    attributes: Mapping[str, Attribute], desired: Resource, observed: Resource | None, prior: Remembered | None = None
) -> tuple[Change, ...]:
    """Return the attributes of ``desired`` whose values ``observed`` does not have; all of them if it is absent.

    Args:
        attributes: the table of the resource type; attributes that are not compared are skipped.
        prior: the last applied values: membership elements that have left the declaration since then are removed.
    """
    after = {
        name: _wanted(attributes[name], value, observed, prior)
        for name, value in desired.attributes.items()
        if name in attributes and attributes[name].is_compared
    }
    if prior is not None:
        after |= _abandoned_memberships(attributes, desired, observed, prior)
    if observed is None:
        return tuple(Change(name, UNSET, value) for name, value in after.items())
    before = {name: observed.attributes.get(name, UNSET) for name in after}
    if before == after:
        return ()
    differing = _differing(_comparable(attributes, before), _comparable(attributes, after))
    return tuple(Change(name, before[name], after[name]) for name in after if name in differing)


def unlike(
    attributes: Mapping[str, Attribute], desired: Resources, observed: Resources, prior: Resources | None
) -> Iterator[str]:
    """Yield the folded keys of ``desired`` whose values are not identical on the servers and in the state.

    These are few of the users as a rule. They may still compare equal: values may be spelt differently, and memberships
    compare by their elements.

    Args:
        prior: what the state has; None: it does not count.
    """
    compared = [name for name, one in attributes.items() if one.is_compared]
    names = [name for name in compared if attributes[name].kind is not AttributeKind.MEMBERSHIP]
    known = () if prior is None else (prior,)
    others = sorted({*compared, *chain.from_iterable(one.attribute_names for one in known)}.difference(names))
    keys, empty = desired.folded, (UNSET,) * len(others)
    states = repeat(_UNKNOWN) if prior is None else prior.rows(names, keys)
    rows = zip(keys, desired.rows(names, keys), observed.rows(names, keys), states, strict=False)
    special = zip(*(one.rows(others, keys) for one in (desired, *known)), strict=True) if others else repeat(None)
    for (key, want, seen, was), beside in zip(rows, special, strict=False):
        is_plain = beside is None or all(one is not None and one[:-1] == empty for one in beside)
        if not (is_plain and want is not None and seen is not None and _are_same(want[:-1], seen, was)):
            yield key


_Row: TypeAlias = "tuple[Value | Unset, ...]"
_UNKNOWN: Final[_Row] = ()
"""A row of the state where the state does not count."""


def _are_same(want: _Row, seen: _Row, was: _Row | None) -> bool:
    """True where a row has the values and the GUID of the state; values that nobody wrote do not count."""
    if was is not _UNKNOWN:
        if was is None or want != was[:-1]:
            return False
        if seen == was:
            return True
        if seen[-1] != was[-1]:
            return False
    return want == seen[:-1] or all(a is UNSET or a == b for a, b in zip(want, seen[:-1], strict=True))


def forces_replacement(attributes: Mapping[str, Attribute], changes: tuple[Change, ...]) -> bool:
    """True where a change needs an attribute that no Set cmdlet can change. An unread attribute does not count."""
    return any(
        attributes[change.attribute].role is AttributeRole.CREATE_ONLY and change.before is not UNSET
        for change in changes
    )


def _comparable(attributes: Mapping[str, Attribute], values: Mapping[str, Value | Unset]) -> Mapping[str, object]:
    return {
        name: value if isinstance(value, Unset) else attributes[name].comparable(value)
        for name, value in values.items()
    }


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> frozenset[str]:
    if before == after:
        return frozenset()
    from deepdiff import DeepDiff

    return frozenset(str(key) for key in DeepDiff(before, after, ignore_type_in_groups=[]).affected_root_keys)


def _wanted(attribute: Attribute, value: Value, observed: Resource | None, prior: Remembered | None) -> Value:
    if attribute.kind is not AttributeKind.MEMBERSHIP:
        return value
    ours = {folded(item): item for item in items(value)}
    there = {folded(item): item for item in items(observed.get(attribute.name) if observed else ())}
    left = {folded(item) for item in items(prior.attributes.get(attribute.name))} - ours.keys() if prior else set()
    return tuple(sorted(item for name, item in {**ours, **there}.items() if name not in left))


def _abandoned_memberships(
    attributes: Mapping[str, Attribute], desired: Resource, observed: Resource | None, prior: Remembered
) -> dict[str, Value]:
    """Return memberships that were applied and are no longer declared; their elements are removed."""
    return {
        name: _wanted(attribute, (), observed, prior)
        for name, attribute in attributes.items()
        if attribute.kind is AttributeKind.MEMBERSHIP and name in prior.attributes and name not in desired.attributes
    }


Planned = tuple[Action, Resource | None]
"""An action with its desired resource; None where nothing is desired any more."""


def needs_of(kind: Managed, desired: Resource, landscape: Landscape) -> tuple[Address, ...]:
    """Return the addresses that must succeed first: the referenced ones, and those that the type adds.

    What an intent names is needed by the resource that follows from it.
    """
    referenced = (
        Address(attribute.references, item)
        for attribute in kind.attributes.values()
        if attribute.references and attribute.role is not AttributeRole.INTENT
        for item in attribute.targets(desired.get(attribute.name))
    )
    return (*referenced, *kind.needs(desired, landscape))


# --- before it runs --------------------------------------------------------------------------------------------------


def expectation(kind: ResourceType, action: Action, landscape: Landscape) -> Mapping[str, Value] | None:
    """Return the expected state of the object, as far as it matters; None: it is absent."""
    if isinstance(kind, Task):
        return kind.expectation(action, landscape)
    observed = landscape.at(action.address)
    if observed is None or not isinstance(kind, Managed):
        return None
    found = _as_predicted(action, observed, project(kind, action.changes, observed), landscape)
    return {**found, **kind.conditions(action, landscape)}


def _as_predicted(
    action: Action, observed: Resource, found: Mapping[str, Value], landscape: Landscape
) -> Mapping[str, Value]:
    """Return the expected state; of a predicted object only the predicted attributes.

    A dial plan brings a policy with unknown defaults of the product. So these attributes must not stop the action.
    """
    if action.predicted_by is not None:
        return {name: value for name, value in found.items() if name in (action.expects or {})}
    if action.address in landscape.predicted_by:
        return {name: value for name, value in found.items() if name in observed.attributes}
    return found


def project(kind: Managed, changes: Sequence[Change], observed: Resource) -> Mapping[str, Value]:
    """Return the part of ``observed`` that the changes affect; of a membership only the moving elements."""
    found: dict[str, Value] = {}
    for change in changes:
        value = observed.get(change.attribute)
        attribute = kind.attributes.get(change.attribute)
        is_membership = attribute is not None and attribute.kind is AttributeKind.MEMBERSHIP
        if is_membership and not kind.is_written_whole(observed, change.attribute):
            moving = set(map(folded, texts(change.before))) ^ set(map(folded, texts(change.after)))
            value = tuple(item for item in texts(value) if folded(item) in moving)
        found[change.attribute] = value
    return found


# --- after it ran ----------------------------------------------------------------------------------------------------


def is_done(kind: ResourceType, action: Action, landscape: Landscape) -> bool:
    """True where the landscape, read again, shows the effect of the action."""
    if isinstance(kind, Task):
        return kind.is_done(action, landscape)
    observed = landscape.at(action.address)
    if action.expects_after is None or observed is None or not isinstance(kind, Managed):
        return action.expects_after is None and observed is None
    found = project(kind, action.changes, observed)
    return comparable(kind.attributes, found) == comparable(kind.attributes, action.expects_after)


# --- as it will be ---------------------------------------------------------------------------------------------------

_UNCHANGED_BY = (ActionKind.FORGET, ActionKind.ADOPT, ActionKind.RUN)


def predicted(kind: ResourceType, planned: Sequence[Planned], landscape: Landscape) -> Landscape:
    """Return the landscape after the ``planned`` actions, with the objects that the servers add.

    Where they add none, all actions are applied at once: ten thousand mailboxes need one copy of the landscape.
    """
    if not isinstance(kind, Foreseeing):
        return _overlaid(kind, planned, landscape)
    for action, desired in planned:
        landscape = kind.foresee(action, _overlaid(kind, [(action, desired)], landscape))
    return landscape


def _overlaid(kind: ResourceType, planned: Sequence[Planned], landscape: Landscape) -> Landscape:
    changing = [(action, desired) for action, desired in planned if action.kind not in _UNCHANGED_BY]
    put = [
        _made(action, desired, landscape.at(action.address))
        for action, desired in changing
        if action.kind is not ActionKind.DELETE
    ]
    drop = [action.address.key for action, _ in changing if action.kind is ActionKind.DELETE]
    marks = {action.address: action.address for action, _ in changing}
    return replace(
        landscape,
        observed={**landscape.observed, kind.name: landscape.all(kind.name).replaced(put, drop)},
        predicted_by={**landscape.predicted_by, **marks},
    )


def _made(action: Action, desired: Resource | None, observed: Resource | None) -> Resource:
    """Return the object after an action: the observed attributes with the changes."""
    after = {change.attribute: change.after for change in action.changes if change.after is not UNSET}
    if observed is None or action.kind is ActionKind.REPLACE:
        return Resource(action.address, {**(desired.attributes if desired else EMPTY), **after})
    return replace(observed, attributes={**observed.attributes, **after})
