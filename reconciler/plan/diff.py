"""Compares one desired resource with the observed one, attribute by attribute.

Only attributes that the operator wrote, or that follow from them, are compared. First the canonical values are compared
with ``==``. If some differ, deepdiff finds them. It is imported only then, because its import costs more than a plan
without changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.actions import Change
from reconciler.model.resources import Attribute, AttributeKind, AttributeRole, Resource
from reconciler.model.snapshot import Remembered
from reconciler.model.values import UNSET, Unset, Value, folded, items


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
